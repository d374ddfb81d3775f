//! `HeunDiscreteScheduler`: `schedulers/scheduling_heun_discrete.py` of diffusers.

use ancestral::sampler::Heun;
use ancestral::{AnySampler, compat};

use super::{BETAS_OF_MOST, Entry, SchedulerClass, boxed};
use crate::scheduler_config::{SchedulerConfig, TimestepSpacing};

pub(super) const ENTRY: Entry = Entry {
    pipeline: "DDPMPipeline",
    keys: &[
        "num_train_timesteps",
        "beta_start",
        "beta_end",
        "beta_schedule",
        "trained_betas",
        "prediction_type",
        "use_karras_sigmas",
        "use_exponential_sigmas",
        "use_beta_sigmas",
        "clip_sample",
        "clip_sample_range",
        "timestep_spacing",
        "steps_offset",
    ],
    schedules: BETAS_OF_MOST,
    defaults,
    sampler: |_| AnySampler::Heun(Heun::default()),
    scheduler: |config, folder, steps| {
        boxed(compat::HeunDiscreteScheduler::new(config, folder.solver.spread(), steps))
    },
    ..Entry::OF_NO_SOLVER
};

fn defaults() -> SchedulerConfig {
    SchedulerConfig {
        class: SchedulerClass::Heun,
        beta_start: 8.5e-4,
        beta_end: 0.012,
        clip_sample: false,
        timestep_spacing: TimestepSpacing::Linspace,
        ..SchedulerClass::Ddpm.defaults()
    }
}
