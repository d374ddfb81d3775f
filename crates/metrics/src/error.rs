//! Why a number cannot be computed.

use thiserror::Error;

/// Why two sets of rows cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[non_exhaustive]
pub enum MetricError {
    /// The values are not a whole, positive number of rows.
    #[error("{values} values are not a whole, positive number of rows of {row_len}")]
    Values {
        /// The number of values.
        values: usize,
        /// The values of a row.
        row_len: usize,
    },
    /// A value is not a number.
    #[error("value {value} in row {row} is not finite")]
    Value {
        /// The value.
        value: f64,
        /// The row, counted from 0.
        row: usize,
    },
    /// The rows of two sets differ in length.
    #[error("rows of {first} values cannot be compared with rows of {second}")]
    RowLengths {
        /// The values of a row of the first set.
        first: usize,
        /// The values of a row of the second set.
        second: usize,
    },
    /// A set is too small.
    #[error("{found} rows are too few: at least {least} are needed in each set")]
    Rows {
        /// How many there are.
        found: usize,
        /// How many there must be.
        least: usize,
    },
    /// A row does not have as many neighbours.
    #[error("k = {k} neighbours of a row need a set of at least {least} rows, and k at least 1; there are {rows}",
        least = k.saturating_add(1))]
    Neighbours {
        /// The number of neighbours.
        k: usize,
        /// The rows of the set.
        rows: usize,
    },
    /// A subset is larger than the set, or too small, or there are no subsets.
    #[error(
        "{subsets} subsets of {size} rows cannot be drawn from {rows} rows: \
        at least 1 subset of 2 to {rows} rows is needed"
    )]
    Subsets {
        /// The number of subsets.
        subsets: usize,
        /// The rows of a subset.
        size: usize,
        /// The rows of the smaller set.
        rows: usize,
    },
    /// Numbers do not make a mean and a covariance.
    #[error(
        "{mean} values of a mean and {covariance} of a covariance: {mean} times {mean} are needed, \
        finite and symmetric, with no negative variance"
    )]
    Moments {
        /// The values of the mean.
        mean: usize,
        /// The values of the covariance.
        covariance: usize,
    },
}
