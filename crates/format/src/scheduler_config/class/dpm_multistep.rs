//! `DPMSolverMultistepScheduler`: `schedulers/scheduling_dpmsolver_multistep.py` of diffusers.

use ancestral::compat::DpmMultistepOptions;
use ancestral::sampler::Slope;
use ancestral::sampler::{Ddim, Dpmpp2m, Dpmpp2mSde, Dpmpp3m, Dpmpp3mSde, EulerAncestral};
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
    sampler,
    scheduler: |config, folder, steps| {
        boxed(compat::DpmSolverMultistepScheduler::new(config, folder.into(), steps))
    },
    ..Entry::OF_NO_SOLVER
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

fn sampler(config: &SchedulerConfig) -> AnySampler {
    let SolverKeys { algorithm_type, solver_order, solver_type, .. } = config.solver;
    let slope = if solver_type == SolverType::Heun { Slope::Heun } else { Slope::Midpoint };
    match (algorithm_type, solver_order) {
        // The multistep method of epsilon.
        (AlgorithmType::DpmSolver | AlgorithmType::Deis, _) => super::deis::sampler(config),
        (AlgorithmType::DpmSolverPlusPlus, 1) => AnySampler::Ddim(Ddim::default()),
        (AlgorithmType::DpmSolverPlusPlus, 2) => AnySampler::Dpmpp2m(Dpmpp2m::new(slope)),
        (AlgorithmType::DpmSolverPlusPlus, _) => AnySampler::Dpmpp3m(Dpmpp3m::default()),
        (AlgorithmType::SdeDpmSolver | AlgorithmType::SdeDpmSolverPlusPlus, 1) => {
            AnySampler::EulerAncestral(EulerAncestral::default())
        }
        (AlgorithmType::SdeDpmSolver | AlgorithmType::SdeDpmSolverPlusPlus, 2) => {
            AnySampler::Dpmpp2mSde(Dpmpp2mSde::new(1.0, slope).expect("1 is a share"))
        }
        (AlgorithmType::SdeDpmSolver | AlgorithmType::SdeDpmSolverPlusPlus, _) => {
            AnySampler::Dpmpp3mSde(Dpmpp3mSde::default())
        }
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
