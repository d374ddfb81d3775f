//! Which files of a folder are pictures, and to which class each belongs.

use super::PictureSetError;
use super::format;
use crate::Own;
use std::ffi::OsString;
use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};

/// One picture file.
#[derive(Debug)]
pub(super) struct PictureFile {
    pub path: PathBuf,
    /// An index into [`Found::classes`]; 0 without classes.
    pub class: u32,
}

/// The picture files below a path, sorted by path, at least one.
#[derive(Debug)]
pub(super) struct Found {
    pub root: PathBuf,
    pub files: Vec<PictureFile>,
    /// Names, sorted; empty without classes.
    pub classes: Vec<String>,
    /// How many files are no pictures.
    pub others: usize,
    /// Folders that were not looked into, and what they hold.
    pub left_out: Vec<(PathBuf, Own)>,
    /// Where a run is to be, without links in the path.
    output: Option<PathBuf>,
}

/// Finds the picture files below `root`, or `root` itself; what is at `output` is left out.
pub(super) fn find(
    root: &Path,
    classes: bool,
    output: Option<&Path>,
) -> Result<Found, PictureSetError> {
    let refused = |source| PictureSetError::Io { path: root.to_owned(), source };
    let mut found = Found {
        root: root.to_owned(),
        files: Vec::new(),
        classes: Vec::new(),
        others: 0,
        left_out: Vec::new(),
        // One that is not there yet is not found among the data either.
        output: output.and_then(|path| path.canonicalize().ok()),
    };
    let is_folder = fs::metadata(root).map_err(refused)?.is_dir();
    if let Some(own) = Own::of(root).filter(|_| is_folder) {
        return Err(PictureSetError::Own { path: root.to_owned(), own });
    }
    match is_folder {
        true if classes => found.add_classes()?,
        true => found.add_folder(root, 0)?,
        false if classes => return Err(PictureSetError::NotAFolder { path: root.to_owned() }),
        false => found.add_file(root.to_owned(), 0),
    }
    if found.files.is_empty() {
        let Found { others, left_out, .. } = found;
        return Err(PictureSetError::NoPictures { path: root.to_owned(), others, left_out });
    }
    found.files.sort_by(|a, b| {
        a.path.as_os_str().as_encoded_bytes().cmp(b.path.as_os_str().as_encoded_bytes())
    });
    Ok(found)
}

impl Found {
    fn add_classes(&mut self) -> Result<(), PictureSetError> {
        let (folders, files) = entries(&self.root)?;
        for path in files {
            self.add_file(path, 0);
        }
        if let Some(file) = self.files.pop() {
            return Err(PictureSetError::OutsideClasses { path: file.path });
        }
        let mut class = 0;
        for folder in folders {
            let (files, left_out) = (self.files.len(), self.left_out.len());
            self.add_unless_own(&folder, class)?;
            if self.files.len() > files {
                let name = folder.file_name().unwrap_or_default();
                self.classes.push(name.to_string_lossy().into_owned());
                class += 1;
            } else if self.left_out.len() == left_out {
                return Err(PictureSetError::EmptyClass { path: folder });
            }
        }
        Ok(())
    }

    fn add_folder(&mut self, folder: &Path, class: u32) -> Result<(), PictureSetError> {
        let (folders, files) = entries(folder)?;
        for path in files {
            self.add_file(path, class);
        }
        folders.iter().try_for_each(|folder| self.add_unless_own(folder, class))
    }

    /// Adds what is in a folder below the root, unless this program wrote it or is about to.
    fn add_unless_own(&mut self, folder: &Path, class: u32) -> Result<(), PictureSetError> {
        match self.own(folder) {
            None => self.add_folder(folder, class),
            Some(own) => {
                self.left_out.push((folder.to_owned(), own));
                Ok(())
            }
        }
    }

    fn own(&self, folder: &Path) -> Option<Own> {
        let is_output = |output: &PathBuf| folder.canonicalize().is_ok_and(|path| path == *output);
        let output = self.output.as_ref().filter(|output| is_output(output));
        Own::of(folder).or(output.map(|_| Own::Run))
    }

    fn add_file(&mut self, path: PathBuf, class: u32) {
        if format::is_picture(&path) {
            self.files.push(PictureFile { path, class });
        } else {
            self.others += 1;
        }
    }
}

/// The folders and the other entries of a folder, sorted by name; hidden ones left out.
fn entries(folder: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>), PictureSetError> {
    let refused = |source| PictureSetError::Io { path: folder.to_owned(), source };
    let mut entries: Vec<DirEntry> =
        fs::read_dir(folder).map_err(refused)?.collect::<Result<_, _>>().map_err(refused)?;
    entries.retain(|entry| !is_hidden(&entry.file_name()));
    entries.sort_by_key(DirEntry::file_name);
    // A link to a folder is not followed: it may lead back to where it is.
    let is_folder = |entry: &DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    let (folders, files): (Vec<_>, Vec<_>) = entries.into_iter().partition(is_folder);
    let paths = |entries: Vec<DirEntry>| entries.iter().map(DirEntry::path).collect();
    Ok((paths(folders), paths(files)))
}

fn is_hidden(name: &OsString) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}
