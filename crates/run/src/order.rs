//! A training that has not begun: what the user chooses of it.

mod memory;
mod plan;

use std::path::PathBuf;
use std::time::Instant;

use ancestral_format::short;
use ancestral_learn::{Recipe, RecipeError};
use ancestral_pipeline::{Engine, Precision, signal_left};

use crate::data::{Data, ReadingChoices};
use crate::error::{Problem, RunError, SettingError};
use crate::folder::RunFolder;
use crate::front::{Front, Notice};
use crate::run::Run;

pub(crate) use plan::steps_within;

/// A training that has not begun: what the user chooses of it. What is left open follows from the data.
#[derive(Clone, Debug)]
pub struct Order {
    /// The data: a built-in name or a path.
    pub data: PathBuf,
    /// The run folder.
    pub folder: PathBuf,
    /// Whether an existing run is replaced.
    pub force: bool,
    /// How the data are read.
    pub reading: ReadingChoices,
    /// What is learned, and how.
    pub recipe: Recipe,
    /// How long.
    pub limits: Limits,
}

/// How long a process trains. It changes no result, but for the number of steps that follows from a time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// Seconds, sampling at the end included: as many steps are made as fit.
    pub time: Option<f64>,
    /// The step to save and stop after, before the last one.
    pub stop_at: Option<u64>,
}

impl Limits {
    /// A year, in seconds: more is a slip of the finger.
    const MOST_TIME: f64 = 365.0 * 86400.0;

    /// Checks the time.
    pub(crate) fn check(self) -> Result<(), SettingError> {
        let fits = |time: f64| time > 0.0 && time <= Self::MOST_TIME;
        match self.time.filter(|time| !fits(*time)) {
            Some(time) => {
                Err(SettingError::of("time", &short(time), Problem::Time { most: Self::MOST_TIME }))
            }
            None => Ok(()),
        }
    }
}

impl Order {
    /// Reads the data and settles everything, before anything is written.
    ///
    /// # Errors
    /// If the data can't be read, a choice is invalid, or the training fits into neither memory nor time.
    pub fn begin(self, engine: Engine, front: &mut dyn Front) -> Result<Run, RunError> {
        let clock = Instant::now();
        self.limits.check()?;
        if self.recipe.precision == Precision::F16 {
            return Err(SettingError::new("precision", Problem::Underflow).into());
        }
        let Self { data: source, folder, force, reading, mut recipe, limits } = self;
        let folder = RunFolder::new(folder);
        folder.check(force)?;
        let (data, source) = Data::read(&source, &reading, &recipe, folder.path(), front)?;
        if recipe.groups.is_some() {
            refuse_groups(&data)?;
        }
        let data_sha256 = data.set.sha256()?;
        let data = data.map_set(|set| recipe.grouped(set))?;
        let split = data.split(recipe.hold_out, recipe.seed);
        let (data, held_out) = split.map_err(|error| SettingError::new("holdout", error))?;
        let request = recipe.request(source, &data.set).map_err(named)?;
        let stop_at = limits.stop_at;
        let mut run = Run {
            folder,
            force,
            data,
            held_out,
            data_sha256,
            request,
            engine,
            state: None,
            stop_at,
        };
        if let Some(time) = limits.time {
            prepare(&mut run, &recipe)?;
            plan::plan(time, clock, &mut run, &mut recipe, front)?;
        }
        if let Some(smaller) = prepare(&mut run, &recipe)? {
            front.tell(smaller);
        }
        warn(&run, recipe.schedule.as_deref(), front)?;
        Ok(run)
    }
}

/// Completes the run from a recipe. Returns a notice if the batch was made smaller to fit into memory.
fn prepare(run: &mut Run, recipe: &Recipe) -> Result<Option<Notice>, RunError> {
    let source = run.request.source.clone();
    run.request = recipe.request(source, &run.data.set).map_err(named)?;
    memory::fit(run, recipe.batch.is_some())
}

/// Refuses groups for data that have classes or are not pictures.
fn refuse_groups(data: &Data) -> Result<(), SettingError> {
    let name = || data.name.clone();
    if !data.is_pictures() {
        return Err(SettingError::new("groups", Problem::NotPictures { data: name() }));
    }
    if data.class_names.is_some() {
        return Err(SettingError::new("groups", Problem::HasClasses { data: name() }));
    }
    Ok(())
}

/// The error, with the setting that caused it.
fn named(error: RecipeError) -> RunError {
    let setting = match error {
        RecipeError::ZeroSnr => "zero_snr",
        RecipeError::Schedule(_) | RecipeError::TooNoisy(_) => "schedule",
        RecipeError::Groups { .. }
        | RecipeError::Widths { .. }
        | RecipeError::UNet(_)
        | RecipeError::Mlp(_) => "width",
        RecipeError::Size { .. } => "size",
        RecipeError::Loss(_) => "loss",
        RecipeError::Shape { .. } | _ => return error.into(),
    };
    SettingError::new(setting, error).into()
}

/// Warns of settings that are likely to be a mistake.
fn warn(run: &Run, schedule: Option<&str>, front: &mut dyn Front) -> Result<(), RunError> {
    let Run { data, request, .. } = run;
    let training = &request.training;
    // A schedule with options of the user's own.
    if schedule.is_some_and(|text| text.contains(':'))
        && let Some(text) = signal_left(&request.scheduler.schedule()?)
    {
        front.tell(Notice::warning(text));
    }
    if data.class_names.is_some() && training.label_dropout == 0.0 {
        front.tell(Notice::warning(
            "`label_dropout` 0: the network never learns to predict without a label, which `class` none \
             and `guidance` need",
        ));
    }
    let outside = if request.scheduler.clip_sample { data.set.share_outside() } else { 0.0 };
    if outside > 0.0 {
        front.tell(Notice::warning(format_args!(
            "{:.1} % of the data are outside [-1, 1], where samples are clipped: store arrays of \
             pictures in [-1, 1], or as bytes",
            100.0 * outside
        )));
    }
    let (batch, len) = (training.batch, data.set.len());
    if batch > len {
        let text = format_args!("a batch of {batch} is larger than the data, {len} in all");
        front.tell(Notice::note(text));
    }
    Ok(())
}
