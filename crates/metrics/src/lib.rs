//! How good samples are: measures of two sets of rows, real and drawn, with their errors.
//!
//! A row is whatever is compared: the pixels of a picture, the columns of a table, or the features that
//! a network computes from a picture. This crate reads no files, prints nothing and knows nothing about
//! diffusion.
//!
//! | question | measure |
//! |---|---|
//! | Are mean and covariance right? | [`frechet_distance`] of [`Moments`] (FID of Inception's features) |
//! | Is the distribution right? | [`kernel_distance`] (KID), [`squared_mmd`], [`energy_distance`], [`sliced_wasserstein`] |
//! | Are samples realistic, and diverse? | [`manifold`]: precision, recall, density, coverage |
//! | Can the sets be told apart? | [`two_sample`], [`forest_two_sample`] |
//! | Are the columns of a table right? | [`kolmogorov_smirnov`], [`total_variation`], [`association`] of pairs |
//! | Is it as good to learn from? | [`forest_score`] |
//! | Are samples copies of the training data? | [`memorisation`], [`nearest`] |
//!
//! [`inception`] is the network whose features the FID and the KID compare, [`small`] a built-in one for
//! pictures of 28 to 64 pixels.
//!
//! # Numerics
//! Sums are in f64. Large sets are compared by matrix products in blocks, in the rayon pool of the
//! caller; the results are the same for any number of threads. Which of two neighbours is nearer is
//! decided in f64. [`Work`] estimates the time before.
//!
//! # Example
//! ```
//! use ancestral_metrics::{Rows, manifold};
//!
//! let real = Rows::new(&[0.0, 1.0, 2.0, 3.0, 4.0], 1)?;
//! let drawn = Rows::new(&[2.0, 2.1, 2.2], 1)?;
//! let found = manifold(real, drawn, 1)?;
//! assert_eq!((found.precision.value, found.recall.value), (1.0, 0.2)); // a collapsed model
//! # Ok::<(), ancestral_metrics::MetricError>(())
//! ```

mod association;
mod energy;
mod error;
mod estimate;
mod forest;
mod frechet;
pub mod inception;
mod kernel;
mod manifold;
mod marginal;
mod memorisation;
mod moments;
mod neighbours;
mod network;
mod pairs;
mod product;
mod rows;
mod sliced;
pub mod small;
#[cfg(test)]
mod testing;
mod two_sample;
mod work;

pub use association::{Cells, association};
pub use energy::energy_distance;
pub use error::MetricError;
pub use estimate::Estimate;
pub use forest::{forest_score, forest_two_sample};
pub use frechet::{FewRows, FrechetDistance, frechet_distance};
pub use kernel::{KernelDistance, KernelSubsets, kernel_distance, squared_mmd};
pub use manifold::{Manifold, manifold};
pub use marginal::{kolmogorov_smirnov, total_variation};
pub use memorisation::{Memorisation, Quantiles, memorisation};
pub use moments::{MomentSums, Moments};
pub use neighbours::{Neighbour, nearest, nearest_others};
pub use rows::Rows;
pub use sliced::sliced_wasserstein;
pub use two_sample::{TwoSample, two_sample};
pub use work::Work;
