//! Ancestral sampling: the reverse transition, hop after hop.

use std::ops::ControlFlow;

use crate::denoiser::{Denoised, Denoiser};
use crate::grid::{Grid, Hop};
use crate::noise::Noise;
use crate::options::{OptionError, OptionInfo, Options};
use crate::posterior::Posterior;
use crate::sample::Sample;
use crate::sampler::kernel::begin;
use crate::sampler::{NamedSampler, Sampler, SamplerInfo, Stepped};
use crate::variance::{NoiseScale, ReverseVariance, Variance};

/// Draws each x_s from the reverse transition p(x_s | x_t), with fresh noise on every hop but the
/// last.
///
/// # Formula
/// ```text
/// x_s = μ̃(x̂₀, x_t) + √Σ z,     x̂₀ instead of x_s on the hop into clean data
/// ```
/// with μ̃ of [`Posterior`] and Σ as [`Variance`] says. From pure noise (zero terminal SNR) the hop
/// is the deterministic one of [`Ddim`](crate::sampler::Ddim): μ̃ does not depend on x_T there, which is noise
/// already, and stays the sample's own.
/// # Source
/// Ho et al. 2020, arXiv:2006.11239, algorithm 2, on any grid; `DDPMScheduler` in diffusers. Differs
/// from the paper: only from pure noise, which it does not have.
///
/// # Example
/// ```
/// use ancestral::sampler::Ddpm;
/// use ancestral::{AnySampler, Variance};
/// let sampler: AnySampler = "ddpm:variance=fixed-large".parse()?;
/// assert_eq!(sampler, AnySampler::Ddpm(Ddpm::new(Variance::FixedLarge)));
/// # Ok::<(), ancestral::options::OptionError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Ddpm {
    variance: ReverseVariance,
}

impl Ddpm {
    /// With the variance Σ, a [`Variance`] or an [`OptimalVariance`](crate::variance::OptimalVariance);
    /// a learned one needs a network that predicts it.
    #[must_use]
    pub fn new(variance: impl Into<ReverseVariance>) -> Self {
        Self { variance: variance.into() }
    }

    /// Its variance Σ.
    #[must_use]
    pub fn variance(&self) -> &ReverseVariance {
        &self.variance
    }
}

impl Sampler for Ddpm {
    type History<X: Sample> = ();

    fn info(&self) -> SamplerInfo {
        SamplerInfo {
            name: "ddpm",
            about: "ancestral sampling: fresh noise on every hop but the last",
            order: 1,
            stochastic: true,
            calls_per_hop: 1,
            exact_for_a_point: self.variance == Variance::FixedSmall.into(),
            options: &[OptionInfo {
                name: "variance",
                default: "fixed-small",
                about: Variance::CHOICE,
            }],
        }
    }

    fn start<X: Sample>(&self, _grid: &Grid) {}

    /// # Panics
    /// If the variance is learned and the denoiser has no variance half;
    /// [`Variance::is_learned`] tells before a run.
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
        let Denoised { x0, raw_variance: half } = match begin(hop, &x, denoiser)? {
            ControlFlow::Break(stepped) => return Ok(stepped),
            ControlFlow::Continue(denoised) => denoised,
        };
        let z = noise.draw(&x);
        let posterior = Posterior::of(hop);
        let (scale, z) = match self.variance.noise_scale(hop.from().level, &posterior) {
            NoiseScale::Std(std) => (std, z),
            NoiseScale::Exp { a, b } => {
                let half = half.expect("a learned variance needs a network that predicts it");
                (1.0, X::exp_scaled(a, b, &half, &z))
            }
        };
        let x = X::combine(&[(posterior.on_x0, &x0), (posterior.on_x_from, &x), (scale, &z)]);
        Ok(Stepped { x, x0 })
    }
}

impl NamedSampler for Ddpm {
    fn values(&self) -> Vec<String> {
        vec![self.variance.to_string()]
    }

    fn from_options(mut options: Options) -> Result<Self, OptionError> {
        let expected = format!("one of {}", Variance::NAMES.join(", "));
        let variance: Option<Variance> = options.take("variance", &expected, |_| true)?;
        let sampler = Self::new(variance.unwrap_or_default());
        options.finish(sampler.info().options)?;
        Ok(sampler)
    }
}

#[cfg(test)]
mod tests;
