//! Why a network cannot be loaded, or a call of it fails.

use ancestral_format::{Labels, Mismatch, MlpConfigError, UNetConfigError};
use thiserror::Error;

use crate::tiles::NoTiles;

/// Why config and weights make no network.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The config describes no U-Net.
    #[error(transparent)]
    UNet(#[from] UNetConfigError),
    /// The config describes no multilayer perceptron.
    #[error(transparent)]
    Mlp(#[from] MlpConfigError),
    /// The config of a U-Net has no size of pictures.
    #[error("sample_size is not set: give height and width")]
    NoSize,
    /// Labels are vectors, which samplers do not give.
    #[error("class_embed_type is identity: labels are vectors, which cannot be given here")]
    Vectors,
    /// The weights are another network's.
    #[error(transparent)]
    Weights(#[from] Mismatch),
    /// This machine does not compute in bf16.
    #[error("16 bits are computed on AMX tiles, in bf16: {0}")]
    Tiles(#[from] NoTiles),
}

/// Why a network call failed.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// The network predicted a value that is not finite.
    #[error("the network predicts {value} at timestep {timestep}, in row {row} of the batch")]
    NonFinite {
        /// What it gave.
        value: f32,
        /// The timestep of the row.
        timestep: f64,
        /// The row.
        row: usize,
    },
    /// The network got labels and takes none, or vice versa, or takes vectors.
    #[error("the network takes {expected}, but {} given", if *given { "numbers were" } else { "none were" })]
    Labels {
        /// What it takes.
        expected: Labels,
        /// Whether numbers were given.
        given: bool,
    },
    /// The network has not learned that time.
    #[error("timestep {timestep} in row {row} is not in 0 to {}, the timesteps of the network", count - 1)]
    Timestep {
        /// The timestep.
        timestep: f64,
        /// The row.
        row: usize,
        /// How many timesteps the network knows.
        count: usize,
    },
    /// A label is too large.
    #[error("label {label} in row {row} is not below {count}")]
    Label {
        /// The label.
        label: u32,
        /// The row.
        row: usize,
        /// How many the network distinguishes.
        count: usize,
    },
    /// The device that computes it failed.
    #[error("the device failed: {0}")]
    Device(String),
}
