//! DPM-Solver++(2S) to a level below, and fresh noise back up.

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::noise::Noise;
use crate::options::{OptionError, Options};
use crate::sample::Sample;
use crate::sampler::kernel::{Ancestral, Form, Singlestep, eta};
use crate::sampler::{NamedSampler, Sampler, SamplerInfo, Stepped};

/// DPM-Solver++(2S), which is [`DpmSolver`](crate::sampler::DpmSolver) of order 2 in its data form, to a level
/// below the end of each hop, and fresh noise up to it. [`Dpm2Ancestral`](crate::sampler::Dpm2Ancestral) is
/// the same in the noise form.
///
/// Noise takes the marginal of the lower level to that of the higher one exactly, so the moments
/// have the order of the deterministic step, which is 2.
///
/// # Formula
/// With k_down and k_up as in [`EulerAncestral`](crate::sampler::EulerAncestral), y = x/α, and the middle in λ:
/// ```text
/// k_m = √(k k_down),   y_m = x̂₀ + (k_m/k) (y − x̂₀),   y′ = x̂₀_m + (k_down/k) (y − x̂₀_m) + k_up z
/// ```
/// Range: 0 ≤ η ≤ 1.
/// # Source
/// "DPM++ 2S a" of k-diffusion; Lu et al. 2022, arXiv:2211.01095, algorithm 1 with r = ½. diffusers
/// has no class of it.
///
/// # Example
/// ```
/// use ancestral::sampler::Dpmpp2sAncestral;
/// use ancestral::AnySampler;
/// let sampler: AnySampler = "dpmpp-2s-ancestral:eta=0.5".parse()?;
/// assert_eq!(sampler, AnySampler::Dpmpp2sAncestral(Dpmpp2sAncestral::new(0.5)?));
/// # Ok::<(), ancestral::options::OptionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dpmpp2sAncestral {
    /// The share of ancestral noise, 0 ≤ η ≤ 1.
    pub(crate) eta: f64,
}

impl Default for Dpmpp2sAncestral {
    fn default() -> Self {
        Self { eta: 1.0 }
    }
}

impl Dpmpp2sAncestral {
    /// With the share `eta` of ancestral noise, 0 to 1.
    ///
    /// # Errors
    /// If `eta` is outside [0, 1].
    pub fn new(eta: f64) -> Result<Self, OptionError> {
        Ok(Self { eta: eta::checked("dpmpp-2s-ancestral", eta)? })
    }
}

impl Sampler for Dpmpp2sAncestral {
    type History<X: Sample> = ();

    fn info(&self) -> SamplerInfo {
        SamplerInfo {
            name: "dpmpp-2s-ancestral",
            about: "DPM-Solver++(2S) and fresh noise after each step, two calls a step",
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
        let method = Singlestep { form: Form::Data, order: 2 };
        Ancestral { method, eta: self.eta }.step(hop, &x, denoiser, noise)
    }
}

impl NamedSampler for Dpmpp2sAncestral {
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
        // 4 → 2: k_up = √3, k_down = 1, middle 2: y_m = 1 + (3 − 1)/2 = 2,
        // y′ = 0.2 + (3 − 0.2)/4 + √3 z = 0.9 + √3 z.
        // 2 → ½: k_up = ½ √(15/16), k_down = ⅛, middle ½: y_m = 0.5 + (0.9 − 0.5)/4 = 0.6,
        // y′ = 0.1 + (0.9 − 0.1)/16 + k_up z = 0.15 + k_up z.
        let x0 = [1.0, 0.2, 0.5, 0.1];
        let sampler = Dpmpp2sAncestral::default();
        let known = run(&sampler, &[4.0, 2.0, 0.5], 3.0, &x0, &[0.0, 2.0]);
        assert_close(known.asked.as_flattened(), &[4.0, 3.0, 2.0, 2.0, 2.0, 0.9, 0.5, 0.6]);
        assert_close(&known.y, &[0.9, 0.15 + (15.0_f64 / 16.0).sqrt()]);
        let known = run(&sampler, &[4.0, 2.0], 3.0, &[1.0, 0.2], &[1.0]);
        assert_close(&known.y, &[0.9 + 3_f64.sqrt()]);
    }

    #[test]
    fn by_hand_with_less_noise() {
        // η² = ¼, 4 → 2: k_up² = 3/4, k_down² = 13/4, k_down/k = √13/8.
        let known = run(&Dpmpp2sAncestral { eta: 0.5 }, &[4.0, 2.0], 3.0, &[1.0, 0.5], &[-1.0]);
        let kept = 13_f64.sqrt() / 8.0;
        assert_close(known.asked[1].as_slice(), &[4.0 * kept.sqrt(), 1.0 + 2.0 * kept.sqrt()]);
        assert_close(&known.y, &[0.5 + 2.5 * kept - 0.75_f64.sqrt()]);
    }

    #[test]
    fn conforms_with_any_eta() {
        for eta in [0.0, 0.6] {
            conformance::check(&Dpmpp2sAncestral { eta });
        }
    }
}
