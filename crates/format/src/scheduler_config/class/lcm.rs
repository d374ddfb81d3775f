//! `LCMScheduler`: `schedulers/scheduling_lcm.py` of diffusers.

use ancestral::compat::LcmOptions;
use ancestral::sampler::Lcm;
use ancestral::{AnySampler, AnySpacing, Spacing, compat};

use super::{BETAS_OF_MOST, Entry, SchedulerClass, boxed};
use crate::scheduler_config::{BetaSchedule, SchedulerConfig};

pub(super) const ENTRY: Entry = Entry {
    pipeline: "DDPMPipeline",
    keys: &[
        "num_train_timesteps",
        "beta_start",
        "beta_end",
        "beta_schedule",
        "trained_betas",
        "original_inference_steps",
        "clip_sample",
        "clip_sample_range",
        "set_alpha_to_one",
        "steps_offset",
        "prediction_type",
        "thresholding",
        "dynamic_thresholding_ratio",
        "sample_max_value",
        "timestep_spacing",
        "timestep_scaling",
        "rescale_betas_zero_snr",
    ],
    schedules: BETAS_OF_MOST,
    defaults,
    sampler: |_| AnySampler::Lcm(Lcm::default()),
    // Whatever its config has: diffusers ignores it.
    grid: |_| AnySpacing::Timesteps(Spacing::Trailing),
    steps: 4,
    scheduler: |config, folder, steps| {
        boxed(compat::LcmScheduler::new(config, folder.into(), steps))
    },
    ..Entry::OF_NO_SOLVER
};

fn defaults() -> SchedulerConfig {
    SchedulerConfig {
        class: SchedulerClass::Lcm,
        beta_start: 8.5e-4,
        beta_end: 0.012,
        beta_schedule: BetaSchedule::ScaledLinear,
        clip_sample: false,
        ..SchedulerClass::Ddpm.defaults()
    }
}

/// What the scheduler of a config has of its own.
impl From<&SchedulerConfig> for LcmOptions {
    fn from(config: &SchedulerConfig) -> Self {
        Self {
            original_steps: config.solver.original_inference_steps,
            timestep_scaling: config.solver.timestep_scaling,
        }
    }
}
