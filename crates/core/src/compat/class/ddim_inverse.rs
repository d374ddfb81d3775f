//! `DDIMInverseScheduler` of diffusers: from clean data to noise.

use crate::batch::Batch;
use crate::compat::Scheduler;
use crate::compat::config::Config;
use crate::compat::differences::Difference;
use crate::compat::error::CompatError;
use crate::compat::history::History;
use crate::compat::kit::elementwise::sum;
use crate::compat::kit::spacing::{descending, signed};
use crate::compat::plan::Plan;
use crate::denoiser::split;
use crate::grid::Spacing;
use crate::noise::Noise;
use crate::prediction::Prediction;
use crate::sampler::Stepped;

const CLASS: &str = "DDIMInverseScheduler";

/// What a [`DdimInverseScheduler`] has of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DdimInverseOptions {
    /// Whether the first step starts at ᾱ = 1, else at ᾱ₀.
    pub set_alpha_to_one: bool,
}

impl Default for DdimInverseOptions {
    /// That of diffusers.
    fn default() -> Self {
        Self { set_alpha_to_one: true }
    }
}

/// `DDIMInverseScheduler` of diffusers.
///
/// # Formula
/// ```text
/// x_t = √ᾱ_t x̂₀ + √(1 − ᾱ_t) ε̂,     x̂₀ and ε̂ from x_s
/// ```
/// s = min(t − ⌊T/n⌋, T−1), and ᾱ_s = 1 if s < 0, or ᾱ₀ without `set_alpha_to_one`. The network is
/// asked at t, the noisier end. Timesteps ascend; no noise is drawn; thresholding it has none.
#[derive(Clone, Debug, PartialEq)]
pub struct DdimInverseScheduler {
    plan: Plan,
    /// ᾱ where the first step starts.
    start: f32,
    /// Those of the plan, whole as they are.
    timesteps: Vec<i64>,
    stride: i64,
}

impl DdimInverseScheduler {
    /// The scheduler of a configuration, over `steps` timesteps.
    ///
    /// # Errors
    /// If the configuration or the number of steps can't be, ε is predicted and the schedule ends
    /// in pure noise, or x₀ is predicted and a step starts at clean data, where ε would be 0/0.
    pub fn new(
        config: Config,
        options: DdimInverseOptions,
        steps: usize,
    ) -> Result<Self, CompatError> {
        config.check_curve(CLASS)?;
        let unknown = |setting, found, expected| {
            Err(CompatError::Unknown { class: CLASS, setting, found, expected })
        };
        if config.spacing == Spacing::Linspace {
            return unknown("timestep_spacing", "linspace", "leading or trailing");
        }
        if config.threshold.is_some() {
            return unknown("thresholding", "true", "false");
        }
        let table = config.table()?;
        let start = if options.set_alpha_to_one { 1.0 } else { table.at(0) };
        let mut timesteps = descending(config.spacing, config.timesteps, steps)?;
        timesteps.reverse();
        let stride = signed(config.timesteps.div_euclid(steps));
        let plan = Plan::at(CLASS, config, table, &timesteps);
        let scheduler = Self { plan, start, timesteps, stride };
        scheduler.check_from_clean()?;
        Ok(scheduler)
    }

    /// ᾱ at the start of the step to `timestep`.
    fn alpha_bar_from(&self, timestep: i64) -> f32 {
        self.plan
            .table
            .at_or((timestep - self.stride).min(signed(self.plan.config.timesteps) - 1), self.start)
    }

    fn check_from_clean(&self) -> Result<(), CompatError> {
        let clean = self.timesteps.iter().find(|t| self.alpha_bar_from(**t) == 1.0);
        match (self.plan.config.prediction, clean) {
            (Prediction::X0, Some(&timestep)) => {
                Err(CompatError::FromClean { class: CLASS, timestep })
            }
            (Prediction::X0 | Prediction::Epsilon | Prediction::V, _) => Ok(()),
        }
    }
}

impl Scheduler for DdimInverseScheduler {
    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn advance(
        &self,
        index: usize,
        output: Batch,
        x: &Batch,
        _history: &mut History,
        _noise: &mut dyn Noise<Batch>,
    ) -> Stepped<Batch> {
        let (output, _) = split(x, output);
        let timestep = self.timesteps[index];
        let (alpha_bar, alpha_bar_to) =
            (self.alpha_bar_from(timestep), self.plan.table.at(timestep));
        let epsilon = self.plan.config.epsilon(alpha_bar, &output, x);
        let x0 = self.plan.config.limit(self.plan.config.x0(alpha_bar, &output, x));
        let (alpha_to, sigma_to) = (alpha_bar_to.sqrt(), (1.0 - alpha_bar_to).sqrt());
        Stepped { x: sum(alpha_to, &x0, sigma_to, &epsilon), x0 }
    }

    /// None: there is no sampler of ours that goes this way.
    fn differences(&self) -> Vec<Difference> {
        Vec::new()
    }
}
