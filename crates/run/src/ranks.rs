//! A run on several ranks: rank 0 leads, and tells the others what to do with it.

mod follow;
mod lead;

use ancestral_cluster::{Cluster, ClusterError};
use ancestral_learn::Request;
use ancestral_pipeline::Settings;
use serde::{Deserialize, Serialize};

use crate::RunError;

pub use follow::follow;
pub(crate) use lead::Trainer;

/// What rank 0 tells the others, before all do it together.
#[derive(Debug, Serialize, Deserialize)]
enum Command {
    /// One update.
    Step,
    /// A training begins.
    Train(Box<Training>),
    /// The losses of the held-out rows are measured.
    Judge,
    /// The state is saved, by rank 0.
    Save,
    /// Samples of the model so far are to be drawn.
    Model {
        name: String,
        /// As in a model folder.
        about: String,
    },
    /// They are drawn, and brought to rank 0.
    Draw(Box<Settings>),
    /// There is nothing more to do.
    End,
}

/// A training as all ranks begin it.
#[derive(Debug, Serialize, Deserialize)]
struct Training {
    request: Request,
    /// The run folder, which is no part of the data.
    folder: std::path::PathBuf,
    data_sha256: String,
}

impl Command {
    /// Tells it all other ranks. A step is the empty message.
    fn tell(&self, cluster: &Cluster) -> Result<(), ClusterError> {
        if cluster.is_alone() {
            return Ok(());
        }
        let text = if matches!(self, Self::Step) {
            Vec::new()
        } else {
            serde_json::to_vec(self).expect("text and numbers are JSON")
        };
        cluster.broadcast_bytes(text).map(drop)
    }

    /// Waits for what rank 0 tells next.
    fn hear(cluster: &Cluster) -> Result<Self, RunError> {
        let text =
            cluster.broadcast_bytes(Vec::new()).map_err(ancestral_learn::TrainError::from)?;
        if text.is_empty() {
            return Ok(Self::Step);
        }
        serde_json::from_slice(&text).map_err(RunError::failed)
    }
}

/// Tells the ranks that [`follow`] that there is nothing more to do.
///
/// # Errors
/// If one has ended.
pub fn dismiss(cluster: &Cluster) -> Result<(), RunError> {
    Ok(Command::End.tell(cluster)?)
}
