//! DPM-Solver++(3M) for the reverse SDE.

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::noise::Noise;
use crate::options::{OptionError, Options};
use crate::sample::Sample;
use crate::sampler::kernel::{Form, History, Multistep, Update, eta, lambda};
use crate::sampler::{NamedSampler, Sampler, SamplerInfo, Stepped};

/// [`Dpmpp3m`](crate::sampler::Dpmpp3m) with fresh noise: from deterministic (η = 0) to the reverse SDE
/// (η = 1).
///
/// # Formula
/// With y = x/α and the parabola m(u) of [`Dpmpp3m`](crate::sampler::Dpmpp3m), integrated exactly:
/// ```text
/// x′ = (σ′/σ) e^(−ηh) x + α′ ∫₀ʰ (1 + η) e^((1 + η)(u − h)) m(u) du + σ′ √(1 − e^(−2ηh)) z
/// ```
/// Range: 0 ≤ η ≤ 1.
/// # Source
/// "DPM++ 3M SDE" of k-diffusion, whose third term lacks the same factor 2 as the deterministic
/// one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dpmpp3mSde {
    /// The share of noise, 0 ≤ η ≤ 1.
    pub(crate) eta: f64,
}

impl Default for Dpmpp3mSde {
    fn default() -> Self {
        Self { eta: 1.0 }
    }
}

impl Dpmpp3mSde {
    /// With the share `eta` of noise, 0 to 1.
    ///
    /// # Errors
    /// If `eta` is outside [0, 1].
    pub fn new(eta: f64) -> Result<Self, OptionError> {
        Ok(Self { eta: eta::checked("dpmpp-3m-sde", eta)? })
    }
}

impl Sampler for Dpmpp3mSde {
    type History<X: Sample> = History<X>;

    fn info(&self) -> SamplerInfo {
        SamplerInfo {
            name: "dpmpp-3m-sde",
            about: "DPM-Solver++(3M) with fresh noise after each step",
            order: if self.eta == 0.0 { 3 } else { 2 },
            stochastic: self.eta > 0.0,
            calls_per_hop: 1,
            exact_for_a_point: true,
            options: eta::ANCESTRAL,
        }
    }

    fn start<X: Sample>(&self, _grid: &Grid) -> History<X> {
        History::new(3)
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
        let weights = &Update::exact;
        Multistep { form: Form::Data, eta: self.eta, measure: lambda, weights }
            .step(history, hop, &x, denoiser, noise)
    }
}

impl NamedSampler for Dpmpp3mSde {
    fn values(&self) -> Vec<String> {
        vec![self.eta.to_string()]
    }

    fn from_options(options: Options) -> Result<Self, OptionError> {
        Ok(Self { eta: eta::ancestral(options)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::Dpmpp3m;
    use crate::sampler::conformance;
    use crate::sampler::known::{assert_close, run};
    use std::f64::consts::LN_2 as L;

    #[test]
    fn by_hand() {
        // η = 1 over 8 → 4 → 1 → ½: g = 2 h is 2 L, 4 L, 2 L; no noise but on the last.
        let m = [1.0, 0.25, -1.0];
        let known = run(&Dpmpp3mSde::default(), &[8.0, 4.0, 1.0, 0.5], 3.0, &m, &[0.0, 0.0, 1.0]);
        let y1 = 0.75 + 0.75 * m[0];
        let w = 15.0 / 16.0;
        let y2 = y1 / 16.0 + w * m[1] + (1.0 - w / (4.0 * L)) * 2.0 * (m[1] - m[0]);
        let a = (m[2] - m[1]) / 2.0;
        let d2 = (a - (m[1] - m[0])) / 3.0;
        let phi_2 = 1.0 - 0.75 / (2.0 * L);
        let y3 = y2 / 4.0 + 0.75 * m[2] + phi_2 * (a + 2.0 * d2) + (1.0 - phi_2 / L) * d2;
        assert_close(&known.y, &[y1, y2, y3 + 0.5 * 0.75_f64.sqrt()]);
    }

    #[test]
    fn without_noise_it_is_the_deterministic_one_which_has_order_3() {
        let (k, x0) = ([8.0, 4.0, 1.0, 0.5], [1.0, 0.25, -1.0]);
        let known = run(&Dpmpp3mSde { eta: 0.0 }, &k, 3.0, &x0, &[]);
        assert_eq!(known.y, run(&Dpmpp3m::default(), &k, 3.0, &x0, &[]).y);
    }

    #[test]
    fn conforms_with_any_eta() {
        for eta in [0.0, 0.5] {
            conformance::check(&Dpmpp3mSde { eta });
        }
    }
}
