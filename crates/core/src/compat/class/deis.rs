//! `DEISMultistepScheduler` of diffusers.

use crate::batch::Batch;
use crate::compat::Scheduler;
use crate::compat::config::{Config, Known};
use crate::compat::error::CompatError;
use crate::compat::history::History;
use crate::compat::kit::dpm::{Algorithm, Update};
use crate::compat::kit::elementwise::{map, numpy_ln as ln, zip};
use crate::compat::kit::estimate::epsilon_from;
use crate::compat::kit::runnable::runnable;
use crate::compat::kit::sigma_grid::{DpmGrid, End};
use crate::compat::kit::sigmas::{FinalSigma, Spread, Vp};
use crate::compat::plan::Plan;
use crate::denoiser::split;
use crate::noise::Noise;
use crate::sampler::Stepped;

const CLASS: &str = "DEISMultistepScheduler";

/// What a [`DeisMultistepScheduler`] has of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeisOptions {
    /// `solver_order`, 1 to 3.
    pub order: usize,
    /// `lower_order_final`: orders 2 and 1 at the end of a run of fewer than 15 steps.
    pub lower_order_final: bool,
    /// How the levels are spread; [`Spread::Lu`] it has not.
    pub spread: Spread,
}

impl Default for DeisOptions {
    /// That of diffusers.
    fn default() -> Self {
        Self { order: 2, lower_order_final: true, spread: Spread::default() }
    }
}

/// `DEISMultistepScheduler` of diffusers.
///
/// # Formula
/// With ρ = σ/α,
/// ```text
/// x' = α' (x/α + Σ_j c_j ε̂_j)
/// c_j = ∫ over ρ … ρ' of the j-th Lagrange polynomial in ln ρ through the last levels
/// ```
/// and at order 1 `x' = α'/α x − σ' (e^h − 1) ε̂`. A run ends at the cleanest level of training, or
/// stays at the last of a spread: never at clean data.
///
/// # Source
/// Zhang and Chen 2022, arXiv:2204.13902, eq. 14 and 15, in ln ρ.
#[derive(Clone, Debug, PartialEq)]
pub struct DeisMultistepScheduler {
    plan: Plan,
    options: DeisOptions,
}

impl DeisMultistepScheduler {
    /// The scheduler of a configuration, over `steps` timesteps.
    ///
    /// # Errors
    /// If the configuration, the options or the number of steps can't be, or diffusers has no such run.
    pub fn new(config: Config, options: DeisOptions, steps: usize) -> Result<Self, CompatError> {
        let has = Known { rescale: false, clip: false, threshold: true, x0: true };
        config.check_known(CLASS, has)?;
        options.spread.check_not_lu(CLASS)?;
        let found = options.order;
        if !(1..=3).contains(&found) {
            return Err(CompatError::Order { class: CLASS, found, expected: "1, 2 and 3" });
        }
        let table = config.table()?;
        let grid = DpmGrid {
            spread: options.spread,
            spacing: config.spacing,
            lambda_min: f64::NEG_INFINITY,
            round: true,
            end: End::Repeated(FinalSigma::SigmaMin),
        };
        let grid = grid.lay(&config, &table, steps)?;
        runnable(Self { plan: Plan::over(CLASS, config, table, grid), options })
    }

    /// The order of the step at `index`, with so many estimates.
    fn order(&self, index: usize, estimates: usize) -> usize {
        let DeisOptions { order, lower_order_final, .. } = self.options;
        let steps = self.plan.calls();
        let most = if lower_order_final && steps < 15 { steps - index } else { order };
        order.min(estimates).min(most)
    }

    /// The weights of the estimates of a step of order 2 or 3, of the latest first.
    fn weights(&self, index: usize, order: usize) -> Vec<f32> {
        let rho = |index: usize| {
            let Vp { alpha, sigma, .. } = self.plan.level(index);
            sigma / alpha
        };
        let (to, zero, one) = (rho(index + 1), rho(index), rho(index - 1));
        if order == 2 {
            let over = |b, c| linear(to, b, c) - linear(zero, b, c);
            return vec![over(zero, one), over(one, zero)];
        }
        let two = rho(index - 2);
        let over = |b, c, d| quadratic(to, b, c, d) - quadratic(zero, b, c, d);
        vec![over(zero, one, two), over(one, two, zero), over(two, zero, one)]
    }
}

/// An antiderivative at `t` of the polynomial in ln ρ that is 1 at `b` and 0 at `c`.
fn linear(t: f32, b: f32, c: f32) -> f32 {
    t * (-ln(c) + ln(t) - 1.0) / (ln(b) - ln(c))
}

/// The same with another zero, at `d`.
fn quadratic(t: f32, b: f32, c: f32, d: f32) -> f32 {
    let [t_log, b, c, d] = [t, b, c, d].map(ln);
    let square = t_log * t_log;
    let above = t * (c * (d - t_log + 1.0) - d * t_log + d + square - 2.0 * t_log + 2.0);
    above / ((b - c) * (b - d))
}

impl Scheduler for DeisMultistepScheduler {
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
        let (at, to) = (self.plan.level(index), self.plan.level(index + 1));
        let x0 = self.plan.config.limit(self.plan.config.x0_at(at.scales(), &output, x));
        history.remember(epsilon_from(at.scales(), &x0, x), self.options.order);
        let order = self.order(index, history.estimates.len());
        if order == 1 {
            let update = Update::new(Algorithm::DpmSolver, at, to);
            return Stepped { x: update.apply(x, history.estimate(0), &[], noise), x0 };
        }
        let weights = self.weights(index, order);
        let sum =
            weights.iter().enumerate().fold(map(x, |x| x / at.alpha), |sum, (age, weight)| {
                zip(&sum, history.estimate(age), |sum, epsilon| sum + weight * epsilon)
            });
        Stepped { x: map(&sum, |sum| to.alpha * sum), x0 }
    }
}
