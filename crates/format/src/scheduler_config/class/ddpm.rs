//! `DDPMScheduler`: `schedulers/scheduling_ddpm.py` of diffusers.

use ancestral::AnySampler;
use ancestral::compat::{self, CompatError, Scheduler, Visit};
use ancestral::sampler::Ddpm;

use super::{Entry, SchedulerClass, boxed};
use crate::scheduler_config::{
    BetaSchedule, PredictionType, SchedulerConfig, SolverKeys, TimestepSpacing, VarianceType,
};

pub(super) const ENTRY: Entry = Entry {
    pipeline: "DDPMPipeline",
    keys: &[
        "num_train_timesteps",
        "beta_start",
        "beta_end",
        "beta_schedule",
        "trained_betas",
        "variance_type",
        "clip_sample",
        "prediction_type",
        "thresholding",
        "dynamic_thresholding_ratio",
        "clip_sample_range",
        "sample_max_value",
        "timestep_spacing",
        "steps_offset",
        "rescale_betas_zero_snr",
    ],
    schedules: BetaSchedule::ALL,
    defaults,
    steps: 1000,
    ..Entry::OF_NO_SOLVER
};

pub(super) fn defaults() -> SchedulerConfig {
    SchedulerConfig {
        class: SchedulerClass::Ddpm,
        num_train_timesteps: 1000,
        beta_start: 1e-4,
        beta_end: 0.02,
        beta_schedule: BetaSchedule::Linear,
        trained_betas: None,
        variance_type: VarianceType::FixedSmall,
        clip_sample: true,
        prediction_type: PredictionType::Epsilon,
        thresholding: false,
        dynamic_thresholding_ratio: 0.995,
        clip_sample_range: 1.0,
        sample_max_value: 1.0,
        timestep_spacing: TimestepSpacing::Leading,
        steps_offset: 0,
        rescale_betas_zero_snr: false,
        // Its last hop always ends at clean data.
        set_alpha_to_one: true,
        solver: SolverKeys::default(),
        unset: Vec::new(),
    }
}

pub(super) fn sampler(config: &SchedulerConfig) -> AnySampler {
    AnySampler::Ddpm(Ddpm::new(config.variance()))
}

pub(super) fn scheduler(
    config: compat::Config,
    folder: &SchedulerConfig,
    steps: usize,
) -> Result<Box<dyn Scheduler>, CompatError> {
    boxed(compat::DdpmScheduler::new(config, folder.variance_type.into(), &Visit::Steps(steps)))
}
