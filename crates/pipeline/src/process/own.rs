//! Our own process: a sampler over a grid.

use ancestral::sampler::Ddpm;
use ancestral::variance::ReverseVariance;
use ancestral::{AnySampler, AnySpacing, Grid, Prediction, Sampler, Spacing};
use ancestral_format::SchedulerClass;

use super::{Process, check_variance, clips, named, spacing, variance};
use crate::error::{Error, Notice, Problem, SettingError};
use crate::model::Model;
use crate::settings::{Setting, Settings};

pub(super) fn process(
    settings: &Settings,
    model: &Model,
    notices: &mut Vec<Notice>,
) -> Result<Process, Error> {
    let sampler = sampler(settings, model)?;
    let grid = grid(settings, model, &sampler, notices)?;
    note_correspondence(settings, model, &sampler, notices);
    let clip = clips(settings, model)?;
    if !clip && model.columns().is_none() {
        warn_of_amplification(&grid, model.folder().scheduler.prediction(), notices);
    }
    if clip && model.columns().is_some() {
        notices.push(Notice::warning(
            "`clip`: rows of points and tables have no range; values beyond that of pictures are cut \
             off",
        ));
    }
    Ok(Process::Own { sampler, grid, clip })
}

/// Says which sampler a model gets that was made for another class than we have the names of.
fn note_correspondence(
    settings: &Settings,
    model: &Model,
    sampler: &AnySampler,
    notices: &mut Vec<Notice>,
) {
    let config = &model.folder().scheduler;
    let is_named = settings.sampler.is_some() || settings.eta.is_some();
    if is_named || matches!(config.class, SchedulerClass::Ddpm | SchedulerClass::Ddim) {
        return;
    }
    let grid = match (&settings.spacing, &settings.visit) {
        (None, None) => format!(" over {}", config.grid().name()),
        _ => String::new(),
    };
    notices.push(Notice::note(format!(
        "for its {} model {} is sampled by {sampler}{grid}; `compat` diffusers computes as diffusers \
         does",
        config.class,
        model.name()
    )));
}

/// Says so if the first estimate of an epsilon network is a difference of huge numbers.
fn warn_of_amplification(grid: &Grid, prediction: Prediction, notices: &mut Vec<Notice>) {
    let amplification = 1.0 / grid.points()[0].level.alpha();
    if prediction == Prediction::Epsilon && amplification > 1000.0 {
        notices.push(Notice::warning(format!(
            "without clipping, the first clean estimate has {amplification:.0} times the error of the \
             network's epsilon"
        )));
    }
}

/// The sampler that is set, with the model's variance where that is left open.
fn sampler(settings: &Settings, model: &Model) -> Result<AnySampler, SettingError> {
    let set = variance(settings, model)?;
    let own = || ReverseVariance::from(model.folder().scheduler.variance());
    let (sampler, text, is_open) = match named(settings)? {
        None => {
            let sampler = model.folder().scheduler.sampler();
            let text = sampler.to_string();
            (sampler, text, true)
        }
        Some((setting, name, options)) => {
            let is_open = !options.has("variance");
            let sampler = AnySampler::named(&name, options)
                .map_err(|problem| SettingError::new(setting, Problem::Option(problem)))?;
            (sampler, settings.sampler.clone().unwrap_or(name), is_open)
        }
    };
    let sampler = match (sampler, set) {
        (AnySampler::Ddpm(_), Some(variance)) if !is_open => {
            let problem = Problem::VarianceTwice { sampler: text };
            return Err(SettingError::of(Setting::Variance, variance.name(), problem));
        }
        (AnySampler::Ddpm(_), variance) if is_open => {
            AnySampler::Ddpm(Ddpm::new(variance.unwrap_or_else(own)))
        }
        (AnySampler::Ddpm(ddpm), _) => AnySampler::Ddpm(ddpm),
        (_, Some(variance)) => return Err(no_variance(variance.name(), &text)),
        (sampler, None) => sampler,
    };
    chosen(sampler, model)
}

fn no_variance(variance: &str, sampler: &str) -> SettingError {
    let problem = Problem::NoVariance { sampler: sampler.to_owned() };
    SettingError::of(Setting::Variance, variance, problem)
}

/// The sampler, if the model's network predicts what it needs.
fn chosen(sampler: AnySampler, model: &Model) -> Result<AnySampler, SettingError> {
    if let AnySampler::Ddpm(ddpm) = &sampler {
        check_variance(ddpm.variance().name(), ddpm.variance().is_learned(), model)?;
    }
    Ok(sampler)
}

fn grid(
    settings: &Settings,
    model: &Model,
    sampler: &AnySampler,
    notices: &mut Vec<Notice>,
) -> Result<Grid, Error> {
    let schedule = model.schedule();
    if let Some(timesteps) = &settings.visit {
        let grid = Grid::from_timesteps(schedule, timesteps);
        return Ok(grid.map_err(|problem| SettingError::new(Setting::Visit, problem))?);
    }
    let spacing = spacing(settings)?.unwrap_or_else(|| model.folder().scheduler.grid());
    let grid = |steps| Grid::new(schedule, spacing, steps);
    if let Some(calls) = settings.calls {
        let most = calls.min(schedule.len());
        let too_few = || {
            let problem = Problem::TooFewCalls { sampler: sampler.info().name.to_owned() };
            SettingError::of(Setting::Calls, calls, problem)
        };
        return Ok(Grid::within_calls(sampler, calls, most, grid).ok_or_else(too_few)?);
    }
    let steps = settings.steps.unwrap_or(model.defaults().steps.min(schedule.len()));
    let is_trailing =
        !matches!(spacing, AnySpacing::Timesteps(Spacing::Linspace | Spacing::Leading { .. }));
    if steps == 1 && !is_trailing {
        notices.push(Notice::note(format!(
            "a single step starts at timestep {}, under every spacing",
            schedule.len() - 1
        )));
    }
    Ok(grid(steps).map_err(|problem| SettingError::new(Setting::Steps, problem))?)
}
