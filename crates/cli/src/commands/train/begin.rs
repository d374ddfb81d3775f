//! A run from its start.

use std::path::Path;
use std::time::Instant;

use ancestral_learn::{Memory, Recipe, RecipeError, Request, available_memory};
use anyhow::{Context, Result, bail};

use super::flags;
use super::gradients::gradients;
use super::job::{Budget, Job};
use super::plan::plan;
use crate::args::{BudgetArgs, TrainArgs};
use crate::commands::warn_of_signal;
use crate::data::{self, Data};
use crate::failure::note;
use crate::open::engine_on;
use crate::run_folder::RunFolder;

/// The run that the flags describe.
pub fn begun(args: &TrainArgs) -> Result<Job> {
    let clock = Instant::now();
    let source = args.data.as_deref().unwrap_or(Path::new(""));
    let default = || Path::new("runs").join(data::name(source));
    let folder = RunFolder::new(args.output.clone().unwrap_or_else(default));
    folder.check(args.force)?;
    let precision = args.compute.precision.unwrap_or_default();
    let (engine, quiet) = (engine_on(&args.compute, precision.into())?, args.compute.quiet);
    let mut recipe = flags::recipe(args);
    let (data, source) = Data::read(source, &args.reading, recipe.seed, folder.path(), quiet)?;
    if recipe.groups.is_some() {
        refuse_groups(&data)?;
    }
    let data_sha256 = data.set.sha256()?;
    let data = data.map_set(|set| recipe.grouped(set))?;
    let (data, held_out) = data.split(recipe.hold_out, recipe.seed).context("--holdout")?;
    let request = recipe.request(source, &data.set).map_err(named)?;
    let BudgetArgs { steps: _, time, stop_at } = args.budget;
    let mut job = Job {
        budget: Budget { stop_at, force: args.force, quiet },
        data_sha256,
        data,
        held_out,
        engine,
        folder,
        request,
        state: None,
    };
    if let Some(time) = time {
        prepare(&mut job, &recipe)?;
        plan(time, clock, &mut job, &mut recipe)?;
    }
    if let Some(smaller) = prepare(&mut job, &recipe)? {
        note(quiet, smaller);
    }
    warn(&job, args.schedule.schedule.as_deref())?;
    Ok(job)
}

/// Completes the job from a recipe. Returns a message if the batch was made smaller to fit into memory.
pub fn prepare(job: &mut Job, recipe: &Recipe) -> Result<Option<String>> {
    let source = job.request.source.clone();
    job.request = recipe.request(source, &job.data.set).map_err(named)?;
    fit(job, recipe.batch.is_some())
}

/// Refuses --groups for data that have classes or are not pictures.
fn refuse_groups(data: &Data) -> Result<()> {
    if !data.is_pictures() {
        bail!("--groups: {} is not a set of pictures", data.name);
    }
    if data.class_names.is_some() {
        bail!(
            "--groups: {} has classes, which are used instead of groups; leave --groups out",
            data.name
        );
    }
    Ok(())
}

/// The error, with the flag that caused it.
fn named(error: RecipeError) -> anyhow::Error {
    let flag = match error {
        RecipeError::ZeroSnr => "--zero-snr",
        RecipeError::Schedule(_) | RecipeError::TooNoisy(_) => "--schedule",
        RecipeError::Groups { .. }
        | RecipeError::Widths { .. }
        | RecipeError::UNet(_)
        | RecipeError::Mlp(_) => "--width",
        RecipeError::Size { .. } => "--size",
        RecipeError::Shape { .. } | _ => return error.into(),
    };
    anyhow::Error::new(error).context(flag)
}

/// Makes the batch small enough for the memory and returns a message; if the user chose the batch, it is
/// an error that it does not fit.
fn fit(job: &mut Job, is_named: bool) -> Result<Option<String>> {
    let (true, Some(available)) = (job.engine.is_cpu(), available_memory()) else {
        return Ok(None);
    };
    let engine = gradients(&job.engine, &job.request.network)?;
    let settings = &job.request.training;
    let fitted = Memory::fit(settings, &engine, &job.data.set, available);
    let fitted = fitted.with_context(|| smaller(&job.request))?;
    if fitted == *settings {
        return Ok(None);
    }
    if is_named {
        let needed = Memory::of(settings, &engine, &job.data.set).total();
        bail!(
            "--batch {}: training needs {} of memory, and {} are available; --batch {} --accumulate \
             {} gives the same results and fits",
            settings.batch,
            gibibytes(needed),
            gibibytes(available),
            fitted.batch,
            fitted.accumulate
        );
    }
    let text = format!(
        "memory: a batch of {} does not fit into {}; using --batch {} --accumulate {}, which gives the same \
         results",
        settings.batch,
        gibibytes(available),
        fitted.batch,
        fitted.accumulate
    );
    job.request.training = fitted;
    Ok(Some(text))
}

/// How to make a training smaller.
fn smaller(request: &Request) -> String {
    match request.network.sample_shape().as_deref() {
        Some([_, height, width]) => {
            format!(
                "pictures of {height}x{width} need too much memory: choose a smaller --size or --width"
            )
        }
        _ => "choose a smaller --width, --layers or --batch".to_owned(),
    }
}

fn gibibytes(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
}

/// Warns of settings that are likely to be a mistake.
fn warn(job: &Job, schedule: Option<&str>) -> Result<()> {
    let Job { data, request, budget, .. } = job;
    let (quiet, training) = (budget.quiet, &request.training);
    warn_of_signal(schedule.unwrap_or_default(), &request.scheduler.schedule()?, quiet);
    if data.class_names.is_some() && training.label_dropout == 0.0 {
        note(
            quiet,
            "warning: --label-dropout 0: the network never learns to predict without a label, which \
             --class none and --guidance need",
        );
    }
    let outside = if request.scheduler.clip_sample { data.set.share_outside() } else { 0.0 };
    if outside > 0.0 {
        note(
            quiet,
            format_args!(
                "warning: {:.1} % of the data are outside [-1, 1], where samples are clipped: \
                 store arrays of pictures in [-1, 1], or as bytes",
                100.0 * outside
            ),
        );
    }
    let (batch, len) = (training.batch, data.set.len());
    if batch > len {
        note(quiet, format_args!("note: a batch of {batch} is larger than the data, {len} in all"));
    }
    Ok(())
}
