//! Whether files can be created at a place, before any work.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why no file can be created at a place.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// A file has the name of the folder.
    #[error("{} is a file, expected a folder", .0.display())]
    File(PathBuf),
    /// The system refuses.
    #[error("cannot create a file in {}", folder.display())]
    Refused {
        /// The nearest existing folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Checks that a file can be created in a folder, or in its nearest existing parent, by creating one
/// and removing it.
///
/// # Errors
/// If there is a file in place of a folder, or the system refuses.
pub fn try_to_write(folder: &Path) -> Result<(), PlaceError> {
    let mut folder = folder;
    while !folder.exists() {
        folder = parent(folder);
    }
    if !folder.is_dir() {
        return Err(PlaceError::File(folder.to_owned()));
    }
    let probe = folder.join(format!(".ancestral-{}", std::process::id()));
    File::create_new(&probe)
        .and_then(|_| fs::remove_file(&probe))
        .map_err(|source| PlaceError::Refused { folder: folder.to_owned(), source })
}

/// Whether anything has that name, even a broken link.
#[must_use]
pub fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// What has that name instead of a folder, in words.
#[must_use]
pub fn no_folder(path: &Path) -> &'static str {
    if path.exists() { "a file" } else { "a broken link" }
}

/// The folder that a path is in.
#[must_use]
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}
