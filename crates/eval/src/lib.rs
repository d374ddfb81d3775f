#![doc = include_str!("../README.md")]

#[cfg(feature = "datasets")]
mod calibrate;
mod compare;
mod error;
#[cfg(feature = "datasets")]
mod likelihood;
#[cfg(feature = "datasets")]
mod quality;
#[cfg(feature = "datasets")]
mod reference;
mod sets;
#[cfg(feature = "datasets")]
mod shares;
mod table;

#[cfg(feature = "datasets")]
pub use ancestral_metrics::inception::Resize;
#[cfg(feature = "datasets")]
pub use calibrate::{Calibration, calibrate};
#[cfg(feature = "datasets")]
pub use compare::Trials;
pub use compare::{Block, Cell, Comparison, Report, Row};
pub use error::{EvalError, SETTINGS};
#[cfg(feature = "datasets")]
pub use likelihood::{
    Flow, FlowReport, HopBits, LikelihoodReport, Units, decoder_of, flow_likelihood, is_among,
    variational_bound,
};
#[cfg(feature = "datasets")]
pub use quality::{Features, Measure, Quality, QualityReport, Real};
#[cfg(feature = "datasets")]
pub use reference::{Reference, picture_options};
pub use sets::draw_sets;
pub use table::{ColumnReport, PairReport, TableComparison, TableReport, Usefulness};

/// What is called as an evaluation goes on: work done, of all, and details in a few words.
pub type Progress<'a> = &'a mut (dyn FnMut(u64, u64, &str) + Send);
