//! How much the error at a noise level counts in training.

use std::fmt;
use std::str::FromStr;

use crate::level::Level;
use crate::options::{OptionError, OptionInfo, Options};
use crate::prediction::Prediction;

/// How much the squared error of a prediction counts at each noise level.
///
/// An error of x₀, ε and v of the same sample are multiples of each other, so one weighting has a
/// form for each. With SNR = α²/σ²:
///
/// | weighting | of x₀ | of ε | of v |
/// |---|---|---|---|
/// | uniform | 1 | 1 | 1 |
/// | snr | SNR | 1 | α² |
/// | min-snr | min(SNR, γ) | min(1, γ/SNR) | min(α², γσ²) |
/// | p2 | SNR (k + SNR)^−γ | (k + SNR)^−γ | α² (k + SNR)^−γ |
/// | edm | SNR + 1/s² | 1 + 1/(s² SNR) | α² + σ²/s² |
///
/// Uniform alone is another weighting for each prediction: that of the plain mean squared error.
///
/// # Source
/// snr: the simple loss of Ho et al. 2020, arXiv:2006.11239, eq. 14, for any prediction. min-snr: Hang
/// et al. 2023, arXiv:2303.09556, section 3.4. p2: Choi et al. 2022, arXiv:2204.00227, eq. 8. edm:
/// Karras et al. 2022, arXiv:2206.00364, table 1 (λ(σ), without the distribution of σ); s = σ_data = 1
/// makes it the plain error of v.
///
/// # Example
/// ```
/// use ancestral::{LossWeight, Prediction, Schedule};
///
/// let weight: LossWeight = "min-snr:gamma=5".parse()?;
/// let level = Schedule::linear_1000().level(100);
/// assert!((weight.at(level, Prediction::Epsilon) - 0.585_708_5).abs() < 1e-7);
/// # Ok::<(), ancestral::options::OptionError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum LossWeight {
    /// Every level alike.
    #[default]
    Uniform,
    /// As every level alike for ε.
    Snr,
    /// As [`Snr`](Self::Snr) where noise prevails, and as every level alike for x₀ where data do.
    MinSnr {
        /// γ, the ratio of signal to noise where one becomes the other; positive.
        gamma: f64,
    },
    /// Less for the levels where only details are left to be found.
    P2 {
        /// k, positive.
        k: f64,
        /// γ, not negative.
        gamma: f64,
    },
    /// As every level alike for the preconditioned network of EDM.
    Edm {
        /// σ_data, the standard deviation of the data; positive.
        sigma_data: f64,
    },
}

/// What a weighting is called and takes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct LossWeightInfo {
    /// Its name.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// What it takes after a colon.
    pub options: &'static [OptionInfo],
}

const POSITIVE: &str = "a positive number";

impl LossWeight {
    /// Names, options and a line about each.
    pub const LIST: [LossWeightInfo; 5] = [
        LossWeightInfo { name: "uniform", about: "every noise level alike", options: &[] },
        LossWeightInfo { name: "snr", about: "every level alike for the noise", options: &[] },
        LossWeightInfo {
            name: "min-snr",
            about: "no more than gamma times as much as for the clean sample",
            options: &[OptionInfo {
                name: "gamma",
                default: "5",
                about: "the signal-to-noise ratio where weights stop to grow, positive",
            }],
        },
        LossWeightInfo {
            name: "p2",
            about: "less where only details are left to be found",
            options: &[
                OptionInfo { name: "k", default: "1", about: "positive" },
                OptionInfo { name: "gamma", default: "1", about: "how much less, 0 or more" },
            ],
        },
        LossWeightInfo {
            name: "edm",
            about: "every level alike for a network preconditioned as in EDM",
            options: &[OptionInfo {
                name: "sigma-data",
                default: "0.5",
                about: "the standard deviation of the data, positive",
            }],
        },
    ];

