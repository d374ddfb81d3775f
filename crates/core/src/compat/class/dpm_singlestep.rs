//! `DPMSolverSinglestepScheduler` of diffusers.

use crate::batch::Batch;
use crate::compat::Scheduler;
use crate::compat::config::{Config, Known};
use crate::compat::error::CompatError;
use crate::compat::history::History;
use crate::compat::kit::dpm::{Algorithm, Solver, Update, divided};
use crate::compat::kit::elementwise::zip;
use crate::compat::kit::runnable::runnable;
use crate::compat::kit::sigma_grid::{DpmGrid, End};
use crate::compat::kit::sigmas::{FinalSigma, Spread};
use crate::compat::plan::Plan;
use crate::denoiser::split;
use crate::grid::Spacing;
use crate::noise::Noise;
use crate::sampler::Stepped;

const CLASS: &str = "DPMSolverSinglestepScheduler";

/// What a [`DpmSolverSinglestepScheduler`] has of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DpmSinglestepOptions {
    /// `solver_order`, 1 to 3.
    pub order: usize,
    /// `algorithm_type`; [`Algorithm::SdeDpmSolver`] it has not.
    pub algorithm: Algorithm,
    /// `solver_type`, at orders 2 and 3.
    pub solver: Solver,
    /// `lower_order_final`: lower orders at the end. So it is anyway for a number of steps that the
    /// order does not divide, and to clean data.
    pub lower_order_final: bool,
    /// How the levels are spread; [`Spread::Lu`] it has not.
    pub spread: Spread,
    /// Where a run ends.
    pub final_sigma: FinalSigma,
    /// `lambda_min_clipped`: levels with a smaller λ are left out.
    pub lambda_min: f64,
}

impl Default for DpmSinglestepOptions {
    /// That of diffusers.
    fn default() -> Self {
        Self {
            order: 2,
            algorithm: Algorithm::default(),
            solver: Solver::default(),
            lower_order_final: false,
            spread: Spread::default(),
            final_sigma: FinalSigma::default(),
            lambda_min: f64::NEG_INFINITY,
        }
    }
}

/// `DPMSolverSinglestepScheduler` of diffusers.
///
/// # Formula
/// Calls go by orders 1, 2 (, 3), and again: one of order k goes from where the last of order 1
/// began, with the k estimates since. With D₀ the estimate there, for order 2 of `dpmsolver++`:
/// ```text
/// x' = σ'/σ_b x_b − α' (e^{−h} − 1) (D₀ + ½ D₁),     h = λ' − λ_b,  D₁ = (x̂₀ − D₀) h/(λ − λ_b)
/// ```
/// A spacing it has not: it is always `linspace`, without the clean end.
///
/// # Source
/// Lu et al. 2022, arXiv:2206.00927, algorithms 1 and 2, and arXiv:2211.01095, algorithm 1.
#[derive(Clone, Debug, PartialEq)]
pub struct DpmSolverSinglestepScheduler {
    plan: Plan,
    options: DpmSinglestepOptions,
    /// One a call.
    orders: Vec<usize>,
}

impl DpmSolverSinglestepScheduler {
    /// The scheduler of a configuration, over `steps` timesteps.
    ///
    /// # Errors
    /// If the configuration, the options or the number of steps can't be, or diffusers has no such run.
    pub fn new(
        config: Config,
        options: DpmSinglestepOptions,
        steps: usize,
    ) -> Result<Self, CompatError> {
        // diffusers fails to threshold where it extrapolates epsilon.
        let threshold = options.algorithm.is_of_x0();
        let has = Known { rescale: false, clip: false, threshold, x0: true };
        config.check_known(CLASS, has)?;
        options.spread.check_not_lu(CLASS)?;
        options.algorithm.check_end(CLASS, options.final_sigma)?;
        if options.algorithm == Algorithm::SdeDpmSolver {
            return Err(CompatError::Unknown {
                class: CLASS,
                setting: "algorithm_type",
                found: "sde-dpmsolver",
                expected: "dpmsolver, dpmsolver++ or sde-dpmsolver++",
            });
        }
        let found = options.order;
        if !(1..=3).contains(&found) {
            return Err(CompatError::Order { class: CLASS, found, expected: "1, 2 and 3" });
        }
        let table = config.table()?;
        let grid = DpmGrid {
            spread: options.spread,
            spacing: Spacing::Linspace,
            lambda_min: options.lambda_min,
            round: true,
            end: End::Given(options.final_sigma),
        };
        let grid = grid.lay(&config, &table, steps)?;
        let orders = orders(&options, steps);
        runnable(Self { plan: Plan::over(CLASS, config, table, grid), options, orders })
    }

    /// The end of a third-order step of `update`.
    fn third(
        &self,
        index: usize,
        update: &Update,
        x: &Batch,
        history: &History,
        noise: &mut dyn Noise<Batch>,
    ) -> Batch {
        let [zero, one, base] = [0, 1, 2].map(|age| self.plan.level(index - age).lambda);
        let (r0, r1) = ((zero - base) / update.h(), (one - base) / update.h());
        let d0 = history.estimate(2);
        let near = divided(r1, history.estimate(1), d0);
        let far = divided(r0, history.estimate(0), d0);
        match self.options.solver {
            Solver::Midpoint => update.apply(x, d0, &[(update.on_slope(), &far)], noise),
            Solver::Heun => {
                let apart = r0 - r1;
                let d1 = zip(&near, &far, |near, far| (r0 * near - r1 * far) / apart);
                let d2 = zip(&near, &far, |near, far| 2.0 * (far - near) / apart);
                let terms = [(update.on_slope(), &d1), (update.on_curvature(), &d2)];
                update.apply(x, d0, &terms, noise)
            }
        }
    }
}

/// The order of every call.
fn orders(options: &DpmSinglestepOptions, steps: usize) -> Vec<usize> {
    let order = options.order;
    let to_clean = options.final_sigma == FinalSigma::Zero;
    let divides = steps.is_multiple_of(order);
    let mut orders: Vec<usize> = (0..steps).map(|index| index % order + 1).collect();
    // With lower orders at the end, the last group is one call shorter, and one of order 1 follows.
    if to_clean || (divides && options.lower_order_final) {
        orders[steps - 1] = 1;
    }
    orders
}

impl Scheduler for DpmSolverSinglestepScheduler {
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
        let algorithm = self.options.algorithm;
        let (estimate, x0) = algorithm.estimate(&self.plan.config, at, &output, x);
        history.remember(estimate, self.options.order);
        // After a start within the list there may be fewer estimates than the order wants.
        let order = self.orders[index].min(history.estimates.len());
        if order == 1 {
            history.start = Some(x.clone());
        }
        let x = history.start.as_ref().unwrap_or(x);
        let base = self.plan.level(index + 1 - order);
        let update = Update::new(algorithm, base, self.plan.level(index + 1));
        let d0 = history.estimate(order - 1);
        let x = match order {
            1 => update.apply(x, d0, &[], noise),
            2 => {
                let r0 = (at.lambda - base.lambda) / update.h();
                let d1 = divided(r0, history.estimate(0), d0);
                let weight = update.on_difference(self.options.solver);
                update.apply(x, d0, &[(weight, &d1)], noise)
            }
            _ => self.third(index, &update, x, history, noise),
        };
        Stepped { x, x0 }
    }
}
