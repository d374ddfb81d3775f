//! What can go wrong with a model folder.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::index::IndexError;
use crate::about::AboutError;
use crate::network_config::NetworkConfigError;
use crate::safetensors::SafetensorsError;
use crate::scheduler_config::SchedulerConfigError;

/// Why a model folder cannot be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FolderError {
    /// A file is not there.
    #[error("no {what}: looked for {}", list(looked_for))]
    Missing {
        /// What the file holds.
        what: &'static str,
        /// Every place where it could have been.
        looked_for: Vec<PathBuf>,
    },
    /// The file system refused.
    #[error("cannot {verb} {}: {reason}", path.display())]
    Io {
        /// `"read"`, `"write"` or `"remove"`.
        verb: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// `model_index.json` is refused.
    #[error("{}: {reason}", path.display())]
    Index {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: IndexError,
    },
    /// The config of the network is refused.
    #[error("{}: {reason}", path.display())]
    Network {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: NetworkConfigError,
    },
    /// The config of the scheduler is refused.
    #[error("{}: {reason}", path.display())]
    Scheduler {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: SchedulerConfigError,
    },
    /// A weight file is refused.
    #[error("{}: {reason}", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: SafetensorsError,
    },
    /// `ancestral.json` is refused.
    #[error("{}: {reason}", path.display())]
    About {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: AboutError,
    },
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}
