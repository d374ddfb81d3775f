//! What can go wrong with a model folder.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::index::IndexError;
use super::loaded::list;
use super::shards::ShardError;
use crate::about::AboutError;
use crate::array::NotFinite;
use crate::impostor::{CONVERT, Impostor};
use crate::listed::{counted, listed, shown};
use crate::network_config::NetworkConfigError;
use crate::safetensors::SafetensorsError;
use crate::scheduler_config::SchedulerConfigError;

/// Why a model folder cannot be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FolderError {
    /// A file is not there.
    #[error("no {what}: looked for {}{}", list(looked_for), beside(networks))]
    Missing {
        /// What the file holds.
        what: &'static str,
        /// Every place where it could have been.
        looked_for: Vec<PathBuf>,
        /// The networks that were found, if there are several, or only one with the name of a variant.
        networks: Vec<PathBuf>,
    },
    /// The cache folder of a hub's model does not say which snapshot is the model.
    #[error("{}", no_snapshot(path, reference.as_deref(), found))]
    Snapshots {
        /// The cache folder.
        path: PathBuf,
        /// What `refs/main` names, if it is there.
        reference: Option<String>,
        /// The snapshots.
        found: Vec<PathBuf>,
    },
    /// There are no weights, or several variants and none was requested.
    #[error("{}{}", no_weights(looked_for, found), hints(variants, *pickles))]
    NoWeights {
        /// Every file that would have been taken.
        looked_for: Vec<PathBuf>,
        /// The files in the folder that may hold weights.
        found: Vec<String>,
        /// The variants that there are.
        variants: Vec<String>,
        /// Whether there are files that Python could convert.
        pickles: bool,
    },
    /// The name of a variant cannot be part of a file's name.
    #[error("variant {found:?}: expected letters, digits, - and _, at most 64")]
    Variant {
        /// The name.
        found: String,
    },
    /// Writing was interrupted.
    #[error("no model index: {} was not written before an interruption", path.display())]
    Unfinished {
        /// The index.
        path: PathBuf,
    },
    /// A JSON file is another kind of file.
    #[error("{}: expected JSON, found {found}", path.display())]
    Impostor {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: Impostor,
    },
    /// A JSON file has a number in Python's notation, which is not valid JSON.
    #[error("{}: {found} in line {line} is not JSON: expected a finite number", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// `NaN` or `Infinity`.
        found: &'static str,
        /// The line, counted from 1.
        line: usize,
    },
    /// A JSON file is beyond all reason.
    #[error("{}: {found} bytes, expected at most {limit}", path.display())]
    Length {
        /// The file.
        path: PathBuf,
        /// Its length.
        found: u64,
        /// The greatest that is read.
        limit: u64,
    },
    /// The file system refused.
    #[error("cannot {verb} {}: {reason}", path.display())]
    Io {
        /// `"read"`, `"write"` or `"remove"`.
        verb: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The operating system's error.
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
    /// A tensor has values that no network computes with.
    #[error("{}: tensor {tensor:?}: {reason}", path.display())]
    Values {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// How many, and the first.
        reason: NotFinite,
    },
    /// A learned table of times is shorter than the schedule.
    #[error(
        "{}: num_train_timesteps {rows}, the rows of the tensor time_proj.weight, must be at least \
         {timesteps}, as num_train_timesteps of the scheduler",
        path.display()
    )]
    TimeTable {
        /// The config of the network.
        path: PathBuf,
        /// Rows of the table.
        rows: usize,
        /// Timesteps of the schedule.
        timesteps: usize,
    },
    /// The index of shards is refused, or a shard does not fit it.
    #[error("{}: {reason}", path.display())]
    Shards {
        /// The index.
        path: PathBuf,
        /// Why.
        reason: ShardError,
    },
    /// A tensor is there twice.
    #[error(
        "{}: {old} and {modern} are the old and the modern name of one tensor: expected one of them",
        path.display()
    )]
    Twins {
        /// The weight file, or the index of its shards.
        path: PathBuf,
        /// The old name.
        old: String,
        /// The modern one.
        modern: String,
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

fn beside(networks: &[PathBuf]) -> String {
    match networks {
        [] => String::new(),
        [only] => format!("; there is the network {}, as a variant", only.display()),
        several => format!("; networks found: {}", list(several)),
    }
}

fn no_snapshot(path: &Path, reference: Option<&str>, found: &[PathBuf]) -> String {
    let reference = match reference {
        None => "does not exist".to_owned(),
        Some(name) => format!("names {}, which is not one of them", shown(name)),
    };
    let path = path.display();
    match found {
        [] => format!("{path}: a cache folder without a snapshot of the model: download it again"),
        [first, ..] => format!(
            "{path}: a cache folder with {}, {}; refs/main {reference}: open one of them, such as {}",
            counted(found.len(), "snapshot"),
            listed(found, |path| shown(&path.file_name().unwrap_or_default().to_string_lossy())),
            first.display()
        ),
    }
}

fn no_weights(looked_for: &[PathBuf], found: &[String]) -> String {
    let shown = match found {
        [] => "no file that holds any".to_owned(),
        found => listed(found, |name| shown(name)),
    };
    format!("no weights: looked for {}; found {shown}", list(looked_for))
}

fn hints(variants: &[String], pickles: bool) -> String {
    let variants = match variants {
        [] => String::new(),
        all => format!("; there are the variants {}: choose one", all.join(", ")),
    };
    if pickles { format!("{variants}; {CONVERT}") } else { variants }
}
