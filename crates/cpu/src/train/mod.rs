//! Kernels for training: what layers compute, and its gradients.
//!
//! Everything is f32 in slices, channels last. The same input gives the same bits on any number of
//! threads: how work is cut follows from shapes, and parts are added in their order.

pub mod conv3;

mod attention;
mod conditioning;
mod group_norm;
mod layer;
mod linear;
mod mlp;
mod network;
mod optimizer;
mod outer;
mod run;
mod silu;
mod sums;
mod tree;
mod unet;

use crate::map::Arena;

pub use crate::conv::Motion;
pub use attention::Attention;
pub use conv3::Conv3;
pub use group_norm::GroupNorm;
pub use linear::Linear;
pub use network::{Pass, TrainingNetwork};
pub use optimizer::{Slot, Update, sum_of_squares};
pub use silu::{silu, silu_gradient};
pub use sums::{column_sums, sums_by_row};

/// What the kernels take for what is between input and output.
static SCRATCH: Arena = Arena::new();

#[cfg(test)]
mod check;
