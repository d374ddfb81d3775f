//! Why a run folder can't be used.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use ancestral_files::{PlaceError, no_folder};
use thiserror::Error;

/// Why a run folder can't be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FolderError {
    /// It is not a folder.
    #[error(
        "run folder {}: {}, expected a folder: choose another with `output`",
        .0.display(),
        no_folder(.0)
    )]
    NotAFolder(PathBuf),
    /// It is not empty.
    #[error(
        "run folder {} already exists: choose another with `output`, continue its run with `resume`, \
         or replace it with `force`",
        .0.display()
    )]
    Exists(PathBuf),
    /// It holds something else than a run, which is never replaced.
    #[error(
        "run folder {} is not a run folder (no valid log.jsonl): choose another with `output`",
        .0.display()
    )]
    NotARun(PathBuf),
    /// Another process writes to it.
    #[error(
        "run folder {}: {} is writing to it; wait until it ends, stop it, or choose another folder \
         with `output`",
        folder.display(),
        process.map_or_else(|| "another process".to_owned(), |id| format!("process {id}"))
    )]
    Held {
        /// The folder.
        folder: PathBuf,
        /// The number of the process, if it is known.
        process: Option<u32>,
    },
    /// Its lock can't be written.
    #[error("run folder {}: .lock cannot be written", folder.display())]
    Lock {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No file can be created in it.
    #[error("run folder {}", folder.display())]
    Place {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: PlaceError,
    },
    /// The system refuses.
    #[error("run folder {}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A folder in it can't be created.
    #[error("cannot create a folder at {}", folder.display())]
    NotCreated {
        /// That folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file in it can't be read or removed.
    #[error("{}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl FolderError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}
