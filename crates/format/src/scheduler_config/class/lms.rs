//! `LMSDiscreteScheduler`: `schedulers/scheduling_lms_discrete.py` of diffusers.

use ancestral::sampler::Lms;
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
        "use_karras_sigmas",
        "use_exponential_sigmas",
        "use_beta_sigmas",
        "prediction_type",
        "timestep_spacing",
        "steps_offset",
    ],
    schedules: BETAS_OF_MOST,
    defaults,
    sampler: |_| AnySampler::Lms(Lms::default()),
    scheduler: |config, folder, steps| {
        boxed(compat::LmsDiscreteScheduler::new(config, folder.solver.spread(), steps))
    },
    ..Entry::OF_NO_SOLVER
};

fn defaults() -> SchedulerConfig {
    SchedulerConfig {
        class: SchedulerClass::Lms,
        // It clips nothing.
        clip_sample: false,
        timestep_spacing: TimestepSpacing::Linspace,
        ..SchedulerClass::Ddpm.defaults()
    }
}
