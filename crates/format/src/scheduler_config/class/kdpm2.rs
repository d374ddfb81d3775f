//! `KDPM2DiscreteScheduler`: `schedulers/scheduling_k_dpm_2_discrete.py` of diffusers.

use ancestral::sampler::Dpm2;
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
    sampler: |_| AnySampler::Dpm2(Dpm2::default()),
    scheduler: |config, folder, steps| {
        boxed(compat::Kdpm2DiscreteScheduler::new(config, folder.solver.spread(), steps))
    },
    ..Entry::OF_NO_SOLVER
};

fn defaults() -> SchedulerConfig {
    SchedulerConfig {
        class: SchedulerClass::Kdpm2,
        beta_start: 8.5e-4,
        beta_end: 0.012,
        // It clips nothing.
        clip_sample: false,
        timestep_spacing: TimestepSpacing::Linspace,
        ..SchedulerClass::Ddpm.defaults()
    }
}
