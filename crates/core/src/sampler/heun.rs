//! Heun's method in σ/α, with churn: the second order method of Karras et al.

use std::ops::ControlFlow;

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::noise::Noise;
use crate::options::{OptionError, Options};
use crate::sample::Sample;
use crate::sampler::ddim::deterministic;
use crate::sampler::kernel::{Churn, Churned, Form, Update, begin_whole, is_whole};
use crate::sampler::{NamedSampler, Sampler, SamplerInfo, Stepped};

/// Heun's method for the probability flow in k = σ/α: the mean of the slopes at both ends of a hop.
///
/// # Formula
/// With y = x/α, over a hop from k to k′ = k e^(−h):
/// ```text
/// y₁ = y + (k′ − k) d,   d = (y − x̂₀)/k,   d′ = (y₁ − x̂₀′)/k′,   y′ = y + (k′ − k) (d + d′)/2
///    = e^(−h) y + ½ (1 − e^(−h)) (2 − e^h) x̂₀ + ½ (e^h − 1) x̂₀′
/// ```
/// # Numerics
/// The second form is the one computed, with `exp_m1`.
/// # Source
/// Karras et al. 2022, arXiv:2206.00364, algorithm 2; `HeunDiscreteScheduler` in diffusers.
/// Deterministic unless `churn` is above 0; see [`Churn`] for where that differs from the paper.
///
/// # Example
/// ```
/// use ancestral::AnySampler;
/// let sampler: AnySampler = "heun:churn=40".parse()?;
/// assert_eq!(sampler.to_string(), "heun:churn=40,min=0,max=inf,noise=1");
/// # Ok::<(), ancestral::options::OptionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Heun {
    /// Noise added before each step; none by default.
    pub(crate) churn: Churn,
}

impl Heun {
    /// With noise added before each step.
    #[must_use]
    pub fn new(churn: Churn) -> Self {
        Self { churn }
    }
}

impl Sampler for Heun {
    type History<X: Sample> = Churned;

    fn info(&self) -> SamplerInfo {
        SamplerInfo {
            name: "heun",
            about: "Heun's method in sigma/alpha (Karras et al.), two calls a step",
            order: 2,
            stochastic: self.churn.is_on(),
            calls_per_hop: 2,
            exact_for_a_point: self.churn.is_exact(),
            options: Churn::OPTIONS,
        }
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
        let whole = is_whole(hop);
        let (x, hop) = self.churn.raise(run, hop, x, noise);
        let x0 = match begin_whole(whole, &hop, &x, denoiser)? {
            ControlFlow::Break(stepped) => return Ok(stepped),
            ControlFlow::Continue(denoised) => denoised.x0,
        };
        let predicted = deterministic(&hop, &x, &x0);
        let end = denoiser.denoise(&predicted, hop.to())?.x0;
        let (up, update) = (hop.h().exp_m1(), Update::over(&hop, Form::Data));
        let weights = [0.5 * update.whole() * (1.0 - up), 0.5 * up];
        let x = update.apply(&x, std::iter::zip(weights, [&x0, &end]), None);
        Ok(Stepped { x, x0 })
    }
}

impl NamedSampler for Heun {
    fn values(&self) -> Vec<String> {
        self.churn.values()
    }

    fn from_options(options: Options) -> Result<Self, OptionError> {
        Ok(Self { churn: Churn::from_options(options)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::conformance;
    use crate::sampler::known::{assert_close, run};

    #[test]
    fn by_hand() {
        // 8 → 2: d = 2/8, y₁ = 3 − 6/4 = 1.5, d′ = (1.5 − 0.5)/2, y′ = 3 − 6·0.375 = 0.75.
        // 2 → 1: d = 0.5/2, y₁ = 0.5, d′ = 0.5, y′ = 0.75 − 0.375.
        let x0 = [1.0, 0.5, 0.25, 0.0];
        let known = run(&Heun::default(), &[8.0, 2.0, 1.0], 3.0, &x0, &[]);
        assert_close(known.asked.as_flattened(), &[8.0, 3.0, 2.0, 1.5, 2.0, 0.75, 1.0, 0.5]);
        assert_close(&known.y, &[0.75, 0.375]);
    }

    #[test]
    fn by_hand_with_churn() {
        // 8 → 4 without: d = d′ = 1/4, y = 2. Then k: 4 → 5, y = 2 + 3, d = 1, y₁ = 1, d′ = 0.5,
        // y = 5 − 4·0.75.
        let churn = Churn { amount: 0.75, ..Churn::default() };
        let x0 = [1.0, 1.0, 0.0, 0.5];
        let known = run(&Heun { churn }, &[8.0, 4.0, 1.0], 3.0, &x0, &[1.0]);
        assert_close(&known.y, &[2.0, 2.0]);
    }

    #[test]
    fn conforms_with_churn() {
        conformance::check(&Heun { churn: Churn { amount: 20.0, ..Churn::default() } });
        let some = Churn { amount: 20.0, min: 0.1, max: 20.0, noise: 1.0 };
        conformance::check(&Heun { churn: some });
    }
}
