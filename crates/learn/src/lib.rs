//! What a training is, whatever computes the gradients.
//!
//! - [`Request`]: a training as data; [`Recipe`] makes one where little is chosen by hand.
//! - [`TrainingSet`]: the samples to learn from.
//! - [`Engine`]: what computes a network's gradients. `ancestral_cpu`'s `TrainingNetwork` is one.
//! - [`Trainer`]: the training loop, one update a call.
//! - [`Checkpoints`]: trainings on disk, to be resumed as if they had never stopped.
//!
//! Everything random is a function of the seed and the number of the sample, and of the losses so far
//! if timesteps are drawn by them, so there is no state of a generator to save: a [`TrainState`] is all
//! that resuming needs.

mod ahead;
mod budget;
mod checkpoint;
mod copies;
mod data_order;
mod diagnosis;
mod ema;
mod engine;
mod error;
mod gradients;
mod groups;
mod initial;
mod judgement;
mod learning_rate;
mod log;
mod loss;
mod memory;
mod micro_batch;
mod objective;
mod optimizer;
mod recipe;
mod request;
mod rows;
mod settings;
mod split;
mod state;
mod timestep_sampler;
mod trainer;
mod training_set;
mod tree;

#[cfg(test)]
mod toy;

pub use budget::Budget;
pub use checkpoint::{Checkpoint, CheckpointError, Checkpoints, Counters, Newest};
pub use diagnosis::{Diagnosis, Finding};
pub use ema::ema_decay;
pub use engine::{Engine, EngineError, Pass};
pub use error::TrainError;
pub use initial::initial;
pub use judgement::{BANDS, Judgement, Losses, Verdict, hold_out, verdict};
pub use learning_rate::{Decay, LearningRate, Warmup};
pub use log::{Log, LogError};
pub use loss::{Loss, LossError};
pub use memory::{Memory, NotEnoughMemory, available_memory};
pub use optimizer::Optimizer;
pub use recipe::{NetworkSize, Recipe, RecipeError};
pub use request::{Fit, Missing, Reading, Request, Saving, Schema, Source};
pub use rows::Reader;
pub use settings::Settings;
pub use state::TrainState;
pub use timestep_sampler::TimestepSampler;
pub use trainer::{StepReport, Trainer};
pub use training_set::TrainingSet;
pub use tree::Passes;
