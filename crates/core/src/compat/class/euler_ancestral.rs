//! `EulerAncestralDiscreteScheduler` of diffusers.

use crate::batch::{Batch, Scalar};
use crate::compat::Scheduler;
use crate::compat::config::{Config, Known};
use crate::compat::error::CompatError;
use crate::compat::history::History;
use crate::compat::kit::elementwise::zip;
use crate::compat::kit::runnable::runnable;
use crate::compat::kit::sigma_grid::{EulerGrid, SigmaGrid};
use crate::compat::kit::sigmas::Sigmas;
use crate::compat::plan::Plan;
use crate::denoiser::split;
use crate::noise::Noise;
use crate::sampler::Stepped;

const CLASS: &str = "EulerAncestralDiscreteScheduler";

/// `EulerAncestralDiscreteScheduler` of diffusers.
///
/// # Formula
/// ```text
/// x' = x + (x − x̂₀)/σ · (σ_down − σ) + σ_up z
/// σ_up² = σ'² (σ² − σ'²)/σ²,     σ_down² = σ'² − σ_up²
/// ```
/// of `x = x₀ + σ ε`, of which the network sees `x/√(σ² + 1)`. Noise is drawn at every step, also at
/// the last, where σ_up is 0. Networks that predict x₀ it has not.
///
/// # Source
/// The ancestral step of Song et al. 2021, arXiv:2011.13456, appendix F, in σ.
#[derive(Clone, Debug, PartialEq)]
pub struct EulerAncestralDiscreteScheduler {
    plan: Plan,
}

impl EulerAncestralDiscreteScheduler {
    /// The scheduler of a configuration, over `steps` timesteps.
    ///
    /// # Errors
    /// If the configuration or the number of steps can't be, or diffusers has no such run.
    pub fn new(config: Config, steps: usize) -> Result<Self, CompatError> {
        let has = Known { rescale: true, clip: false, threshold: false, x0: false };
        config.check_known(CLASS, has)?;
        let table = config.table_above_zero()?;
        let (timesteps, at) = EulerGrid::default().lay(&config, &Sigmas::of(&table), steps)?;
        let sigmas = at.into_iter().map(f32::from_f64).chain([0.0]).collect();
        let grid = SigmaGrid { timesteps, sigmas };
        runnable(Self { plan: Plan::unscaled(CLASS, config, table, grid) })
    }
}

/// What is left of σ' by the deterministic part of a step, and what its noise adds.
pub(super) fn down_and_up(sigma: f32, sigma_to: f32) -> (f32, f32) {
    let (from2, to2) = (sigma * sigma, sigma_to * sigma_to);
    let up = (to2 * (from2 - to2) / from2).sqrt();
    ((to2 - up * up).sqrt(), up)
}

impl Scheduler for EulerAncestralDiscreteScheduler {
    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn advance(
        &self,
        index: usize,
        output: Batch,
        x: &Batch,
        _history: &mut History,
        noise: &mut dyn Noise<Batch>,
    ) -> Stepped<Batch> {
        let (output, _) = split(x, output);
        let (sigma, sigma_to) = (self.plan.sigma(index), self.plan.sigma(index + 1));
        let x0 = self.plan.config.x0_of_sigma(sigma, sigma, &output, x);
        let (down, up) = down_and_up(sigma, sigma_to);
        let dt = down - sigma;
        let mean = zip(x, &x0, |x, x0| x + (x - x0) / sigma * dt);
        Stepped { x: zip(&mean, &noise.draw(x), |mean, z| mean + z * up), x0 }
    }
}
