//! DPM2: the midpoint method of Karras et al., which is DPM-Solver-2.

use std::ops::ControlFlow;

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::noise::Noise;
use crate::options::{OptionError, Options};
use crate::sample::Sample;
use crate::sampler::kernel::{Churn, Churned, Form, Singlestep, begin_whole, is_whole};
use crate::sampler::{NamedSampler, Sampler, SamplerInfo, Stepped};

/// The midpoint method for the probability flow in k = σ/α, the middle being that of ln k. Without
/// churn it is [`DpmSolver`](crate::sampler::DpmSolver) of order 2 in its noise form.
///
/// # Formula
/// With y = x/α, over a hop from k to k′:
/// ```text
/// k_m = √(k k′),    y_m = y + (k_m − k) (y − x̂₀)/k,    y′ = y + (k′ − k) (y_m − x̂₀_m)/k_m
/// ```
/// # Source
/// Lu et al. 2022, arXiv:2206.00927, algorithm 1 (DPM-Solver-2), in the variables of Karras et al.
/// 2022, arXiv:2206.00364; "DPM2" of k-diffusion, `KDPM2DiscreteScheduler` in diffusers.
///
/// # Example
/// ```
/// use ancestral::sampler::Dpm2;
/// use ancestral::AnySampler;
/// assert_eq!("dpm2".parse(), Ok(AnySampler::Dpm2(Dpm2::default())));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Dpm2 {
    /// Noise added before each step; none by default.
    pub(crate) churn: Churn,
}

impl Dpm2 {
    /// With noise added before each step.
    #[must_use]
    pub fn new(churn: Churn) -> Self {
        Self { churn }
    }
}

impl Sampler for Dpm2 {
    type History<X: Sample> = Churned;

    fn info(&self) -> SamplerInfo {
        SamplerInfo {
            name: "dpm2",
            about: "midpoint method in log sigma/alpha (KDPM2), two calls a step",
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
        let midpoint = Singlestep { form: Form::Noise, order: 2 };
        let (update, estimates) = midpoint.update(&hop, &x, &x0, denoiser)?;
        let x = update.apply(&x, estimates.iter().map(|(w, v)| (*w, v)), None);
        Ok(Stepped { x, x0 })
    }
}

impl NamedSampler for Dpm2 {
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
        // 16 → 4, middle 8: d = 2/16, y_m = 2, d_m = 2/8, y′ = 3 − 12/4 = 0.
        // 4 → ¼, middle 1: d = −1/4, y_m = 0.75, d_m = 0.5, y′ = −3.75·0.5.
        let x0 = [1.0, 0.0, 1.0, 0.25];
        let known = run(&Dpm2::default(), &[16.0, 4.0, 0.25], 3.0, &x0, &[]);
        assert_close(known.asked.as_flattened(), &[16.0, 3.0, 8.0, 2.0, 4.0, 0.0, 1.0, 0.75]);
        assert_close(&known.y, &[0.0, -1.875]);
    }

    #[test]
    fn conforms_with_churn() {
        conformance::check(&Dpm2 { churn: Churn { amount: 20.0, ..Churn::default() } });
    }
}
