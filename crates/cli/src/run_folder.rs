//! The folder of a training run: what is in it, and who may write to it.

use std::fs;
use std::path::{Path, PathBuf};

use ancestral_learn::Checkpoints;
use anyhow::{Context, Result, bail};

/// By this a run folder is known.
const LOG: &str = "log.jsonl";
/// Where previews go.
const PREVIEWS: &str = "previews";
/// Pictures of the end, which would mislead beside the log of another run.
const PICTURES: [&str; 4] = ["samples.png", "samples.csv", "denoising.gif", "loss.png"];

/// The folder of a run.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    pub fn new(path: PathBuf) -> Self {
        Self { path }
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

    /// The checkpoints, of which the newest `keep` are kept.
    pub fn checkpoints(&self, keep: usize) -> Checkpoints {
        Checkpoints::new(self.path.join("checkpoints"), keep)
    }

    /// Makes the folder, or with `force` rids it of an earlier run's pictures and checkpoints: its
    /// log goes when the new one is begun, its model when the new one is written. What is not a
    /// run's is never touched.
    pub fn begin(&self, force: bool) -> Result<()> {
        let at = || format!("run folder {}", self.path.display());
        let taken =
            self.path.exists() && fs::read_dir(&self.path).with_context(at)?.next().is_some();
        if taken && !force {
            bail!(
                "{} is already there: choose another with -o, go on with the run in it with \
                 --resume, or replace it with --force",
                at()
            );
        }
        if taken && !self.log().exists() {
            bail!("{} holds no run (no {LOG}): choose another with -o", at());
        }
        fs::create_dir_all(self.path.join(PREVIEWS)).with_context(at)?;
        self.checkpoints(1).clear().with_context(at)?;
        self.remove_previews(|_| true)?;
        for file in PICTURES.map(|name| self.file(name)).into_iter().filter(|file| file.exists()) {
            fs::remove_file(&file).with_context(|| file.display().to_string())?;
        }
        Ok(())
    }

    /// Removes the previews of the steps after `steps`, which a run that goes on from there makes
    /// again.
    pub fn go_back_to(&self, steps: u64) -> Result<()> {
        fs::create_dir_all(self.path.join(PREVIEWS))
            .with_context(|| format!("run folder {}", self.path.display()))?;
        self.remove_previews(|step| step > steps)
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
