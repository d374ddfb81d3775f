//! Our own way: a sampler over a grid.

use ancestral::compat::Spread;
use ancestral::{
    AnySampler, Grid, GridError, LevelSpacing, Options, Prediction, Schedule, Spacing, Variance,
};
use ancestral_format::SchedulerClass;
use anyhow::{Context, Result, bail};

use super::{Process, check_variance, clips, correspondence, named};
use crate::args::ProcessArgs;
use crate::commands::sample::Defaults;
use crate::failure::note;
use crate::model::Model;

pub(super) fn process(args: &ProcessArgs, model: &Model, quiet: bool) -> Result<Process> {
    let sampler = sampler(args, model)?;
    let grid = grid(args, model, &sampler, quiet)?;
    say_correspondence(args, model, &sampler, quiet);
    let clip = clips(args, model)?;
    if !clip && model.columns.is_none() {
        warn_of_amplification(&grid, model.folder.scheduler.prediction(), quiet);
    }
    Ok(Process::Own { sampler, grid, clip })
}

/// Says which way is gone for a model made for another class than we have the names of.
fn say_correspondence(args: &ProcessArgs, model: &Model, sampler: &AnySampler, quiet: bool) {
    let config = &model.folder.scheduler;
    let is_named = args.sampler.is_some() || args.eta.is_some();
    if is_named || matches!(config.class, SchedulerClass::Ddpm | SchedulerClass::Ddim) {
        return;
    }
    let grid = match (&args.spacing, &args.visit) {
        (None, None) => format!(" over {}", correspondence::grid(config).name()),
        _ => String::new(),
    };
    note(
        quiet,
        format_args!(
            "note: for its {} model {} is sampled by {sampler}{grid}; --compat diffusers goes its \
             way",
            config.class, model.name
        ),
    );
    if args.spacing.is_none() && config.solver.spread() == Spread::Beta {
        note(quiet, "note: use_beta_sigmas: we have no such grid");
    }
}

/// Says so if the first estimate of an epsilon network is a difference of huge numbers.
fn warn_of_amplification(grid: &Grid, prediction: Prediction, quiet: bool) {
    let amplification = 1.0 / grid.points()[0].level.alpha();
    if prediction == Prediction::Epsilon && amplification > 1000.0 {
        note(
            quiet,
            format_args!(
                "warning: without clipping, the first clean estimate has {amplification:.0} times \
                 the error of the network's epsilon"
            ),
        );
    }
}

/// The sampler that the flags name, with the model's variance where they leave it open.
fn sampler(args: &ProcessArgs, model: &Model) -> Result<AnySampler> {
    let (flag, text) = named(args, model);
    let has_variance = text.parse::<AnySampler>().context(flag)?.value("variance").is_some();
    let (name, mut options) = Options::split(&text)?;
    match &args.variance {
        Some(variance) if !has_variance => {
            bail!("--variance {variance}: the sampler {text} has no variance to choose")
        }
        Some(variance) if options.has("variance") => {
            bail!("--variance {variance}: --sampler {text} names one already")
        }
        Some(variance) => options.add("variance", variance)?,
        None if has_variance && !options.has("variance") => {
            options.add("variance", model.folder.scheduler.variance().name())?;
        }
        None => {}
    }
    let sampler = AnySampler::from_options(&name, options)?;
    let chosen: Option<Variance> =
        sampler.value("variance").map(|name| name.parse()).transpose()?;
    if let Some(variance) = chosen {
        check_variance(variance.name(), variance.is_learned(), model)?;
    }
    Ok(sampler)
}

fn grid(args: &ProcessArgs, model: &Model, sampler: &AnySampler, quiet: bool) -> Result<Grid> {
    let schedule = &model.schedule;
    if let Some(timesteps) = &args.visit {
        return Grid::from_timesteps(schedule, timesteps).context("--visit");
    }
    let Defaults { steps, .. } = Defaults::of(model.columns.is_none());
    let spacing = match &args.spacing {
        Some(text) => laid(text)?,
        None => correspondence::grid(&model.folder.scheduler),
    };
    let grid = |steps| spacing.grid(schedule, steps);
    if let Some(calls) = args.calls {
        return affordable(sampler, calls, calls.min(schedule.len()), grid)
            .with_context(|| format!("--calls {calls}: {sampler} needs more even for one hop"));
    }
    let steps = args.steps.unwrap_or(steps.min(schedule.len()));
    let is_trailing = matches!(spacing, Laid::Levels(_) | Laid::Timesteps(Spacing::Trailing));
    if steps == 1 && !is_trailing {
        let last = schedule.len() - 1;
        note(
            quiet,
            format_args!("note: a single step starts at timestep {last}, under every spacing"),
        );
    }
    grid(steps).context("--steps")
}

/// The grid of the most hops, up to `most`, that takes at most so many network calls, if there is one.
pub fn affordable(
    sampler: &AnySampler,
    calls: usize,
    most: usize,
    grid: impl Fn(usize) -> Result<Grid, GridError>,
) -> Option<Grid> {
    let fits = |grid: &Grid| sampler.calls(grid) <= calls;
    (1..=most).rev().filter_map(|hops| grid(hops).ok()).find(fits)
}

/// What steps are laid over.
#[derive(Clone, Copy, Debug)]
pub enum Laid {
    Timesteps(Spacing),
    Levels(LevelSpacing),
}

impl Laid {
    pub fn grid(self, schedule: &Schedule, steps: usize) -> Result<Grid, GridError> {
        match self {
            Self::Timesteps(spacing) => Grid::new(schedule, spacing, steps),
            Self::Levels(spacing) => Grid::over_levels(schedule, spacing, steps),
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Timesteps(spacing) => spacing.name(),
            Self::Levels(spacing) => spacing.name(),
        }
    }
}

/// What --spacing says.
pub fn laid(text: &str) -> Result<Laid> {
    if let Ok(spacing) = text.parse() {
        return Ok(Laid::Timesteps(spacing));
    }
    let name = text.split(':').next().unwrap_or_default();
    if LevelSpacing::NAMES.contains(&name) {
        return Ok(Laid::Levels(text.parse().context("--spacing")?));
    }
    let names = [&Spacing::NAMES[..], &LevelSpacing::NAMES].concat().join(", ");
    bail!("--spacing {text}: expected one of {names}")
}
