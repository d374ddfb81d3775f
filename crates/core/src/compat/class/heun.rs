//! `HeunDiscreteScheduler` of diffusers.

use crate::batch::{Batch, Scalar};
use crate::compat::Scheduler;
use crate::compat::config::{Config, Known};
use crate::compat::error::CompatError;
use crate::compat::history::History;
use crate::compat::kit::elementwise::zip;
use crate::compat::kit::runnable::runnable;
use crate::compat::kit::sigma_grid::{EulerGrid, SigmaGrid};
use crate::compat::kit::sigmas::{Sigmas, Spread};
use crate::compat::plan::Plan;
use crate::denoiser::split;
use crate::noise::Noise;
use crate::sampler::Stepped;

const CLASS: &str = "HeunDiscreteScheduler";

/// `HeunDiscreteScheduler` of diffusers.
///
/// # Formula
/// ```text
/// first call, at σ:    x̃ = x + d (σ' − σ),               d = (x − x̂₀)/σ
/// second call, at σ':  x' = x + (d + d')/2 · (σ' − σ),   d' = (x̃ − x̂₀')/σ'
/// ```
/// of `x = x₀ + σ ε`, of which the network sees `x/√(σ² + 1)`. The step to clean data has only the
/// first: 2n − 1 calls for n steps.
///
/// # Source
/// Karras et al. 2022, arXiv:2206.00364, algorithm 1.
#[derive(Clone, Debug, PartialEq)]
pub struct HeunDiscreteScheduler {
    plan: Plan,
}

impl HeunDiscreteScheduler {
    /// The scheduler of a configuration, over `steps` steps of two calls, the last of one.
    ///
    /// # Errors
    /// If the configuration, the spread or the number of steps can't be, or diffusers has no such run.
    pub fn new(config: Config, spread: Spread, steps: usize) -> Result<Self, CompatError> {
        let has = Known { rescale: false, clip: true, threshold: false, x0: true };
        config.check_known(CLASS, has)?;
        spread.check_not_lu(CLASS)?;
        let table = config.table()?;
        let laid = EulerGrid { spread, ..EulerGrid::default() };
        let (timesteps, at) = laid.lay(&config, &Sigmas::of(&table), steps)?;
        let single = |t: f64| f64::from(f32::from_f64(t));
        let timesteps = doubled(timesteps.into_iter().map(single));
        let sigmas = doubled(at.into_iter().map(f32::from_f64)).into_iter().chain([0.0]).collect();
        let grid = SigmaGrid { timesteps, sigmas };
        runnable(Self { plan: Plan::unscaled(CLASS, config, table, grid) })
    }
}

/// All but the first twice.
fn doubled<T: Copy>(values: impl Iterator<Item = T>) -> Vec<T> {
    values.flat_map(|value| [value, value]).skip(1).collect()
}

impl Scheduler for HeunDiscreteScheduler {
    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn advance(
        &self,
        index: usize,
        output: Batch,
        x: &Batch,
        history: &mut History,
        _noise: &mut dyn Noise<Batch>,
    ) -> Stepped<Batch> {
        let (output, _) = split(x, output);
        let sigma = self.plan.sigma(index);
        let x0 = self.plan.config.limit(self.plan.config.x0_of_sigma(sigma, sigma, &output, x));
        let slope = zip(x, &x0, |x, x0| (x - x0) / sigma);
        let x = if let Some(start) = history.start.take() {
            let dt = sigma - self.plan.sigma(index - 1);
            let both = zip(history.estimate(0), &slope, f32::midpoint);
            zip(&start, &both, |x, slope| x + slope * dt)
        } else {
            let dt = self.plan.sigma(index + 1) - sigma;
            let predicted = zip(x, &slope, |x, slope| x + slope * dt);
            history.start = Some(x.clone());
            history.remember(slope, 1);
            predicted
        };
        Stepped { x, x0 }
    }
}
