//! The terminal as the front of a run.

use std::ffi::OsString;
use std::fs;
use std::ops::Range;

use ancestral_cluster::Cluster;
use ancestral_data::Raster;
use ancestral_run::{Front, Notice, RunFolder, Task, Work};
use anyhow::Result;

use super::flags::{self, operand, shell};
use crate::args::ShowArg;
use crate::failure::note;
use crate::flags::spelled;
use crate::interrupt::{Interrupt, LastWords};
use crate::progress::Progress;
use crate::screen::Screen;

/// The terminal as the front of a run.
#[derive(Debug)]
pub struct Terminal {
    quiet: bool,
    /// Where samples are shown.
    screen: Option<Screen>,
    /// Works that have begun, each inside the one before.
    works: Vec<Progress>,
    interrupt: Option<Interrupt>,
    /// The exit code, if a signal arrived.
    pub stopped: Option<u8>,
    last_words: Option<LastWords>,
}

impl Terminal {
    pub fn new(quiet: bool, show: Option<ShowArg>) -> Self {
        let screen = Screen::new(show, quiet);
        let works = Vec::new();
        Self { quiet, screen, works, interrupt: None, stopped: None, last_words: None }
    }

    /// From now on a signal stops the run, which saves a checkpoint first.
    pub fn watch(&mut self, cluster: &Cluster) -> Result<()> {
        self.interrupt = Some(Interrupt::watch(cluster.is_alone())?);
        Ok(())
    }
}

impl Front for Terminal {
    fn tell(&mut self, notice: Notice) {
        note(self.quiet, spelled(&notice.to_string()));
    }

    fn begin(&mut self, work: Work, steps: Range<u64>) {
        let name = match work {
            Work::Training => "training",
            Work::Sampling => "sampling",
        };
        self.works.push(Progress::new(name, steps, self.quiet));
    }

    fn at(&mut self, done: u64, details: &dyn Fn() -> String) {
        if let Some(progress) = self.works.last_mut() {
            progress.at(done, details);
        }
    }

    fn end(&mut self) {
        self.works.pop();
    }

    fn wants_to_stop(&mut self) -> bool {
        self.stopped = self.interrupt.as_ref().and_then(Interrupt::came);
        self.stopped.is_some()
    }

    fn drew(&mut self, picture: &Raster) {
        let Some(screen) = self.screen else { return };
        let show = || screen.show(picture);
        let shown = match self.works.last() {
            Some(work) => work.aside(show),
            None => show(),
        };
        // The picture is in the folder of the run too.
        if let Err(error) = shown {
            self.screen = None;
            note(self.quiet, format_args!("note: --show: {error:#}"));
        }
    }

    fn wrote_model(&mut self, folder: &RunFolder) {
        let message = format!(
            "interrupted while the last samples were drawn; the model is written: draw samples with: {} \
             (or all pictures of the run with: {})",
            self.command(Task::Sample(folder)),
            self.command(Task::Resume(folder))
        );
        let lock = folder.lock();
        let tidy = move || {
            let _ = fs::remove_file(lock);
            message
        };
        self.last_words = self.interrupt.take().map(|interrupt| interrupt.end_after(tidy));
    }

    fn command(&self, task: Task<'_>) -> String {
        command(task)
    }
}

/// The command that does a task.
#[must_use]
pub fn command(task: Task<'_>) -> String {
    let on_folder = |words: &[&str], folder: &RunFolder| {
        let folder = operand(folder.path());
        shell(&words.iter().map(OsString::from).chain([folder]).collect::<Vec<_>>())
    };
    match task {
        Task::Train { request, done } => flags::command(request, done),
        Task::Resume(folder) => on_folder(&["train", "--resume"], folder),
        Task::Sample(folder) => on_folder(&["sample"], folder),
    }
}
