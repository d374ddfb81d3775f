//! The peer's way: one of its schedulers.

use ancestral::compat::{
    CompatError, Config, Ddim, DdimOptions, Ddpm, Deis, DpmMultistep, DpmSinglestep, Euler,
    EulerAncestral, Heun, Kdpm2, Kdpm2Ancestral, Lcm, Lms, Pndm, Scheduler, UniPc, VarianceType,
    Visit,
};
use ancestral::{OptionInfo, Options, Spacing};
use ancestral_format::{SchedulerClass, SchedulerConfig};
use anyhow::{Context, Result, bail};

use super::{Process, check_variance, clips, correspondence};
use crate::args::ProcessArgs;
use crate::model::Model;

const ETA: OptionInfo =
    OptionInfo { name: "eta", default: "0", about: "share of ancestral noise, 0 to 1" };
const CLIPPED: OptionInfo = OptionInfo {
    name: "use_clipped_model_output",
    default: "false",
    about: "whether epsilon follows a clipped x0",
};
const VARIANCE: OptionInfo =
    OptionInfo { name: "variance", default: "as the model says", about: "the variance type" };

pub(super) fn process(args: &ProcessArgs, model: &Model) -> Result<Process> {
    if let Some(calls) = args.calls {
        bail!("--calls {calls}: --compat diffusers counts hops; take --steps");
    }
    let timesteps = model.schedule.len();
    let Named { folder, .. } = named(args, model)?;
    let steps = if folder.class == SchedulerClass::Ddpm {
        1000
    } else if folder.class == SchedulerClass::Lcm {
        4
    } else {
        50
    };
    let (scheduler, sampler) = scheduler(args, model, args.steps.unwrap_or(steps.min(timesteps)))?;
    Ok(Process::Peer { scheduler, sampler })
}

/// The peer's scheduler that the flags name, over `steps` timesteps, and what we call it.
pub(super) fn scheduler(
    args: &ProcessArgs,
    model: &Model,
    steps: usize,
) -> Result<(Box<dyn Scheduler>, String)> {
    let Named { folder, flag, options } = named(args, model)?;
    let config = config(args, model, &folder)?;
    let at = || format!("--compat diffusers, model {}", model.name);
    if folder.class == SchedulerClass::Ddpm {
        let variance = variance(args, (flag, options), model, &folder)?;
        let visit = args.visit.clone().map_or(Visit::Steps(steps), Visit::List);
        let scheduler = Ddpm::new(config, variance, &visit);
        let scheduler = if args.visit.is_some() {
            scheduler.context("--visit")?
        } else {
            scheduler.with_context(at)?
        };
        return Ok((Box::new(scheduler), format!("ddpm:variance={}", variance.name())));
    }
    refuse_lists_and_variances(args, model, &folder)?;
    if folder.class == SchedulerClass::Ddim {
        let options = ddim_options(options, &folder).context(flag)?;
        let scheduler = Ddim::new(config, options, steps).with_context(at)?;
        let DdimOptions { eta, use_clipped_model_output, .. } = options;
        let text = format!("ddim:eta={eta},{}={use_clipped_model_output}", CLIPPED.name);
        return Ok((Box::new(scheduler), text));
    }
    options.finish(&[]).context(flag)?;
    let scheduler = solver(&folder, config, steps).with_context(at)?;
    Ok((scheduler, correspondence::sampler(&folder)))
}

/// A scheduler whose options are all in its config.
fn solver(
    folder: &SchedulerConfig,
    config: Config,
    steps: usize,
) -> Result<Box<dyn Scheduler>, CompatError> {
    fn boxed<S: Scheduler + 'static>(
        scheduler: Result<S, CompatError>,
    ) -> Result<Box<dyn Scheduler>, CompatError> {
        Ok(Box::new(scheduler?))
    }
    let spread = folder.solver.spread();
    match folder.class {
        SchedulerClass::Ddpm | SchedulerClass::Ddim => unreachable!("these have options of a run"),
        SchedulerClass::DpmMultistep => boxed(DpmMultistep::new(config, folder.into(), steps)),
        SchedulerClass::DpmSinglestep => boxed(DpmSinglestep::new(config, folder.into(), steps)),
        SchedulerClass::UniPc => boxed(UniPc::new(config, folder.into(), steps)),
        SchedulerClass::Deis => boxed(Deis::new(config, folder.into(), steps)),
        SchedulerClass::Euler => boxed(Euler::new(config, folder.into(), steps)),
        SchedulerClass::EulerAncestral => boxed(EulerAncestral::new(config, steps)),
        SchedulerClass::Heun => boxed(Heun::new(config, spread, steps)),
        SchedulerClass::Kdpm2 => boxed(Kdpm2::new(config, spread, steps)),
        SchedulerClass::Kdpm2Ancestral => boxed(Kdpm2Ancestral::new(config, spread, steps)),
        SchedulerClass::Lms => boxed(Lms::new(config, spread, steps)),
        SchedulerClass::Pndm => boxed(Pndm::new(config, folder.into(), steps)),
        SchedulerClass::Lcm => boxed(Lcm::new(config, folder.into(), steps)),
    }
}

