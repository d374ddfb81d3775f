//! `DPMSolverMultistepScheduler`: `schedulers/scheduling_dpmsolver_multistep.py` of the peer.

use ancestral::compat::DpmMultistepOptions;

use super::{BETAS_OF_MOST, Entry, SchedulerClass};
use crate::scheduler_config::{AlgorithmType, SchedulerConfig, SolverType, TimestepSpacing};

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
        "euler_at_final",
        "use_karras_sigmas",
        "use_exponential_sigmas",
        "use_beta_sigmas",
        "use_lu_lambdas",
        "use_flow_sigmas",
        "flow_shift",
        "final_sigmas_type",
        "lambda_min_clipped",
        "variance_type",
        "timestep_spacing",
        "steps_offset",
        "rescale_betas_zero_snr",
        "use_dynamic_shifting",
        "time_shift_type",
    ],
    schedules: BETAS_OF_MOST,
    orders: 1..=3,
    algorithms: &[
        AlgorithmType::DpmSolver,
        AlgorithmType::DpmSolverPlusPlus,
        AlgorithmType::SdeDpmSolver,
        AlgorithmType::SdeDpmSolverPlusPlus,
    ],
    solvers: &[SolverType::Midpoint, SolverType::Heun],
    defaults,
};

fn defaults() -> SchedulerConfig {
    SchedulerConfig {
        class: SchedulerClass::DpmMultistep,
        // It clips nothing.
        clip_sample: false,
        timestep_spacing: TimestepSpacing::Linspace,
        // Null, until a network predicts one.
        unset: vec!["variance_type"],
        ..SchedulerClass::Ddpm.defaults()
    }
}

/// What the scheduler of a config has of its own.
impl From<&SchedulerConfig> for DpmMultistepOptions {
    fn from(config: &SchedulerConfig) -> Self {
        let solver = &config.solver;
        Self {
            order: solver.solver_order,
            algorithm: solver.algorithm(),
            solver: solver.second_order(),
            lower_order_final: solver.lower_order_final,
            euler_at_final: solver.euler_at_final,
            spread: solver.spread(),
            final_sigma: solver.final_sigma(),
            lambda_min: solver.lambda_min_clipped.unwrap_or(f64::NEG_INFINITY),
        }
    }
}
