#![doc = include_str!("../README.md")]

mod compare;
mod error;
#[cfg(feature = "datasets")]
mod reference;

#[cfg(feature = "datasets")]
pub use compare::Trials;
pub use compare::{Block, Cell, Comparison, Progress, Report, Row};
pub use error::{EvalError, SETTINGS};
#[cfg(feature = "datasets")]
pub use reference::Reference;
