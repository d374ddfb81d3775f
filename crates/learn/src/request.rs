//! A training as data: what is learned, and how.

mod configs;
mod name;
mod source;

use ancestral_format::{NetworkConfig, SchedulerConfig};
use serde::{Deserialize, Serialize};

use crate::Settings;

pub use source::{Fit, Missing, Reading, Schema, Source};

/// A training as data: what is learned, by which network, and how.
///
/// It is complete: with the data that it names, everything about a training follows from it. Nothing
/// is left to a default that another version of this program could choose otherwise. Checkpoints keep
/// it, and [`Trainer`](crate::Trainer) takes it; [`Recipe`](crate::Recipe) makes one where only a few
/// things are chosen by hand.
///
/// As JSON it has every key, and no other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// What is learned.
    pub source: Source,
    /// The network that learns it.
    #[serde(with = "configs::network")]
    pub network: NetworkConfig,
    /// The noise levels, what the network predicts at them, and how samples are drawn later.
    #[serde(with = "configs::scheduler")]
    pub scheduler: SchedulerConfig,
    /// How the network is trained.
    pub training: Settings,
    /// What is saved during training.
    pub saving: Saving,
}

/// What is saved during training. It changes no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saving {
    /// Steps between two previews; 0: there are none.
    pub preview_every: u64,
    /// Steps between two checkpoints; 0: one at the end alone.
    pub checkpoint_every: u64,
    /// How many of the newest checkpoints are kept.
    pub keep: usize,
}

impl Saving {
    /// Whether a preview is due after `done` of `steps` steps. At the end there are samples instead.
    #[must_use]
    pub fn wants_preview(&self, done: u64, steps: u64) -> bool {
        done > 0 && done < steps && is_due(self.preview_every, done)
    }

    /// Whether a checkpoint is due after `done` steps, if `until` is the last step for now.
    #[must_use]
    pub fn wants_checkpoint(&self, done: u64, until: u64) -> bool {
        done == until || is_due(self.checkpoint_every, done)
    }
}

fn is_due(every: u64, done: u64) -> bool {
    every > 0 && done.is_multiple_of(every)
}

#[cfg(test)]
mod tests;
