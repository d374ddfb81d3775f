//! Euler's method to a level below, and fresh noise back up.

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::noise::Noise;
use crate::options::{OptionError, Options};
use crate::sample::Sample;
use crate::sampler::ddim::Ddim;
use crate::sampler::kernel::eta;
use crate::sampler::{NamedSampler, Sampler, SamplerInfo, Stepped};

/// Euler's method in k = σ/α to a level below the end of each hop, and fresh noise up to it. It is
/// [`Ddim`] of the same η, to the last bit; with η = 1 [`Ddpm`](crate::sampler::Ddpm) with the variance β̃.
///
/// # Formula
/// With y = x/α, over a hop from k to k′:
/// ```text
/// y′ = y + (k_down − k) (y − x̂₀)/k + k_up z
/// k_up = η k′ √(1 − k′²/k²),    k_down² = k′² − k_up²
/// ```
/// Range: 0 ≤ η ≤ 1.
/// # Source
/// "Euler a" of k-diffusion, `EulerAncestralDiscreteScheduler` in diffusers. That it is DDIM follows
/// from α′ k_up = η √β̃.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EulerAncestral {
    /// The share of ancestral noise, 0 ≤ η ≤ 1.
    pub(crate) eta: f64,
}

impl Default for EulerAncestral {
    fn default() -> Self {
        Self { eta: 1.0 }
    }
}

impl EulerAncestral {
    /// With the share `eta` of ancestral noise, 0 to 1.
    ///
    /// # Errors
    /// If `eta` is outside [0, 1].
    pub fn new(eta: f64) -> Result<Self, OptionError> {
        Ok(Self { eta: eta::checked("euler-ancestral", eta)? })
    }
}

impl Sampler for EulerAncestral {
    type History<X: Sample> = ();

    fn info(&self) -> SamplerInfo {
        SamplerInfo {
            name: "euler-ancestral",
            about: "Euler's method and fresh noise after each step; the same as ddim with its eta",
            options: eta::ANCESTRAL,
            ..Ddim { eta: self.eta }.info()
        }
    }

    fn start<X: Sample>(&self, _grid: &Grid) {}

    fn step<X, D, N>(
        &self,
        history: &mut (),
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
        Ddim { eta: self.eta }.step(history, hop, x, denoiser, noise)
    }
}

impl NamedSampler for EulerAncestral {
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
    use crate::sampler::known::{assert_close, run};

    #[test]
    fn by_hand() {
        // 4 → 2: k_up = 2 √(1 − ¼) = √3, k_down = 1, d = 2/4, y′ = 3 − 3/2 + √3 z.
        let known = run(&EulerAncestral::default(), &[4.0, 2.0], 3.0, &[1.0], &[0.5]);
        assert_close(&known.y, &[1.5 + 0.5 * 3_f64.sqrt()]);
        // η = ½: k_up = √3/2, k_down = √(4 − ¾).
        let known = run(&EulerAncestral { eta: 0.5 }, &[4.0, 2.0], 3.0, &[1.0], &[1.0]);
        assert_close(&known.y, &[3.0 + (3.25_f64.sqrt() - 4.0) / 2.0 + 0.75_f64.sqrt()]);
    }
}
