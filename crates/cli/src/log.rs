//! `log.jsonl`, a line a step, and the losses in it.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::time::Instant;

use ancestral_data::save_bytes;
use ancestral_nn::train::StepReport;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::failure::note;

/// The log of a training.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    /// None once it can't be written any more, which is no reason to lose a training.
    file: Option<BufWriter<File>>,
    quiet: bool,
    start: Instant,
    /// How many of the losses are from before this process.
    earlier: usize,
    /// Step, counted from 1, and loss, where it was finite.
    losses: Vec<(u64, f64)>,
}

/// A line: nothing of time in it, so that equal runs have equal logs.
#[derive(Serialize, Deserialize)]
struct Line {
    step: u64,
    /// `None` if it was not finite, for which JSON has no number.
    loss: Option<f64>,
    gradient_norm: Option<f64>,
    learning_rate: f64,
    skipped: bool,
}

impl Log {
    /// Begins a log; one that is there is replaced.
    pub fn create(path: PathBuf, quiet: bool) -> Result<Self> {
        let file = File::create(&path).with_context(|| path.display().to_string())?;
        Ok(Self::new(path, file, quiet, Vec::new()))
    }

    /// Goes on with the log of a run after `steps` steps: what it did after that is forgotten.
    pub fn resume(path: PathBuf, quiet: bool, steps: u64) -> Result<Self> {
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            text => text.with_context(|| path.display().to_string())?,
        };
        // The last line may be a part of one.
        let lines = text.lines().map_while(|text| {
            let line: Line = serde_json::from_str(text).ok()?;
            (line.step <= steps).then_some((line, text))
        });
        let lines: Vec<(Line, &str)> = lines.collect();
        let kept: String = lines.iter().flat_map(|(_, text)| [*text, "\n"]).collect();
        save_bytes(&path, kept.as_bytes())?;
        let losses = lines.iter().filter_map(|(line, _)| Some((line.step, line.loss?)));
        let losses = losses.collect();
        let file = OpenOptions::new().append(true).open(&path);
        let file = file.with_context(|| path.display().to_string())?;
        Ok(Self::new(path, file, quiet, losses))
    }

    fn new(path: PathBuf, file: File, quiet: bool, losses: Vec<(u64, f64)>) -> Self {
        let (file, start, earlier) = (Some(BufWriter::new(file)), Instant::now(), losses.len());
        Self { path, file, quiet, start, earlier, losses }
    }

    /// Adds what a step did.
    pub fn write(&mut self, report: &StepReport) {
        let step = report.step + 1;
        if report.loss.is_finite() {
            self.losses.push((step, report.loss));
        }
        let finite = |value: f64| value.is_finite().then_some(value);
        let line = Line {
            step,
            loss: finite(report.loss),
            gradient_norm: finite(report.gradient_norm),
            learning_rate: report.learning_rate,
            skipped: report.skipped,
        };
        self.with_file(|file| {
            serde_json::to_writer(&mut *file, &line)?;
            file.write_all(b"\n")?;
            if step.is_multiple_of(20) { file.flush() } else { Ok(()) }
        });
    }

    /// Puts all lines on the disk, as a checkpoint of the same step needs it.
    pub fn sync(&mut self) {
        self.with_file(|file| {
            file.flush()?;
            file.get_ref().sync_data()
        });
    }

    fn with_file(&mut self, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) {
        let Some(file) = &mut self.file else { return };
        if let Err(error) = write(file) {
            self.file = None;
            let path = self.path.display();
            note(self.quiet, format_args!("warning: {path} ends here, training goes on: {error}"));
        }
    }

    /// The finite losses of the whole run, with their steps, counted from 1.
    pub fn losses(&self) -> &[(u64, f64)] {
        &self.losses
    }

    /// Loss and speed of late, for people.
    pub fn details(&self) -> String {
        let here = self.losses.len() - self.earlier;
        let speed = here as f64 / self.start.elapsed().as_secs_f64();
        format!("loss {:.4}, {speed:.1} steps/s", self.mean_of_last(50).unwrap_or(f64::NAN))
    }

    /// The mean loss of the last twentieth of the steps.
    pub fn final_loss(&self) -> Option<f64> {
        self.mean_of_last(self.losses.len().div_ceil(20))
    }

    fn mean_of_last(&self, count: usize) -> Option<f64> {
        let last = &self.losses[self.losses.len().saturating_sub(count)..];
        let sum: f64 = last.iter().map(|(_, loss)| loss).sum();
        (!last.is_empty()).then(|| sum / last.len() as f64)
    }
}
