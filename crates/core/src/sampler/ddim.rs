//! DDIM: from deterministic (η = 0) to ancestral (η = 1).

use std::ops::ControlFlow;

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::level::Level;
use crate::noise::Noise;
use crate::options::{OptionError, Options};
use crate::sample::Sample;
use crate::sampler::kernel::{begin, eta};
use crate::sampler::{NamedSampler, Sampler, SamplerInfo, Stepped};

/// Moves a sample along the deterministic (η = 0) to ancestral (η = 1) DDIM path.
///
/// # Formula
/// ```text
/// x_s = α_s x̂₀ + √(σ_s² − c²) ε̂ + c z,    c = η √β̃,    ε̂ = (x_t − α_t x̂₀)/σ_t
///     = α_s (1 − r e^(−h)) x̂₀ + (σ_s/σ_t) r x_t + c z,    r = √(1 − η² (1 − e^(−2h)))
/// ```
/// Range: 0 ≤ η ≤ 1. With η = 1 it is [`Ddpm`](crate::sampler::Ddpm) with the fixed variance β̃. From pure
/// noise the hop is deterministic for every η: x_T is noise already, and stays the sample's own.
/// # Numerics
/// The second form is the one computed, with `r² = (1 − η²) + η² e^(−2h)` and `1 − r e^(−h)` as
/// sums of positive terms by `exp_m1`: neither short nor long hops lose digits.
/// # Source
/// Song et al. 2021, arXiv:2010.02502, eq. 12 and 16; `DDIMScheduler` in diffusers. Differs from
/// the paper: only from pure noise, which it does not have.
///
/// # Example
/// ```
/// use ancestral::sampler::Ddim;
/// use ancestral::AnySampler;
/// assert_eq!("ddim:eta=0.5".parse(), Ok(AnySampler::Ddim(Ddim::new(0.5)?)));
/// # Ok::<(), ancestral::options::OptionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Ddim {
    /// The share of ancestral noise, 0 ≤ η ≤ 1.
    pub(crate) eta: f64,
}

/// Coefficients of one hop: x_s = `x0` x̂₀ + `x_from` x_t + `noise` z.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Coefficients {
    pub(super) x0: f64,
    pub(super) x_from: f64,
    pub(super) noise: f64,
}

impl Ddim {
    pub(super) fn coefficients(self, hop: &Hop) -> Coefficients {
        let (from, to, h) = (hop.from().level, hop.to().level, hop.h());
        let eta = if from == Level::NOISE { 0.0 } else { self.eta };
        let (ancestral, removed) = (eta * eta, -(-2.0 * h).exp_m1());
        let r = ((1.0 - ancestral) + ancestral * (-2.0 * h).exp()).sqrt();
        // 1 − r e^(−h) = (1 − r² e^(−2h))/(1 + r e^(−h)), whose numerator is a sum.
        let numerator = (1.0 - ancestral) * removed - ancestral * (-4.0 * h).exp_m1();
        Coefficients {
            x0: to.alpha() * numerator / (1.0 + r * (-h).exp()),
            x_from: to.sigma() / from.sigma() * r,
            noise: eta * to.sigma() * removed.sqrt(),
        }
    }
}

/// The deterministic hop from `x`: x_s = α_s x̂₀ + σ_s ε̂.
pub(crate) fn deterministic<X: Sample>(hop: &Hop, x: &X, x0: &X) -> X {
    let c = Ddim { eta: 0.0 }.coefficients(hop);
    X::combine(&[(c.x0, x0), (c.x_from, x)])
}

impl Ddim {
    /// With the share `eta` of ancestral noise, 0 to 1.
    ///
    /// # Errors
    /// If `eta` is outside [0, 1].
    pub fn new(eta: f64) -> Result<Self, OptionError> {
        Ok(Self { eta: eta::checked("ddim", eta)? })
    }
}

impl Sampler for Ddim {
    type History<X: Sample> = ();

    fn info(&self) -> SamplerInfo {
        SamplerInfo {
            name: "ddim",
            about: "deterministic with eta 0, ancestral with eta 1; good with few steps",
            order: 1,
            stochastic: self.eta > 0.0,
            calls_per_hop: 1,
            exact_for_a_point: true,
            options: eta::DETERMINISTIC,
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
        let x0 = match begin(hop, &x, denoiser)? {
            ControlFlow::Break(stepped) => return Ok(stepped),
            ControlFlow::Continue(denoised) => denoised.x0,
        };
        let c = self.coefficients(hop);
        let x = if c.noise == 0.0 {
            X::combine(&[(c.x0, &x0), (c.x_from, &x)])
        } else {
            let z = noise.draw(&x);
            X::combine(&[(c.x0, &x0), (c.x_from, &x), (c.noise, &z)])
        };
        Ok(Stepped { x, x0 })
    }
}

impl NamedSampler for Ddim {
    fn values(&self) -> Vec<String> {
        vec![self.eta.to_string()]
    }

    fn from_options(mut options: Options) -> Result<Self, OptionError> {
        let eta = eta::take(&mut options)?.unwrap_or_default();
        options.finish(eta::DETERMINISTIC)?;
        Ok(Self { eta })
    }
}

#[cfg(test)]
mod tests;
