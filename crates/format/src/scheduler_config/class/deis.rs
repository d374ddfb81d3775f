//! `DEISMultistepScheduler`: `schedulers/scheduling_deis_multistep.py` of diffusers.

use ancestral::compat::DeisOptions;
use ancestral::sampler::Deis;
use ancestral::{AnySampler, compat};

use super::{BETAS_OF_MOST, Entry, SchedulerClass, boxed};
use crate::scheduler_config::{
    AlgorithmType, SchedulerConfig, SolverKeys, SolverType, TimestepSpacing,
};

pub(super) const ENTRY: Entry = Entry {
    pipeline: "DDPMPipeline",
    keys: &[
        "num_train_timesteps",
        "beta_start",
        "beta_end",
        "beta_schedule",
        "trained_betas",
        "solver_order",
        "prediction_type",
        "thresholding",
        "dynamic_thresholding_ratio",
        "sample_max_value",
        "algorithm_type",
        "solver_type",
        "lower_order_final",
        "use_karras_sigmas",
        "use_exponential_sigmas",
        "use_beta_sigmas",
        "use_flow_sigmas",
        "flow_shift",
        "timestep_spacing",
        "steps_offset",
        "use_dynamic_shifting",
        "time_shift_type",
    ],
    schedules: BETAS_OF_MOST,
    orders: 1..=3,
    algorithms: &[AlgorithmType::Deis],
    solvers: &[SolverType::LogRho],
    defaults,
    sampler,
    scheduler: |config, folder, steps| {
        boxed(compat::DeisMultistepScheduler::new(config, folder.into(), steps))
    },
    ..Entry::OF_NO_SOLVER
};

/// DEIS of the order of the config.
pub(super) fn sampler(config: &SchedulerConfig) -> AnySampler {
    AnySampler::Deis(Deis::new(config.order()).expect("an order of ours"))
}

fn defaults() -> SchedulerConfig {
    SchedulerConfig {
        class: SchedulerClass::Deis,
        // It clips nothing.
        clip_sample: false,
        timestep_spacing: TimestepSpacing::Linspace,
        solver: SolverKeys {
            algorithm_type: AlgorithmType::Deis,
            solver_type: SolverType::LogRho,
            ..SolverKeys::default()
        },
        ..SchedulerClass::Ddpm.defaults()
    }
}

/// What the scheduler of a config has of its own.
impl From<&SchedulerConfig> for DeisOptions {
    fn from(config: &SchedulerConfig) -> Self {
        let solver = &config.solver;
        Self {
            order: solver.solver_order,
            lower_order_final: solver.lower_order_final,
            spread: solver.spread(),
        }
    }
}
