//! How far apart two sets of rows are, as distributions.

mod energy;
#[cfg(feature = "datasets")]
mod frechet;
mod sliced;

use thiserror::Error;

pub use energy::energy_distance;
#[cfg(feature = "datasets")]
pub use frechet::frechet_distance;
pub use sliced::sliced_wasserstein;

/// Why there is no distance between two sets of rows.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[non_exhaustive]
pub enum DistanceError {
    /// A set is too small.
    #[error("{found} rows: a distance of distributions needs at least {least} in each set")]
    Rows {
        /// How many there are.
        found: usize,
        /// How many there must be.
        least: usize,
    },
    /// A value is not a number.
    #[error("value {value} in row {row} is not finite")]
    Value {
        /// The value.
        value: f64,
        /// The row, counted from 0.
        row: usize,
    },
}

/// The values of whole rows, at least `least` of them, in f64.
fn values<T: Copy + Into<f64>>(
    rows: &[T],
    row_len: usize,
    least: usize,
) -> Result<Vec<f64>, DistanceError> {
    assert!(
        row_len > 0 && rows.len().is_multiple_of(row_len),
        "{} values are no whole number of rows of {row_len}",
        rows.len()
    );
    let found = rows.len() / row_len;
    if found < least {
        return Err(DistanceError::Rows { found, least });
    }
    let values: Vec<f64> = rows.iter().copied().map(Into::into).collect();
    match values.iter().position(|value| !value.is_finite()) {
        Some(i) => Err(DistanceError::Value { value: values[i], row: i / row_len }),
        None => Ok(values),
    }
}
