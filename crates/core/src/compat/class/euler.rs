//! `EulerDiscreteScheduler` of diffusers.

use crate::batch::{Batch, Scalar};
use crate::compat::Scheduler;
use crate::compat::config::{Config, Known};
use crate::compat::error::CompatError;
use crate::compat::history::History;
use crate::compat::kit::elementwise::{exp, ln, numpy_ln, zip};
use crate::compat::kit::runnable::runnable;
use crate::compat::kit::sigma_grid::{EulerGrid, SigmaGrid};
use crate::compat::kit::sigmas::{FinalSigma, Sigmas, Spread};
use crate::compat::kit::spacing::fractional;
use crate::compat::plan::Plan;
use crate::compat::table::Table;
use crate::denoiser::split;
use crate::noise::Noise;
use crate::prediction::Prediction;
use crate::sampler::Stepped;

const CLASS: &str = "EulerDiscreteScheduler";

/// What an [`EulerDiscreteScheduler`] has of its own.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct EulerOptions {
    /// How the levels are spread; [`Spread::Lu`] it has not.
    pub spread: Spread,
    /// `sigma_min`: where a spread ends, in place of the last timestep's.
    pub sigma_min: Option<f64>,
    /// `sigma_max`: where a spread starts, in place of the first timestep's.
    pub sigma_max: Option<f64>,
    /// `interpolation_type` `log_linear`: n + 1 levels even in ln σ over all of training, of which
    /// a run makes n steps.
    pub log_linear: bool,
    /// `timestep_type` `continuous`, which a v-network heeds: it is told ¼ ln σ.
    pub continuous: bool,
    /// Where a run ends.
    pub final_sigma: FinalSigma,
    /// Noise that is added before a step.
    pub churn: EulerChurn,
}

/// The noise of Karras et al. 2022, algorithm 2: what diffusers' `step` takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EulerChurn {
    /// `s_churn`: σ is raised by this over the number of steps, at most by √2 − 1 of it.
    pub amount: f64,
    /// `s_tmin`: from this σ …
    pub min: f64,
    /// `s_tmax`: … to this one.
    pub max: f64,
    /// `s_noise`: the standard deviation of the noise.
    pub noise: f64,
}

impl Default for EulerChurn {
    /// None.
    fn default() -> Self {
        Self { amount: 0.0, min: 0.0, max: f64::INFINITY, noise: 1.0 }
    }
}

/// `EulerDiscreteScheduler` of diffusers.
///
/// # Formula
/// ```text
/// x' = x + (x − x̂₀)/σ̂ · (σ' − σ̂),     σ̂ = σ (1 + γ),  x with noise of std √(σ̂² − σ²) if γ > 0
/// ```
/// of `x = x₀ + σ ε`, of which the network sees `x/√(σ² + 1)`. Timesteps between two whole ones stay
/// so. A run starts at the largest σ, or for `leading` at `√(σ² + 1)`.
///
/// # Source
/// Karras et al. 2022, arXiv:2206.00364, algorithm 2 without its second order.
#[derive(Clone, Debug, PartialEq)]
pub struct EulerDiscreteScheduler {
    plan: Plan,
    options: EulerOptions,
}

impl EulerDiscreteScheduler {
    /// The scheduler of a configuration, over `steps` timesteps.
    ///
    /// # Errors
    /// If the configuration, the options or the number of steps can't be, or diffusers has no such run.
    pub fn new(config: Config, options: EulerOptions, steps: usize) -> Result<Self, CompatError> {
        let has = Known { rescale: true, clip: false, threshold: false, x0: true };
        config.check_known(CLASS, has)?;
        options.spread.check_not_lu(CLASS)?;
        let table = config.table_above_zero()?;
        let grid = grid(&config, &table, &options, steps)?;
        runnable(Self { plan: Plan::unscaled(CLASS, config, table, grid), options })
    }

    /// γ at `sigma`.
    fn gamma(&self, sigma: f32) -> f64 {
        let EulerChurn { amount, min, max, .. } = self.options.churn;
        let gamma = (amount / self.plan.hops() as f64).min(2.0_f64.sqrt() - 1.0);
        let within = (min..=max).contains(&f64::from(sigma));
        if within { gamma } else { 0.0 }
    }
}

fn grid(
    config: &Config,
    table: &Table,
    options: &EulerOptions,
    steps: usize,
) -> Result<SigmaGrid, CompatError> {
    let sigmas = Sigmas::of(table);
    let timesteps = fractional(config.spacing, config.timesteps, steps)?;
    let at: Vec<f64> = if options.log_linear {
        let (max, min) = (numpy_ln(sigmas.noisiest()), numpy_ln(sigmas.cleanest()));
        crate::compat::table::linspace(max.into(), min.into(), steps + 1)
            .map(|log| f64::from(exp(log)))
            .collect()
    } else {
        timesteps.iter().map(|t| sigmas.at(*t)).collect()
    };
    let spread =
        EulerGrid { spread: options.spread, max: options.sigma_max, min: options.sigma_min };
    let (timesteps, at) = spread.spread(timesteps, at, &sigmas, steps);
    let end = match options.final_sigma {
        FinalSigma::Zero => 0.0,
        FinalSigma::SigmaMin => sigmas.cleanest(),
    };
    let sigmas: Vec<f32> = at.into_iter().map(f32::from_f64).chain([end]).collect();
    let timesteps = if options.continuous && config.prediction == Prediction::V {
        sigmas[..sigmas.len() - 1].iter().map(|sigma| f64::from(0.25 * ln(*sigma))).collect()
    } else {
        timesteps.into_iter().map(|t| f64::from(f32::from_f64(t))).collect()
    };
    Ok(SigmaGrid { timesteps, sigmas })
}

impl Scheduler for EulerDiscreteScheduler {
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
        let gamma = self.gamma(sigma);
        let raised = sigma * f32::from_f64(gamma + 1.0);
        let churned = (gamma > 0.0).then(|| {
            let std = (raised * raised - sigma * sigma).sqrt();
            let s_noise = f32::from_f64(self.options.churn.noise);
            zip(x, &noise.draw(x), |x, z| x + z * s_noise * std)
        });
        let x = churned.as_ref().unwrap_or(x);
        let x0 = self.plan.config.x0_of_sigma(sigma, raised, &output, x);
        let dt = sigma_to - raised;
        Stepped { x: zip(x, &x0, |x, x0| x + (x - x0) / raised * dt), x0 }
    }
}
