//! `DDIMScheduler`: `schedulers/scheduling_ddim.py` of diffusers.

use ancestral::compat::DdimOptions;
use ancestral::sampler::Ddim;
use ancestral::{AnySampler, compat};

use super::{BETAS_OF_MOST, Entry, SchedulerClass, boxed};
use crate::scheduler_config::{SchedulerConfig, VarianceType};

pub(super) const ENTRY: Entry = Entry {
    pipeline: "DDIMPipeline",
    keys: &[
        "num_train_timesteps",
        "beta_start",
        "beta_end",
        "beta_schedule",
        "trained_betas",
        "clip_sample",
        "set_alpha_to_one",
        "steps_offset",
        "prediction_type",
        "thresholding",
        "dynamic_thresholding_ratio",
        "clip_sample_range",
        "sample_max_value",
        "timestep_spacing",
        "rescale_betas_zero_snr",
    ],
    schedules: BETAS_OF_MOST,
    defaults,
    sampler: |_| AnySampler::Ddim(Ddim::default()),
    scheduler: |config, folder, steps| {
        boxed(compat::DdimScheduler::new(config, folder.into(), steps))
    },
    ..Entry::OF_NO_SOLVER
};

fn defaults() -> SchedulerConfig {
    SchedulerConfig {
        class: SchedulerClass::Ddim,
        // η is a part of the posterior's noise.
        variance_type: VarianceType::FixedSmall,
        set_alpha_to_one: true,
        ..SchedulerClass::Ddpm.defaults()
    }
}

/// What the scheduler of a config has of its own; η and what follows a clip are arguments of its step.
impl From<&SchedulerConfig> for DdimOptions {
    fn from(config: &SchedulerConfig) -> Self {
        Self { set_alpha_to_one: config.set_alpha_to_one, ..Self::default() }
    }
}
