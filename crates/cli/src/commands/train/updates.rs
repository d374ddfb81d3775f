//! The updates, and what is saved during training.

use std::time::Instant;

use ancestral_learn::{Checkpoints, Diagnosis, Log, LogError, TrainError};
use anyhow::Result;

use super::job::{Job, Trainer};
use crate::failure::{Failed, Interrupted, note};
use crate::interrupt::Interrupt;
use crate::progress::Progress;

/// Losses that are averaged for the progress bar.
const LATE: usize = 50;

impl Job {
    /// Makes the updates up to `until`, with previews and checkpoints.
    pub fn train(
        &self,
        trainer: &mut Trainer,
        until: u64,
        log: &mut Log,
        interrupt: &Interrupt,
    ) -> Result<()> {
        let (saving, quiet) = (self.request.saving, self.budget.quiet);
        let (steps, from) = (self.request.training.steps, trainer.steps());
        let checkpoints = self.folder.checkpoints(saving.keep);
        let mut diagnosis = Diagnosis::new(from);
        let mut progress = Progress::new("training", from..steps, quiet);
        let (start, earlier) = (Instant::now(), log.losses().len());
        // An interruption does not wait for the preview of its step: it is made up for here.
        if !self.folder.preview(from).exists() {
            self.preview_if_due(trainer, log);
        }
        while trainer.steps() < until {
            let report = trainer.step().map_err(failed)?;
            self.warn_of(log.write(&report));
            let done = report.step + 1;
            progress.at(done, || {
                let speed = (log.losses().len() - earlier) as f64 / start.elapsed().as_secs_f64();
                let loss = log.mean_of_last(LATE).unwrap_or(f64::NAN);
                format!("loss {loss:.4}, {speed:.1} steps/s")
            });
            if let Some(finding) = diagnosis.of(&report, log.losses()) {
                note(quiet, format_args!("warning: {finding}"));
            }
            let stop = interrupt.came();
            if saving.wants_checkpoint(done, until) || stop.is_some() {
                self.warn_of(log.sync());
                self.save(&checkpoints, trainer, log)?;
            }
            if let Some(code) = stop {
                let message =
                    format!("interrupted after step {done} of {steps}; {}", self.resuming());
                return Err(Interrupted { code, message }.into());
            }
            self.preview_if_due(trainer, log);
        }
        Ok(())
    }

    /// A training continues if its log cannot be written.
    pub fn warn_of(&self, written: Result<(), LogError>) {
        if let Err(LogError { path, reason }) = written {
            let path = path.display();
            let text = format_args!("warning: {path} ends here, training continues: {reason}");
            note(self.budget.quiet, text);
        }
    }

    fn preview_if_due(&self, trainer: &mut Trainer, log: &mut Log) {
        let (done, steps) = (trainer.steps(), self.request.training.steps);
        if !self.request.saving.wants_preview(done, steps) {
            return;
        }
        // A training also continues if a preview cannot be drawn.
        if let Err(error) = self.preview(trainer, log) {
            note(self.budget.quiet, format_args!("warning: no preview: {error:#}"));
        }
    }

    fn save(&self, checkpoints: &Checkpoints, trainer: &Trainer, log: &Log) -> Result<()> {
        let about = self.about(trainer, log.final_loss());
        let checkpoint = trainer.checkpoint(about, self.data_sha256.clone());
        checkpoints.save(&checkpoint).map_err(|error| Failed(error.into()).into())
    }
}

fn failed(error: TrainError) -> anyhow::Error {
    if matches!(error, TrainError::NonFinite { .. }) {
        return Failed(error.into()).into();
    }
    error.into()
}
