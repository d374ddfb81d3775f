#![doc = include_str!("../README.md")]

mod batcher;
mod collect;
mod device;
mod engine;
mod error;
mod facts;
mod given;
mod guidance;
mod labels;
mod memory;
mod model;
mod noise_source;
mod pipeline;
mod plan;
mod process;
mod samples;
mod settings;
#[cfg(not(target_family = "wasm"))]
mod show;
mod signal;
mod start;
mod steps;
mod trajectory;

pub use ancestral::Batch;
pub use ancestral::inpainting::{Known, KnownError};
pub use ancestral::suspend::Call;
pub use ancestral_cpu::{NetworkError, Precision};
pub use batcher::{Batcher, Event};
pub use collect::collect;
pub use device::{Device, devices, devices_not_built};
pub use engine::Engine;
pub use error::{Error, ModelError, Noted, Notice, NoticeKind, Problem, RowsError, SettingError};
pub use facts::{ColumnFacts, DefaultFacts, Facts, OptionFacts, SamplerFacts};
pub use given::Given;
#[cfg(feature = "digits")]
pub use model::BUILT_IN;
pub use model::{
    Classes, Defaults, Model, OwnNetwork, categories_of, columns_for_folder, columns_of_folder,
    predicted,
};
pub use noise_source::NoiseSource;
pub use pipeline::Pipeline;
pub use plan::Plan;
pub use process::Process;
pub use samples::Samples;
pub use settings::{Compat, Setting, Settings};
#[cfg(not(target_family = "wasm"))]
pub use show::{Format, Show, ShowError, View, picture};
pub use signal::signal_left;
pub use steps::Steps;
pub use trajectory::{AnswerError, Poll, Step, Trajectory};
