//! The layers that networks are made of.
//!
//! Parameters are called `weight` and `bias` and have PyTorch's layout, so the path of a parameter
//! in a network is its tensor name in a `diffusers` file and nothing has to be renamed or
//! transposed.

mod activation;
mod conv;
mod embedding;
mod fourier;
mod group_norm;
mod linear;
mod time_embedding;

pub use activation::{activate, silu};
pub(crate) use conv::repeated;
pub use conv::{Conv2d, Padding};
pub use embedding::Embedding;
pub(crate) use embedding::add_class;
pub use fourier::Fourier;
pub use group_norm::GroupNorm;
pub use linear::Linear;
pub use time_embedding::{Sinusoids, TimeEmbedding};
