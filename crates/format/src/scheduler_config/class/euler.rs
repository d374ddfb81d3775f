//! `EulerDiscreteScheduler`: `schedulers/scheduling_euler_discrete.py` of diffusers.

use ancestral::compat::{EulerChurn, EulerOptions};
use ancestral::sampler::Euler;
use ancestral::{AnySampler, compat};

use super::{BETAS_OF_MOST, Entry, SchedulerClass, boxed};
use crate::scheduler_config::{InterpolationType, SchedulerConfig, TimestepSpacing, TimestepType};

pub(super) const ENTRY: Entry = Entry {
    pipeline: "DDPMPipeline",
    keys: &[
        "num_train_timesteps",
        "beta_start",
        "beta_end",
        "beta_schedule",
        "trained_betas",
        "prediction_type",
        "interpolation_type",
        "use_karras_sigmas",
        "use_exponential_sigmas",
        "use_beta_sigmas",
        "sigma_min",
        "sigma_max",
        "timestep_spacing",
        "timestep_type",
        "steps_offset",
        "rescale_betas_zero_snr",
        "final_sigmas_type",
    ],
    schedules: BETAS_OF_MOST,
    defaults,
    sampler: |_| AnySampler::Euler(Euler::default()),
    scheduler: |config, folder, steps| {
        boxed(compat::EulerDiscreteScheduler::new(config, folder.into(), steps))
    },
    ..Entry::OF_NO_SOLVER
};

fn defaults() -> SchedulerConfig {
    SchedulerConfig {
        class: SchedulerClass::Euler,
        // It clips nothing.
        clip_sample: false,
        timestep_spacing: TimestepSpacing::Linspace,
        ..SchedulerClass::Ddpm.defaults()
    }
}

/// The options of the scheduler from a config; churn is not a key, but an argument of diffusers' step.
impl From<&SchedulerConfig> for EulerOptions {
    fn from(config: &SchedulerConfig) -> Self {
        let solver = &config.solver;
        Self {
            spread: solver.spread(),
            sigma_min: solver.sigma_min,
            sigma_max: solver.sigma_max,
            log_linear: solver.interpolation_type == InterpolationType::LogLinear,
            continuous: solver.timestep_type == TimestepType::Continuous,
            final_sigma: solver.final_sigma(),
            churn: EulerChurn::default(),
        }
    }
}
