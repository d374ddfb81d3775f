//! Why a run can't begin, resume or end.

use std::fmt;
use std::path::PathBuf;

use ancestral::schedule::ScheduleError;
use ancestral_cluster::ClusterError;
use ancestral_data::{OpenError, SchemaError};
use ancestral_learn::{CheckpointError, NotEnoughMemory, RecipeError, TrainError};
use thiserror::Error;

use crate::FolderError;

/// An error of any kind.
type BoxedError = Box<dyn std::error::Error + Send + Sync>;

/// Why a run can't begin, resume or end.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// A setting is invalid.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The run folder can't be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The folder of a run that is to be resumed can't be used.
    #[error("`resume`")]
    Held(#[source] FolderError),
    /// The data can't be read.
    #[error(transparent)]
    Data(Box<OpenError>),
    /// The data of a resumed run can't be read.
    #[error("the data of the run; if they were moved, give their new path")]
    DataOfRun {
        /// Why.
        source: Box<Self>,
    },
    /// The data of a resumed run are other data.
    #[error(
        "{name}: the data differ from the data that the run was begun with; to train on other data, \
         begin another run"
    )]
    OtherData {
        /// Their name.
        name: String,
    },
    /// The data that a rank reads are not those of rank 0.
    #[error("{name}: these data differ from those that rank 0 reads; give all ranks the same data")]
    OtherDataHere {
        /// Their name.
        name: String,
    },
    /// Rank 0 tells another to go on with a training that it has not begun.
    #[error("rank 0 goes on with a training that this rank has not begun")]
    NothingToFollow,
    /// A rank has ended.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// There are more classes than a network can have.
    #[error("{0} classes, expected less than 2^32")]
    Classes(usize),
    /// The training is refused, or a row can't be read.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// There is no such training.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// There is no such schedule.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The network can't be trained.
    #[error(transparent)]
    Network(BoxedError),
    /// Not even the smallest pass fits into memory.
    #[error("{advice}")]
    Memory {
        /// What to choose instead.
        advice: String,
        /// What is needed.
        source: NotEnoughMemory,
    },
    /// A checkpoint can't be read.
    #[error("`resume`")]
    Checkpoint(#[from] CheckpointError),
    /// There is no run folder.
    #[error("`resume`: there is no run folder {}", .0.display())]
    NoFolder(PathBuf),
    /// There is no checkpoint.
    #[error(
        "`resume`: no checkpoint in {}: expected checkpoints/step-N in a run folder",
        .0.display()
    )]
    NoCheckpoint(PathBuf),
    /// The pipeline refuses to draw samples.
    #[error(transparent)]
    Pipeline(#[from] ancestral_pipeline::Error),
    /// The run failed after it began, by no fault of its user: a full disk, numbers that are not finite.
    #[error(transparent)]
    Failed(BoxedError),
}

impl RunError {
    /// Whether it is of the messages between ranks, so that nothing more can be exchanged.
    pub(crate) fn is_of_cluster(&self) -> bool {
        let (Self::Cluster(error) | Self::Train(TrainError::Cluster(error))) = self else {
            return false;
        };
        !matches!(error, ClusterError::Failed { .. })
    }

    /// An error after the run began.
    pub(crate) fn failed(error: impl Into<BoxedError>) -> Self {
        Self::Failed(error.into())
    }
}

impl From<OpenError> for RunError {
    fn from(error: OpenError) -> Self {
        Self::Data(Box::new(error))
    }
}

/// An invalid setting of a run, and why.
///
/// Settings in its text are in backticks, by the names of [`SETTINGS`], so that a front can spell
/// them as flags or arguments.
#[derive(Debug, Error)]
#[error("`{setting}`{}", shown(value.as_ref()))]
pub struct SettingError {
    /// Which setting.
    pub setting: &'static str,
    /// The value found, if it says more than the problem.
    pub value: Option<String>,
    /// What is wrong with it.
    #[source]
    pub problem: Box<Problem>,
}

fn shown(value: Option<&String>) -> String {
    value.map(|value| format!(" {value}")).unwrap_or_default()
}

impl SettingError {
    pub(crate) fn new(setting: &'static str, problem: impl Into<Problem>) -> Self {
        Self { setting, value: None, problem: Box::new(problem.into()) }
    }

    pub(crate) fn of(
        setting: &'static str,
        value: &dyn fmt::Display,
        problem: impl Into<Problem>,
    ) -> Self {
        Self { setting, value: Some(value.to_string()), problem: Box::new(problem.into()) }
    }
}

/// What is wrong with the value of a setting.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Problem {
    /// There is no such training.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// The training is refused.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// It has no effect on data of that kind.
    #[error("{data} is {found}, expected {expected}")]
    Idle {
        /// The data.
        data: String,
        /// Their kind.
        found: &'static str,
        /// Where it has an effect.
        expected: &'static str,
    },
    /// A file that can't be read.
    #[error("cannot read it")]
    Io(#[from] std::io::Error),
    /// It is no schema of columns.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// Gradients are too small for it.
    #[error("f16 is for sampling: gradients fall below its range; train in f32 or bf16")]
    Underflow,
    /// Only pictures are put into groups.
    #[error("{data} is not a set of pictures")]
    NotPictures {
        /// The data.
        data: String,
    },
    /// The data have classes.
    #[error("{data} has classes, which are used instead of groups; leave `groups` out")]
    HasClasses {
        /// The data.
        data: String,
    },
    /// The run is already further.
    #[error("the run has already made {done}; give a larger number")]
    AlreadyMade {
        /// Steps made.
        done: u64,
    },
    /// The batch is too large for the memory.
    #[error(
        "training needs {needed} of memory, and {available} are available; `batch` {batch} \
         `accumulate` {accumulate} gives the same results and fits"
    )]
    Memory {
        /// What is needed, with its unit.
        needed: String,
        /// What is available, with its unit.
        available: String,
        /// A batch that fits.
        batch: usize,
        /// The passes of it.
        accumulate: usize,
    },
    /// Nobody waits so long, or not at all.
    #[error("expected seconds above 0, at most {most}")]
    Time {
        /// The longest time that is taken.
        most: f64,
    },
    /// The time is too short for one update.
    #[error(
        "not one update fits (an update takes {update:.2} s, sampling at the end {sampling:.1} s); \
         give more time or a smaller `width`"
    )]
    TooShort {
        /// Seconds of an update.
        update: f64,
        /// Seconds of sampling.
        sampling: f64,
    },
}

/// The settings that texts of this crate mention, as they stand there in backticks. Those of an
/// [`Order`](crate::Order) have the names of its fields; `resume` and `output` stand for a
/// [`Stored`](crate::Stored) run and the folder.
pub const SETTINGS: [&str; 30] = [
    "accumulate",
    "background",
    "batch",
    "channels",
    "class",
    "classes",
    "columns",
    "fit",
    "flip",
    "force",
    "groups",
    "guidance",
    "holdout",
    "keep_ids",
    "label_dropout",
    "layers",
    "loss",
    "memory",
    "missing",
    "output",
    "points",
    "resume",
    "schedule",
    "size",
    "skip_bad",
    "steps",
    "stop_at",
    "time",
    "width",
    "zero_snr",
];
