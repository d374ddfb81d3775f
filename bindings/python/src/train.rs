//! Training, as the command does it.

use std::ffi::OsString;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ancestral_run::{Front, Notice, NoticeKind, Outcome, RunFolder, Task, Work};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::errors::spelled;
use crate::noise::{Raised, raise};
use crate::threads::Threads;

/// Python as the front of a run.
struct PythonFront<'a> {
    /// Gets a kind and a text.
    tell: Py<PyAny>,
    /// Gets the name of the work, how much is done, of how much, and details; false stops it.
    progress: Option<Py<PyAny>>,
    works: Vec<(Work, u64)>,
    raised: Raised,
    stop: &'a AtomicBool,
}

impl PythonFront<'_> {
    /// Keeps the error of a function of Python, and stops the run.
    fn keep(&self, result: PyResult<()>) {
        if let Err(error) = result {
            self.stop.store(true, Ordering::Relaxed);
            self.raised.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    }
}

impl Front for PythonFront<'_> {
    fn tell(&mut self, notice: Notice) {
        let kind = match notice.kind {
            NoticeKind::Line => "line",
            NoticeKind::Note => "note",
            NoticeKind::Warning => "warning",
        };
        let text = spelled(&notice.text, &[]);
        let told = Python::attach(|py| self.tell.call1(py, (kind, text)).map(drop));
        self.keep(told);
    }

    fn begin(&mut self, work: Work, steps: Range<u64>) {
        self.works.push((work, steps.end));
    }

    fn at(&mut self, done: u64, details: &dyn Fn() -> String) {
        let (Some(progress), Some((work, of))) = (&self.progress, self.works.last()) else {
            return;
        };
        let called = Python::attach(|py| {
            let goes_on = progress.call1(py, (work.to_string(), done, *of, details()))?;
            if matches!(goes_on.extract::<bool>(py), Ok(false)) {
                self.stop.store(true, Ordering::Relaxed);
            }
            Ok(())
        });
        self.keep(called);
    }

    fn end(&mut self) {
        self.works.pop();
    }

    fn wants_to_stop(&mut self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn wrote_model(&mut self, _: &RunFolder) {}

    fn command(&self, task: Task<'_>) -> String {
        ancestral_cli::command(task)
    }
}

/// The names of all settings of a training.
#[pyfunction]
pub fn settings_of_training() -> Vec<String> {
    ancestral_cli::settings_of_training()
}

/// Trains with the arguments of the command, and returns the run folder and how it ended.
#[pyfunction]
pub fn train(
    py: Python<'_>,
    arguments: Vec<OsString>,
    threads: Option<usize>,
    tell: Py<PyAny>,
    progress: Option<Py<PyAny>>,
) -> PyResult<(PathBuf, &'static str)> {
    let (stop, raised) = (AtomicBool::new(false), Arc::new(Mutex::new(None)));
    let works = Vec::new();
    let mut front = PythonFront { tell, progress, works, raised: Arc::clone(&raised), stop: &stop };
    let work = || ancestral_cli::train(arguments, &mut front);
    let ended = Threads::new(threads)?.watched(py, &stop, work)?;
    raise(&raised)?;
    let ended = ended.map_err(|error| {
        let text = keywords(&error.text);
        if error.is_of_input { PyValueError::new_err(text) } else { PyRuntimeError::new_err(text) }
    })?;
    let outcome = match ended.outcome {
        Outcome::Finished => "finished",
        Outcome::Stopped { .. } => "stopped",
        Outcome::Interrupted { .. } => "interrupted",
    };
    Ok((ended.folder, outcome))
}

/// A text with keywords in place of flags.
fn keywords(text: &str) -> String {
    let names = ancestral_cli::settings_of_training();
    // Longer names first, as others may be their beginning.
    let mut names: Vec<_> = names.iter().map(|name| (name.replace('_', "-"), name)).collect();
    names.sort_by_key(|(flag, _)| std::cmp::Reverse(flag.len()));
    let text = names
        .iter()
        .fold(text.to_owned(), |text, (flag, name)| text.replace(&format!("--{flag}"), name));
    text.replace("-o, ", "output, ").replace("-o ", "output ")
}
