//! The updates, and what is saved during training.

use std::time::Instant;

use ancestral_learn::{Checkpoints, Diagnosis, Log, LogError, TrainError};

use super::{Outcome, Run};
use crate::error::RunError;
use crate::front::{Front, Notice, Work};
use crate::ranks::Trainer;

/// Losses that are averaged for the progress bar.
const LATE: usize = 50;

impl Run {
    /// Makes the updates up to `until`, with previews and checkpoints.
    pub(super) fn train(
        &self,
        trainer: &mut Trainer,
        until: u64,
        log: &mut Log,
        front: &mut dyn Front,
    ) -> Result<Option<Outcome>, RunError> {
        let (steps, from) = (self.request.training.steps, trainer.steps());
        front.begin(Work::Training, from..steps);
        let outcome = self.train_on(trainer, until, log, front);
        front.end();
        if let Some(exchanged) = trainer.exchanged(trainer.steps() - from) {
            front.tell(Notice::line(exchanged));
        }
        outcome
    }

    /// The same, without the frame of the progress. Returns an outcome if the run is stopped.
    fn train_on(
        &self,
        trainer: &mut Trainer,
        until: u64,
        log: &mut Log,
        front: &mut dyn Front,
    ) -> Result<Option<Outcome>, RunError> {
        let (saving, from) = (self.request.saving, trainer.steps());
        let checkpoints = self.folder.checkpoints(saving.keep);
        let mut diagnosis = Diagnosis::new(from);
        let (start, earlier) = (Instant::now(), log.losses().len());
        // An interruption does not wait for the preview of its step: it is made up for here.
        if !self.folder.preview(from).exists() {
            self.preview_if_due(trainer, log, front);
        }
        while trainer.steps() < until {
            let report = trainer.step().map_err(failed)?;
            warn_of(log.write(&report), front);
            let done = report.step + 1;
            front.at(done, &|| {
                let speed = (log.losses().len() - earlier) as f64 / start.elapsed().as_secs_f64();
                let loss = log.mean_of_last(LATE).unwrap_or(f64::NAN);
                format!("loss {loss:.4}, {speed:.1} steps/s")
            });
            if let Some(finding) = diagnosis.of(&report, log.losses()) {
                front.tell(Notice::warning(finding));
            }
            let is_stopped = front.wants_to_stop();
            if saving.wants_checkpoint(done, until) || is_stopped {
                warn_of(log.sync(), front);
                self.save(&checkpoints, trainer, log, front)?;
            }
            if is_stopped {
                return Ok(Some(Outcome::Interrupted { after: done }));
            }
            self.preview_if_due(trainer, log, front);
        }
        Ok(None)
    }

    fn preview_if_due(&self, trainer: &mut Trainer, log: &mut Log, front: &mut dyn Front) {
        let (done, steps) = (trainer.steps(), self.request.training.steps);
        if !self.request.saving.wants_preview(done, steps) {
            return;
        }
        // A training also continues if a preview cannot be drawn.
        if let Err(error) = self.preview(trainer, log, front) {
            front.tell(Notice::warning(format_args!("no preview: {}", chain(&error))));
        }
    }

    fn save(
        &self,
        checkpoints: &Checkpoints,
        trainer: &Trainer,
        log: &Log,
        front: &dyn Front,
    ) -> Result<(), RunError> {
        let about = self.about(trainer, log.final_loss(), front);
        let checkpoint = trainer.checkpoint(about, self.data_sha256.clone())?;
        checkpoints.save(&checkpoint).map_err(RunError::failed)
    }
}

/// A training continues if its log cannot be written.
pub(super) fn warn_of(written: Result<(), LogError>, front: &mut dyn Front) {
    if let Err(LogError { path, reason }) = written {
        let path = path.display();
        front.tell(Notice::warning(format_args!("{path} ends here, training continues: {reason}")));
    }
}

/// An error with its sources, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(Some(error), |error| error.source());
    sources.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn failed(error: TrainError) -> RunError {
    if matches!(error, TrainError::NonFinite { .. }) {
        return RunError::failed(error);
    }
    error.into()
}
