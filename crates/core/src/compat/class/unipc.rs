//! `UniPCMultistepScheduler` of diffusers.

use crate::batch::{Batch, Scalar};
use crate::compat::Scheduler;
use crate::compat::config::{Config, Known};
use crate::compat::differences::Difference;
use crate::compat::error::CompatError;
use crate::compat::history::History;
use crate::compat::kit::dpm::Algorithm;
use crate::compat::kit::elementwise::{combination, zip};
use crate::compat::kit::runnable::runnable;
use crate::compat::kit::sigma_grid::{DpmGrid, End};
use crate::compat::kit::sigmas::{FinalSigma, Spread};
use crate::compat::kit::solve::solve;
use crate::compat::plan::Plan;
use crate::denoiser::split;
use crate::noise::Noise;
use crate::sampler::{Stepped, UnipcVariant};

const CLASS: &str = "UniPCMultistepScheduler";

/// What a [`UniPcMultistepScheduler`] has of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct UniPcOptions {
    /// `solver_order`, 1 to 4.
    pub order: usize,
    /// `predict_x0`: whether x̂₀ is extrapolated, else ε̂.
    pub predict_x0: bool,
    /// `solver_type`.
    pub variant: UnipcVariant,
    /// `lower_order_final`: the order is at most the number of steps left.
    pub lower_order_final: bool,
    /// `disable_corrector`: steps whose end is not corrected.
    pub disable_corrector: Vec<usize>,
    /// How the levels are spread; [`Spread::Lu`] it has not.
    pub spread: Spread,
    /// Where a run ends.
    pub final_sigma: FinalSigma,
}

impl Default for UniPcOptions {
    /// That of diffusers.
    fn default() -> Self {
        Self {
            order: 2,
            predict_x0: true,
            variant: UnipcVariant::Bh2,
            lower_order_final: true,
            disable_corrector: Vec::new(),
            spread: Spread::default(),
            final_sigma: FinalSigma::default(),
        }
    }
}

/// `UniPCMultistepScheduler` of diffusers.
///
/// # Formula
/// With h = λ' − λ, r_j = (λ_j − λ)/h and D_j = (x̂₀ of the j-th step before − x̂₀)/r_j,
/// ```text
/// x' = σ'/σ x − α' (e^{−h} − 1) x̂₀ − α' B(h) Σ_j ρ_j D_j
/// ```
/// ρ solves `Σ_j r_j^{k−1} ρ_j = b_k`, and is ½ at order 2. What a step predicted is corrected when
/// the network has been asked there: the same with `x̂₀' − x̂₀` for another difference, r = 1. So a
/// step has one call. With `bh1` diffusers has no number at clean data; the sum that it means there
/// is empty.
///
/// # Source
/// Zhao et al. 2023, arXiv:2302.04867, algorithms 1 and 2.
#[derive(Clone, Debug, PartialEq)]
pub struct UniPcMultistepScheduler {
    plan: Plan,
    options: UniPcOptions,
}

impl UniPcMultistepScheduler {
    /// The scheduler of a configuration, over `steps` timesteps.
    ///
    /// # Errors
    /// If the configuration, the options or the number of steps can't be, or diffusers has no number
    /// at clean data: with `predict_x0` false, and with an order above 1 without
    /// `lower_order_final`.
    pub fn new(config: Config, options: UniPcOptions, steps: usize) -> Result<Self, CompatError> {
        let has = Known { rescale: true, clip: false, threshold: true, x0: true };
        config.check_known(CLASS, has)?;
        options.spread.check_not_lu(CLASS)?;
        let found = options.order;
        if !(1..=4).contains(&found) {
            return Err(CompatError::Order { class: CLASS, found, expected: "1 to 4" });
        }
        let reaches = options.predict_x0 && (options.lower_order_final || options.order == 1);
        if options.final_sigma == FinalSigma::Zero && !reaches {
            return Err(CompatError::Unknown {
                class: CLASS,
                setting: "final_sigmas_type",
                found: "zero",
                expected: "sigma_min where predict_x0 or lower_order_final is false",
            });
        }
        let table = config.table_above_zero()?;
        let grid = DpmGrid {
            spread: options.spread,
            spacing: config.spacing,
            lambda_min: f64::NEG_INFINITY,
            round: true,
            end: End::Repeated(options.final_sigma),
        };
        let grid = grid.lay(&config, &table, steps)?;
        runnable(Self { plan: Plan::over(CLASS, config, table, grid), options })
    }

    /// What is extrapolated of `output`, and x̂₀. ε̂ is never thresholded.
    fn estimate(&self, index: usize, output: &Batch, x: &Batch) -> (Batch, Batch) {
        let at = self.plan.level(index);
        if self.options.predict_x0 {
            return Algorithm::DpmSolverPlusPlus.estimate(&self.plan.config, at, output, x);
        }
        let config = Config { threshold: None, ..self.plan.config.clone() };
        Algorithm::DpmSolver.estimate(&config, at, output, x)
    }

