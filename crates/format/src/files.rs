//! Where the files of a model folder come from, and how they are put back.

use std::borrow::Cow;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use atomic_write_file::AtomicWriteFile;

/// Files by their names inside a model folder, with `/` between the parts of a name.
pub(crate) trait Files {
    /// The content of a file; `None` if there is no such file.
    fn get(&self, name: &str) -> io::Result<Option<Cow<'_, [u8]>>>;

    /// How a message calls the file.
    fn path(&self, name: &str) -> PathBuf;
}

/// The files below a folder.
pub(crate) struct Directory<'a>(pub(crate) &'a Path);

impl Files for Directory<'_> {
    fn get(&self, name: &str) -> io::Result<Option<Cow<'_, [u8]>>> {
        match fs::read(self.path(name)) {
            Ok(bytes) => Ok(Some(Cow::Owned(bytes))),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

/// Files in memory: name and content.
pub(crate) struct Memory<'a>(pub(crate) &'a [(&'a str, &'a [u8])]);

impl Files for Memory<'_> {
    fn get(&self, name: &str) -> io::Result<Option<Cow<'_, [u8]>>> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        Ok(found.map(|&(_, bytes)| Cow::Borrowed(bytes)))
    }

    fn path(&self, name: &str) -> PathBuf {
        name.into()
    }
}

/// Whether there is no such file, rather than one that cannot be read.
fn is_absent(error: &io::Error) -> bool {
    // The second one: a part of the path is a file.
    [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&error.kind())
}

/// Writes a file and the folders above it; what was there before stays until the new content is
/// complete and on disk.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // Found out at the last moment, by the rename, this would leave the temporary file behind.
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let mut file = AtomicWriteFile::open(path)?;
    file.write_all(bytes)?;
    file.commit()
}

/// Removes a file if it is there, before anything that is written later.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Ok(()) => {
            if let Some(folder) = path.parent() {
                // As well as the system can: not every one flushes folders.
                let _ = fs::File::open(folder).and_then(|folder| folder.sync_all());
            }
            Ok(())
        }
        Err(error) if is_absent(&error) => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_leaves_the_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/a.txt");
        write_atomically(&path, b"old and longer").unwrap();
        write_atomically(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path().join("new")).unwrap().count(), 1);
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn a_failed_write_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("taken");
        fs::create_dir_all(taken.join("inside")).unwrap();
        let error = write_atomically(&taken, b"new").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::IsADirectory);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(taken.join("inside").is_dir());
    }
}
