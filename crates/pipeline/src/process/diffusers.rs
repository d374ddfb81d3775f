//! One of diffusers' schedulers.

use ancestral::compat::{
    Config, DdimOptions, DdimScheduler, DdpmScheduler, Scheduler, VarianceType, Visit,
};
use ancestral::grid::LevelSpacing;
use ancestral::options::{OptionError, OptionInfo, Options};
use ancestral::{AnySampler, AnySpacing, Spacing};
use ancestral_format::{SchedulerClass, SchedulerConfig};

use super::{Process, check_variance, clips, spacing};
use crate::error::{Error, Problem, SettingError};
use crate::model::Model;
use crate::settings::{Setting, Settings};

const ETA: OptionInfo = OptionInfo::new("eta", "0", "share of ancestral noise, 0 to 1");
const CLIPPED: OptionInfo =
    OptionInfo::new("use_clipped_model_output", "false", "whether epsilon follows a clipped x0");
const VARIANCE: OptionInfo = OptionInfo::new("variance", "as the model says", "the variance type");

pub(super) fn process(settings: &Settings, model: &Model) -> Result<Process, Error> {
    if !model.categories().is_empty() {
        let problem = Problem::LogitsInCompat { model: model.name().to_owned() };
        return Err(SettingError::new(Setting::Compat, problem).into());
    }
    if let Some(calls) = settings.calls {
        return Err(SettingError::of(Setting::Calls, calls, Problem::CompatCalls).into());
    }
    let steps = named(settings, model)?.config.class.steps().min(model.schedule().len());
    let (scheduler, sampler) = scheduler(settings, model, settings.steps.unwrap_or(steps))?;
    Ok(Process::Diffusers { scheduler: scheduler.into(), sampler })
}

/// The scheduler that is set, over `steps` timesteps, and what we call it.
pub(super) fn scheduler(
    settings: &Settings,
    model: &Model,
    steps: usize,
) -> Result<(Box<dyn Scheduler>, String), Error> {
    let Named { config: folder, setting, options } = named(settings, model)?;
    let config = config(settings, model, &folder)?;
    let refused = |problem| {
        let at = if settings.visit.is_some() { Setting::Visit } else { Setting::Compat };
        let value = (at == Setting::Compat).then(|| format!("diffusers, model {}", model.name()));
        SettingError { setting: at, value, problem: Box::new(Problem::Compat(problem)) }
    };
    if folder.class == SchedulerClass::Ddpm {
        let variance = variance(settings, (setting, options), model, &folder)?;
        let visit = settings.visit.clone().map_or(Visit::Steps(steps), Visit::List);
        let scheduler = DdpmScheduler::new(config, variance, &visit).map_err(refused)?;
        return Ok((Box::new(scheduler), format!("ddpm:variance={}", variance.name())));
    }
    refuse_lists_and_variances(settings, model, &folder)?;
    let at = |problem| SettingError::new(setting, Problem::Option(problem));
    if folder.class == SchedulerClass::Ddim {
        let options = ddim_options(options, &folder).map_err(at)?;
        let scheduler = DdimScheduler::new(config, options, steps).map_err(refused)?;
        let DdimOptions { eta, use_clipped_model_output, .. } = options;
        let text = format!("ddim:eta={eta},{}={use_clipped_model_output}", CLIPPED.name);
        return Ok((Box::new(scheduler), text));
    }
    options.finish(&[]).map_err(at)?;
    let scheduler = folder.scheduler(config, steps).map_err(refused)?;
    Ok((scheduler, folder.sampler().to_string()))
}

/// Refuses what only a `DDPMScheduler` takes.
fn refuse_lists_and_variances(
    settings: &Settings,
    model: &Model,
    folder: &SchedulerConfig,
) -> Result<(), SettingError> {
    let class = folder.class;
    if settings.visit.is_some() {
        return Err(SettingError::new(Setting::Visit, Problem::NoList { class }));
    }
    if let Some(variance) = &settings.variance {
        let problem = Problem::NoVariance { sampler: folder.sampler().to_string() };
        return Err(SettingError::of(Setting::Variance, variance, problem));
    }
    // The DPM-Solvers leave it aside if their config names it.
    let leaves_aside =
        matches!(folder.variance_type.into(), VarianceType::Learned | VarianceType::LearnedRange)
            && class.keys().contains(&"variance_type");
    if model.predicts_variance() && !leaves_aside {
        let problem = Problem::VarianceNotTaken { class, model: model.name().to_owned() };
        return Err(SettingError::of(Setting::Compat, "diffusers", problem));
    }
    Ok(())
}

/// The config of a scheduler, and what else the settings say of it.
struct Named {
    config: SchedulerConfig,
    setting: Setting,
    options: Options,
}

