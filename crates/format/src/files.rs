//! Where the files of a model folder come from, and how they are put back.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Files by their names inside a model folder, with `/` between the parts of a name.
pub(crate) trait Files {
    /// Opens a file and returns its length; `None` if there is no such file.
    fn open(&self, name: &str) -> io::Result<Option<Opened<'_>>>;

    /// The names of what is in `folder`, which is empty or ends with `/`; none if it is not there.
    fn list(&self, folder: &str) -> Vec<String>;

    /// The name of the file in messages.
    fn path(&self, name: &str) -> PathBuf;
}

/// A file that is to be read.
pub(crate) struct Opened<'a> {
    pub(crate) content: Box<dyn Read + 'a>,
    pub(crate) length: u64,
}

/// The files below a folder.
pub(crate) struct Directory<'a>(pub(crate) &'a Path);

impl Files for Directory<'_> {
    fn open(&self, name: &str) -> io::Result<Option<Opened<'_>>> {
        match open_regular(&self.path(name)) {
            Ok(file) => Ok(Some(file)),
            Err(error) if is_absent(&error) => match fs::read_link(self.path(name)) {
                Ok(to) => {
                    let reason = format!("a link to {}, which is not there", to.display());
                    Err(io::Error::other(reason))
                }
                Err(_) => Ok(None),
            },
            Err(error) => Err(error),
        }
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.take(MOST_LISTED).collect();
        names.sort_unstable();
        names
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

/// A folder with more files is not a model folder.
const MOST_LISTED: usize = 10_000;

/// Opens a file, or a link to one. Opening a pipe would wait for a writer, and a device may have no
/// end.
fn open_regular(path: &Path) -> io::Result<Opened<'static>> {
    let check = |data: &fs::Metadata| match data {
        data if data.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        data if !data.is_file() => Err(io::Error::other("a pipe or a device, expected a file")),
        _ => Ok(()),
    };
    check(&fs::metadata(path)?)?;
    let file = fs::File::open(path)?;
    let length = file.metadata()?.len();
    Ok(Opened { content: Box::new(io::BufReader::new(file)), length })
}

/// Files in memory: name and content.
pub(crate) struct Memory<'a>(pub(crate) &'a [(&'a str, &'a [u8])]);

impl Files for Memory<'_> {
    fn open(&self, name: &str) -> io::Result<Option<Opened<'_>>> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        Ok(found.map(|&(_, bytes)| Opened { content: Box::new(bytes), length: bytes.len() as u64 }))
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let inside = self.0.iter().filter_map(|(name, _)| name.strip_prefix(folder));
        let files = inside.filter(|name| !name.contains('/'));
        let mut names: Vec<String> = files.map(str::to_owned).collect();
        names.sort_unstable();
        names
    }

    fn path(&self, name: &str) -> PathBuf {
        name.into()
    }
}

/// Whether there is no such file, rather than one that cannot be read.
pub(crate) fn is_absent(error: &io::Error) -> bool {
    // The second one: a part of the path is a file.
    [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&error.kind())
}

/// Writes a file and the folders above it; what was there before stays until the new content is
/// complete and on disk.
///
/// A link is replaced itself, never the file that it points to. The new file gets the permissions of
/// the file found there, through the link.
///
/// # Errors
/// If the file system refuses.
pub fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    create_folder(parent(path))?;
    ancestral_files::replace(path, |file| file.write_all(bytes))
}

/// Creates a folder and its parents, and flushes them to disk.
pub(crate) fn create_folder(folder: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|above| !above.exists()).collect();
    fs::create_dir_all(folder)?;
    missing.into_iter().for_each(flush_entry);
    Ok(())
}

/// The folder that `path` is an entry of.
pub(crate) fn parent(path: &Path) -> &Path {
    // The parent of a bare name is the empty path, which no system call takes.
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Flushes to disk that the entry `path` was added or removed.
pub(crate) fn flush_entry(path: &Path) {
    // As far as possible: not every system flushes folders.
    let _ = fs::File::open(parent(path)).and_then(|folder| folder.sync_all());
}

/// Removes a file if it is there, before anything that is written later.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    removed(path, fs::remove_file(path))
}

/// Removes a folder if it is there and empty.
pub(crate) fn remove_empty_folder(path: &Path) -> io::Result<()> {
    match fs::remove_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
        outcome => removed(path, outcome),
    }
}

fn removed(path: &Path, outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Ok(()) => flush_entry(path),
        Err(error) if is_absent(&error) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_leaves_the_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/a.txt");
        write_file(&path, b"old and longer").unwrap();
        write_file(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path().join("new")).unwrap().count(), 1);
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn only_an_empty_folder_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("inside");
        let file = inside.join("a.txt");
        write_file(&file, b"kept").unwrap();
        remove_empty_folder(&inside).unwrap();
        assert!(file.exists());
        remove(&file).unwrap();
        remove_empty_folder(&inside).unwrap();
        remove_empty_folder(&inside).unwrap();
        assert!(!inside.exists());
    }

    #[test]
    fn a_bare_name_lies_in_the_current_folder() {
        assert_eq!(parent(Path::new("a.txt")), Path::new("."));
        assert_eq!(parent(Path::new("new/a.txt")), Path::new("new"));
    }
}
