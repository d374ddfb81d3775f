//! `log.jsonl`, a line a step, and beside it `judgements.jsonl`, a line whenever the training was judged.

mod lines;

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Judgement, StepReport};
use lines::{Line, Lines};

/// The file of the judgements, beside that of the steps.
const JUDGEMENTS: &str = "judgements.jsonl";

/// The log of a training, as two files.
#[derive(Debug)]
pub struct Log {
    steps: Lines,
    /// Step, counted from 1, and loss, where it was finite.
    losses: Vec<(u64, f64)>,
    judged: Lines,
    judgements: Vec<Judgement>,
}

/// Why a log cannot be written.
#[derive(Debug, Error)]
#[error("{}: {reason}", path.display())]
pub struct LogError {
    /// The file.
    pub path: PathBuf,
    /// The system's reason.
    pub reason: io::Error,
}

/// A step: nothing of time in it, so that equal runs have equal logs.
#[derive(Serialize, Deserialize)]
struct StepLine {
    step: u64,
    /// `None` if it was not finite: JSON has no number for that.
    loss: Option<f64>,
    gradient_norm: Option<f64>,
    learning_rate: f64,
    skipped: bool,
}

impl StepLine {
    fn of(report: &StepReport) -> Self {
        let finite = |value: f64| value.is_finite().then_some(value);
        Self {
            step: report.step + 1,
            loss: finite(report.loss),
            gradient_norm: finite(report.gradient_norm),
            learning_rate: report.learning_rate,
            skipped: report.skipped,
        }
    }
}

impl Line for StepLine {
    fn step(&self) -> u64 {
        self.step
    }
}

impl Line for Judgement {
    fn step(&self) -> u64 {
        self.step
    }
}

impl Log {
    /// An empty log; an earlier one is replaced.
    ///
    /// # Errors
    /// If a file cannot be created.
    pub fn create(path: &Path) -> Result<Self, LogError> {
        Ok(Self {
            steps: Lines::create(path.to_owned())?,
            losses: Vec::new(),
            judged: Lines::create(path.with_file_name(JUDGEMENTS))?,
            judgements: Vec::new(),
        })
    }

    /// The log of a run after `steps` steps, with the judgements up to step `judged`: what came later
    /// is removed.
    ///
    /// # Errors
    /// If a file cannot be read or written.
    pub fn resume(path: &Path, steps: u64, judged: u64) -> Result<Self, LogError> {
        let (file, lines) = Lines::resume::<StepLine>(path.to_owned(), steps)?;
        let losses = lines.iter().filter_map(|line| Some((line.step, line.loss?))).collect();
        let (judged, judgements) = Lines::resume(path.with_file_name(JUDGEMENTS), judged)?;
        Ok(Self { steps: file, losses, judged, judgements })
    }

    /// Adds what a step did.
    ///
    /// # Errors
    /// If the file cannot be written: once, then it ends there. The losses are still kept in memory,
    /// so the training may continue.
    pub fn write(&mut self, report: &StepReport) -> Result<(), LogError> {
        let step = StepLine::of(report);
        self.losses.extend(step.loss.map(|loss| (step.step, loss)));
        self.steps.add(&step)
    }

    /// Adds a judgement, and puts it on the disk, unless there is one of its step.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn judge(&mut self, judgement: Judgement) -> Result<(), LogError> {
        if self.judgements.iter().any(|known| known.step == judgement.step) {
            return Ok(());
        }
        let written = self.judged.add(&judgement).and_then(|()| self.judged.sync());
        self.judgements.push(judgement);
        written
    }

    /// Puts all lines on the disk, so that a checkpoint of the same step can count on them.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn sync(&mut self) -> Result<(), LogError> {
        self.steps.sync()
    }

    /// The finite losses of the whole run, with their steps, counted from 1.
    #[must_use]
    pub fn losses(&self) -> &[(u64, f64)] {
        &self.losses
    }

    /// All judgements.
    #[must_use]
    pub fn judgements(&self) -> &[Judgement] {
        &self.judgements
    }

    /// The mean loss of the last twentieth of the steps.
    #[must_use]
    pub fn final_loss(&self) -> Option<f64> {
        self.mean_of_last(self.losses.len().div_ceil(20))
    }

    /// The mean of the last `count` losses.
    #[must_use]
    pub fn mean_of_last(&self, count: usize) -> Option<f64> {
        let last = &self.losses[self.losses.len().saturating_sub(count)..];
        let sum: f64 = last.iter().map(|(_, loss)| loss).sum();
        (!last.is_empty()).then(|| sum / last.len() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn report(step: u64, loss: f64) -> StepReport {
        StepReport { step, loss, gradient_norm: 0.5, learning_rate: 1e-3, skipped: false }
    }

    #[test]
    fn a_log_that_is_resumed_is_the_log_of_the_whole_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let write = |log: &mut Log, steps: std::ops::Range<u64>| {
            steps.for_each(|step| log.write(&report(step, 1.0 / (step + 1) as f64)).unwrap());
            log.sync().unwrap();
        };
        let mut whole = Log::create(&path("whole")).unwrap();
        write(&mut whole, 0..9);
        let mut first = Log::create(&path("part")).unwrap();
        write(&mut first, 0..7);
        // The process was killed in a line, after a checkpoint of step 5.
        let text = fs::read_to_string(path("part")).unwrap();
        fs::write(path("part"), &text[..text.len() - 20]).unwrap();
        let mut second = Log::resume(&path("part"), 5, 5).unwrap();
        write(&mut second, 5..9);
        assert_eq!(fs::read(path("part")).unwrap(), fs::read(path("whole")).unwrap());
        assert_eq!(second.losses(), whole.losses());
        assert_eq!(second.mean_of_last(2), Some(f64::midpoint(1.0 / 8.0, 1.0 / 9.0)));
        assert_eq!(second.final_loss(), Some(1.0 / 9.0));
    }

    #[test]
    fn losses_that_are_not_finite_are_null_and_in_no_mean() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = Log::create(&folder.path().join("log")).unwrap();
        log.write(&report(0, f64::NAN)).unwrap();
        log.sync().unwrap();
        assert_eq!((log.losses().len(), log.final_loss()), (0, None));
        let text = fs::read_to_string(folder.path().join("log")).unwrap();
        assert!(text.starts_with("{\"step\":1,\"loss\":null,"), "{text}");
    }

    #[test]
    fn judgements_are_kept_beside_the_steps_once_each() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        let judgement = |step| Judgement { step, distance: Some(0.5), ..Judgement::default() };
        let mut log = Log::create(&path).unwrap();
        for step in [10, 20, 20, 30] {
            log.judge(judgement(step)).unwrap();
        }
        assert_eq!(log.judgements().len(), 3);
        let log = Log::resume(&path, 25, 25).unwrap();
        assert_eq!(log.judgements(), [judgement(10), judgement(20)]);
        let text = fs::read_to_string(folder.path().join(JUDGEMENTS)).unwrap();
        assert_eq!(text, "{\"step\":10,\"distance\":0.5}\n{\"step\":20,\"distance\":0.5}\n");
    }
}
