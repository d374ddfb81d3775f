//! Fast inference of the networks of diffusion models on a CPU, and the kernels of their training.
//!
//! [`CpuNetwork`] takes a network's config and weights, as `ancestral_format` reads them, plans how
//! each part is computed, and is then the `Network` that samplers call. No tensor framework.
//!
//! Activations lie channels last. A 3 × 3 convolution is computed by Winograd's method or as one
//! product over patches, by its shape alone; what is done to its input (normalisation, activation,
//! repeating, putting side by side) is done as it is read, what is added to its output as it is
//! written. Products are packed and written for vectors of any width. In [`Precision::Bf16`] the large
//! ones are computed on the matrix tiles of CPUs with AMX. [`train`] has the same kernels over slices,
//! with their gradients.

#![allow(
    clippy::inline_always,
    reason = "a kernel is compiled for an instruction set only if all of it is inlined"
)]

mod arch;
mod attention;
mod conv;
mod error;
mod fetch;
mod gemm;
mod map;
mod mlp;
mod network;
mod norm;
mod parameters;
mod pointwise;
mod pool;
mod round;
mod shapes;
mod simd;
mod tiles;
mod time;
pub mod train;
mod unet;

pub use arch::instruction_set;
pub use error::{LoadError, NetworkError};
pub use network::{CpuNetwork, check_finite};
pub use shapes::Shapes;
pub use tiles::{NoTiles, Precision};
