//! Training: the networks' forward and backward passes, and the update of their weights.
//!
//! Everything is f32, channels last. A pass runs layer by layer over all its rows; a layer's forward
//! and backward pass are in one file of `layer`, what puts layers together in `unet` and `mlp`. What
//! the backward pass needs is kept, what is cheap is computed again. The same input gives the same bits
//! on any number of threads: how work is cut follows from shapes, and sums over the rows of a batch
//! are a fixed tree.

mod conditioning;
mod layer;
mod memory;
mod mlp;
mod muon;
mod network;
mod optimizer;
mod run;
mod sums;
mod tree;
mod unet;

pub use muon::{Muon, orthogonalize};
pub use network::{Pass, TrainingNetwork};
pub use optimizer::{PIECE, Slot, Update, squares_of_pieces, sum_of_squares};
use sums::column_sums;

#[cfg(test)]
mod check;
