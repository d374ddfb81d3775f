//! `PNDMScheduler`: `schedulers/scheduling_pndm.py` of diffusers.

use ancestral::compat::PndmOptions;
use ancestral::sampler::Pndm;
use ancestral::{AnySampler, compat};

use super::{BETAS_OF_MOST, Entry, SchedulerClass, boxed};
use crate::scheduler_config::SchedulerConfig;

pub(super) const ENTRY: Entry = Entry {
    pipeline: "PNDMPipeline",
    keys: &[
        "num_train_timesteps",
        "beta_start",
        "beta_end",
        "beta_schedule",
        "trained_betas",
        "skip_prk_steps",
        "set_alpha_to_one",
        "prediction_type",
        "timestep_spacing",
        "steps_offset",
    ],
    schedules: BETAS_OF_MOST,
    defaults,
    sampler: |_| AnySampler::Pndm(Pndm::default()),
    scheduler: |config, folder, steps| {
        boxed(compat::PndmScheduler::new(config, folder.into(), steps))
    },
    ..Entry::OF_NO_SOLVER
};

fn defaults() -> SchedulerConfig {
    SchedulerConfig {
        class: SchedulerClass::Pndm,
        // It clips nothing.
        clip_sample: false,
        set_alpha_to_one: false,
        ..SchedulerClass::Ddpm.defaults()
    }
}

/// What the scheduler of a config has of its own.
impl From<&SchedulerConfig> for PndmOptions {
    fn from(config: &SchedulerConfig) -> Self {
        Self {
            skip_prk_steps: config.solver.skip_prk_steps,
            set_alpha_to_one: config.set_alpha_to_one,
        }
    }
}
