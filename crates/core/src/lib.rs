#![doc = include_str!("../README.md")]

mod batch;
pub mod compat;
mod denoiser;
pub mod exact;
mod grid;
mod level;
mod names;
mod noise;
mod options;
mod posterior;
mod prediction;
mod sample;
pub mod sampler;
mod schedule;
mod variance;

pub use batch::{Batch, Scalar};
pub use denoiser::{
    Chunked, Clipped, Denoised, Denoiser, Network, NetworkDenoiser, Thresholded, ZeroTerminalSnr,
};
pub use grid::{Grid, GridError, Hop, LevelSpacing, Point, Spacing};
pub use level::{Level, LevelError};
pub use noise::{NoNoise, Noise, Purpose, SampleNoise, Streams, TorchGenerator, TorchNoise};
pub use options::{OptionError, OptionInfo, Options};
pub use posterior::Posterior;
pub use prediction::Prediction;
pub use sample::{Elementwise, Sample};
pub use sampler::named::*;
pub use sampler::{AnySampler, Run, Sampler, SamplerInfo, Step, Stepped};
pub use schedule::{
    AnySchedule, Betas, Cosine, Laplace, Linear, ScaledLinear, Schedule, ScheduleError,
    ScheduleInfo, Sigmoid,
};
pub use variance::{NoiseScale, Variance, VarianceError};
