//! `KDPM2DiscreteScheduler` of diffusers.

use crate::batch::{Batch, Scalar};
use crate::compat::Scheduler;
use crate::compat::config::{Config, Known};
use crate::compat::error::CompatError;
use crate::compat::history::History;
use crate::compat::kit::elementwise::{exp, ln, zip};
use crate::compat::kit::runnable::runnable;
use crate::compat::kit::sigma_grid::{EulerGrid, SigmaGrid};
use crate::compat::kit::sigmas::{Sigmas, Spread};
use crate::compat::plan::Plan;
use crate::denoiser::split;
use crate::noise::Noise;
use crate::sampler::Stepped;

const CLASS: &str = "KDPM2DiscreteScheduler";

/// `KDPM2DiscreteScheduler` of diffusers.
///
/// # Formula
/// ```text
/// first call, at σ:    x̃ = x + (x − x̂₀)/σ · (σ_m − σ),     σ_m = √(σ σ')
/// second call, at σ_m: x' = x + (x̃ − x̂₀')/σ_m · (σ' − σ)
/// ```
/// of `x = x₀ + σ ε`, of which the network sees `x/√(σ² + 1)`. The step to clean data has only the
/// first call and goes all the way: 2n − 1 calls for n steps. Networks that predict x₀ it has not.
///
/// # Source
/// Karras et al. 2022, arXiv:2206.00364, with the midpoint of DPM-Solver-2, Lu et al. 2022,
/// arXiv:2206.00927.
#[derive(Clone, Debug, PartialEq)]
pub struct Kdpm2DiscreteScheduler {
    plan: Plan,
}

impl Kdpm2DiscreteScheduler {
    /// The scheduler of a configuration, over `steps` steps of two calls, the last of one.
    ///
    /// # Errors
    /// If the configuration, the spread or the number of steps can't be, or diffusers has no such run.
    pub fn new(config: Config, spread: Spread, steps: usize) -> Result<Self, CompatError> {
        runnable(Self { plan: two_calls(CLASS, config, spread, steps, middle)? })
    }
}

/// The geometric mean, as diffusers takes it of logarithms: with a fused multiply-add.
pub(super) fn middle(sigma: f32, other: f32) -> f32 {
    let (log, other) = (ln(sigma), ln(other));
    exp((log - other).mul_add(-0.5, log))
}

/// The plan of a class with a call in the middle of every step but the last: one σ a call, that of the
/// middle at every second.
pub(super) fn two_calls(
    class: &'static str,
    config: Config,
    spread: Spread,
    steps: usize,
    middle: impl Fn(f32, f32) -> f32,
) -> Result<Plan, CompatError> {
    let has = Known { rescale: false, clip: false, threshold: false, x0: false };
    config.check_known(class, has)?;
    spread.check_not_lu(class)?;
    let table = config.table()?;
    let trained = Sigmas::of(&table);
    let laid = EulerGrid { spread, ..EulerGrid::default() };
    let (timesteps, at) = laid.lay(&config, &trained, steps)?;
    let at: Vec<f32> = at.into_iter().map(f32::from_f64).collect();
    let mut grid = SigmaGrid { timesteps: Vec::new(), sigmas: Vec::new() };
    for (index, (timestep, sigma)) in std::iter::zip(timesteps, &at).enumerate() {
        grid.timesteps.push(if spread == Spread::Karras {
            timestep.round_ties_even()
        } else {
            timestep
        });
        grid.sigmas.push(*sigma);
        if let Some(to) = at.get(index + 1) {
            let between = middle(*sigma, *to);
            grid.timesteps.push(trained.timestep_f32(between).into());
            grid.sigmas.push(between);
        }
    }
    grid.sigmas.push(0.0);
    Ok(Plan::unscaled(class, config, table, grid))
}

impl Scheduler for Kdpm2DiscreteScheduler {
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
        let x0 = self.plan.config.x0_of_sigma(sigma, sigma, &output, x);
        let (start, from) = if let Some(start) = history.start.take() {
            (start, self.plan.sigma(index - 1))
        } else {
            history.start = Some(x.clone());
            (x.clone(), sigma)
        };
        let dt = self.plan.sigma(index + 1) - from;
        let slope = zip(x, &x0, |x, x0| (x - x0) / sigma);
        Stepped { x: zip(&start, &slope, |x, slope| x + slope * dt), x0 }
    }
}
