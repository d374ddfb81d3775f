//! The variance of the reverse transition: fixed at β, fixed at β̃, or learned.

use thiserror::Error;

use crate::level::Level;
use crate::names::names;
use crate::posterior::Posterior;

mod optimal;

pub use optimal::{NoiseNorms, OptimalVariance, OptimalVarianceError};

/// The variance Σ of p(x_s | x_t).
///
/// # Source
/// Fixed: Ho et al. 2020, arXiv:2006.11239, section 3.2. Learned range: Nichol & Dhariwal 2021,
/// arXiv:2102.09672, eq. 15.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Variance {
    /// β̃, the least that any data can need: exact when the data are a single point.
    #[default]
    FixedSmall,
    /// β: exact when the data are N(0, I).
    FixedLarge,
    /// The network's second half is the log-variance itself.
    Learned,
    /// The network's second half, −1 to 1, goes from ln β̃ to ln β.
    LearnedRange,
}

names! {
    Variance, 4:
    "fixed-small" => FixedSmall,
    "fixed-large" => FixedLarge,
    "learned" => Learned,
    or "learned-range" => LearnedRange
}

/// A name that is no variance.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("unknown variance {found:?}: expected one of {}", Variance::NAMES.join(", "))]
pub struct VarianceError {
    /// The name.
    pub found: String,
}

/// How the standard normal noise of one hop is scaled to have the variance Σ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NoiseScale {
    /// By a standard deviation.
    Std(f64),
    /// By `exp(a + b f)`, with `f` the network's variance half ([`Sample::exp_scaled`]).
    ///
    /// [`Sample::exp_scaled`]: crate::Sample::exp_scaled
    Exp {
        /// Half log-variance at f = 0.
        a: f64,
        /// Half log-variance a unit of f.
        b: f64,
    },
}

impl Variance {
    /// Whether the network has to predict it.
    #[must_use]
    pub fn is_learned(self) -> bool {
        match self {
            Self::Learned | Self::LearnedRange => true,
            Self::FixedSmall | Self::FixedLarge => false,
        }
    }

    /// The scale √Σ of the noise of a hop with this `posterior`.
    ///
    /// # Formula
    /// ```text
    /// fixed-small    √β̃
    /// fixed-large    √β
    /// learned        exp(½ f)
    /// learned-range  exp(½ [½(1+f) ln β + ½(1−f) ln β̃]) = exp(a + b f),
    ///                a = ¼ (ln β + ln β̃),   b = ¼ (ln β − ln β̃)
    /// ```
    /// # Numerics
    /// In the logarithm, β̃ is at least 1e-20: it is 0 for a hop into clean data.
    #[must_use]
    pub fn noise_scale(self, posterior: &Posterior) -> NoiseScale {
        let Posterior { beta, beta_tilde, .. } = *posterior;
        match self {
            Self::FixedSmall => NoiseScale::Std(beta_tilde.sqrt()),
            Self::FixedLarge => NoiseScale::Std(beta.sqrt()),
            Self::Learned => NoiseScale::Exp { a: 0.0, b: 0.5 },
            Self::LearnedRange => {
                let (large, small) = (beta.ln(), beta_tilde.max(1e-20).ln());
                NoiseScale::Exp { a: 0.25 * (large + small), b: 0.25 * (large - small) }
            }
        }
    }
}

/// The variance of a reverse process: one that is known by its name, or a table of optimal ones, which
/// is measured with a denoiser and data.
///
/// # Example
/// ```
/// use ancestral::Variance;
/// use ancestral::sampler::Ddpm;
/// use ancestral::variance::{OptimalVariance, ReverseVariance};
///
/// let schedule = ancestral::Schedule::linear_1000();
/// let table = OptimalVariance::new(vec![(schedule.level(10), 0.4), (schedule.level(999), 1.0)])?;
/// assert_eq!(Ddpm::new(table.clone()).variance(), &ReverseVariance::Optimal(table));
/// let named = ReverseVariance::Named(Variance::FixedLarge);
/// assert_eq!(Ddpm::new(Variance::FixedLarge).variance(), &named);
/// # Ok::<(), ancestral::variance::OptimalVarianceError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum ReverseVariance {
    /// One that is known by its name.
    Named(Variance),
    /// The optimal fixed variance of a denoiser for some data.
    Optimal(OptimalVariance),
}

