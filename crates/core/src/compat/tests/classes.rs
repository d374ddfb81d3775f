//! The other classes from diffusers' own configuration, every key of which is said.

use super::*;

/// The scheduler of `class`, over `steps` steps.
pub(super) fn scheduler(
    class: &str,
    json: &Value,
    config: Config,
    steps: usize,
    options: &Value,
) -> Result<Box<dyn Scheduler>, CompatError> {
    let config = Config { clip: config.clip.filter(|_| json["clip_sample"] == true), ..config };
    let spread = spread(json);
    Ok(match class {
        "EulerDiscreteScheduler" => {
            Box::new(EulerDiscreteScheduler::new(config, euler(json, options), steps)?)
        }
        "EulerAncestralDiscreteScheduler" => {
            Box::new(EulerAncestralDiscreteScheduler::new(config, steps)?)
        }
        "HeunDiscreteScheduler" => Box::new(HeunDiscreteScheduler::new(config, spread, steps)?),
        "KDPM2DiscreteScheduler" => Box::new(Kdpm2DiscreteScheduler::new(config, spread, steps)?),
        "KDPM2AncestralDiscreteScheduler" => {
            Box::new(Kdpm2AncestralDiscreteScheduler::new(config, spread, steps)?)
        }
        "LMSDiscreteScheduler" => Box::new(LmsDiscreteScheduler::new(config, spread, steps)?),
        "PNDMScheduler" => {
            let options = PndmOptions {
                skip_prk_steps: json["skip_prk_steps"] == true,
                set_alpha_to_one: json["set_alpha_to_one"] == true,
            };
            Box::new(PndmScheduler::new(config, options, steps)?)
        }
        "DPMSolverMultistepScheduler" => {
            Box::new(DpmSolverMultistepScheduler::new(config, multistep(json), steps)?)
        }
        "DPMSolverSinglestepScheduler" => {
            Box::new(DpmSolverSinglestepScheduler::new(config, singlestep(json), steps)?)
        }
        "DEISMultistepScheduler" => {
            let options = DeisOptions {
                order: usize_of(&json["solver_order"]),
                lower_order_final: json["lower_order_final"] == true,
                spread,
            };
            Box::new(DeisMultistepScheduler::new(config, options, steps)?)
        }
        "UniPCMultistepScheduler" => {
            Box::new(UniPcMultistepScheduler::new(config, unipc(json), steps)?)
        }
        "LCMScheduler" => {
            let options = LcmOptions {
                original_steps: usize_of(&json["original_inference_steps"]),
                timestep_scaling: json["timestep_scaling"].as_f64().unwrap(),
            };
            Box::new(LcmScheduler::new(config, options, steps)?)
        }
        other => panic!("class {other}"),
    })
}

fn multistep(json: &Value) -> DpmMultistepOptions {
    DpmMultistepOptions {
        order: usize_of(&json["solver_order"]),
        algorithm: algorithm(json),
        solver: solver(json),
        lower_order_final: json["lower_order_final"] == true,
        euler_at_final: json["euler_at_final"] == true,
        spread: spread(json),
        final_sigma: final_sigma(json),
        lambda_min: json["lambda_min_clipped"].as_f64().unwrap_or(f64::NEG_INFINITY),
    }
}

fn singlestep(json: &Value) -> DpmSinglestepOptions {
    DpmSinglestepOptions {
        order: usize_of(&json["solver_order"]),
        algorithm: algorithm(json),
        solver: solver(json),
        lower_order_final: json["lower_order_final"] == true,
        spread: spread(json),
        final_sigma: final_sigma(json),
        lambda_min: json["lambda_min_clipped"].as_f64().unwrap_or(f64::NEG_INFINITY),
    }
}

fn unipc(json: &Value) -> UniPcOptions {
    let disabled = json["disable_corrector"].as_array().unwrap();
    UniPcOptions {
        order: usize_of(&json["solver_order"]),
        predict_x0: json["predict_x0"] == true,
        variant: json["solver_type"].as_str().unwrap().parse().unwrap(),
        lower_order_final: json["lower_order_final"] == true,
        disable_corrector: disabled.iter().map(usize_of).collect(),
        spread: spread(json),
        final_sigma: final_sigma(json),
    }
}

fn euler(json: &Value, options: &Value) -> EulerOptions {
    let number = |key: &str, default: f64| options[key].as_f64().unwrap_or(default);
    EulerOptions {
        spread: spread(json),
        sigma_min: json["sigma_min"].as_f64(),
        sigma_max: json["sigma_max"].as_f64(),
        log_linear: json["interpolation_type"] == "log_linear",
        continuous: json["timestep_type"] == "continuous",
        final_sigma: final_sigma(json),
        churn: EulerChurn {
            amount: number("s_churn", 0.0),
            min: number("s_tmin", 0.0),
            max: number("s_tmax", f64::INFINITY),
            noise: number("s_noise", 1.0),
        },
    }
}

fn spread(json: &Value) -> Spread {
    let spreads = [
        ("use_karras_sigmas", Spread::Karras),
        ("use_exponential_sigmas", Spread::Exponential),
        ("use_beta_sigmas", Spread::Beta),
        ("use_lu_lambdas", Spread::Lu),
    ];
    spreads.into_iter().find(|(key, _)| json[key] == true).map_or_else(Spread::default, |it| it.1)
}

fn final_sigma(json: &Value) -> FinalSigma {
    if json["final_sigmas_type"] == "sigma_min" { FinalSigma::SigmaMin } else { FinalSigma::Zero }
}

fn algorithm(json: &Value) -> Algorithm {
    let all = [
        Algorithm::DpmSolver,
        Algorithm::DpmSolverPlusPlus,
        Algorithm::SdeDpmSolver,
        Algorithm::SdeDpmSolverPlusPlus,
    ];
    all.into_iter().find(|algorithm| json["algorithm_type"] == algorithm.name()).unwrap()
}

fn solver(json: &Value) -> Solver {
    if json["solver_type"] == "heun" { Solver::Heun } else { Solver::Midpoint }
}
