//! The messages about data that were read.

use std::fmt::Display;
use std::path::PathBuf;

use ancestral_data::Own;

use crate::failure::note;

/// What reading left out, and what it decided.
#[derive(Clone, Copy, Debug)]
pub struct Findings<'a> {
    /// Damaged files, each with the reason.
    pub skipped: &'a [(PathBuf, String)],
    /// Folders that this program wrote.
    pub left_out: &'a [(PathBuf, Own)],
    /// One line; empty if there is nothing to report.
    pub decided: &'a str,
}

impl Findings<'_> {
    /// Prints the messages about the data called `source`.
    pub fn print(&self, source: impl Display, quiet: bool) {
        for (path, reason) in self.skipped {
            note(quiet, format_args!("skipped {}: {reason}", path.display()));
        }
        for (path, own) in self.left_out {
            note(quiet, format_args!("left out {}: {own}", path.display()));
        }
        if !self.decided.is_empty() {
            note(quiet, format_args!("{source}: {}", self.decided));
        }
    }
}
