//! Euler's method in σ/α, with churn.

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::noise::Noise;
use crate::options::{OptionError, Options};
use crate::sample::Sample;
use crate::sampler::kernel::{Churn, Churned, begin};
use crate::sampler::ddim::deterministic;
use crate::sampler::{Sampler, SamplerInfo, Stepped};
use std::ops::ControlFlow;

/// Euler's method for the probability flow in k = σ/α; without churn it is [`Ddim`](crate::Ddim)
/// with η = 0, to the last bit.
///
/// # Formula
/// With y = x/α, over a hop from k to k′:
/// ```text
/// y′ = y + (k′ − k) (y − x̂₀)/k
/// ```
/// # Source
/// Karras et al. 2022, arXiv:2206.00364, algorithm 2 without its corrector;
/// `EulerDiscreteScheduler` in diffusers.
///
/// # Example
/// ```
/// use ancestral::{AnySampler, Euler};
/// let sampler: AnySampler = "euler:churn=10,max=50".parse()?;
/// let AnySampler::Euler(Euler { churn }) = sampler else { unreachable!() };
/// assert_eq!((churn.churn, churn.max), (10.0, 50.0));
/// # Ok::<(), ancestral::OptionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Euler {
    /// Noise added before each step; none by default.
    pub churn: Churn,
}

impl Sampler for Euler {
    type History<X: Sample> = Churned;

    fn info(&self) -> SamplerInfo {
        SamplerInfo {
            name: "euler",
            about: "Euler's method in sigma/alpha; without churn the same as ddim",
            order: 1,
            stochastic: self.churn.is_on(),
            calls_per_hop: 1,
            exact_for_a_point: self.churn.is_exact(),
            options: Churn::OPTIONS,
        }
    }

    fn values(&self) -> Vec<String> {
        self.churn.values()
    }

    fn from_options(options: Options) -> Result<Self, OptionError> {
        Ok(Self { churn: Churn::from_options(options)? })
    }

    fn start<X: Sample>(&self, grid: &Grid) -> Churned {
        Churned::start(grid)
    }

    fn step<X, D, N>(
        &self,
        run: &mut Churned,
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
        let (x, hop) = self.churn.raise(run, hop, x, noise);
        let x0 = match begin(&hop, &x, denoiser)? {
            ControlFlow::Break(stepped) => return Ok(stepped),
            ControlFlow::Continue(denoised) => denoised.x0,
        };
        Ok(Stepped { x: deterministic(&hop, &x, &x0), x0 })
    }
}
