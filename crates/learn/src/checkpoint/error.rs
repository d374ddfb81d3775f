//! What can go wrong with checkpoints.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use ancestral_format::FolderError;
use thiserror::Error;

/// Why a checkpoint was not written or read. Earlier checkpoints are still there.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file system is full.
    #[error(
        "no space for checkpoint {}: it needs {}, {} free; earlier checkpoints are untouched",
        path.display(),
        bytes(*needed),
        free.map_or_else(|| "too little is".to_owned(), |free| format!("{} are", bytes(free)))
    )]
    NoSpace {
        /// Its intended path.
        path: PathBuf,
        /// How many bytes it takes.
        needed: u64,
        /// How many bytes were free, if the system reports it.
        free: Option<u64>,
    },
    /// The file system refused.
    #[error("cannot {verb} {}: {reason}", path.display())]
    Io {
        /// What failed.
        verb: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
    /// A file was changed or damaged.
    #[error("{}: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The model in it cannot be written or read.
    #[error(transparent)]
    Model(#[from] FolderError),
}

impl CheckpointError {
    pub(super) fn io(verb: &'static str, path: &Path, reason: io::Error) -> Self {
        Self::Io { verb, path: path.to_owned(), reason }
    }

    pub(super) fn damaged(path: PathBuf, reason: &impl ToString) -> Self {
        Self::Damaged { path, reason: reason.to_string() }
    }

    /// Whether the file system is full.
    pub(super) fn is_full(&self) -> bool {
        let reason = match self {
            Self::Io { reason, .. } | Self::Model(FolderError::Io { reason, .. }) => reason,
            Self::NoSpace { .. } | Self::Damaged { .. } | Self::Model(_) => return false,
        };
        [ErrorKind::StorageFull, ErrorKind::QuotaExceeded].contains(&reason.kind())
    }
}

/// A number of bytes, and the same in a unit that people read.
fn bytes(count: u64) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    let power = (1..=4).rev().find(|power| count >= 1000_u64.pow(*power));
    match power {
        None => format!("{count} bytes"),
        Some(power) => {
            let scaled = count as f64 / 1000_f64.powi(i32::try_from(power).unwrap_or_default());
            format!("{count} bytes ({scaled:.1} {})", units[power as usize - 1])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_said_for_people() {
        assert_eq!(bytes(999), "999 bytes");
        assert_eq!(bytes(1000), "1000 bytes (1.0 kB)");
        assert_eq!(bytes(11_290_000), "11290000 bytes (11.3 MB)");
    }

    #[test]
    fn a_full_disk_says_what_is_needed_and_what_is_free() {
        let error = CheckpointError::NoSpace {
            path: "run/checkpoints/step-9".into(),
            needed: 1500,
            free: Some(20),
        };
        assert_eq!(
            error.to_string(),
            "no space for checkpoint run/checkpoints/step-9: it needs 1500 bytes (1.5 kB), 20 \
             bytes are free; earlier checkpoints are untouched"
        );
    }
}