    /// The end of the step from entry `index` and `x`, as predicted.
    fn predict(&self, index: usize, x: &Batch, history: &History) -> Batch {
        let step = self.step_from(index, history);
        let rho = match history.order {
            1 => Vec::new(),
            2 => vec![0.5],
            order => step.rho(order - 1),
        };
        step.end(x, history.estimate(0), step.weighted(&rho))
    }

    /// The end of the same step, corrected by the `estimate` there.
    fn correct(&self, index: usize, x: &Batch, estimate: &Batch, history: &History) -> Batch {
        let mut step = self.step_from(index, history);
        step.ratios.push(1.0);
        step.differences.push(zip(estimate, history.estimate(0), |new, latest| new - latest));
        let order = history.order;
        let rho = if order == 1 { vec![0.5] } else { step.rho(order) };
        step.end(x, history.estimate(0), step.weighted(&rho))
    }

    fn step_from(&self, index: usize, history: &History) -> BhStep {
        let (from, to) = (self.plan.level(index), self.plan.level(index + 1));
        let h = to.lambda - from.lambda;
        let (hh, on_x, length) = if self.options.predict_x0 {
            (-h, to.sigma / from.sigma, to.alpha)
        } else {
            (h, to.alpha / from.alpha, to.sigma)
        };
        let phi = f32::from_f64(f64::from(hh).exp_m1());
        let b_of_h = match self.options.variant {
            UnipcVariant::Bh1 => hh,
            UnipcVariant::Bh2 => phi,
        };
        let ages = 1..history.order;
        let ratio = |age| (self.plan.level(index - age).lambda - from.lambda) / h;
        let ratios: Vec<f32> = ages.clone().map(ratio).collect();
        let difference = |(age, ratio): (usize, &f32)| {
            zip(history.estimate(age), history.estimate(0), |old, latest| (old - latest) / ratio)
        };
        let differences = std::iter::zip(ages, &ratios).map(difference).collect();
        BhStep { hh, phi, b_of_h, on_x, length, ratios, differences }
    }
}

/// A step, as its prediction and its correction have it in common.
struct BhStep {
    /// −h for x̂₀, h for ε̂.
    hh: f32,
    /// e^{hh} − 1.
    phi: f32,
    /// B(h).
    b_of_h: f32,
    on_x: f32,
    /// α' for x̂₀, σ' for ε̂.
    length: f32,
    ratios: Vec<f32>,
    differences: Vec<Batch>,
}

impl BhStep {
    /// ρ of the first `count` equations.
    fn rho(&self, count: usize) -> Vec<f32> {
        let (mut phi_k, mut factorial) = (self.phi / self.hh - 1.0, 1.0_f64);
        let (mut rows, mut right) = (Vec::new(), Vec::new());
        for k in 0..count {
            let powers = self.ratios[..count].iter().map(|ratio| power(*ratio, k));
            rows.push(powers.collect());
            right.push(phi_k * f32::from_f64(factorial) / self.b_of_h);
            factorial *= (k + 2) as f64;
            phi_k = phi_k / self.hh - f32::from_f64(1.0 / factorial);
        }
        solve(rows, right)
    }

    /// Σ ρ_j D_j; none if there is no difference.
    fn weighted(&self, rho: &[f32]) -> Option<Batch> {
        let terms: Vec<_> = std::iter::zip(rho.iter().copied(), &self.differences).collect();
        (!terms.is_empty()).then(|| combination(&terms))
    }

    fn end(&self, x: &Batch, latest: &Batch, weighted: Option<Batch>) -> Batch {
        let base = combination(&[(self.on_x, x), (-(self.length * self.phi), latest)]);
        let Some(weighted) = weighted else { return base };
        let weight = self.length * self.b_of_h;
        zip(&base, &weighted, |base, sum| base - weight * sum)
    }
}

fn power(ratio: f32, exponent: usize) -> f32 {
    std::iter::repeat_n(ratio, exponent).product()
}

impl Scheduler for UniPcMultistepScheduler {
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
        let (estimate, x0) = self.estimate(index, &output, x);
        let disabled = |step| self.options.disable_corrector.contains(&step);
        let before = history.start.take().filter(|_| index > 0 && !disabled(index - 1));
        let corrected = before.map(|before| self.correct(index - 1, &before, &estimate, history));
        let x = corrected.as_ref().unwrap_or(x);
        history.remember(estimate, self.options.order);
        let left = self.plan.calls() - index;
        let most = if self.options.lower_order_final { left } else { self.options.order };
        history.order = self.options.order.min(most).min(history.estimates.len());
        history.start = Some(x.clone());
        Stepped { x: self.predict(index, x, history), x0 }
    }

    fn differences(&self) -> Vec<Difference> {
        let mut found = vec![Difference::NotCompared { class: CLASS }];
        if self.options.variant == UnipcVariant::Bh1 && self.options.final_sigma == FinalSigma::Zero
        {
            found.push(Difference::NotANumberAtEnd { setting: "solver_type bh1" });
        }
        found
    }
}
