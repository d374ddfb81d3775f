//! The training loop.
//!
//! A [`Trainer`] makes one update a call of [`Trainer::step`] and returns what happened; progress
//! bars, files, previews and stopping belong to the caller. Everything random is a function of the
//! seed and the number of the sample, so nothing of a generator's state exists that would have to
//! be saved: a [`TrainState`] is all that a training which goes on later needs, and
//! [`Checkpoints`] keeps it on disk.

mod adamw;
mod checkpoint;
mod config;
mod data_order;
mod ema;
mod error;
mod gradients;
mod learning_rate;
mod micro_batch;
mod state;
mod trainer;
mod training_set;

pub use checkpoint::{Checkpoint, CheckpointError, Checkpoints, Counters, Newest, RunInfo};
pub use config::TrainConfig;
pub use ema::Ema;
pub use error::TrainError;
pub use learning_rate::{Decay, LearningRate};
pub use state::TrainState;
pub use trainer::{StepReport, Trainer};
pub use training_set::TrainingSet;
