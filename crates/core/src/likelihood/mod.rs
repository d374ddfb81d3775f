//! How likely data are under the reverse process: the variational bound, and the density by the
//! probability flow.
//!
//! | for | use |
//! |---|---|
//! | a bound on −log₂ p in bits per dimension, hop by hop | [`VariationalBound`], [`Bound`] |
//! | the terms of the bound in training, with slopes in a learned variance and in the prediction | [`Transition`] |
//! | the density itself | [`FlowLikelihood`], with [`Bins::dequantised`] and [`Bins::bits`] for bytes |

mod bound;
mod decoder;
mod dequantise;
mod divergence;
mod estimate;
mod flow;
mod normal;
mod prior;
mod tails;
mod transition;
mod units;

pub use bound::{Bound, BoundRun, HopTerm, VariationalBound};
pub use decoder::{Bins, BinsError, Decoder};
pub use divergence::Divergence;
pub use estimate::Estimate;
pub use flow::{FlowError, FlowLikelihood, FlowRun};
pub use normal::Normal;
pub use prior::prior_divergence;
pub use transition::{Slopes, TrainingRow, Transition};
pub use units::bits_per_dimension;
