//! `UniPCMultistepScheduler`: `schedulers/scheduling_unipc_multistep.py` of diffusers.

use ancestral::compat::UniPcOptions;
use ancestral::sampler::Unipc;
use ancestral::sampler::{Form, UnipcVariant};
use ancestral::{AnySampler, compat};

use super::{BETAS_OF_MOST, Entry, SchedulerClass, boxed};
use crate::scheduler_config::{SchedulerConfig, SolverKeys, SolverType, TimestepSpacing};

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
        "predict_x0",
        "solver_type",
        "lower_order_final",
        "disable_corrector",
        "solver_p",
        "use_karras_sigmas",
        "use_exponential_sigmas",
        "use_beta_sigmas",
        "use_flow_sigmas",
        "flow_shift",
        "timestep_spacing",
        "steps_offset",
        "final_sigmas_type",
        "rescale_betas_zero_snr",
        "use_dynamic_shifting",
        "time_shift_type",
        "sigma_min",
        "sigma_max",
        "shift_terminal",
    ],
    schedules: BETAS_OF_MOST,
    orders: 1..=4,
    solvers: &[SolverType::Bh1, SolverType::Bh2],
    defaults,
    sampler,
    scheduler: |config, folder, steps| {
        boxed(compat::UniPcMultistepScheduler::new(config, folder.into(), steps))
    },
    ..Entry::OF_NO_SOLVER
};

fn defaults() -> SchedulerConfig {
    SchedulerConfig {
        class: SchedulerClass::UniPc,
        // It clips nothing.
        clip_sample: false,
        timestep_spacing: TimestepSpacing::Linspace,
        solver: SolverKeys { solver_type: SolverType::Bh2, ..SolverKeys::default() },
        ..SchedulerClass::Ddpm.defaults()
    }
}

fn sampler(config: &SchedulerConfig) -> AnySampler {
    let solver = &config.solver;
    let form = if solver.predict_x0 { Form::Data } else { Form::Noise };
    let sampler = Unipc::new(config.order(), variant(config), form);
    AnySampler::Unipc(sampler.expect("an order of ours"))
}

fn variant(config: &SchedulerConfig) -> UnipcVariant {
    if config.solver.solver_type == SolverType::Bh1 { UnipcVariant::Bh1 } else { UnipcVariant::Bh2 }
}

/// What the scheduler of a config has of its own.
impl From<&SchedulerConfig> for UniPcOptions {
    fn from(config: &SchedulerConfig) -> Self {
        let solver = &config.solver;
        Self {
            order: solver.solver_order,
            predict_x0: solver.predict_x0,
            variant: variant(config),
            lower_order_final: solver.lower_order_final,
            disable_corrector: solver.disable_corrector.clone(),
            spread: solver.spread(),
            final_sigma: solver.final_sigma(),
        }
    }
}
