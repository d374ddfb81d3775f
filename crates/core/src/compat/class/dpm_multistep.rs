//! `DPMSolverMultistepScheduler` of diffusers.

use crate::batch::Batch;
use crate::compat::Scheduler;
use crate::compat::config::{BetaCurve, Config, Known};
use crate::compat::error::CompatError;
use crate::compat::history::History;
use crate::compat::kit::dpm::{Algorithm, Solver, Update, divided};
use crate::compat::kit::elementwise::{map, zip};
use crate::compat::kit::runnable::runnable;
use crate::compat::kit::sigma_grid::{DpmGrid, End};
use crate::compat::kit::sigmas::{FinalSigma, Spread};
use crate::compat::plan::Plan;
use crate::denoiser::split;
use crate::noise::Noise;
use crate::sampler::Stepped;

const CLASS: &str = "DPMSolverMultistepScheduler";

/// What a [`DpmSolverMultistepScheduler`] has of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DpmMultistepOptions {
    /// `solver_order`, 1 to 3; `sde-dpmsolver` has 1 and 2.
    pub order: usize,
    /// `algorithm_type`.
    pub algorithm: Algorithm,
    /// `solver_type`, at order 2.
    pub solver: Solver,
    /// `lower_order_final`: orders 2 and 1 at the end of a run of fewer than 15 steps.
    pub lower_order_final: bool,
    /// `euler_at_final`: order 1 at the last step.
    pub euler_at_final: bool,
    /// How the levels are spread.
    pub spread: Spread,
    /// Where a run ends.
    pub final_sigma: FinalSigma,
    /// `lambda_min_clipped`: levels with a smaller λ are left out of the spacing.
    pub lambda_min: f64,
}

impl Default for DpmMultistepOptions {
    /// That of diffusers.
    fn default() -> Self {
        Self {
            order: 2,
            algorithm: Algorithm::default(),
            solver: Solver::default(),
            lower_order_final: true,
            euler_at_final: false,
            spread: Spread::default(),
            final_sigma: FinalSigma::default(),
            lambda_min: f64::NEG_INFINITY,
        }
    }
}

/// `DPMSolverMultistepScheduler` of diffusers.
///
/// # Formula
/// With h = λ' − λ, for `dpmsolver++`:
/// ```text
/// x' = σ'/σ x − α' (e^{−h} − 1) (D₀ + ½ D₁)
/// D₀ = x̂₀,   D₁ = (x̂₀ − x̂₀ of the step before) h/h_before
/// ```
/// The first step, and the last to clean data, have no D₁. Order 3 is as published in code, which
/// lacks a factor 2 on its last term and so converges with order 2.
///
/// # Source
/// Lu et al. 2022, arXiv:2211.01095, algorithm 2; of the other algorithms, arXiv:2206.00927.
#[derive(Clone, Debug, PartialEq)]
pub struct DpmSolverMultistepScheduler {
    plan: Plan,
    options: DpmMultistepOptions,
}

impl DpmSolverMultistepScheduler {
    /// The scheduler of a configuration, over `steps` timesteps.
    ///
    /// # Errors
    /// If the configuration, the options or the number of steps can't be, or diffusers has no such run.
    pub fn new(
        config: Config,
        options: DpmMultistepOptions,
        steps: usize,
    ) -> Result<Self, CompatError> {
        let has = Known { rescale: true, clip: false, threshold: true, x0: true };
        config.check_known(CLASS, has)?;
        options.algorithm.check_end(CLASS, options.final_sigma)?;
        let (most, expected) = match options.algorithm {
            Algorithm::SdeDpmSolver => (2, "1 and 2 with sde-dpmsolver"),
            Algorithm::DpmSolver
            | Algorithm::DpmSolverPlusPlus
            | Algorithm::SdeDpmSolverPlusPlus => (3, "1, 2 and 3"),
        };
        let found = options.order;
        if !(1..=most).contains(&found) {
            return Err(CompatError::Order { class: CLASS, found, expected });
        }
        let table = config.table_above_zero()?;
        let grid = DpmGrid {
            spread: options.spread,
            spacing: config.spacing,
            lambda_min: options.lambda_min,
            round: config.betas != BetaCurve::SquaredCosine,
            end: End::Given(options.final_sigma),
        };
        let grid = grid.lay(&config, &table, steps)?;
        runnable(Self { plan: Plan::over(CLASS, config, table, grid), options })
    }

    /// The order of the step at `index`, with so many estimates.
    fn order(&self, index: usize, estimates: usize) -> usize {
        let DpmMultistepOptions { order, lower_order_final, euler_at_final, final_sigma, .. } =
            self.options;
        let steps = self.plan.calls();
        let lower = lower_order_final && steps < 15;
        let first = euler_at_final || lower || final_sigma == FinalSigma::Zero;
        let most = match steps - index {
            1 if first => 1,
            2 if lower => 2,
            _ => order,
        };
        order.min(estimates).min(most)
    }

    /// The end of a third-order step.
    fn third(
        &self,
        index: usize,
        update: &Update,
        x: &Batch,
        history: &History,
        noise: &mut dyn Noise<Batch>,
    ) -> Batch {
        let [zero, one, two] = [0, 1, 2].map(|age| self.plan.level(index - age).lambda);
        let (r0, r1) = ((zero - one) / update.h(), (one - two) / update.h());
        let newer = divided(r0, history.estimate(0), history.estimate(1));
        let older = divided(r1, history.estimate(1), history.estimate(2));
        let change = zip(&newer, &older, |newer, older| newer - older);
        let (share, inverse) = (r0 / (r0 + r1), 1.0 / (r0 + r1));
        let d1 = zip(&newer, &change, |newer, change| newer + share * change);
        let d2 = map(&change, |change| inverse * change);
        let terms = [(update.on_slope(), &d1), (update.on_curvature(), &d2)];
        update.apply(x, history.estimate(0), &terms, noise)
    }
}

impl Scheduler for DpmSolverMultistepScheduler {
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
        let at = self.plan.level(index);
        let (estimate, x0) = self.options.algorithm.estimate(&self.plan.config, at, &output, x);
        history.remember(estimate, self.options.order);
        let update = Update::new(self.options.algorithm, at, self.plan.level(index + 1));
        let d0 = history.estimate(0);
        let x = match self.order(index, history.estimates.len()) {
            1 => update.apply(x, d0, &[], noise),
            2 => {
                let r0 = (at.lambda - self.plan.level(index - 1).lambda) / update.h();
                let d1 = divided(r0, d0, history.estimate(1));
                let weight = update.on_difference(self.options.solver);
                update.apply(x, d0, &[(weight, &d1)], noise)
            }
            _ => self.third(index, &update, x, history, noise),
        };
        Stepped { x, x0 }
    }
}
