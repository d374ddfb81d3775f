//! What numbers of a config may be, and how many.

mod at_most;

use std::fmt;
use std::ops::RangeInclusive;

use thiserror::Error;

pub(crate) use at_most::AtMost;

// No network is near these; a config beyond them would only fill the memory, before its weights
// show that it is wrong.
pub(crate) const MOST_CHANNELS: usize = 1 << 14;
pub(crate) const MOST_LAYERS: usize = 1000;
pub(crate) const MOST_CLASSES: usize = 1_000_000;

/// A value that is out of range.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{key} {found} must be {allowed}")]
pub struct OutOfRange {
    /// The key.
    pub key: &'static str,
    /// The value, as text.
    pub found: String,
    /// What is allowed.
    pub allowed: String,
}

/// Refuses the value `found` of `key` unless it `holds`.
pub(crate) fn check(
    holds: bool,
    key: &'static str,
    found: impl fmt::Display,
    allowed: &str,
) -> Result<(), OutOfRange> {
    if holds {
        return Ok(());
    }
    Err(OutOfRange { key, found: found.to_string(), allowed: allowed.to_owned() })
}

/// Refuses a count outside `range`.
pub(crate) fn check_count(
    key: &'static str,
    count: usize,
    range: &RangeInclusive<usize>,
) -> Result<(), OutOfRange> {
    check(range.contains(&count), key, count, &format!("{} to {}", range.start(), range.end()))
}

/// Refuses a `freq_shift` that leaves the sinusoids of a time without frequencies.
pub(crate) fn check_freq_shift(shift: u32, width: usize, key: &str) -> Result<(), OutOfRange> {
    // The frequencies divide by half the width less the shift.
    let half = width / 2;
    let allowed = format!("less than {half}, half of {key}");
    check((shift as usize) < half, "freq_shift", shift, &allowed)
}
