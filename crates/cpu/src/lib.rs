//! Fast inference of the networks of diffusion models on a CPU, and the kernels of their training.
//!
//! [`CpuNetwork`] takes a network's config and weights, as `ancestral_format` reads them, plans how
//! each part is computed, and is then the `Network` that samplers call. No tensor framework.
//!
//! Activations are stored channels last. A 3 × 3 convolution is computed by Winograd's method or as
//! one product over patches; its shape alone decides. Operations on its input (normalisation,
//! activation, repeating, concatenation) are fused into reading it, additions to its output into
//! writing it. Products work with vectors of any width. In [`Precision::Bf16`] the large products are
//! computed on the matrix tiles of CPUs with AMX. [`train`] has the same kernels over slices,
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
mod threads;
#[cfg_attr(target_family = "wasm", allow(dead_code, reason = "nothing has tiles there"))]
mod tiles;
mod time;
pub mod train;
mod unet;

pub use arch::instruction_set;
pub use error::{LoadError, NetworkError};
pub use network::{CpuNetwork, check_finite};
pub use shapes::Shapes;
pub use threads::{Threads, shared, threads};
pub use tiles::{NoTiles, Precision};
