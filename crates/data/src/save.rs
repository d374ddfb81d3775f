//! Writing a file so that it is there whole or not at all.

use crate::Channels;
use atomic_write_file::AtomicWriteFile;
use std::fs;
use std::io::{self, BufWriter, Write};
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
        /// What the system said.
        source: io::Error,
    },
    /// The folder for several files could not be made.
    #[error("cannot make the folder {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The image or its metadata cannot be a PNG.
    #[error("cannot write {} as PNG", path.display())]
    Png {
        /// The file.
        path: PathBuf,
        /// What the encoder said.
        source: png::EncodingError,
    },
    /// The frames cannot be a GIF.
    #[error("cannot write {} as GIF", path.display())]
    Gif {
        /// The file.
        path: PathBuf,
        /// What the encoder said.
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
    let save = || {
        // Found out at the last moment, by the rename, this would leave the temporary file behind.
        if path.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let mut file = BufWriter::new(temporary(path)?);
        write(&mut file)?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.commit()
    };
    save().map_err(|source| SaveError::Io { path: path.to_owned(), source })
}

/// A file that replaces the one at `path` when it is committed.
fn temporary(path: &Path) -> io::Result<AtomicWriteFile> {
    let mut options = AtomicWriteFile::options();
    // The permissions that are preserved would be those of a link itself, which allow everything.
    #[cfg(unix)]
    atomic_write_file::unix::OpenOptionsExt::preserve_mode(&mut options, false);
    let file = options.open(path)?;
    if let Some(replaced) = fs::metadata(path).ok().filter(fs::Metadata::is_file) {
        file.set_permissions(replaced.permissions())?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_folder_in_the_way_stays_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("d.png");
        fs::create_dir(&path).unwrap();
        assert!(save_bytes(&path, b"new").is_err());
        assert_eq!(names(folder.path()), ["d.png"]);
    }

    #[test]
    fn the_new_file_replaces_the_old() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        save_bytes(&path, b"old and longer").unwrap();
        save_bytes(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_replaced_by_a_file_with_the_permissions_behind_it() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mode = |name: &str| fs::symlink_metadata(path(name)).unwrap().permissions().mode();
        fs::write(path("kept"), b"kept").unwrap();
        fs::set_permissions(path("kept"), fs::Permissions::from_mode(0o640)).unwrap();
        symlink("kept", path("link")).unwrap();
        symlink("nowhere", path("dangling")).unwrap();
        fs::write(path("fresh"), b"").unwrap();
        for name in ["link", "dangling"] {
            save_bytes(&path(name), b"new").unwrap();
            assert!(!path(name).is_symlink());
        }
        assert_eq!(fs::read(path("kept")).unwrap(), b"kept");
        assert_eq!(mode("link") & 0o777, 0o640);
        assert_eq!(mode("dangling"), mode("fresh"));
    }

    #[test]
    fn a_failure_halfway_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        save_bytes(&path, b"old").unwrap();
        let halfway = save_with(&path, |file| {
            file.write_all(&vec![0; 100_000])?;
            Err(io::Error::other("out of ideas"))
        });
        assert!(halfway.unwrap_err().to_string().ends_with("a.txt"));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

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
