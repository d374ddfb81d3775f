//! The peer's way: one of its schedulers.

use ancestral::compat::{Config, Ddim, DdimOptions, Ddpm, Scheduler, VarianceType, Visit};
use ancestral::{OptionInfo, Options, Spacing};
use ancestral_format::{SchedulerClass, SchedulerConfig};
use anyhow::{Context, Result, bail};

use super::{Process, check_variance, clips, named};
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
    let (class, ..) = sampler(args, model)?;
    let steps = match class {
        SchedulerClass::Ddpm => 1000,
        SchedulerClass::Ddim => 50,
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
    let (class, flag, options) = sampler(args, model)?;
    let folder = model.folder.scheduler.as_class(class);
    let config = config(args, model, &folder)?;
    let at = || format!("--compat diffusers, model {}", model.name);
    match class {
        SchedulerClass::Ddpm => {
            let variance = variance(args, (flag, options), model, &folder)?;
            let visit = args.visit.clone().map_or(Visit::Steps(steps), Visit::List);
            let scheduler = Ddpm::new(config, variance, &visit);
            let scheduler = if args.visit.is_some() {
                scheduler.context("--visit")?
            } else {
                scheduler.with_context(at)?
            };
            Ok((Box::new(scheduler), format!("ddpm:variance={}", variance.name())))
        }
        SchedulerClass::Ddim => {
            if args.visit.is_some() {
                bail!("--visit: the peer's DDIMScheduler takes no list of timesteps");
            }
            if model.predicts_variance() {
                bail!(
                    "--compat diffusers: its DDIMScheduler takes no variance, which the network \
                     of model {} predicts",
                    model.name
                );
            }
            let options = ddim_options(args, options, &folder).context(flag)?;
            let scheduler = Ddim::new(config, options, steps).with_context(at)?;
            let DdimOptions { eta, use_clipped_model_output, .. } = options;
            let clipped = CLIPPED.name;
            let text = format!("ddim:eta={eta},{clipped}={use_clipped_model_output}");
            Ok((Box::new(scheduler), text))
        }
    }
}

/// The class of the sampler that the flags name, the flag, and its options.
fn sampler(args: &ProcessArgs, model: &Model) -> Result<(SchedulerClass, &'static str, Options)> {
    let (flag, text) = named(args, model);
    let (name, options) = Options::split(&text).context(flag)?;
    Ok((class(&name)?, flag, options))
}

/// The peer's class for one of our samplers.
fn class(sampler: &str) -> Result<SchedulerClass> {
    match sampler {
        "ddpm" => Ok(SchedulerClass::Ddpm),
        "ddim" => Ok(SchedulerClass::Ddim),
        _ => bail!("--sampler {sampler}: --compat diffusers knows ddpm and ddim"),
    }
}

/// The model's config with what the flags say otherwise.
fn config(args: &ProcessArgs, model: &Model, folder: &SchedulerConfig) -> Result<Config> {
    let mut config = folder.compat();
    if let Some(name) = &args.spacing {
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

fn ddim_options(
    args: &ProcessArgs,
    mut options: Options,
    folder: &SchedulerConfig,
) -> Result<DdimOptions> {
    if let Some(variance) = &args.variance {
        bail!("--variance {variance}: the sampler ddim has no variance to choose");
    }
    let eta = options.take(ETA.name, "a number from 0 to 1", |eta| (0.0..=1.0).contains(eta))?;
    let clipped = options.take(CLIPPED.name, "true or false", |_: &bool| true)?;
    options.finish(&[ETA, CLIPPED])?;
    Ok(DdimOptions {
        set_alpha_to_one: folder.set_alpha_to_one,
        eta: eta.unwrap_or_default(),
        use_clipped_model_output: clipped.unwrap_or_default(),
    })
}
