//! A set of rows, checked once.

use crate::MetricError;

/// A set of rows of equal length, one after the other: at least one row, all values finite.
///
/// # Example
/// ```
/// use ancestral_metrics::Rows;
///
/// let points = Rows::new(&[0.0_f32, 1.0, 2.0, 3.0, 4.0, 5.0], 2)?;
/// assert_eq!((points.count(), points.row(1)), (3, [2.0, 3.0].as_slice()));
/// # Ok::<(), ancestral_metrics::MetricError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rows<'a, T = f32> {
    values: &'a [T],
    row_len: usize,
}

impl<'a, T: Copy + Into<f64>> Rows<'a, T> {
    /// Views values as rows of `row_len` values each.
    ///
    /// # Errors
    /// [`MetricError`] if they are not whole rows, if there are none, or if a value is not finite.
    pub fn new(values: &'a [T], row_len: usize) -> Result<Self, MetricError> {
        if values.is_empty() || row_len == 0 || !values.len().is_multiple_of(row_len) {
            return Err(MetricError::Values { values: values.len(), row_len });
        }
        match values.iter().position(|&value| !value.into().is_finite()) {
            Some(i) => Err(MetricError::Value { value: values[i].into(), row: i / row_len }),
            None => Ok(Self { values, row_len }),
        }
    }

    /// The number of rows: at least 1.
    #[must_use]
    pub fn count(&self) -> usize {
        self.values.len() / self.row_len
    }

    /// The number of values in a row: at least 1.
    #[must_use]
    pub fn row_len(&self) -> usize {
        self.row_len
    }

    /// All values, row after row.
    #[must_use]
    pub fn values(&self) -> &'a [T] {
        self.values
    }

    /// The values of one row.
    ///
    /// # Panics
    /// If there is no row `index`.
    #[must_use]
    pub fn row(&self, index: usize) -> &'a [T] {
        &self.values[index * self.row_len..][..self.row_len]
    }

    /// Rows `first` and after, at most `count` of them.
    pub(crate) fn block(&self, first: usize, count: usize) -> &'a [T] {
        let end = (first + count).min(self.count());
        &self.values[first * self.row_len..end * self.row_len]
    }
}

/// Checks that rows can be compared, and that each set has at least `least` of them.
pub(crate) fn check<T: Copy + Into<f64>>(
    a: &Rows<T>,
    b: &Rows<T>,
    least: usize,
) -> Result<(), MetricError> {
    if a.row_len() != b.row_len() {
        return Err(MetricError::RowLengths { first: a.row_len(), second: b.row_len() });
    }
    let found = a.count().min(b.count());
    if found < least { Err(MetricError::Rows { found, least }) } else { Ok(()) }
}

/// The squared Euclidean distance in f64.
pub(crate) fn squared_distance<T: Copy + Into<f64>>(a: &[T], b: &[T]) -> f64 {
    // Eight sums, so that the processor can add in parallel; their order is fixed.
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    let square = |a: T, b: T| -> f64 {
        let difference: f64 = a.into() - b.into();
        difference * difference
    };
    let (a_pieces, a_rest) = a.as_chunks::<LANES>();
    let (b_pieces, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_pieces.iter().zip(b_pieces) {
        for lane in 0..LANES {
            sums[lane] += square(a[lane], b[lane]);
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(&a, &b)| square(a, b)).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_set_of_rows_is_refused() {
        let none: [f32; 0] = [];
        assert_eq!(Rows::new(&none, 2), Err(MetricError::Values { values: 0, row_len: 2 }));
        assert_eq!(Rows::new(&[1.0], 0), Err(MetricError::Values { values: 1, row_len: 0 }));
        assert_eq!(Rows::new(&[1.0; 3], 2), Err(MetricError::Values { values: 3, row_len: 2 }));
        let bad = Rows::new(&[1.0, 2.0, f64::INFINITY, 0.0], 2);
        assert_eq!(bad, Err(MetricError::Value { value: f64::INFINITY, row: 1 }));
    }

    #[test]
    fn rows_of_different_lengths_are_not_compared() {
        let (a, b) = (Rows::new(&[1.0; 6], 3).unwrap(), Rows::new(&[1.0; 6], 2).unwrap());
        assert_eq!(check(&a, &b, 1), Err(MetricError::RowLengths { first: 3, second: 2 }));
        assert_eq!(check(&a, &a, 3), Err(MetricError::Rows { found: 2, least: 3 }));
    }

    #[test]
    fn distances_have_all_values_in_them() {
        let a: Vec<f32> = (0..19_u8).map(f32::from).collect();
        // 0² + 1² + … + 18².
        assert_eq!(squared_distance(&a, &[0.0; 19]), 2109.0);
    }
}
