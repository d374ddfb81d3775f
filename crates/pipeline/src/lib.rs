#![doc = include_str!("../README.md")]

mod batcher;
mod engine;
mod error;
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
mod show;
mod signal;
mod start;
mod steps;
mod trajectory;

pub use ancestral::Batch;
pub use ancestral::inpainting::Known;
pub use ancestral::suspend::Call;
pub use ancestral_cpu::{NetworkError, Precision};
pub use batcher::{Batcher, Event};
pub use engine::Engine;
pub use error::{Error, ModelError, Noted, Notice, NoticeKind, Problem, RowsError, SettingError};
pub use model::{Classes, Defaults, Model, columns_for_folder, columns_of_folder};
pub use noise_source::NoiseSource;
pub use pipeline::Pipeline;
pub use plan::Plan;
pub use process::Process;
pub use samples::Samples;
pub use settings::{Compat, Setting, Settings};
pub use show::{Format, Show, ShowError, View, picture};
pub use signal::signal_left;
pub use steps::Steps;
pub use trajectory::{AnswerError, Poll, Step, Trajectory};
