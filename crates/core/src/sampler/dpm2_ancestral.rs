//! DPM2 to a level below, and fresh noise back up.

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::noise::Noise;
use crate::options::{OptionError, Options};
use crate::sample::Sample;
use crate::sampler::kernel::{Ancestral, Form, Singlestep, eta};
use crate::sampler::{NamedSampler, Sampler, SamplerInfo, Stepped};

/// [`Dpm2`](crate::sampler::Dpm2) to a level below the end of each hop, and fresh noise up to it.
///
/// Noise takes the marginal of the lower level to that of the higher one exactly, so the moments
/// have the order of the deterministic step, which is 2.
///
/// # Formula
/// With k_down and k_up as in [`EulerAncestral`](crate::sampler::EulerAncestral), and y = x/α:
/// ```text
/// k_m = √(k k_down),   y_m = y + (k_m − k) (y − x̂₀)/k,   y′ = y + (k_down − k) (y_m − x̂₀_m)/k_m + k_up z
/// ```
/// Range: 0 ≤ η ≤ 1.
/// # Source
/// "DPM2 a" of k-diffusion, `KDPM2AncestralDiscreteScheduler` in diffusers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dpm2Ancestral {
    /// The share of ancestral noise, 0 ≤ η ≤ 1.
    pub(crate) eta: f64,
}

impl Default for Dpm2Ancestral {
    fn default() -> Self {
        Self { eta: 1.0 }
    }
}

impl Dpm2Ancestral {
    /// With the share `eta` of ancestral noise, 0 to 1.
    ///
    /// # Errors
    /// If `eta` is outside [0, 1].
    pub fn new(eta: f64) -> Result<Self, OptionError> {
        Ok(Self { eta: eta::checked("dpm2-ancestral", eta)? })
    }
}

impl Sampler for Dpm2Ancestral {
    type History<X: Sample> = ();

    fn info(&self) -> SamplerInfo {
        SamplerInfo {
            name: "dpm2-ancestral",
            about: "dpm2 and fresh noise after each step, two calls a step",
            order: 2,
            stochastic: self.eta > 0.0,
            calls_per_hop: 2,
            exact_for_a_point: true,
            options: eta::ANCESTRAL,
        }
    }

    fn start<X: Sample>(&self, _grid: &Grid) {}

    fn step<X, D, N>(
        &self,
        _history: &mut (),
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
        let method = Singlestep { form: Form::Noise, order: 2 };
        Ancestral { method, eta: self.eta }.step(hop, &x, denoiser, noise)
    }
}

impl NamedSampler for Dpm2Ancestral {
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
    use crate::sampler::conformance;
    use crate::sampler::known::{assert_close, run};

    #[test]
    fn by_hand() {
        // 4 → 2: k_up = √3, k_down = 1, middle 2: d = 2/4, y_m = 2, d_m = ½, y′ = 3 − 3/2 + √3 z.
        // 2 → ½: k_up = ½ √(15/16), k_down = ⅛, middle ½: y = 1.5, d = ½, y_m = 0.75, d_m = 1,
        // y′ = 1.5 − 15/8 + k_up z.
        let x0 = [1.0, 1.0, 0.5, 0.25];
        let known = run(&Dpm2Ancestral::default(), &[4.0, 2.0, 0.5], 3.0, &x0, &[0.0, 2.0]);
        assert_close(known.asked.as_flattened(), &[4.0, 3.0, 2.0, 2.0, 2.0, 1.5, 0.5, 0.75]);
        assert_close(&known.y, &[1.5, -0.375 + (15.0_f64 / 16.0).sqrt()]);
        let known = run(&Dpm2Ancestral::default(), &[4.0, 2.0], 3.0, &[1.0, 1.0], &[1.0]);
        assert_close(&known.y, &[1.5 + 3_f64.sqrt()]);
    }

    #[test]
    fn an_eta_out_of_range_counts_as_the_nearest() {
        let y = |eta, z: &[f64]| run(&Dpm2Ancestral { eta }, &[4.0, 2.0], 3.0, &[1.0, 1.0], z).y;
        assert_eq!(y(2.0, &[0.5]), y(1.0, &[0.5]));
        assert_eq!((y(-1.0, &[]), y(f64::NAN, &[])), (y(0.0, &[]), y(0.0, &[])));
    }

    #[test]
    fn conforms_with_any_eta() {
        for eta in [0.0, 0.6] {
            conformance::check(&Dpm2Ancestral { eta });
        }
    }
}
