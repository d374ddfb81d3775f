//! `EulerAncestralDiscreteScheduler`: `schedulers/scheduling_euler_ancestral_discrete.py` of diffusers.

use ancestral::sampler::EulerAncestral;
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
        "timestep_spacing",
        "steps_offset",
        "rescale_betas_zero_snr",
    ],
    schedules: BETAS_OF_MOST,
    defaults,
    sampler: |_| AnySampler::EulerAncestral(EulerAncestral::default()),
    scheduler: |config, _, steps| {
        boxed(compat::EulerAncestralDiscreteScheduler::new(config, steps))
    },
    ..Entry::OF_NO_SOLVER
};

fn defaults() -> SchedulerConfig {
    SchedulerConfig {
        class: SchedulerClass::EulerAncestral,
        // It clips nothing.
        clip_sample: false,
        timestep_spacing: TimestepSpacing::Linspace,
        ..SchedulerClass::Ddpm.defaults()
    }
}
