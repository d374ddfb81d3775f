//! How likely data are under the reverse process.

mod decoder;
mod normal;
mod tails;
mod transition;

pub use decoder::{Bins, BinsError, Decoder};
pub use normal::Normal;
pub use transition::{TrainingRow, Transition};
