//! The program around a run: it shows what happens, and may stop it.

use std::fmt;
use std::ops::Range;

use ancestral_data::Raster;
use ancestral_learn::Request;

use crate::RunFolder;

/// The program around a run: a terminal, a notebook, a test.
///
/// # Example
/// [`Silent`] ignores all messages and never stops a run.
pub trait Front {
    /// Something to tell the user.
    fn tell(&mut self, notice: Notice);

    /// Work of so many steps begins. Works can be nested: a preview is drawn during training.
    fn begin(&mut self, work: Work, steps: Range<u64>);

    /// So many steps of the newest work are done; `details` describes them in a few words.
    fn at(&mut self, done: u64, details: &dyn Fn() -> String);

    /// The newest work has ended.
    fn end(&mut self);

    /// Whether the run must stop: it saves a checkpoint first.
    fn wants_to_stop(&mut self) -> bool;

    /// Samples were drawn: a preview, or those at the end.
    fn drew(&mut self, _: &Raster) {}

    /// The model is written; only its pictures are missing, which can be lost.
    fn wrote_model(&mut self, folder: &RunFolder);

    /// How the user of this front does a task, for messages and for the model folder.
    fn command(&self, task: Task<'_>) -> String;
}

/// Work that takes time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Updates of the weights.
    Training,
    /// Steps of the reverse process.
    Sampling,
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Training => "training",
            Self::Sampling => "sampling",
        })
    }
}

/// Something that a user of a front can do.
#[derive(Clone, Copy, Debug)]
pub enum Task<'a> {
    /// Train the same weights again, those after `done` steps.
    Train {
        /// The training.
        request: &'a Request,
        /// Its steps so far.
        done: u64,
    },
    /// Resume the run of a folder.
    Resume(&'a RunFolder),
    /// Draw samples from the model of a run folder.
    Sample(&'a RunFolder),
}

/// Something that the user should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// How much it matters.
    pub kind: NoticeKind,
    /// The text. Settings in it are in backticks, as in [`SettingError`](crate::SettingError).
    pub text: String,
}

/// How much a [`Notice`] matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// What was found or decided.
    Line,
    /// Worth knowing.
    Note,
    /// Likely to be a mistake.
    Warning,
}

impl Notice {
    pub(crate) fn line(text: impl fmt::Display) -> Self {
        Self { kind: NoticeKind::Line, text: text.to_string() }
    }

    pub(crate) fn note(text: impl fmt::Display) -> Self {
        Self { kind: NoticeKind::Note, text: text.to_string() }
    }

    pub(crate) fn warning(text: impl fmt::Display) -> Self {
        Self { kind: NoticeKind::Warning, text: text.to_string() }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            NoticeKind::Line => "",
            NoticeKind::Note => "note: ",
            NoticeKind::Warning => "warning: ",
        };
        write!(f, "{kind}{}", self.text)
    }
}

/// A front that shows nothing and never stops a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Front for Silent {
    fn tell(&mut self, _: Notice) {}

    fn begin(&mut self, _: Work, _: Range<u64>) {}

    fn at(&mut self, _: u64, _: &dyn Fn() -> String) {}

    fn end(&mut self) {}

    fn wants_to_stop(&mut self) -> bool {
        false
    }

    fn wrote_model(&mut self, _: &RunFolder) {}

    fn command(&self, task: Task<'_>) -> String {
        match task {
            Task::Train { request, done } => {
                format!("{done} steps of {}", request.source.name.display())
            }
            Task::Resume(folder) => format!("resume {}", folder.path().display()),
            Task::Sample(folder) => format!("sample {}", folder.path().display()),
        }
    }
}
