#![doc = include_str!("../README.md")]

mod batch;
pub mod compat;
mod denoiser;
pub mod exact;
mod forward;
mod grid;
mod inpainting;
mod invert;
mod level;
mod loss_weight;
mod names;
mod noise;
mod options;
mod posterior;
mod prediction;
mod repaint;
mod sample;
pub mod sampler;
mod schedule;
mod slerp;
mod variance;

pub use batch::{Batch, Scalar};
pub use denoiser::{
    Chunked, ClassConditional, Clipped, Conditional, Denoised, Denoiser, Guidance, GuidanceError,
    Guided, Inpainted, Network, NetworkDenoiser, Thresholded, ZeroTerminalSnr,
};
pub use grid::{Grid, GridError, Hop, LevelSpacing, Point, Spacing};
pub use inpainting::{Known, KnownError};
pub use invert::{Forgetful, Inversion, InversionRun, Inverted};
pub use level::{Level, LevelError};
pub use loss_weight::{LossWeight, LossWeightInfo};
pub use noise::{NoNoise, Noise, Purpose, SampleNoise, Streams, TorchGenerator, TorchNoise};
pub use options::{OptionError, OptionInfo, Options};
pub use posterior::Posterior;
pub use prediction::Prediction;
pub use repaint::{Repaint, RepaintRun, Resampling};
pub use sample::{Elementwise, Sample};
pub use sampler::named::*;
pub use sampler::{AnySampler, Run, Sampler, SamplerInfo, Step, Stepped};
pub use schedule::{
    AnySchedule, Betas, Cosine, Laplace, Linear, ScaledLinear, Schedule, ScheduleError,
    ScheduleInfo, Sigmoid,
};
pub use slerp::slerp;
pub use variance::{NoiseScale, Variance, VarianceError};
