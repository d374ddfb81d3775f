//! `log.jsonl`, a line a step, and the losses in it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use ancestral_format::write_file;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::StepReport;

/// Lines are written to the disk at the latest after so many.
const FLUSH_EVERY: u64 = 20;

/// The log of a training, as a file.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    /// `None` once it cannot be written any more.
    file: Option<BufWriter<File>>,
    /// Step, counted from 1, and loss, where it was finite.
    losses: Vec<(u64, f64)>,
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

/// A line: nothing of time in it, so that equal runs have equal logs.
#[derive(Serialize, Deserialize)]
struct Line {
    step: u64,
    /// `None` if it was not finite: JSON has no number for that.
    loss: Option<f64>,
    gradient_norm: Option<f64>,
    learning_rate: f64,
    skipped: bool,
}

impl Line {
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

impl Log {
    /// An empty log; an earlier one is replaced.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn create(path: PathBuf) -> Result<Self, LogError> {
        match File::create(&path) {
            Ok(file) => Ok(Self { path, file: Some(BufWriter::new(file)), losses: Vec::new() }),
            Err(reason) => Err(LogError { path, reason }),
        }
    }

    /// The log of a run after `steps` steps: lines of later steps are removed.
    ///
    /// # Errors
    /// If the file cannot be read or written.
    pub fn resume(path: PathBuf, steps: u64) -> Result<Self, LogError> {
        match Self::reopened(&path, steps) {
            Ok((file, losses)) => Ok(Self { path, file: Some(BufWriter::new(file)), losses }),
            Err(reason) => Err(LogError { path, reason }),
        }
    }

    fn reopened(path: &PathBuf, steps: u64) -> io::Result<(File, Vec<(u64, f64)>)> {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            text => text?,
        };
        // The last line may be incomplete.
        let lines = text.lines().map_while(|text| {
            let line: Line = serde_json::from_str(text).ok()?;
            (line.step <= steps).then_some((line, text))
        });
        let lines: Vec<(Line, &str)> = lines.collect();
        let kept: String = lines.iter().flat_map(|(_, text)| [*text, "\n"]).collect();
        write_file(path, kept.as_bytes())?;
        let losses = lines.iter().filter_map(|(line, _)| Some((line.step, line.loss?)));
        Ok((OpenOptions::new().append(true).open(path)?, losses.collect()))
    }

    /// Adds what a step did.
    ///
    /// # Errors
    /// If the file cannot be written: once, then it ends there. The losses are still kept in memory,
    /// so the training may continue.
    pub fn write(&mut self, report: &StepReport) -> Result<(), LogError> {
        let line = Line::of(report);
        self.losses.extend(line.loss.map(|loss| (line.step, loss)));
        self.with_file(|file| {
            serde_json::to_writer(&mut *file, &line)?;
            file.write_all(b"\n")?;
            if line.step.is_multiple_of(FLUSH_EVERY) { file.flush() } else { Ok(()) }
        })
    }

    /// Puts all lines on the disk, so that a checkpoint of the same step can count on them.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn sync(&mut self) -> Result<(), LogError> {
        self.with_file(|file| {
            file.flush()?;
            file.get_ref().sync_data()
        })
    }

    fn with_file(
        &mut self,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), LogError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        write(file).map_err(|reason| {
            self.file = None;
            LogError { path: self.path.clone(), reason }
        })
    }

    /// The finite losses of the whole run, with their steps, counted from 1.
    #[must_use]
    pub fn losses(&self) -> &[(u64, f64)] {
        &self.losses
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
        let mut whole = Log::create(path("whole")).unwrap();
        write(&mut whole, 0..9);
        let mut first = Log::create(path("part")).unwrap();
        write(&mut first, 0..7);
        // The process was killed in a line, after a checkpoint of step 5.
        let text = fs::read_to_string(path("part")).unwrap();
        fs::write(path("part"), &text[..text.len() - 20]).unwrap();
        let mut second = Log::resume(path("part"), 5).unwrap();
        write(&mut second, 5..9);
        assert_eq!(fs::read(path("part")).unwrap(), fs::read(path("whole")).unwrap());
        assert_eq!(second.losses(), whole.losses());
        assert_eq!(second.mean_of_last(2), Some(f64::midpoint(1.0 / 8.0, 1.0 / 9.0)));
        assert_eq!(second.final_loss(), Some(1.0 / 9.0));
    }

    #[test]
    fn losses_that_are_not_finite_are_null_and_in_no_mean() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = Log::create(folder.path().join("log")).unwrap();
        log.write(&report(0, f64::NAN)).unwrap();
        log.sync().unwrap();
        assert_eq!((log.losses().len(), log.final_loss()), (0, None));
        let text = fs::read_to_string(folder.path().join("log")).unwrap();
        assert!(text.starts_with("{\"step\":1,\"loss\":null,"), "{text}");
    }
}
