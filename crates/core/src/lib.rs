#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
// A cosine schedule of integer quotients is zero everywhere; a lost `exp_m1` costs digits.
#![deny(clippy::integer_division, clippy::imprecise_flops)]

pub mod batch;
pub mod categorical;
pub mod compat;
pub mod denoiser;
pub mod exact;
mod forward;
pub mod grid;
pub mod inpainting;
pub mod invert;
pub mod level;
pub mod likelihood;
pub mod loss_weight;
mod names;
pub mod noise;
pub mod options;
pub mod particles;
mod point;
mod posterior;
mod prediction;
mod quantile;
pub mod repaint;
pub mod sample;
pub mod sampler;
pub mod schedule;
mod slerp;
pub mod suspend;
pub mod variance;

pub use batch::Batch;
pub use denoiser::{Denoised, Denoiser, Network, NetworkDenoiser, from_fn};
pub use grid::{AnySpacing, Grid, Spacing};
pub use level::Level;
pub use loss_weight::LossWeight;
pub use noise::{NeverDrawn, Noise, SampleNoise};
pub use point::Point;
pub use posterior::Posterior;
pub use prediction::Prediction;
pub use sample::Sample;
pub use sampler::{AnySampler, Sampler};
pub use schedule::{AnySchedule, Schedule};
pub use slerp::slerp;
pub use variance::Variance;
