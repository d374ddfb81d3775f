//! `KDPM2AncestralDiscreteScheduler` of diffusers.

use super::euler_ancestral::down_and_up;
use super::kdpm2::{middle, two_calls};
use crate::batch::Batch;
use crate::compat::Scheduler;
use crate::compat::config::Config;
use crate::compat::error::CompatError;
use crate::compat::history::History;
use crate::compat::kit::elementwise::zip;
use crate::compat::kit::runnable::runnable;
use crate::compat::kit::sigmas::Spread;
use crate::compat::plan::Plan;
use crate::denoiser::split;
use crate::noise::Noise;
use crate::sampler::Stepped;

const CLASS: &str = "KDPM2AncestralDiscreteScheduler";

/// `KDPM2AncestralDiscreteScheduler` of diffusers.
///
/// # Formula
/// ```text
/// first call, at σ:    x̃ = x + (x − x̂₀)/σ · (σ_m − σ),     σ_m = √(σ σ_down)
/// second call, at σ_m: x' = x + (x̃ − x̂₀')/σ_m · (σ_down − σ) + σ_up z
/// ```
/// with σ_down and σ_up of
/// [`EulerAncestralDiscreteScheduler`](crate::compat::EulerAncestralDiscreteScheduler). Noise is drawn on second calls
/// alone. The step to clean data has only the first, which goes all the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Kdpm2AncestralDiscreteScheduler {
    plan: Plan,
}

impl Kdpm2AncestralDiscreteScheduler {
    /// The scheduler of a configuration, over `steps` steps of two calls, the last of one.
    ///
    /// # Errors
    /// If the configuration, the spread or the number of steps can't be, or diffusers has no such run.
    pub fn new(config: Config, spread: Spread, steps: usize) -> Result<Self, CompatError> {
        let middle = |sigma: f32, to: f32| middle(down_and_up(sigma, to).0, sigma);
        runnable(Self { plan: two_calls(CLASS, config, spread, steps, middle)? })
    }
}

impl Scheduler for Kdpm2AncestralDiscreteScheduler {
    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn advance(
        &self,
        index: usize,
        output: Batch,
        x: &Batch,
        history: &mut History,
        noise: &mut dyn Noise<Batch>,
    ) -> Stepped<Batch> {
        let (output, _) = split(x, output);
        let sigma = self.plan.sigma(index);
        let x0 = self.plan.config.x0_of_sigma(sigma, sigma, &output, x);
        let slope = zip(x, &x0, |x, x0| (x - x0) / sigma);
        let along = |x: &Batch, dt: f32| zip(x, &slope, |x, slope| x + slope * dt);
        let Some(start) = history.start.take() else {
            history.start = Some(x.clone());
            return Stepped { x: along(x, self.plan.sigma(index + 1) - sigma), x0 };
        };
        let (from, to) = (self.plan.sigma(index - 1), self.plan.sigma(index + 1));
        let (down, up) = down_and_up(from, to);
        let mean = along(&start, down - from);
        Stepped { x: zip(&mean, &noise.draw(x), |mean, z| mean + z * up), x0 }
    }
}
