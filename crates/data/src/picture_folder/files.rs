//! Which files of a folder are pictures, and to which class each belongs.

use super::PictureSetError;
use super::format;
use crate::Own;
use std::collections::{HashSet, VecDeque};
use std::ffi::OsStr;
use std::fs;
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
    pub passed_over: PassedOver,
    /// Folders that were not looked into, and what they hold.
    pub left_out: Vec<(PathBuf, Own)>,
    /// Where a run is to be, without links in the path.
    output: Option<PathBuf>,
    /// The root without links in the path.
    real_root: Option<PathBuf>,
    /// Links to folders that are still to be followed.
    links: VecDeque<PathBuf>,
    /// The folders of the class that were looked into, without links in their paths.
    seen: HashSet<PathBuf>,
}

/// How much of a folder is not read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PassedOver {
    /// Files that are no pictures.
    pub others: usize,
    /// Folders whose name begins with a dot.
    pub hidden_folders: usize,
    /// Pictures whose name begins with a dot.
    pub hidden_pictures: usize,
    /// Links to folders that are read already, or that lead back up.
    pub links: usize,
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
        passed_over: PassedOver::default(),
        left_out: Vec::new(),
        // One that is not there yet is not found among the data either.
        output: output.and_then(|path| path.canonicalize().ok()),
        real_root: root.canonicalize().ok(),
        links: VecDeque::new(),
        seen: HashSet::new(),
    };
    let is_folder = fs::metadata(root).map_err(refused)?.is_dir();
    if let Some(own) = Own::of(root).filter(|_| is_folder) {
        return Err(PictureSetError::Own { path: root.to_owned(), own });
    }
    match is_folder {
        true if classes => found.add_classes()?,
        true => found.add_tree(root, 0)?,
        false if classes => return Err(PictureSetError::NotAFolder { path: root.to_owned() }),
        false => found.add_file(root.to_owned(), 0),
    }
    if found.files.is_empty() {
        let Found {
            passed_over: PassedOver { others, hidden_folders, hidden_pictures, .. },
            left_out,
            ..
        } = found;
        let hidden = hidden_folders + hidden_pictures;
        return Err(PictureSetError::NoPictures {
            path: root.to_owned(),
            others,
            hidden,
            left_out,
        });
    }
    found.files.sort_by(|a, b| {
        a.path.as_os_str().as_encoded_bytes().cmp(b.path.as_os_str().as_encoded_bytes())
    });
    Ok(found)
}

impl Found {
    fn add_classes(&mut self) -> Result<(), PictureSetError> {
        let Entries { mut folders, links, files } = self.entries(&self.root.clone())?;
        for path in files {
            // A link that leads nowhere may have led to a class.
            fs::metadata(&path)
                .map_err(|source| PictureSetError::Io { path: path.clone(), source })?;
            self.add_file(path, 0);
        }
        if let Some(file) = self.files.pop() {
            return Err(PictureSetError::OutsideClasses { path: file.path });
        }
        folders.extend(self.others(&folders, links));
        folders.sort();
        let mut class = 0;
        for folder in folders {
            let (files, links) = (self.files.len(), self.passed_over.links);
            let left_out = self.left_out.len();
            self.seen.clear();
            self.add_tree(&folder, class)?;
            if self.files.len() > files {
                let name = folder.file_name().unwrap_or_default();
                self.classes.push(name.to_string_lossy().into_owned());
                class += 1;
            } else if (self.left_out.len(), self.passed_over.links) == (left_out, links) {
                return Err(PictureSetError::EmptyClass { path: folder });
            }
        }
        Ok(())
    }

    /// The links to folders that are no classes under another name; the others are counted.
    fn others(&mut self, folders: &[PathBuf], links: Vec<PathBuf>) -> Vec<PathBuf> {
        let real = |folder: &PathBuf| folder.canonicalize().ok();
        let mut classes: HashSet<_> = folders.iter().filter_map(real).collect();
        let (others, again) = links
            .into_iter()
            .partition::<Vec<_>, _>(|link| real(link).is_none_or(|path| classes.insert(path)));
        self.passed_over.links += again.len();
        others
    }

    /// Adds what is in a folder, then what the links in it lead to.
    fn add_tree(&mut self, folder: &Path, class: u32) -> Result<(), PictureSetError> {
        self.links.push_back(folder.to_owned());
        while let Some(folder) = self.links.pop_front() {
            self.add_unless_own(&folder, class)?;
        }
        Ok(())
    }

    fn add_folder(&mut self, folder: &Path, class: u32) -> Result<(), PictureSetError> {
        let Entries { folders, links, files } = self.entries(folder)?;
        for path in files {
            self.add_file(path, class);
        }
        self.links.extend(links);
        folders.iter().try_for_each(|folder| self.add_unless_own(folder, class))
    }

    /// Adds what is in a folder, unless it is read already, or this program wrote it or is about to.
    fn add_unless_own(&mut self, folder: &Path, class: u32) -> Result<(), PictureSetError> {
        if self.is_again(folder) {
            self.passed_over.links += 1;
            return Ok(());
        }
        match self.own(folder).filter(|_| folder != self.root) {
            None => self.add_folder(folder, class),
            Some(own) => {
                self.left_out.push((folder.to_owned(), own));
                Ok(())
            }
        }
    }

    /// Whether a folder of the class is read already, or holds all of the data: links may lead in
    /// circles.
    fn is_again(&mut self, folder: &Path) -> bool {
        let Ok(path) = folder.canonicalize() else { return false };
        let holds_all = self.real_root.as_ref().is_some_and(|root| root.starts_with(&path));
        holds_all && folder != self.root || !self.seen.insert(path)
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
            self.passed_over.others += 1;
        }
    }

    /// What is in a folder; hidden entries are counted and left out.
    fn entries(&mut self, folder: &Path) -> Result<Entries, PictureSetError> {
        let refused = |source| PictureSetError::Io { path: folder.to_owned(), source };
        let mut entries = Entries::default();
        for entry in fs::read_dir(folder).map_err(refused)? {
            let entry = entry.map_err(refused)?;
            let path = entry.path();
            let kind = entry.file_type().map_err(refused)?;
            let is_folder = kind.is_dir() || kind.is_symlink() && path.is_dir();
            match (is_hidden(&entry.file_name()), is_folder) {
                (true, true) => self.passed_over.hidden_folders += 1,
                (true, false) => {
                    self.passed_over.hidden_pictures += usize::from(format::is_picture(&path));
                }
                (false, true) if kind.is_symlink() => entries.links.push(path),
                (false, true) => entries.folders.push(path),
                (false, false) => entries.files.push(path),
            }
        }
        entries.folders.sort();
        entries.links.sort();
        entries.files.sort();
        Ok(entries)
    }
}

/// What is in a folder, each sorted by name.
#[derive(Debug, Default)]
struct Entries {
    folders: Vec<PathBuf>,
    /// Links to folders.
    links: Vec<PathBuf>,
    /// Everything else.
    files: Vec<PathBuf>,
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}
