//! Errors, each with the setting that it is about; and notices, which are not errors.

use std::fmt;
use std::path::PathBuf;

use ancestral::Variance;
use ancestral::compat::CompatError;
use ancestral::denoiser::GuidanceError;
use ancestral::denoiser::ZeroTerminalSnrError;
use ancestral::grid::GridError;
use ancestral::inpainting::KnownError;
use ancestral::invert::InversionError;
use ancestral::level::LevelError;
use ancestral::options::OptionError;
use ancestral::schedule::ScheduleError;
use ancestral_cpu::{LoadError, NetworkError};
use ancestral_data::SheetError;
use ancestral_format::{FolderError, Labels, SchedulerClass, counted, joined, short};
use thiserror::Error;

use crate::settings::Setting;

/// Why a model can't be opened, planned for, or sampled from.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting is invalid.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// A model can't be used.
    #[error(transparent)]
    Model(Box<ModelError>),
    /// The network failed.
    #[error("{doing} {model}")]
    Network {
        /// What was being done, as in "sampling from".
        doing: &'static str,
        /// The model.
        model: String,
        /// Why.
        source: NetworkError,
    },
    /// The caller stopped it.
    #[error("stopped while {doing} {model}")]
    Stopped {
        /// What was being done.
        doing: &'static str,
        /// The model.
        model: String,
    },
}

impl From<ModelError> for Error {
    fn from(error: ModelError) -> Self {
        Self::Model(Box::new(error))
    }
}

/// An error of any kind.
type BoxedError = Box<dyn std::error::Error + Send + Sync>;

/// Why a model can't be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// There is nothing of that name.
    #[error("{}: no such model folder", .0.display())]
    Missing(PathBuf),
    /// There is a file.
    #[error("{}: a file, expected a model folder", .0.display())]
    File(PathBuf),
    /// It is the folder of a training that has not ended.
    #[error(
        "{}: a run that has not ended: go on with it by train --resume, or take the model in one of \
         its checkpoints/step-N",
        .0.display()
    )]
    Unfinished(PathBuf),
    /// The folder can't be read.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The scheduler's betas are no schedule.
    #[error("model {model}, {keys} of its scheduler")]
    Schedule {
        /// The model.
        model: String,
        /// The keys that the betas follow from.
        keys: &'static str,
        /// Why.
        source: ScheduleError,
    },
    /// The columns of a table are invalid.
    #[error("model {model}")]
    Column {
        /// The model.
        model: String,
        /// Why.
        source: BoxedError,
    },
    /// Description and network differ.
    #[error(
        "model {model}: the columns in ancestral.json take {}, the network has {expected}",
        counted(*found, "number")
    )]
    Columns {
        /// The model.
        model: String,
        /// Numbers in a row that the described columns take.
        found: usize,
        /// Numbers in a row of the network.
        expected: usize,
    },
    /// The size of pictures is not known.
    #[error(
        "model {model}: sample_size in unet/config.json is null: give a size (`size`), such as 32 or \
         48x64"
    )]
    NoSize {
        /// The model.
        model: String,
    },
    /// Config and weights are no network.
    #[error("model {model}")]
    Load {
        /// The model.
        model: String,
        /// Why.
        source: LoadError,
    },
    /// The network can't be loaded on its device.
    #[error("model {model}: {reason}")]
    Device {
        /// The model.
        model: String,
        /// Why.
        reason: String,
    },
    /// The network says nothing where its schedule ends.
    #[error("model {model}")]
    ZeroTerminalSnr {
        /// The model.
        model: String,
        /// Why.
        source: ZeroTerminalSnrError,
    },
}

/// An invalid setting, and why.
///
/// Settings in its text are in backticks, by the names of [`Setting::name`], so that a front can spell
/// them its own way: as flags, JSON keys or arguments.
#[derive(Debug, Error)]
#[error("`{}`{}: {problem}", setting.name(), shown(value.as_ref()))]
pub struct SettingError {
    /// Which setting.
    pub setting: Setting,
    /// The value found, where it says more than the problem.
    pub value: Option<String>,
    /// What is wrong with it.
    pub problem: Box<Problem>,
}

fn shown(value: Option<&String>) -> String {
    value.map(|value| format!(" {value}")).unwrap_or_default()
}

impl SettingError {
    pub(crate) fn new(setting: Setting, problem: impl Into<Problem>) -> Self {
        Self { setting, value: None, problem: Box::new(problem.into()) }
    }

