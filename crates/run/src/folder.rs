//! The folder of a training run: what is in it, and who may write to it.

mod error;
mod lock;

use std::cell::OnceCell;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{fs, io};

use ancestral_data::Own;
use ancestral_files::{is_there, try_to_write};
use ancestral_learn::Checkpoints;

use crate::front::Front;
use lock::{LOCK, Lock};

pub use error::FolderError;

/// A run folder is recognised by the first line of this file ([`Own`]).
const LOG: &str = "log.jsonl";
/// The folder of the previews.
const PREVIEWS: &str = "previews";
/// Pictures of the end of a run, which would be misleading beside the log of another run.
const PICTURES: [&str; 4] = ["samples.png", "samples.csv", "denoising.gif", "loss.png"];

/// The folder of a run.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// Keeps other processes out, once anything is written.
    lock: OnceCell<Lock>,
}

impl RunFolder {
    /// The folder at `path`, which need not exist yet.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path, lock: OnceCell::new() }
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file of the run.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The file that keeps other processes out, while this value lives. It must be removed if the
    /// process ends without dropping it.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.file(LOCK)
    }

    /// The log of the steps.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.file(LOG)
    }

    /// The preview after a step.
    #[must_use]
    pub fn preview(&self, steps: u64) -> PathBuf {
        self.path.join(PREVIEWS).join(format!("step-{steps:06}.png"))
    }

    /// The checkpoints; the newest `keep` are kept.
    #[must_use]
    pub fn checkpoints(&self, keep: usize) -> Checkpoints {
        Checkpoints::new(self.path.join("checkpoints"), keep)
    }

    /// Keeps other processes out of the existing folder as long as this value lives.
    pub(crate) fn hold(&self, front: &mut dyn Front) -> Result<(), FolderError> {
        if self.lock.get().is_none() {
            let _ = self.lock.set(Lock::take(&self.path, front)?);
        }
        Ok(())
    }

    /// Refuses a folder in which no run can begin, before any work; writes nothing. With `force`, a
    /// run there is replaced.
    ///
    /// # Errors
    /// If the folder is taken, if another process writes to it, or if nothing can be written there.
    pub fn check(&self, force: bool) -> Result<(), FolderError> {
        if is_there(&self.path) && !self.path.is_dir() {
            return Err(FolderError::NotAFolder(self.path.clone()));
        }
        Lock::check(&self.path)?;
        self.refuse_taken(force)?;
        let unwritable = |source| FolderError::Place { folder: self.path.clone(), source };
        try_to_write(&self.path).map_err(unwritable)
    }

    /// Creates the folder and keeps other processes out of it. With `force`, removes an earlier run's
    /// pictures and checkpoints: its log is replaced when the new log begins, its model when the new
    /// model is written. Files that do not belong to a run are never touched.
    pub(crate) fn begin(&self, force: bool, front: &mut dyn Front) -> Result<(), FolderError> {
        self.check(force)?;
        fs::create_dir_all(&self.path).map_err(|error| self.failed(error))?;
        self.hold(front)?;
        // Another process may have begun a run here, and ended it, since this was checked.
        self.refuse_taken(force)?;
        self.make_previews()?;
        self.checkpoints(1).clear().map_err(|error| self.failed(error))?;
        self.remove_previews(|_| true)?;
        for file in PICTURES.map(|name| self.file(name)).into_iter().filter(|file| file.exists()) {
            fs::remove_file(&file).map_err(|error| FolderError::io(&file, error))?;
        }
        Ok(())
    }

    /// Refuses a folder that is not empty, except for a run that is replaced.
    fn refuse_taken(&self, force: bool) -> Result<(), FolderError> {
        if !self.is_taken().map_err(|error| self.failed(error))? {
            return Ok(());
        }
        if !force {
            return Err(FolderError::Exists(self.path.clone()));
        }
        if Own::of(&self.path) != Some(Own::Run) {
            return Err(FolderError::NotARun(self.path.clone()));
        }
        Ok(())
    }

    /// Whether the folder holds anything except the left-overs of a killed process.
    fn is_taken(&self) -> io::Result<bool> {
        if !self.path.exists() {
            return Ok(false);
        }
        for entry in fs::read_dir(&self.path)? {
            if entry?.file_name() != LOCK {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes the previews after `steps`; a run that continues from there draws them again.
    pub(crate) fn go_back_to(&self, steps: u64) -> Result<(), FolderError> {
        self.make_previews()?;
        self.remove_previews(|step| step > steps)
    }

    fn make_previews(&self) -> Result<(), FolderError> {
        let folder = self.path.join(PREVIEWS);
        fs::create_dir_all(&folder).map_err(|source| FolderError::NotCreated { folder, source })
    }

    fn remove_previews(&self, is_meant: impl Fn(u64) -> bool) -> Result<(), FolderError> {
        let folder = self.path.join(PREVIEWS);
        let failed = |error| FolderError::io(&folder, error);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let file = entry.map_err(failed)?.path();
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let step = name.strip_prefix("step-").and_then(|name| name.strip_suffix(".png"));
            if step.and_then(|step| step.parse().ok()).is_some_and(&is_meant) {
                fs::remove_file(&file).map_err(|error| FolderError::io(&file, error))?;
            }
        }
        Ok(())
    }

    fn failed(&self, error: impl Into<Box<dyn Error + Send + Sync>>) -> FolderError {
        FolderError::Folder { folder: self.path.clone(), source: error.into() }
    }
}