/// That of the sampler that is set, or else the model's own.
fn named(settings: &Settings, model: &Model) -> Result<Named, SettingError> {
    let own = &model.folder().scheduler;
    let mut named = match super::named(settings)? {
        None => {
            let (_, options) = Options::split("").expect("a text without options");
            // Its options are those of the config.
            Named { config: own.clone(), setting: Setting::Sampler, options }
        }
        Some((setting, name, options)) => {
            // Whatever its options.
            let sampler = name.parse::<AnySampler>();
            let sampler = sampler.map_err(|problem| SettingError::new(setting, problem))?;
            let Some((class, solver)) = SchedulerClass::of(&sampler) else {
                return Err(SettingError::of(setting, name, Problem::NoScheduler));
            };
            let mut config = own.as_class(class);
            if let Some((order, algorithm)) = solver {
                (config.solver.solver_order, config.solver.algorithm_type) = (order, algorithm);
            }
            Named { config, setting, options }
        }
    };
    spread(settings, &mut named.config)?;
    Ok(named)
}

/// How levels are spread, if that is set.
fn spread(settings: &Settings, config: &mut SchedulerConfig) -> Result<(), SettingError> {
    let Some(spacing) = spacing(settings)? else { return Ok(()) };
    let class = config.class;
    let has = |key: &'static str| class.keys().contains(&key);
    let karras = matches!(spacing, AnySpacing::Levels(LevelSpacing::Karras { .. }));
    let exponential = matches!(spacing, AnySpacing::Levels(LevelSpacing::Exponential));
    let beta = spacing == AnySpacing::Beta;
    let is_known = match spacing {
        AnySpacing::Levels(_) if karras || exponential => has("use_karras_sigmas"),
        AnySpacing::Timesteps(_) => has("timestep_spacing"),
        AnySpacing::Beta => has("use_beta_sigmas"),
        AnySpacing::Levels(_) | _ => false,
    };
    if !is_known || class == SchedulerClass::Lcm {
        let text = settings.spacing.clone().unwrap_or_default();
        return Err(SettingError::of(Setting::Spacing, text, Problem::NoChoice { class }));
    }
    let solver = &mut config.solver;
    (solver.use_karras_sigmas, solver.use_exponential_sigmas) = (karras, exponential);
    (solver.use_beta_sigmas, solver.use_lu_lambdas) = (beta, false);
    Ok(())
}

/// The model's config with what is set otherwise.
fn config(settings: &Settings, model: &Model, folder: &SchedulerConfig) -> Result<Config, Error> {
    let mut config = folder.compat();
    if let Some(AnySpacing::Timesteps(spacing)) = spacing(settings)? {
        config.spacing = match spacing {
            Spacing::Leading { .. } => Spacing::Leading { offset: folder.steps_offset },
            Spacing::Linspace | Spacing::Trailing => spacing,
        };
    }
    if !clips(settings, model)? {
        (config.clip, config.threshold) = (None, None);
    } else if settings.clip == Some(true) && config.threshold.is_none() {
        config.clip = Some(folder.clip_sample_range);
    }
    Ok(config)
}

fn variance(
    settings: &Settings,
    (setting, mut options): (Setting, Options),
    model: &Model,
    folder: &SchedulerConfig,
) -> Result<VarianceType, SettingError> {
    if let (Some(variance), true) = (&settings.variance, options.has("variance")) {
        let sampler = settings.sampler.clone().unwrap_or_default();
        let problem = Problem::VarianceTwice { sampler };
        return Err(SettingError::of(Setting::Variance, variance, problem));
    }
    let names: Vec<_> = VarianceType::ALL.iter().map(|variance| variance.name()).collect();
    let expected = format!("one of {}", names.join(", "));
    let known = |name: &String| variance_type(name).is_some();
    let at = |problem| SettingError::new(setting, Problem::Option(problem));
    let option: Option<String> = options.take("variance", &expected, known).map_err(at)?;
    options.finish(&[VARIANCE]).map_err(at)?;
    if option.is_none() && settings.variance.is_some() {
        super::variance(settings, model)?;
    }
    let chosen = option.as_ref().or(settings.variance.as_ref());
    let variance =
        chosen.and_then(|name| variance_type(name)).unwrap_or(folder.variance_type.into());
    check_variance(variance.name(), variance.is_learned(), model)?;
    Ok(variance)
}

/// A variance type by diffusers' name, or ours.
fn variance_type(name: &str) -> Option<VarianceType> {
    let name = name.replace('-', "_");
    VarianceType::ALL.into_iter().find(|variance| variance.name() == name)
}

fn ddim_options(
    mut options: Options,
    folder: &SchedulerConfig,
) -> Result<DdimOptions, OptionError> {
    let eta = options.take(ETA.name, "a number from 0 to 1", |eta| (0.0..=1.0).contains(eta))?;
    let clipped = options.take(CLIPPED.name, "true or false", |_: &bool| true)?;
    options.finish(&[ETA, CLIPPED])?;
    Ok(DdimOptions {
        eta: eta.unwrap_or_default(),
        use_clipped_model_output: clipped.unwrap_or_default(),
        ..DdimOptions::from(folder)
    })
}