    /// The weight of the squared error of `prediction` at `level`.
    ///
    /// # Numerics
    /// Finite at every level but these, where no finite weight is the same weighting: for x₀ at clean
    /// data with snr, edm and p2 with γ < 1; for ε at pure noise, where it says nothing of x₀, with
    /// edm.
    #[must_use]
    pub fn at(self, level: Level, prediction: Prediction) -> f64 {
        let (alpha_bar, noise) = (level.alpha_bar(), level.sigma_squared());
        let snr = level.snr();
        // What the error of ε counts, times this, is what that of the prediction counts.
        let from_epsilon = match prediction {
            Prediction::Epsilon => 1.0,
            Prediction::X0 => snr,
            Prediction::V => alpha_bar,
        };
        match (self, prediction) {
            (Self::Uniform, _) => 1.0,
            (Self::Snr, _) => from_epsilon,
            (Self::MinSnr { gamma }, Prediction::Epsilon) => (gamma / snr).min(1.0),
            (Self::MinSnr { gamma }, Prediction::X0) => snr.min(gamma),
            (Self::MinSnr { gamma }, Prediction::V) => alpha_bar.min(gamma * noise),
            (Self::P2 { k, gamma }, Prediction::X0) => {
                // SNR/(k + SNR) first: it is at most 1, also where both are infinite.
                (1.0 + k / snr).recip() * (k + snr).powf(1.0 - gamma)
            }
            (Self::P2 { k, gamma }, _) => from_epsilon * (k + snr).powf(-gamma),
            (Self::Edm { sigma_data }, Prediction::Epsilon) => {
                1.0 + 1.0 / (sigma_data.powi(2) * snr)
            }
            (Self::Edm { sigma_data }, Prediction::X0) => snr + sigma_data.powi(-2),
            (Self::Edm { sigma_data }, Prediction::V) => alpha_bar + noise * sigma_data.powi(-2),
        }
    }

    /// The weights of all timesteps of a schedule, divided by their mean, so that learning rates and
    /// losses of different weightings can be compared.
    #[must_use]
    pub fn of(self, levels: &[Level], prediction: Prediction) -> Vec<f64> {
        let mut weights: Vec<_> = levels.iter().map(|level| self.at(*level, prediction)).collect();
        let mean = weights.iter().sum::<f64>() / weights.len() as f64;
        for weight in &mut weights {
            *weight /= mean;
        }
        weights
    }
}

impl FromStr for LossWeight {
    type Err = OptionError;

    /// Reads `name` or `name:option=value,…`.
    fn from_str(text: &str) -> Result<Self, OptionError> {
        let (name, mut options) = Options::split(text)?;
        let Some(info) = Self::LIST.iter().find(|info| info.name == name) else {
            let known = Self::LIST.iter().map(|info| info.name).collect();
            return Err(OptionError::Name { kind: "loss weight", found: name, known });
        };
        let mut positive = |name, default| {
            let fits = |value: &f64| *value > 0.0 && value.is_finite();
            options.take(name, POSITIVE, fits).map(|value| value.unwrap_or(default))
        };
        let weight = match info.name {
            "uniform" => Self::Uniform,
            "snr" => Self::Snr,
            "min-snr" => Self::MinSnr { gamma: positive("gamma", 5.0)? },
            "p2" => {
                let k = positive("k", 1.0)?;
                let fits = |value: &f64| *value >= 0.0 && value.is_finite();
                let gamma = options.take("gamma", "a number that is not negative", fits)?;
                Self::P2 { k, gamma: gamma.unwrap_or(1.0) }
            }
            _ => Self::Edm { sigma_data: positive("sigma-data", 0.5)? },
        };
        options.finish(info.options)?;
        Ok(weight)
    }
}