/// Refuses what only a `DDPMScheduler` takes.
fn refuse_lists_and_variances(
    args: &ProcessArgs,
    model: &Model,
    folder: &SchedulerConfig,
) -> Result<()> {
    let class = folder.class;
    if args.visit.is_some() {
        bail!("--visit: the peer's {class} takes no list of timesteps");
    }
    if let Some(variance) = &args.variance {
        let sampler = correspondence::sampler(folder);
        bail!("--variance {variance}: the sampler {sampler} has no variance to choose");
    }
    // The DPM-Solvers leave it aside if they are told of it.
    let leaves_aside =
        matches!(folder.variance_type.into(), VarianceType::Learned | VarianceType::LearnedRange)
            && class.keys().contains(&"variance_type");
    if model.predicts_variance() && !leaves_aside {
        bail!(
            "--compat diffusers: its {class} takes no variance, which the network of model {} \
             predicts",
            model.name
        );
    }
    Ok(())
}

/// A config of the peer's, and what else the flags say of its scheduler.
struct Named {
    folder: SchedulerConfig,
    flag: &'static str,
    options: Options,
}

/// The config of the sampler that the flags name, or else the model's own.
fn named(args: &ProcessArgs, model: &Model) -> Result<Named> {
    let own = &model.folder.scheduler;
    let (flag, text) = super::named(args, model);
    let (name, options) = Options::split(&text).context(flag)?;
    let mut named = if args.sampler.is_none() && args.eta.is_none() {
        // Its options are those of the config.
        Named { folder: own.clone(), flag, options: Options::split(&name)?.1 }
    } else {
        let Some((class, solver)) = correspondence::class(&name) else {
            bail!("--sampler {name}: --compat diffusers has no scheduler of that kind")
        };
        let mut folder = own.as_class(class);
        if let Some((order, algorithm)) = solver {
            (folder.solver.solver_order, folder.solver.algorithm_type) = (order, algorithm);
        }
        Named { folder, flag, options }
    };
    spread(args, &mut named.folder)?;
    Ok(named)
}

/// What --spacing says of how levels are spread.
fn spread(args: &ProcessArgs, folder: &mut SchedulerConfig) -> Result<()> {
    let Some(name) = &args.spacing else { return Ok(()) };
    let class = folder.class;
    let has = |key: &'static str| class.keys().contains(&key);
    let (karras, exponential) = (name == "karras", name == "exponential");
    let is_laid =
        if karras || exponential { has("use_karras_sigmas") } else { has("timestep_spacing") };
    if !is_laid || class == SchedulerClass::Lcm {
        bail!("--spacing {name}: the peer's {class} has no such choice");
    }
    let solver = &mut folder.solver;
    (solver.use_karras_sigmas, solver.use_exponential_sigmas) = (karras, exponential);
    (solver.use_beta_sigmas, solver.use_lu_lambdas) = (false, false);
    Ok(())
}

/// The model's config with what the flags say otherwise.
fn config(args: &ProcessArgs, model: &Model, folder: &SchedulerConfig) -> Result<Config> {
    let mut config = folder.compat();
    let laid = args.spacing.as_ref().filter(|name| !["karras", "exponential"].contains(&&***name));
    if let Some(name) = laid {
        config.spacing = match name.parse().context("--spacing")? {
            Spacing::Leading { .. } => Spacing::Leading { offset: folder.steps_offset },
            spacing @ (Spacing::Linspace | Spacing::Trailing) => spacing,
        };
    }
    if !clips(args, model)? {
        (config.clip, config.threshold) = (None, None);
    } else if args.clip && config.threshold.is_none() {
        config.clip = Some(folder.clip_sample_range);
    }
    Ok(config)
}

fn variance(
    args: &ProcessArgs,
    (flag, mut options): (&'static str, Options),
    model: &Model,
    folder: &SchedulerConfig,
) -> Result<VarianceType> {
    if let (Some(variance), true) = (&args.variance, options.has("variance")) {
        bail!("--variance {variance}: --sampler names one already");
    }
    let names: Vec<_> = VarianceType::ALL.iter().map(|variance| variance.name()).collect();
    let expected = format!("one of {}", names.join(", "));
    let known = |name: &String| variance_type(name).is_some();
    let option: Option<String> = options.take("variance", &expected, known).context(flag)?;
    options.finish(&[VARIANCE]).context(flag)?;
    let chosen = option.as_ref().or(args.variance.as_ref()).and_then(|name| variance_type(name));
    let variance = chosen.unwrap_or(folder.variance_type.into());
    check_variance(variance.name(), variance.is_learned(), model)?;
    Ok(variance)
}

/// A variance type by the peer's name, or ours.
fn variance_type(name: &str) -> Option<VarianceType> {
    let name = name.replace('-', "_");
    VarianceType::ALL.into_iter().find(|variance| variance.name() == name)
}

fn ddim_options(mut options: Options, folder: &SchedulerConfig) -> Result<DdimOptions> {
    let eta = options.take(ETA.name, "a number from 0 to 1", |eta| (0.0..=1.0).contains(eta))?;
    let clipped = options.take(CLIPPED.name, "true or false", |_: &bool| true)?;
    options.finish(&[ETA, CLIPPED])?;
    Ok(DdimOptions {
        set_alpha_to_one: folder.set_alpha_to_one,
        eta: eta.unwrap_or_default(),
        use_clipped_model_output: clipped.unwrap_or_default(),
    })
}
