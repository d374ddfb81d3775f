//! Model folders on disk, in the layout of Hugging Face's `diffusers`, as typed values.
//!
//! - [`ModelFolder`]: a whole folder ([`folder`] shows its files).
//! - [`UNetConfig`], [`SchedulerConfig`], [`About`]: its JSON files.
//! - [`Weights`], [`Array`]: its tensors; [`safetensors`]: from and to the bytes of their files.
//!
//! Nothing here knows how a network computes: a network takes a [`UNetConfig`] and [`Weights`].

mod about;
mod array;
mod config;
mod files;
pub mod folder;
mod names;
pub mod safetensors;
mod scheduler_config;
mod unet_config;
mod weights;

pub use about::{ABOUT_FORMAT, About, AboutData, AboutError, AboutTraining};
pub use array::{Array, ArrayError, Dtype};
pub use config::{ConfigError, DIFFUSERS_VERSION, Parsed};
pub use folder::{FolderError, Loaded, ModelFolder, UnknownKey};
pub use scheduler_config::{
    BetaSchedule, PredictionType, SchedulerConfig, SchedulerConfigError, TimestepSpacing,
    VarianceType,
};
pub use unet_config::{
    Activation, ClassEmbedding, DownBlock, MidBlock, Nearest, Resampling, TimeEmbedding,
    TimeScaleShift, UNetConfig, UNetConfigError, UpBlock,
};
pub use weights::Weights;
