//! Why a training is refused.

use ancestral::denoiser::ZeroTerminalSnrError;
use ancestral::schedule::ScheduleError;
use ancestral_format::{MlpConfigError, UNetConfigError};
use thiserror::Error;

use crate::LossError;

/// Why a [`Recipe`](super::Recipe) makes no request.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecipeError {
    /// Pure noise does not determine the clean sample if ε is predicted.
    #[error("at pure noise a prediction of epsilon does not determine the sample: predict v or x0")]
    ZeroSnr,
    /// The schedule is not valid.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The schedule ends too near to pure noise for a prediction of ε.
    #[error(transparent)]
    TooNoisy(#[from] ZeroTerminalSnrError),
    /// The loss is not for the variance, or has another weight.
    #[error(transparent)]
    Loss(#[from] LossError),
    /// Channels cannot be normalised in groups.
    #[error("{found} is not a multiple of {groups}")]
    Groups {
        /// The number of channels.
        found: usize,
        /// The number of groups.
        groups: usize,
    },
    /// There is more than one width for points or a table.
    #[error("{}: points and tables take a single width", list(found))]
    Widths {
        /// All widths.
        found: Vec<usize>,
    },
    /// The U-Net cannot be built.
    #[error(transparent)]
    UNet(#[from] UNetConfigError),
    /// The perceptron cannot be built.
    #[error(transparent)]
    Mlp(#[from] MlpConfigError),
    /// Large pictures cannot be halved often enough: no layer would see one as a whole.
    #[error(
        "pictures of {}x{} cannot be halved {halvings} times: the nearest sizes that can are {} and \
         {}",
        size[0], size[1], side(nearest[0]), side(nearest[1])
    )]
    Size {
        /// Height and width.
        size: [usize; 2],
        /// How often they are to be halved.
        halvings: usize,
        /// The next smaller and the next larger size that can be.
        nearest: [[usize; 2]; 2],
    },
    /// The samples are neither pictures nor rows.
    #[error("samples of shape {shape:?}: expected pictures or rows")]
    Shape {
        /// The shape of a sample.
        shape: Vec<usize>,
    },
}

fn list(numbers: &[usize]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// A size, as short as it can be written.
fn side([height, width]: [usize; 2]) -> String {
    if height == width { height.to_string() } else { format!("{height}x{width}") }
}
