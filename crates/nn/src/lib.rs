//! The networks of diffusion models in Burn, for devices beyond the CPU.
//!
//! - [`unet`]: the U-Net of diffusers' `UNet2DModel`, with its parameter names, for pictures.
//! - [`mlp`]: a residual multilayer perceptron, for points and tables.
//! - [`AnyNetwork`]: whichever of them a model folder describes.
//! - [`parameters`]: any module ↔ named arrays, as `ancestral_format` reads and writes them.
//! - [`BurnNetwork`]: a module as the `Network` that samplers call.
//! - [`BurnEngine`]: a module as the `Engine` that trainers call.
//! - [`device`]: where to compute.

pub mod device;
pub mod layer;
pub mod mlp;
pub mod parameters;
pub mod unet;

mod any;
mod blank;
mod diffusion_module;
mod engine;
mod network;

pub use ancestral_cpu::NetworkError;
pub use any::{AnyNetwork, LoadError, training};
pub use diffusion_module::DiffusionModule;
pub use engine::BurnEngine;
pub use network::BurnNetwork;
pub use parameters::computes_in;
