//! `DPMSolverSinglestepScheduler`: `schedulers/scheduling_dpmsolver_singlestep.py` of diffusers.

use ancestral::compat::DpmSinglestepOptions;
use ancestral::sampler::Form;
use ancestral::sampler::{DpmSolver, DpmppSde};
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
        "final_sigmas_type",
        "lambda_min_clipped",
        "variance_type",
        "use_dynamic_shifting",
        "time_shift_type",
    ],
    schedules: BETAS_OF_MOST,
    orders: 1..=3,
    algorithms: &[
        AlgorithmType::DpmSolver,
        AlgorithmType::DpmSolverPlusPlus,
        AlgorithmType::SdeDpmSolverPlusPlus,
    ],
    solvers: &[SolverType::Midpoint, SolverType::Heun],
    defaults,
    sampler,
    scheduler: |config, folder, steps| {
        boxed(compat::DpmSolverSinglestepScheduler::new(config, folder.into(), steps))
    },
    ..Entry::OF_NO_SOLVER
};

fn defaults() -> SchedulerConfig {
    SchedulerConfig {
        class: SchedulerClass::DpmSinglestep,
        // It clips nothing.
        clip_sample: false,
        // It knows no other.
        timestep_spacing: TimestepSpacing::Linspace,
        // Null, until a network predicts one.
        unset: vec!["variance_type"],
        solver: SolverKeys { lower_order_final: false, ..SolverKeys::default() },
        ..SchedulerClass::Ddpm.defaults()
    }
}

fn sampler(config: &SchedulerConfig) -> AnySampler {
    let solver = |form| DpmSolver::new(config.order(), form).expect("an order of ours");
    let of = |form| AnySampler::DpmSolver(solver(form));
    match config.solver.algorithm_type {
        AlgorithmType::DpmSolver | AlgorithmType::Deis => of(Form::Noise),
        AlgorithmType::DpmSolverPlusPlus => of(Form::Data),
        AlgorithmType::SdeDpmSolver | AlgorithmType::SdeDpmSolverPlusPlus => {
            AnySampler::DpmppSde(DpmppSde::default())
        }
    }
}

/// What the scheduler of a config has of its own.
impl From<&SchedulerConfig> for DpmSinglestepOptions {
    fn from(config: &SchedulerConfig) -> Self {
        let solver = &config.solver;
        Self {
            order: solver.solver_order,
            algorithm: solver.algorithm(),
            solver: solver.second_order(),
            lower_order_final: solver.lower_order_final,
            spread: solver.spread(),
            final_sigma: solver.final_sigma(),
            lambda_min: solver.lambda_min_clipped.unwrap_or(f64::NEG_INFINITY),
        }
    }
}