    pub(crate) fn of(
        setting: Setting,
        value: impl fmt::Display,
        problem: impl Into<Problem>,
    ) -> Self {
        Self { setting, value: Some(value.to_string()), problem: Box::new(problem.into()) }
    }
}

/// What is wrong with the value of a setting.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Problem {
    /// There is no such grid.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// There is no such sampler or spacing, or it has no such option.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// There is no such variance.
    #[error("unknown variance {name:?}: expected one of {}, optimal", Variance::NAMES.join(", "))]
    NoSuchVariance {
        /// The name.
        name: String,
    },
    /// The optimal variance of the model is not known.
    #[error(
        "model {model} does not say its optimal variance: measure it first, with `ancestral calibrate` \
         and data"
    )]
    NotCalibrated {
        /// The model.
        model: String,
    },
    /// Several ranks can't take parts of one draw.
    #[error(
        "the noise of all samples is drawn as one, which {ranks} ranks can't share: use one rank, or another \
         `rng`"
    )]
    OneDraw {
        /// The ranks.
        ranks: usize,
    },
    /// Samples are completed by ancestral sampling alone.
    #[error("samples are completed by ddpm, not by {sampler}: leave `sampler` and `eta` out")]
    NotAncestral {
        /// The sampler.
        sampler: String,
    },
    /// No guidance is like that.
    #[error(transparent)]
    Guidance(#[from] GuidanceError),
    /// No noise level is like that.
    #[error(transparent)]
    Level(#[from] LevelError),
    /// The known region doesn't fit.
    #[error(transparent)]
    Known(#[from] KnownError),
    /// diffusers has no such scheduler.
    #[error(transparent)]
    Compat(#[from] CompatError),
    /// The inversion is impossible.
    #[error(transparent)]
    Inversion(#[from] InversionError),
    /// Rows don't fit the model.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// The device is not there.
    #[error("{0}")]
    Device(String),
    /// The precision is not there.
    #[error("{0}")]
    Precision(ancestral_cpu::NoTiles),
    /// The device lacks the precision.
    #[error("{device} does not compute in it")]
    PrecisionOfDevice {
        /// The device.
        device: String,
    },
    /// The threads can't be started.
    #[error("{0}")]
    Threads(String),
    /// A number that has to be above 0.
    #[error("expected at least 1")]
    Zero,
    /// There is one set of weights.
    #[error("the built-in model has one set of weights")]
    OneVariant,
    /// The sampler has no choice of a variance.
    #[error("the sampler {sampler} has no variance to choose")]
    NoVariance {
        /// The sampler.
        sampler: String,
    },
    /// The sampler's text names a variance too.
    #[error("`sampler` {sampler} names one already")]
    VarianceTwice {
        /// The sampler.
        sampler: String,
    },
    /// The sampler's text names an η too.
    #[error("it is short for the sampler ddim:eta={eta}, but `sampler` is {sampler}")]
    EtaTwice {
        /// The sampler.
        sampler: String,
        /// η.
        eta: f64,
    },
    /// The network predicts no variance.
    #[error("the network of model {model} predicts no variance; take fixed-small or fixed-large")]
    NotPredicted {
        /// The model.
        model: String,
    },
    /// The network predicts the variance in another form.
    #[error("the network of model {model} predicts its variance as {own}")]
    OtherLearned {
        /// The model.
        model: String,
        /// Its form.
        own: Variance,
    },
    /// Not even one hop is made within so many calls.
    #[error("{sampler} needs more network calls than that for a single hop")]
    TooFewCalls {
        /// The sampler.
        sampler: String,
    },
    /// Two settings that say how many steps there are.
    #[error("not together with `{other}`")]
    Together {
        /// The other one.
        other: &'static str,
    },
    /// A setting without the one that it is about.
    #[error("needs `{other}`")]
    Needs {
        /// That one.
        other: &'static str,
    },
    /// The model names no range to clip to.
    #[error("clip_sample_range of model {model} is {range}, expected above 0")]
    Unclippable {
        /// The model.
        model: String,
        /// Its range.
        range: f64,
    },
    /// A run of diffusers is counted in steps.
    #[error("diffusers counts steps, not network calls; set `steps` instead")]
    CompatCalls,
    /// A run of diffusers has no such thing.
    #[error("not with `compat`, where runs are those of diffusers")]
    NotInCompat,
    /// A run of diffusers takes no logits.
    #[error(
        "model {model} predicts logits of categories, and diffusers has no scheduler that takes them"
    )]
    LogitsInCompat {
        /// The model.
        model: String,
    },
    /// diffusers has no scheduler for one of our samplers.
    #[error("diffusers has no scheduler of that kind")]
    NoScheduler,
    /// The scheduler has no such choice.
    #[error("the {class} of diffusers has no such choice")]
    NoChoice {
        /// Its class.
        class: SchedulerClass,
    },
    /// The scheduler takes no list of timesteps.
    #[error("the {class} of diffusers takes no list of timesteps")]
    NoList {
        /// Its class.
        class: SchedulerClass,
    },
    /// The scheduler takes no variance.
    #[error(
        "the {class} of diffusers takes no variance, which the network of model {model} predicts"
    )]
    VarianceNotTaken {
        /// Its class.
        class: SchedulerClass,
        /// The model.
        model: String,
    },
    /// The model has no classes.
    #[error("model {model} has no classes")]
    NoClasses {
        /// The model.
        model: String,
    },
    /// A class of that name is not known.
    #[error("model {model} has no such class: expected {expected}")]
    UnknownClass {
        /// The model.
        model: String,
        /// The classes there are.
        expected: String,
    },
    /// One class has to be chosen.
    #[error(
        "model {model} draws samples of a class: choose one, {expected}{}",
        if *may_have_none { "; if one of these labels means no class, name it with `null_label`" }
        else { "" }
    )]
    NoClassChosen {
        /// The model.
        model: String,
        /// The classes there are.
        expected: String,
        /// Whether one of them may be the label that means "none".
        may_have_none: bool,
    },
    /// The network takes vectors for labels.
    #[error("model {model} takes {}, which cannot be given here", Labels::Vectors)]
    Vectors {
        /// The model.
        model: String,
    },
    /// No label is known that means "none".
    #[error(
        "model {model} does not say which label means no class: name it with `null_label` if it has one \
         (training hides labels for that, --label-dropout)"
    )]
    NoNullLabel {
        /// The model.
        model: String,
    },
    /// The model knows another label that means "none".
    #[error("label {own} is the one that means no class to model {model}: leave it out")]
    KnownNullLabel {
        /// The model.
        model: String,
        /// Its own label.
        own: u32,
    },
    /// A label outside of those of the network.
    #[error("model {model} has the labels 0 to {}", count - 1)]
    NullLabel {
        /// The model.
        model: String,
        /// How many labels its network has.
        count: usize,
    },
    /// Guidance without a class.
    #[error("towards which class? name it with `class`")]
    NoDirection,
    /// Guidance towards no class.
    #[error("`class` none is no class to guide towards: name a class, or leave out `guidance`")]
    TowardsNone,
    /// The interval is invalid.
    #[error("expected two noise levels sigma/alpha, 0 or more, the lower first")]
    Interval,
    /// A stochastic sampler between two x_T.
    #[error(
        "{sampler} draws noise in its steps, so samples do not follow from x_T alone: use a \
         deterministic sampler such as ddim"
    )]
    Stochastic {
        /// The sampler.
        sampler: String,
    },
    /// Noise of a table that has more than lines of numbers.
    #[error(
        "samples are rows of a table with words, dates, holes, or values of a mass of their own, of which \
         noise is none"
    )]
    NoLines,
    /// Interpolation is between two.
    #[error("`init` has {}, expected 2", counted(*rows, "row"))]
    NotTwo {
        /// Rows found.
        rows: usize,
    },
    /// As many samples as rows are given, and another number.
    #[error("{what} has {}", counted(*rows, "row"))]
    Count {
        /// What has rows.
        what: String,
        /// How many.
        rows: usize,
    },
    /// Two that are given have another number of rows each.
    #[error("has {}, {other} has {expected}", counted(*rows, "row"))]
    OtherRows {
        /// Rows of the one.
        rows: usize,
        /// The other.
        other: String,
        /// Rows of the other.
        expected: usize,
    },
    /// The last sample would be beyond the numbers.
    #[error("the last of {} would be above {}", counted(*count, "sample"), u64::MAX - 1)]
    Beyond {
        /// How many samples.
        count: usize,
    },
    /// The noise of all samples is one draw, from the first on.
    #[error(
        "`rng` torch draws the noise of all samples as one, from the first; take `rng` torch-each"
    )]
    FirstOfAll,
    /// The sum of seed and index is beyond the numbers.
    #[error(
        "`rng` torch-each seeds sample {index} with the sum of both, expected at most {}",
        u64::MAX
    )]
    Sum {
        /// The last sample.
        index: u64,
    },
    /// There is not enough memory.
    #[error(
        "samples of {values} numbers in calls of {batch} need at least {gibibytes:.1} GiB of memory, \
         more than is available; lower `count` or `batch`"
    )]
    Memory {
        /// Numbers of a sample.
        values: usize,
        /// Samples in a call.
        batch: usize,
        /// What they need.
        gibibytes: f64,
    },
    /// The network is not for pictures.
    #[error("model {model} is of tables, which have no size")]
    NotPictures {
        /// The model.
        model: String,
    },
    /// The network halves its maps more often than the size allows.
    #[error(
        "the network of model {model} halves pictures {}, so both sides have to be \
         multiples of {step}: {}x{} is the nearest",
        counted(*levels, "time"),
        nearest[0],
        nearest[1]
    )]
    Size {
        /// The model.
        model: String,
        /// How often.
        levels: usize,
        /// 2 to that power.
        step: usize,
        /// Height and width of the nearest size that works.
        nearest: [usize; 2],
    },
}

