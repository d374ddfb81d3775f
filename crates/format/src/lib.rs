//! Model folders on disk, in the layout of Hugging Face's `diffusers`, as typed values.
//!
//! - [`ModelFolder`]: a whole folder ([`folder`] shows its files).
//! - [`NetworkConfig`], [`SchedulerConfig`], [`About`]: its JSON files.
//! - [`Weights`], [`Array`]: its tensors; [`safetensors`]: from and to the bytes of their files.
//! - [`Layout`]: the same tensors as one vector.
//! - [`counted`], [`joined`], [`short`], [`nearest_name`]: parts of messages.
//! - [`write_file`]: how files are put on disk, never half.
//!
//! Nothing here knows how a network computes: a network takes its config and [`Weights`].

mod about;
mod array;
mod bounds;
mod config;
mod files;
pub mod folder;
mod impostor;
mod layout;
mod listed;
mod mismatch;
mod mlp_config;
mod names;
mod nearest;
mod network_config;
pub mod safetensors;
mod scheduler_config;
mod unet_config;
mod weights;

pub use about::{
    ABOUT_FORMAT, About, AboutCalibration, AboutCategory, AboutColumn, AboutColumnKind, AboutData,
    AboutDate, AboutError, AboutNotation, AboutNumber, AboutReading, AboutScale, AboutTraining,
};
pub use array::{Array, ArrayError, Dtype, NotFinite, TooLarge};
pub use bounds::OutOfRange;
pub use config::{ConfigError, DIFFUSERS_VERSION, Parsed};
pub use files::write_file;
pub use folder::{FolderError, IndexError, Loaded, ModelFolder, Notice, ShardError};
pub use impostor::Impostor;
pub use layout::Layout;
pub use listed::{counted, joined, short};
pub use mismatch::Mismatch;
pub use mlp_config::{MlpConfig, MlpConfigError};
pub use nearest::nearest_name;
pub use network_config::{NetworkConfig, NetworkConfigError, NetworkKind};
pub use scheduler_config::{
    AlgorithmType, BetaSchedule, FinalSigmasType, InnerScheduler, InterpolationType,
    PredictionType, SchedulerClass, SchedulerConfig, SchedulerConfigError, SolverKeys, SolverType,
    TimeShiftType, TimestepSpacing, TimestepType, VarianceType,
};
pub use unet_config::{
    ATTENTION_GROUPS, Activation, ClassEmbedding, DownBlock, Labels, MidBlock, Nearest, Resampling,
    TimeEmbedding, TimeScaleShift, UNetConfig, UNetConfigError, UpBlock, groups_by_width,
    groups_of_joined,
};
pub use weights::{ConvertError, Weights};
