//! Writing a file so that it is there whole or not at all.

use crate::Channels;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a file was not written. Whatever stood under its name before is still there.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SaveError {
    /// The file system refused.
    #[error("cannot write {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// The folder for several files could not be made.
    #[error("cannot make the folder {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// The image or its metadata cannot be a PNG.
    #[error("cannot write {} as PNG", path.display())]
    Png {
        /// The file.
        path: PathBuf,
        /// The encoder's error.
        source: png::EncodingError,
    },
    /// The frames cannot be a GIF.
    #[error("cannot write {} as GIF", path.display())]
    Gif {
        /// The file.
        path: PathBuf,
        /// The encoder's error.
        source: gif::EncodingError,
    },
    /// An animation has no frames.
    #[error("cannot write {} as GIF: it has no frames", path.display())]
    NoFrames {
        /// The file.
        path: PathBuf,
    },
    /// A frame differs from the first.
    #[error(
        "cannot write {} as GIF: frame {frame} is {} × {} {:?}, but frame 0 is {} × {} {:?}",
        path.display(), found.0, found.1, found.2, first.0, first.1, first.2
    )]
    Frame {
        /// The file.
        path: PathBuf,
        /// The frame, counted from 0.
        frame: usize,
        /// Width, height and channels of that frame.
        found: (u16, u16, Channels),
        /// Width, height and channels of the first frame.
        first: (u16, u16, Channels),
    },
}

/// Writes a file atomically: under a temporary name, flushed to the disk, then renamed.
///
/// A file that is already there is replaced, and its permissions are kept. Over a link it is the link
/// that is replaced, never the file that it leads to. The folder must exist.
///
/// # Errors
/// [`SaveError::Io`] if the file system refuses; the old file, if any, is untouched then.
///
/// # Example
/// ```no_run
/// ancestral_data::save_bytes("losses.csv".as_ref(), b"step,loss\n1,0.98\n")?;
/// # Ok::<(), ancestral_data::SaveError>(())
/// ```
pub fn save_bytes(path: &Path, bytes: &[u8]) -> Result<(), SaveError> {
    save_with(path, |file| file.write_all(bytes))
}

/// As [`save_bytes`], with the contents written piece by piece by a closure.
///
/// # Errors
/// [`SaveError::Io`] if the closure fails or the file system refuses; the old file, if any, is
/// untouched then.
///
/// # Example
/// ```no_run
/// ancestral_data::save_with("squares.csv".as_ref(), |file| {
///     (0..1000).try_for_each(|i| writeln!(file, "{i},{}", i * i))
/// })?;
/// # Ok::<(), ancestral_data::SaveError>(())
/// ```
pub fn save_with(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), SaveError> {
    ancestral_files::replace(path, write)
        .map_err(|source| SaveError::Io { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing").join("a.txt");
        let error = save_bytes(&path, b"").unwrap_err();
        assert_eq!(error.to_string(), format!("cannot write {}", path.display()));
        assert!(matches!(error, SaveError::Io { source, .. }
            if source.kind() == io::ErrorKind::NotFound));
    }
}
