//! What reading found, in words.

use std::fmt::Display;
use std::path::PathBuf;

use crate::Own;

/// What reading the data called `source` left out and decided, a line each: damaged files with the
/// reason, folders that this program wrote, and the line of [`Loaded::decided`](crate::Loaded).
#[must_use]
pub fn findings(
    source: impl Display,
    skipped: &[(PathBuf, String)],
    left_out: &[(PathBuf, Own)],
    decided: &str,
) -> Vec<String> {
    let skipped =
        skipped.iter().map(|(path, reason)| format!("skipped {}: {reason}", path.display()));
    let left_out = left_out.iter().map(|(path, own)| format!("left out {}: {own}", path.display()));
    let decided = (!decided.is_empty()).then(|| format!("{source}: {decided}"));
    skipped.chain(left_out).chain(decided).collect()
}
