//! New files in place of old ones: all of them, or none.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process;

use super::FolderError;
use super::layout::{INDEX, UNFINISHED};
use crate::files;

/// New files for a folder, written to a temporary folder inside it. If this is dropped before
/// [`commit`](Self::commit) is complete, the folder stays as it was.
pub(super) struct Swap<'a> {
    folder: &'a Path,
    aside: PathBuf,
    /// Folders that were created, parents before children.
    made: Vec<PathBuf>,
    /// Files that were moved: from and to.
    moved: Vec<(PathBuf, PathBuf)>,
    /// Whether the mark of an unfinished folder is ours.
    marked: bool,
}

impl<'a> Swap<'a> {
    /// Creates the folder if it is missing, and the temporary folder inside it.
    pub(super) fn new(folder: &'a Path) -> Result<Self, FolderError> {
        let aside = folder.join(format!(".ancestral-{}.partial", process::id()));
        let mut swap = Self { folder, aside, made: vec![], moved: vec![], marked: false };
        for folder in [folder.to_owned(), swap.aside.clone()] {
            swap.make_folder(&folder).map_err(write_error(&folder))?;
        }
        Ok(swap)
    }

    /// Writes the new file `name` to the temporary folder and flushes it to disk. It gets the
    /// permissions of the file that it will replace.
    pub(super) fn put(
        &self,
        name: &str,
        write: impl FnOnce(&mut dyn Write) -> Result<(), FolderError>,
    ) -> Result<(), FolderError> {
        let (path, aside) = (self.folder.join(name), self.new_file(name));
        let refused = write_error(&path);
        let create = || {
            fs::create_dir_all(files::parent(&aside))?;
            File::create(&aside)
        };
        let mut file = BufWriter::new(create().map_err(&refused)?);
        write(&mut file)?;
        let finish = || {
            let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
            if let Some(replaced) = fs::metadata(&path).ok().filter(fs::Metadata::is_file) {
                file.set_permissions(replaced.permissions())?;
            }
            file.sync_all()
        };
        finish().map_err(&refused)
    }

    /// Moves the `old` files out and the `new` ones, written by [`put`](Self::put), in. The index is
    /// moved out first and moved in last; in between, a mark shows that the folder is unfinished.
    pub(super) fn commit(mut self, old: &[String], new: &[String]) -> Result<(), FolderError> {
        self.mark()?;
        let replaced = new.iter().filter(|name| !old.contains(name)).map(String::as_str);
        let names = old.iter().map(String::as_str).chain(replaced);
        for name in [INDEX].into_iter().chain(names.filter(|name| *name != INDEX)) {
            self.move_out(name)?;
        }
        let (index, rest): (Vec<_>, Vec<_>) = new.iter().partition(|name| *name == INDEX);
        for names in [rest, index] {
            names.into_iter().try_for_each(|name| self.move_in(name))?;
            self.moved.iter().for_each(|(_, to)| files::flush_entry(to));
        }
        self.moved.clear();
        self.made.clear();
        // All files are in place; left-overs of the temporary folder do no harm.
        let _ = fs::remove_dir_all(&self.aside);
        files::remove(&self.folder.join(UNFINISHED)).map_err(|reason| FolderError::Io {
            verb: "remove",
            path: self.folder.join(UNFINISHED),
            reason,
        })
    }

    fn mark(&mut self) -> Result<(), FolderError> {
        let mark = self.folder.join(UNFINISHED);
        if !mark.exists() {
            files::write_file(&mark, b"").map_err(write_error(&mark))?;
            self.marked = true;
        }
        Ok(())
    }

    fn move_out(&mut self, name: &str) -> Result<(), FolderError> {
        let (from, to) = (self.folder.join(name), self.aside.join("old").join(name));
        match fs::symlink_metadata(&from) {
            Err(error) if files::is_absent(&error) => Ok(()),
            Err(error) => Err(write_error(&from)(error)),
            Ok(found) if found.is_dir() => {
                Err(write_error(&from)(io::ErrorKind::IsADirectory.into()))
            }
            Ok(_) => {
                let path = from.clone();
                self.move_file(from, to).map_err(write_error(&path))?;
                files::flush_entry(&path);
                Ok(())
            }
        }
    }

    fn move_in(&mut self, name: &str) -> Result<(), FolderError> {
        let (from, to) = (self.new_file(name), self.folder.join(name));
        let path = to.clone();
        self.move_file(from, to).map_err(write_error(&path))
    }

    fn move_file(&mut self, from: PathBuf, to: PathBuf) -> io::Result<()> {
        self.make_folder(files::parent(&to))?;
        fs::rename(&from, &to)?;
        self.moved.push((from, to));
        Ok(())
    }

    /// Makes a folder and those above it.
    fn make_folder(&mut self, folder: &Path) -> io::Result<()> {
        let missing = folder.ancestors().take_while(|above| !above.exists());
        let missing: Vec<PathBuf> =
            missing.filter(|above| !above.as_os_str().is_empty()).map(Path::to_owned).collect();
        self.made.extend(missing.into_iter().rev());
        files::create_folder(folder)
    }

    fn new_file(&self, name: &str) -> PathBuf {
        self.aside.join("new").join(name)
    }
}

impl Drop for Swap<'_> {
    /// Puts everything back, unless all was done.
    fn drop(&mut self) {
        let mut is_whole = true;
        for (from, to) in self.moved.drain(..).rev() {
            is_whole &= fs::rename(to, from).is_ok();
        }
        // An old file that cannot be put back is kept where it is, and the mark with it.
        if !is_whole {
            return;
        }
        let _ = fs::remove_dir_all(&self.aside);
        if self.marked {
            let _ = files::remove(&self.folder.join(UNFINISHED));
        }
        for folder in self.made.drain(..).rev() {
            let _ = files::remove_empty_folder(&folder);
        }
    }
}

fn write_error(path: &Path) -> impl Fn(io::Error) -> FolderError {
    move |reason| FolderError::Io { verb: "write", path: path.to_owned(), reason }
}
