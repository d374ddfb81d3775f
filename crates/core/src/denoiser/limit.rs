//! Limits of clean estimates that are invalid.

use thiserror::Error;

/// A limit for clean estimates that is invalid.
#[derive(Clone, Copy, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum LimitError {
    /// A range to clip to.
    #[error("a clipping range is a number above 0, found {0}")]
    Range(f64),
    /// A quantile to clip at.
    #[error("a quantile is in [0, 1], found {0}")]
    Quantile(f64),
    /// The largest scale of thresholding.
    #[error("the largest scale of thresholding is a number above 0, found {0}")]
    Scale(f64),
}
