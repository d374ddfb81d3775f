//! Where to compute: the CPU, and the cards that this build reaches.

mod card;
#[cfg_attr(not(feature = "cuda"), path = "device/no_cuda.rs")]
mod cuda;
#[cfg_attr(not(any(feature = "metal", feature = "wgpu")), path = "device/no_graphics.rs")]
mod graphics;
#[cfg(feature = "kernels")]
mod kernels;

pub use burn::tensor::Device;
pub use card::{Api, Card, DeviceError, Kind};
#[cfg(feature = "kernels")]
pub use kernels::{Kernels, keep_kernels};

/// The CPU, in pure Rust; results do not depend on the number of threads.
#[must_use]
pub fn cpu() -> Device {
    Device::flex()
}
