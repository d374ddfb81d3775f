//! The folder of a training run: what is in it, and who may write to it.

use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};

use ancestral_data::Own;
use ancestral_learn::Checkpoints;
use anyhow::{Context, Result, bail};

use crate::lock::{LOCK, Lock};
use crate::output::{is_there, no_folder, try_to_write};

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
    pub fn new(path: PathBuf) -> Self {
        Self { path, lock: OnceCell::new() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file of the run.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub fn log(&self) -> PathBuf {
        self.file(LOG)
    }

    /// The preview after a step.
    pub fn preview(&self, steps: u64) -> PathBuf {
        self.path.join(PREVIEWS).join(format!("step-{steps:06}.png"))
    }

    /// The checkpoints; the newest `keep` are kept.
    pub fn checkpoints(&self, keep: usize) -> Checkpoints {
        Checkpoints::new(self.path.join("checkpoints"), keep)
    }

    /// Keeps other processes out of the existing folder as long as this value lives.
    pub fn hold(&self, quiet: bool) -> Result<()> {
        if self.lock.get().is_none() {
            let _ = self.lock.set(Lock::take(&self.path, quiet)?);
        }
        Ok(())
    }

    /// Refuses a folder in which no run can begin, before any work; writes nothing.
    pub fn check(&self, force: bool) -> Result<()> {
        let at = || format!("run folder {}", self.path.display());
        if is_there(&self.path) && !self.path.is_dir() {
            bail!("{}: {}, expected a folder: choose another with -o", at(), no_folder(&self.path));
        }
        Lock::check(&self.path)?;
        self.refuse_taken(force)?;
        try_to_write(&self.path).with_context(at)
    }

    /// Creates the folder and keeps other processes out of it. With `force`, removes an earlier run's
    /// pictures and checkpoints: its log is replaced when the new log begins, its model when the new
    /// model is written. Files that do not belong to a run are never touched.
    pub fn begin(&self, force: bool, quiet: bool) -> Result<()> {
        let at = || format!("run folder {}", self.path.display());
        self.check(force)?;
        fs::create_dir_all(&self.path).with_context(at)?;
        self.hold(quiet)?;
        // Another process may have begun a run here, and ended it, since this was checked.
        self.refuse_taken(force)?;
        self.make_previews()?;
        self.checkpoints(1).clear().with_context(at)?;
        self.remove_previews(|_| true)?;
        for file in PICTURES.map(|name| self.file(name)).into_iter().filter(|file| file.exists()) {
            fs::remove_file(&file).with_context(|| file.display().to_string())?;
        }
        Ok(())
    }

    /// Refuses a folder that is not empty, except for a run that is replaced.
    fn refuse_taken(&self, force: bool) -> Result<()> {
        let at = || format!("run folder {}", self.path.display());
        if !self.is_taken().with_context(at)? {
            return Ok(());
        }
        if !force {
            bail!(
                "{} already exists: choose another with -o, continue its run with --resume, or \
                 replace it with --force",
                at()
            );
        }
        if Own::of(&self.path) != Some(Own::Run) {
            bail!("{} is not a run folder (no valid {LOG}): choose another with -o", at());
        }
        Ok(())
    }

    /// Whether the folder holds anything except the left-overs of a killed process.
    fn is_taken(&self) -> Result<bool> {
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
    pub fn go_back_to(&self, steps: u64) -> Result<()> {
        self.make_previews()?;
        self.remove_previews(|step| step > steps)
    }

    fn make_previews(&self) -> Result<()> {
        let folder = self.path.join(PREVIEWS);
        let cannot = || format!("cannot create a folder at {}", folder.display());
        fs::create_dir_all(&folder).with_context(cannot)
    }

    fn remove_previews(&self, is_meant: impl Fn(u64) -> bool) -> Result<()> {
        let folder = self.path.join(PREVIEWS);
        let at = || folder.display().to_string();
        for entry in fs::read_dir(&folder).with_context(at)? {
            let file = entry.with_context(at)?.path();
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let step = name.strip_prefix("step-").and_then(|name| name.strip_suffix(".png"));
            if step.and_then(|step| step.parse().ok()).is_some_and(&is_meant) {
                fs::remove_file(&file).with_context(|| file.display().to_string())?;
            }
        }
        Ok(())
    }
}
