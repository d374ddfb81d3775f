//! Networks that learn the reverse process, and their training, in Burn.
//!
//! - [`unet`]: the U-Net of diffusers' `UNet2DModel`, with its parameter names, for pictures.
//! - [`mlp`]: a residual multilayer perceptron, for points and tables.
//! - [`AnyNetwork`]: whichever of them a model folder describes.
//! - [`parameters`]: any module ↔ named arrays, as `ancestral_format` reads and writes them.
//! - [`BurnNetwork`]: a module as the `Network` that samplers call.
//! - [`train`]: the training loop, one update at a time.
//! - [`device`]: where to compute.

pub mod device;
pub mod layer;
pub mod mlp;
pub mod parameters;
pub mod train;
pub mod unet;

mod any;
mod diffusion_module;
mod init;
mod kernel;
mod network;
mod shards;

pub use ancestral_cpu::NetworkError;
pub use any::{AnyNetwork, LoadError};
pub use diffusion_module::DiffusionModule;
pub use init::Initializer;
pub use network::BurnNetwork;