/// Why rows don't fit a model.
#[derive(Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum RowsError {
    /// Another shape.
    #[error("shape {found:?}, expected [n, {}]", joined(expected, ", "))]
    Shape {
        /// The shape found, with its rows.
        found: Vec<usize>,
        /// The shape of a sample.
        expected: Vec<usize>,
    },
    /// A value that is not finite.
    #[error("value {index} is {}, expected a finite number", short(*value))]
    NotFinite {
        /// Its place, from 0.
        index: usize,
        /// The value.
        value: f64,
    },
    /// A value that is infinite as f32, in the space of the model.
    #[error("value {index} is {}, too large for float32 in the space of the model", short(*value))]
    TooLarge {
        /// Its place, from 0.
        index: usize,
        /// The value.
        value: f64,
    },
    /// A number that is not among those of a category.
    #[error("value {index} is {}, which is none of the numbers of column {name:?}", short(*value))]
    NotListed {
        /// Its place, from 0.
        index: usize,
        /// The value.
        value: f64,
        /// The column.
        name: String,
    },
    /// A value of a mask that is no share.
    #[error("value {index} is {}, expected a share from 0 to 1", short(*value))]
    NoShare {
        /// Its place, from 0.
        index: usize,
        /// The value.
        value: f64,
    },
    /// What is known and where it is known don't go together.
    #[error(transparent)]
    Known(#[from] KnownError),
    /// No row at all.
    #[error("no rows")]
    Empty,
    /// The network is for pictures of any size, and no size is given.
    #[error("the model does not say the size of its pictures: give one (`size`)")]
    NoSize,
    /// Columns that are not the model's, or cells that its columns cannot have.
    #[error(transparent)]
    Sheet(#[from] SheetError),
    /// An array for a table of words.
    #[error("column {name:?} holds words or dates, which an array does not: take a .csv")]
    Words {
        /// The column.
        name: String,
    },
    /// A table for a model of pictures.
    #[error("samples are pictures, not rows of a table")]
    NotTable,
}

/// Something that is not wrong, but that the user should know: fronts show it or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// How much it matters.
    pub kind: NoticeKind,
    /// What it says, with settings in backticks, as in [`SettingError`].
    pub text: String,
}

/// How much a [`Notice`] matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// Worth knowing.
    Note,
    /// Likely to be a mistake.
    Warning,
}

impl Notice {
    pub(crate) fn note(text: impl Into<String>) -> Self {
        Self { kind: NoticeKind::Note, text: text.into() }
    }

    pub(crate) fn warning(text: impl Into<String>) -> Self {
        Self { kind: NoticeKind::Warning, text: text.into() }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            NoticeKind::Note => "note",
            NoticeKind::Warning => "warning",
        };
        write!(f, "{kind}: {}", self.text)
    }
}

/// A value, and what is worth a word about it.
#[derive(Clone, Debug)]
pub struct Noted<T> {
    /// The value.
    pub value: T,
    /// The words.
    pub notices: Vec<Notice>,
}
