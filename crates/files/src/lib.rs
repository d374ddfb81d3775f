//! Writes a file whole or not at all.

mod place;

#[cfg(not(target_family = "wasm"))]
use std::fs;
use std::io::{self, Write};
use std::path::Path;

#[cfg(not(target_family = "wasm"))]
use atomic_write_file::AtomicWriteFile;

pub use place::{PlaceError, is_there, no_folder, parent, try_to_write};

/// Replaces the file at `path` with what `write` writes: under a temporary name, flushed to the disk,
/// then renamed.
///
/// The new file has the permissions of the file that it replaces. If `path` is a link, the link is
/// replaced, never the file that it points to, whose permissions are taken. The folder must exist.
///
/// # Errors
/// If `write` fails, the file system refuses, or `path` is a folder. The old file, if any, is then
/// untouched.
///
/// # Example
/// ```no_run
/// ancestral_files::replace("squares.csv".as_ref(), |file| {
///     (0..1000).try_for_each(|i| writeln!(file, "{i},{}", i * i))
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[cfg(not(target_family = "wasm"))]
pub fn replace(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    // Only the rename would find this out, and the temporary file would stay.
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let mut file = io::BufWriter::new(temporary(path)?);
    write(&mut file)?;
    // This flushes the file, renames it, and flushes its folder.
    file.into_inner().map_err(io::IntoInnerError::into_error)?.commit()
}

/// The same where there are no files.
///
/// # Errors
/// Always.
#[cfg(target_family = "wasm")]
pub fn replace(
    _path: &Path,
    _write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// A file that replaces the one at `path` when it is committed.
#[cfg(not(target_family = "wasm"))]
fn temporary(path: &Path) -> io::Result<AtomicWriteFile> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "the option that is set is Unix's alone"))]
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

    fn replace_by(path: &Path, bytes: &[u8]) -> io::Result<()> {
        replace(path, |file| file.write_all(bytes))
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn the_new_file_replaces_the_old() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        replace_by(&path, b"old and longer").unwrap();
        replace_by(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[test]
    fn a_failure_halfway_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        replace_by(&path, b"old").unwrap();
        let halfway = replace(&path, |file| {
            file.write_all(&vec![0; 100_000])?;
            Err(io::Error::other("out of ideas"))
        });
        assert_eq!(halfway.unwrap_err().to_string(), "out of ideas");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[test]
    fn a_folder_in_the_way_stays_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        fs::create_dir_all(path.join("inside")).unwrap();
        let error = replace_by(&path, b"new").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::IsADirectory);
        assert_eq!(names(folder.path()), ["taken"]);
        assert!(path.join("inside").is_dir());
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
            replace_by(&path(name), b"new").unwrap();
            assert!(!path(name).is_symlink());
        }
        assert_eq!(fs::read(path("kept")).unwrap(), b"kept");
        assert!(!path("nowhere").exists());
        replace_by(&path("kept"), b"new").unwrap();
        assert_eq!(mode("link") & 0o777, 0o640);
        assert_eq!(mode("kept") & 0o777, 0o640);
        assert_eq!(mode("dangling"), mode("fresh"));
    }
}
