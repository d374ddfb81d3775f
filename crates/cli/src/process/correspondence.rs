//! Which of our samplers and grids answer to the peer's classes, and which classes to our samplers.

use ancestral::compat::Spread;
use ancestral::{LevelSpacing, Spacing};
use ancestral_format::{AlgorithmType, SchedulerClass, SchedulerConfig, SolverKeys, SolverType};

use super::own::Laid;

/// Our sampler for the scheduler of a model, with its options.
pub(super) fn sampler(config: &SchedulerConfig) -> String {
    let solver = &config.solver;
    match config.class {
        SchedulerClass::Ddpm => "ddpm".to_owned(),
        SchedulerClass::Ddim => "ddim".to_owned(),
        SchedulerClass::DpmMultistep => multistep(solver),
        SchedulerClass::DpmSinglestep => singlestep(solver),
        SchedulerClass::UniPc => {
            let form = if solver.predict_x0 { "data" } else { "noise" };
            // Our highest order is 3.
            let order = solver.solver_order.min(3);
            format!("unipc:order={order},variant={},form={form}", solver.solver_type)
        }
        SchedulerClass::Deis => format!("deis:order={}", solver.solver_order),
        SchedulerClass::Euler => "euler".to_owned(),
        SchedulerClass::EulerAncestral => "euler-ancestral".to_owned(),
        SchedulerClass::Heun => "heun".to_owned(),
        SchedulerClass::Kdpm2 => "dpm2".to_owned(),
        SchedulerClass::Kdpm2Ancestral => "dpm2-ancestral".to_owned(),
        SchedulerClass::Lms => "lms".to_owned(),
        SchedulerClass::Pndm => "pndm".to_owned(),
        SchedulerClass::Lcm => "lcm".to_owned(),
    }
}

fn multistep(solver: &SolverKeys) -> String {
    let order = solver.solver_order;
    let slope = if solver.solver_type == SolverType::Heun { ":slope=heun" } else { "" };
    match (solver.algorithm_type, order) {
        // The multistep method of epsilon.
        (AlgorithmType::DpmSolver | AlgorithmType::Deis, _) => format!("deis:order={order}"),
        (AlgorithmType::DpmSolverPlusPlus, 1) => "ddim".to_owned(),
        (AlgorithmType::DpmSolverPlusPlus, 2) => format!("dpmpp-2m{slope}"),
        (AlgorithmType::DpmSolverPlusPlus, _) => "dpmpp-3m".to_owned(),
        (AlgorithmType::SdeDpmSolver | AlgorithmType::SdeDpmSolverPlusPlus, 1) => {
            "euler-ancestral".to_owned()
        }
        (AlgorithmType::SdeDpmSolver | AlgorithmType::SdeDpmSolverPlusPlus, 2) => {
            format!("dpmpp-2m-sde{slope}")
        }
        (AlgorithmType::SdeDpmSolver | AlgorithmType::SdeDpmSolverPlusPlus, _) => {
            "dpmpp-3m-sde".to_owned()
        }
    }
}

fn singlestep(solver: &SolverKeys) -> String {
    let order = solver.solver_order;
    match solver.algorithm_type {
        AlgorithmType::DpmSolver | AlgorithmType::Deis => {
            format!("dpm-solver:order={order},form=noise")
        }
        AlgorithmType::DpmSolverPlusPlus => format!("dpm-solver:order={order},form=data"),
        AlgorithmType::SdeDpmSolver | AlgorithmType::SdeDpmSolverPlusPlus => "dpmpp-sde".to_owned(),
    }
}

/// Our grid for the scheduler of a model.
pub(super) fn grid(config: &SchedulerConfig) -> Laid {
    match config.solver.spread() {
        Spread::Karras => Laid::Levels(LevelSpacing::Karras { rho: 7.0 }),
        Spread::Exponential | Spread::Lu => Laid::Levels(LevelSpacing::Exponential),
        // Of levels spread as a beta distribution we have none.
        // Whatever its config says, which the peer does not heed.
        Spread::Timesteps | Spread::Beta if config.class == SchedulerClass::Lcm => {
            Laid::Timesteps(Spacing::Trailing)
        }
        Spread::Timesteps | Spread::Beta => Laid::Timesteps(config.spacing()),
    }
}

/// The peer's class for one of our samplers, and the order and algorithm that its name says.
pub(super) fn class(sampler: &str) -> Option<(SchedulerClass, Option<(usize, AlgorithmType)>)> {
    let (plus_plus, sde) = (AlgorithmType::DpmSolverPlusPlus, AlgorithmType::SdeDpmSolverPlusPlus);
    let class = match sampler {
        "ddpm" => SchedulerClass::Ddpm,
        "ddim" => SchedulerClass::Ddim,
        "euler" => SchedulerClass::Euler,
        "euler-ancestral" => SchedulerClass::EulerAncestral,
        "heun" => SchedulerClass::Heun,
        "dpm2" => SchedulerClass::Kdpm2,
        "dpm2-ancestral" => SchedulerClass::Kdpm2Ancestral,
        "dpm-solver" => SchedulerClass::DpmSinglestep,
        "dpmpp-2m" => return Some((SchedulerClass::DpmMultistep, Some((2, plus_plus)))),
        "dpmpp-3m" => return Some((SchedulerClass::DpmMultistep, Some((3, plus_plus)))),
        "dpmpp-2m-sde" => return Some((SchedulerClass::DpmMultistep, Some((2, sde)))),
        "dpmpp-3m-sde" => return Some((SchedulerClass::DpmMultistep, Some((3, sde)))),
        "unipc" => SchedulerClass::UniPc,
        "deis" => SchedulerClass::Deis,
        "lms" => SchedulerClass::Lms,
        "pndm" => SchedulerClass::Pndm,
        "lcm" => SchedulerClass::Lcm,
        _ => return None,
    };
    Some((class, None))
}