impl fmt::Display for LossWeight {
    /// As it is read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uniform => f.write_str("uniform"),
            Self::Snr => f.write_str("snr"),
            Self::MinSnr { gamma } => write!(f, "min-snr:gamma={gamma}"),
            Self::P2 { k, gamma } => write!(f, "p2:k={k},gamma={gamma}"),
            Self::Edm { sigma_data } => write!(f, "edm:sigma-data={sigma_data}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{Betas, Cosine, Schedule};

    const ALL: [LossWeight; 5] = [
        LossWeight::Uniform,
        LossWeight::Snr,
        LossWeight::MinSnr { gamma: 5.0 },
        LossWeight::P2 { k: 1.0, gamma: 1.0 },
        LossWeight::Edm { sigma_data: 0.5 },
    ];

    /// α², σ² and SNR of the linear schedule, by hand from its betas.
    fn by_hand(t: usize) -> [f64; 3] {
        let beta = |k: usize| 1e-4 + (0.02 - 1e-4) * k as f64 / 999.0;
        let alpha_bar: f64 = (0..=t).map(|k| 1.0 - beta(k)).product();
        [alpha_bar, 1.0 - alpha_bar, alpha_bar / (1.0 - alpha_bar)]
    }

    #[test]
    fn min_snr_has_the_values_of_its_authors_code() {
        // Gamma 5 at four timesteps of the linear schedule: min(SNR, γ)/SNR, min(SNR, γ) and
        // min(SNR, γ)/(SNR + 1), as in the authors' repository once its forms for v and ε are mended
        // (TiankaiHang/Min-SNR-Diffusion-Training, issues 5 and 7).
        let schedule = Schedule::linear_1000();
        for (t, expected) in [
            (100, [0.585_708_5, 5.0, 0.524_292_0]),
            (250, [1.0, 1.089_528_0, 0.521_423_0]),
            (500, [1.0, 0.084_359_5, 0.077_796_7]),
            (900, [1.0, 0.000_270_32, 0.000_270_24]),
        ] {
            let predictions = [Prediction::Epsilon, Prediction::X0, Prediction::V];
            for (prediction, expected) in predictions.into_iter().zip(expected) {
                let found = LossWeight::MinSnr { gamma: 5.0 }.at(schedule.level(t), prediction);
                assert!((found - expected).abs() < 6e-8, "{t} {prediction:?}: {found} {expected}");
            }
        }
    }

    #[test]
    fn others_as_in_their_papers() {
        let schedule = Schedule::linear_1000();
        for t in [0, 1, 100, 500, 999] {
            let [alpha_bar, noise, snr] = by_hand(t);
            let level = schedule.level(t);
            let near = |weight: LossWeight, prediction, expected: f64| {
                let found = weight.at(level, prediction);
                assert!((found / expected - 1.0).abs() < 1e-10, "{weight} {t}: {found} {expected}");
            };
            near(LossWeight::Snr, Prediction::V, alpha_bar);
            near(
                LossWeight::P2 { k: 2.0, gamma: 0.5 },
                Prediction::Epsilon,
                (2.0 + snr).powf(-0.5),
            );
            let sigma: f64 = (noise / alpha_bar).sqrt();
            let edm = (sigma.powi(2) + 0.25) / (sigma * 0.5).powi(2);
            near(LossWeight::Edm { sigma_data: 0.5 }, Prediction::X0, edm);
            near(LossWeight::Edm { sigma_data: 1.0 }, Prediction::V, 1.0);
        }
    }

    /// The same error of a sample, seen as an error of x₀, ε and v, counts the same.
    #[test]
    fn a_weighting_is_the_same_for_every_prediction() {
        for level in Schedule::linear_1000().levels() {
            let (alpha, sigma) = (level.alpha(), level.sigma());
            for weight in &ALL[1..] {
                let x0 = weight.at(*level, Prediction::X0);
                // x̂₀ off by 1 makes ε̂ off by α/σ and v̂ by 1/σ.
                let epsilon = weight.at(*level, Prediction::Epsilon) * (alpha / sigma).powi(2);
                let v = weight.at(*level, Prediction::V) * sigma.powi(-2);
                assert!((epsilon / x0 - 1.0).abs() < 1e-12 && (v / x0 - 1.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn weights_are_finite_at_both_ends_of_every_schedule() {
        for schedule in [
            Schedule::linear_1000(),
            Cosine::default().schedule(1000).unwrap(),
            Schedule::linear_1000().rescale_zero_terminal_snr().unwrap(),
        ] {
            let ends = [schedule.level(0), schedule.level(schedule.len() - 1)];
            for (weight, level) in ALL.iter().flat_map(|w| ends.map(|level| (w, level))) {
                for prediction in Prediction::ALL {
                    let says_nothing = level == Level::NOISE && prediction == Prediction::Epsilon;
                    let weight = weight.at(level, prediction);
                    assert!(weight >= 0.0 && (weight.is_finite() || says_nothing), "{level:?}");
                }
            }
        }
        // Clean data, where weights of x₀ may grow without end: those that are bounded stay so.
        for weight in
            ["min-snr", "p2", "p2:gamma=2"].map(|text| text.parse::<LossWeight>().unwrap())
        {
            for prediction in Prediction::ALL {
                assert!(weight.at(Level::CLEAN, prediction).is_finite(), "{weight} {prediction:?}");
            }
        }
    }

    #[test]
    fn the_mean_over_a_schedule_is_1() {
        let schedule = Cosine::default().schedule(1000).unwrap();
        for weight in ALL {
            let weights = weight.of(schedule.levels(), Prediction::V);
            assert!((weights.iter().sum::<f64>() / 1000.0 - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn texts_are_read_and_written() {
        for weight in ALL {
            assert_eq!(weight.to_string().parse(), Ok(weight));
        }
        for info in LossWeight::LIST {
            let defaults: Vec<_> =
                info.options.iter().map(|o| format!("{}={}", o.name, o.default)).collect();
            let written = format!("{}:{}", info.name, defaults.join(","));
            assert_eq!(written.parse::<LossWeight>(), info.name.parse());
        }
        let message = |text: &str| text.parse::<LossWeight>().unwrap_err().to_string();
        assert_eq!(
            message("min_snr"),
            "unknown loss weight \"min_snr\": expected one of uniform, snr, min-snr, p2, edm"
        );
        assert_eq!(
            message("min-snr:gamma=0"),
            "option gamma=0 of min-snr: expected a positive number"
        );
        assert_eq!(message("snr:gamma=5"), "snr has no option \"gamma\": it takes none");
    }
}
