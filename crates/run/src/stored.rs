//! A run that was begun before.

use std::path::{Path, PathBuf};
use std::time::Instant;

use ancestral_learn::{Checkpoint, Newest, Request};
use ancestral_pipeline::Engine;

use crate::data::{self, Data};
use crate::error::RunError;
use crate::folder::RunFolder;
use crate::front::{Front, Notice};
use crate::order::{Limits, steps_within};
use crate::run::Run;

/// A run that was begun before, at its newest complete checkpoint. No other process can write to its
/// folder while this value lives.
#[derive(Debug)]
pub struct Stored {
    /// Its training. What changes no result may be changed, such as its number of steps, and where its
    /// data are.
    pub request: Request,
    folder: RunFolder,
    path: PathBuf,
    checkpoint: Checkpoint,
}

impl Stored {
    /// The run in a folder.
    ///
    /// # Errors
    /// If there is no run, or another process writes to the folder.
    pub fn read(folder: RunFolder, front: &mut dyn Front) -> Result<Self, RunError> {
        if !folder.path().is_dir() {
            return Err(RunError::NoFolder(folder.path().to_owned()));
        }
        // Before the checkpoint is read: another process may be about to write a newer one.
        folder.hold(front).map_err(RunError::Held)?;
        let newest = folder.checkpoints(1).newest()?;
        let newest = newest.ok_or_else(|| RunError::NoCheckpoint(folder.path().to_owned()))?;
        let Newest { path, checkpoint, passed_over } = newest;
        for (damaged, error) in passed_over {
            let text = format_args!("{} is not whole: {error}", damaged.display());
            front.tell(Notice::warning(text));
        }
        Ok(Self { request: checkpoint.request.clone(), folder, path, checkpoint })
    }

    /// The folder of the checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> &Path {
        &self.path
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// Reads the data again and settles the rest of the training. Pictures may take `memory` bytes.
    ///
    /// # Errors
    /// If the data can't be read or are other data, or no step fits into the time.
    pub fn resume(
        self,
        engine: Engine,
        limits: Limits,
        memory: Option<u64>,
        front: &mut dyn Front,
    ) -> Result<Run, RunError> {
        let clock = Instant::now();
        limits.check()?;
        let Self { request, folder, checkpoint, .. } = self;
        let of_run = |error| RunError::DataOfRun { source: Box::new(error) };
        let of_request = Data::of_request(&request, folder.path(), memory, front);
        let data::Stored { data, held_out, sha256: data_sha256, .. } =
            of_request.map_err(of_run)?;
        if checkpoint.data_sha256 != data_sha256 {
            let name = request.source.name.display().to_string();
            return Err(RunError::OtherData { name });
        }
        let state = Some(checkpoint.into_state());
        let mut run = Run {
            folder,
            force: false,
            data,
            held_out,
            data_sha256,
            request,
            engine,
            state,
            stop_at: limits.stop_at,
        };
        if let Some(time) = limits.time {
            let every = Some(run.request.saving.preview_every);
            let steps = steps_within(time, clock, &run, every, front)?;
            run.request.training.steps = run.done() + steps;
        }
        Ok(run)
    }
}
