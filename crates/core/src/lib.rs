#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
// A cosine schedule of integer quotients is zero everywhere; a lost `exp_m1` costs digits.
#![deny(clippy::integer_division, clippy::imprecise_flops)]

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
mod point;
mod posterior;
mod prediction;
mod quantile;
mod repaint;
mod sample;
pub mod sampler;
mod schedule;
mod slerp;
mod suspend;
mod variance;

pub use batch::{Batch, Scalar};
pub use denoiser::{
    Chunked, ClassConditional, Clipped, Conditional, Denoised, Denoiser, FromFn, Guidance,
    GuidanceError, Guided, Inpainted, Network, NetworkDenoiser, Thresholded, ZeroTerminalSnr,
    from_fn,
};
pub use grid::{AnySpacing, Grid, GridError, Hop, LevelSpacing, Point, Spacing};
pub use inpainting::{Known, KnownError};
pub use invert::{Forgetful, Inversion, InversionRun, Inverted};
pub use level::{Level, LevelError};
pub use loss_weight::{LossWeight, LossWeightInfo};
pub use noise::{NoNoise, Noise, Purpose, SampleNoise, Streams, TorchGenerator, TorchNoise};
pub use options::{OptionError, OptionInfo, Options};
pub use posterior::Posterior;
pub use prediction::Prediction;
pub use repaint::{Repaint, Resampling};
pub use sample::{Elementwise, Sample};
pub use sampler::named::*;
pub use sampler::{
    AnyHistory, AnySampler, Churn, Form, NamedSampler, Path, Run, Sampler, SamplerInfo, Slope,
    Step, Stepped, UnipcVariant,
};
pub use schedule::{
    AnySchedule, Betas, Cosine, Laplace, Linear, ScaledLinear, Schedule, ScheduleError,
    ScheduleInfo, Sigmoid,
};
pub use slerp::slerp;
pub use suspend::{Call, Pending, Remote, Suspended, Waiting};
pub use variance::{NoiseScale, Variance, VarianceError};
