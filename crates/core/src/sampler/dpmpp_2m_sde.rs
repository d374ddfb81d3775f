//! DPM-Solver++(2M) for the reverse SDE.

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::noise::Noise;
use crate::options::{OptionError, OptionInfo, Options};
use crate::sample::Sample;
use crate::sampler::kernel::{Form, History, Multistep, Slope, Update, eta, lambda};
use crate::sampler::{NamedSampler, Sampler, SamplerInfo, Stepped};

/// [`Dpmpp2m`](crate::sampler::Dpmpp2m) with fresh noise: from deterministic (η = 0) to the reverse SDE
/// (η = 1).
///
/// # Formula
/// As [`Dpmpp2m`](crate::sampler::Dpmpp2m), with g = (1 + η) h in the place of h, and noise:
/// ```text
/// x′ = (σ′/σ) e^(−ηh) x + α′ (1 − e^(−g)) (m + ½ (h/h₁) (m − m₁)) + σ′ √(1 − e^(−2ηh)) z
/// ```
/// Range: 0 ≤ η ≤ 1.
/// # Source
/// Lu et al. 2022, arXiv:2211.01095 (SDE-DPM-Solver++(2M)); "DPM++ 2M SDE" of k-diffusion,
/// `sde-dpmsolver++` in diffusers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dpmpp2mSde {
    /// The share of noise, 0 ≤ η ≤ 1.
    pub(crate) eta: f64,
    /// How the slope of the line is weighed.
    pub(crate) slope: Slope,
}

impl Default for Dpmpp2mSde {
    fn default() -> Self {
        Self { eta: 1.0, slope: Slope::default() }
    }
}

const OPTIONS: &[OptionInfo] =
    &[eta::ANCESTRAL[0], OptionInfo { name: "slope", default: "midpoint", about: Slope::CHOICE }];

impl Dpmpp2mSde {
    /// With the share `eta` of noise, 0 to 1, and the slope of the line weighed as `slope` says.
    ///
    /// # Errors
    /// If `eta` is outside [0, 1].
    pub fn new(eta: f64, slope: Slope) -> Result<Self, OptionError> {
        Ok(Self { eta: eta::checked("dpmpp-2m-sde", eta)?, slope })
    }
}

impl Sampler for Dpmpp2mSde {
    type History<X: Sample> = History<X>;

    fn info(&self) -> SamplerInfo {
        SamplerInfo {
            name: "dpmpp-2m-sde",
            about: "DPM-Solver++(2M) with fresh noise after each step",
            order: 2,
            stochastic: self.eta > 0.0,
            calls_per_hop: 1,
            exact_for_a_point: true,
            options: OPTIONS,
        }
    }

    fn start<X: Sample>(&self, _grid: &Grid) -> History<X> {
        History::new(2)
    }

    fn step<X, D, N>(
        &self,
        history: &mut History<X>,
        hop: &Hop,
        x: X,
        denoiser: &mut D,
        noise: &mut N,
    ) -> Result<Stepped<X>, D::Error>
    where
        X: Sample,
        D: Denoiser<X> + ?Sized,
        N: Noise<X> + ?Sized,
    {
        let weights = &|update: &Update, nodes: &[f64]| self.slope.weights(update, nodes);
        Multistep { form: Form::Data, eta: self.eta, measure: lambda, weights }
            .step(history, hop, &x, denoiser, noise)
    }
}

impl NamedSampler for Dpmpp2mSde {
    fn values(&self) -> Vec<String> {
        vec![self.eta.to_string(), self.slope.name().to_owned()]
    }

    fn from_options(mut options: Options) -> Result<Self, OptionError> {
        let eta = eta::take(&mut options)?.unwrap_or(Self::default().eta);
        let slope = options.take("slope", Slope::CHOICE, |_: &Slope| true)?;
        options.finish(OPTIONS)?;
        Ok(Self { eta, slope: slope.unwrap_or_default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::Dpmpp2m;
    use crate::sampler::conformance;
    use crate::sampler::known::{assert_close, run};

    #[test]
    fn by_hand() {
        // η = 1, 8 → 4: y = 3/4 + ¾ + 4 √¾ z. 4 → 1, h/h₁ = 2: y = y/16 + 15/16 (¼ − ¾) + √(15/16) z.
        let k = [8.0, 4.0, 1.0];
        let known = run(&Dpmpp2mSde::default(), &k, 3.0, &[1.0, 0.25], &[0.5, -1.0]);
        let y1 = 1.5 + 3_f64.sqrt();
        let root = (15.0_f64 / 16.0).sqrt();
        assert_close(&known.y, &[y1, y1 / 16.0 - 15.0 / 32.0 - root]);
        // η = ½, 4 → 1: e^(−(1 + η) h) = ⅛, 1 − e^(−2ηh) = ¾.
        let sampler = Dpmpp2mSde { eta: 0.5, ..Dpmpp2mSde::default() };
        let known = run(&sampler, &[4.0, 1.0], 2.0, &[1.0], &[1.0]);
        assert_close(&known.y, &[0.25 + 0.875 + 0.75_f64.sqrt()]);
    }

    #[test]
    fn without_noise_it_is_the_deterministic_one() {
        let (k, x0) = ([8.0, 4.0, 1.0, 0.5], [1.0, 0.25, -1.0]);
        for slope in Slope::ALL {
            let known = run(&Dpmpp2mSde { eta: 0.0, slope }, &k, 3.0, &x0, &[]);
            assert_eq!(known.y, run(&Dpmpp2m { slope }, &k, 3.0, &x0, &[]).y);
        }
    }

    #[test]
    fn conforms_with_every_option() {
        for (eta, slope) in [(0.0, Slope::Midpoint), (0.5, Slope::Midpoint), (1.0, Slope::Heun)] {
            conformance::check(&Dpmpp2mSde { eta, slope });
        }
    }
}