impl ReverseVariance {
    /// The scale √Σ of the noise of a hop from level `from` with this `posterior`.
    #[must_use]
    pub fn noise_scale(&self, from: Level, posterior: &Posterior) -> NoiseScale {
        match self {
            Self::Named(variance) => variance.noise_scale(posterior),
            Self::Optimal(table) => NoiseScale::Std(table.variance(from, posterior).sqrt()),
        }
    }

    /// Whether the network has to predict it.
    #[must_use]
    pub fn is_learned(&self) -> bool {
        match self {
            Self::Named(variance) => variance.is_learned(),
            Self::Optimal(_) => false,
        }
    }

    /// Its name as the option of a sampler. "optimal" is not read back: it is more than a name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Named(variance) => variance.name(),
            Self::Optimal(_) => "optimal",
        }
    }
}

impl Default for ReverseVariance {
    fn default() -> Self {
        Self::Named(Variance::default())
    }
}

impl From<Variance> for ReverseVariance {
    fn from(variance: Variance) -> Self {
        Self::Named(variance)
    }
}

impl From<OptimalVariance> for ReverseVariance {
    fn from(table: OptimalVariance) -> Self {
        Self::Optimal(table)
    }
}

impl std::fmt::Display for ReverseVariance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Variance {
    type Err = VarianceError;

    fn from_str(name: &str) -> Result<Self, VarianceError> {
        Self::from_name(name).ok_or_else(|| VarianceError { found: name.to_owned() })
    }
}

impl std::fmt::Display for Variance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Grid;
    use crate::schedule::Schedule;

    fn hop(from: usize, to: usize) -> Posterior {
        let grid = Grid::from_timesteps(&Schedule::linear_1000(), &[from, to]).unwrap();
        Posterior::of(&grid.hops().next().unwrap())
    }

    fn variance(kind: Variance, posterior: &Posterior, half: f64) -> f64 {
        match kind.noise_scale(posterior) {
            NoiseScale::Std(std) => std * std,
            NoiseScale::Exp { a, b } => (2.0 * (a + b * half)).exp(),
        }
    }

    #[test]
    fn learned_range_goes_from_beta_tilde_to_beta_in_the_logarithm() {
        // 900 → 800 and 20 → 10, v = −1, 0, 1; computed in f64 from eq. 15.
        for (from, to, expected) in [
            (900, 800, [0.819_720_1, 0.820_227_8, 0.820_735_8]),
            (20, 10, [0.001_428_57, 0.002_414_27, 0.004_080_09]),
        ] {
            for (half, expected) in std::iter::zip([-1.0, 0.0, 1.0], expected) {
                let found = variance(Variance::LearnedRange, &hop(from, to), half);
                assert!((found / expected - 1.0).abs() < 5e-6, "{found} is not {expected}");
            }
        }
    }

    #[test]
    fn unit_hops_have_the_published_fixed_variances() {
        for (t, small) in [(487, 0.009_791_57), (999, 0.019_999_98)] {
            let found = variance(Variance::FixedSmall, &hop(t, t - 1), 0.0);
            assert!((found / small - 1.0).abs() < 5e-7, "{found} is not {small}");
        }
        let beta = 1e-4 + 999.0 * (0.02 - 1e-4) / 999.0;
        assert!((variance(Variance::FixedLarge, &hop(999, 998), 0.0) / beta - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_hop_into_clean_data_has_a_finite_learned_range() {
        let grid = Grid::from_timesteps(&Schedule::linear_1000(), &[10]).unwrap();
        let posterior = Posterior::of(&grid.hops().next().unwrap());
        assert_eq!(posterior.beta_tilde, 0.0);
        for half in [-1.0, 0.0, 1.0] {
            assert!(variance(Variance::LearnedRange, &posterior, half).is_finite());
        }
        let large = variance(Variance::LearnedRange, &posterior, 1.0);
        assert!((large / posterior.beta - 1.0).abs() < 1e-13);
    }

    #[test]
    fn learned_is_a_log_variance() {
        let found = variance(Variance::Learned, &hop(500, 400), -3.0);
        assert!((found - (-3.0_f64).exp()).abs() < 1e-15);
    }

    #[test]
    fn names_parse_back_and_others_are_refused() {
        for (variance, name) in std::iter::zip(Variance::ALL, Variance::NAMES) {
            assert_eq!((name.parse(), variance.to_string().as_str()), (Ok(variance), name));
        }
        assert_eq!(
            "fixed".parse::<Variance>().unwrap_err().to_string(),
            "unknown variance \"fixed\": expected one of fixed-small, fixed-large, learned, \
             learned-range"
        );
        assert_eq!(Variance::CHOICE, "fixed-small, fixed-large, learned or learned-range");
    }
}
