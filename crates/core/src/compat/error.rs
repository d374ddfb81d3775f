//! Why one of diffusers' schedulers can't be had.

use thiserror::Error;

use crate::denoiser::ZeroTerminalSnrError;
use crate::grid::GridError;

/// A scheduler that cannot be, or that would end in numbers that are none.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum CompatError {
    /// No timestep at all.
    #[error("num_train_timesteps is 0: a schedule has at least 1 timestep")]
    NoTimesteps,
    /// `trained_betas` of another length than T.
    #[error("trained_betas has {found} values: expected one for each of {timesteps} timesteps")]
    Betas {
        /// Their number.
        found: usize,
        /// T.
        timesteps: usize,
    },
    /// A level outside of (0, 1), or cleaner than the one before it.
    #[error(
        "alphas_cumprod is {found:?} at timestep {timestep}: expected at most {before:?}, below 1 and \
         above 0 (0 at the last timestep alone)"
    )]
    AlphaBar {
        /// The value, in f32.
        found: f32,
        /// Its timestep.
        timestep: usize,
        /// The value before it, 1 at the start.
        before: f32,
    },
    /// A clip to no range.
    #[error("clip_sample_range is {found:?}: expected a positive number")]
    Clip {
        /// The range.
        found: f64,
    },
    /// No quantile.
    #[error("dynamic_thresholding_ratio is {found:?}: expected a number from 0 to 1")]
    Ratio {
        /// The ratio.
        found: f64,
    },
    /// No scale.
    #[error("sample_max_value is {found:?}: expected a positive number")]
    Max {
        /// The largest scale.
        found: f64,
    },
    /// A share of noise that can't be.
    #[error("eta is {found}: expected a number from 0 to 1")]
    Eta {
        /// η.
        found: f64,
    },
    /// An order that the solver does not have.
    #[error("solver_order is {found}: {class} has {expected}")]
    Order {
        /// The class of diffusers.
        class: &'static str,
        /// The order.
        found: usize,
        /// What it has.
        expected: &'static str,
    },
    /// Too few steps for the class.
    #[error("{steps} steps asked of {class}: it makes at least {least} with these settings")]
    TooFewSteps {
        /// The class of diffusers.
        class: &'static str,
        /// Steps asked for.
        steps: usize,
        /// The least.
        least: usize,
    },
    /// A list on which the first timestep stands again, which diffusers takes for that other entry
    /// and so runs out of levels.
    #[error(
        "{class} begins at timestep {timestep} and comes there again, where diffusers fails: take \
         fewer steps, or other levels"
    )]
    TwiceAtStart {
        /// The class of diffusers.
        class: &'static str,
        /// The timestep.
        timestep: f64,
    },
    /// A run that has no number, in diffusers neither.
    #[error(
        "{class} has no number at call {call} of {calls}, as in diffusers, where two levels are the \
         same or too near each other: take fewer steps, other levels or a lower solver_order"
    )]
    NotANumber {
        /// The class of diffusers.
        class: &'static str,
        /// Which call of the network, from 1.
        call: usize,
        /// The calls of the run.
        calls: usize,
    },
    /// A setting that the class does not have.
    #[error("{class} has no {setting} {found}: expected {expected}")]
    Unknown {
        /// The class of diffusers.
        class: &'static str,
        /// The setting.
        setting: &'static str,
        /// Its value.
        found: &'static str,
        /// What the class has.
        expected: &'static str,
    },
    /// `leading` with an offset that leaves the schedule.
    #[error(
        "{steps} steps with leading spacing and offset {offset} visit timestep {timestep}, \
         outside 0..{total} of the schedule"
    )]
    Offset {
        /// Steps asked for.
        steps: usize,
        /// The offset.
        offset: usize,
        /// The timestep outside.
        timestep: usize,
        /// T.
        total: usize,
    },
    /// A number of steps or a list of timesteps that can't be.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// An ε-network on a schedule that ends in pure noise.
    #[error(transparent)]
    ZeroTerminalSnr(#[from] ZeroTerminalSnrError),
    /// An x₀-network where x is clean data: ε is 0/0.
    #[error(
        "an x0 prediction says nothing about epsilon at clean data, where the step of {class} to \
         timestep {timestep} starts: use a network that predicts epsilon or v, or \
         set_alpha_to_one false"
    )]
    FromClean {
        /// The class of diffusers.
        class: &'static str,
        /// The first timestep that is stepped to from clean data.
        timestep: i64,
    },
}
