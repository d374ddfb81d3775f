//! How much work a comparison is, before it is done.

use std::time::Duration;

/// The work of a comparison: almost all of it is matrix products.
///
/// # Example
/// ```
/// use ancestral_metrics::Work;
///
/// // 10 000 samples against CIFAR-10's 50 000 training rows.
/// let work = Work::neighbours(10_000, 50_000, 3072);
/// assert_eq!(work.operations(), 3.072e12);
/// // At 40e9 operations a second, all threads together.
/// assert_eq!(work.time(40e9).as_secs(), 76);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Work {
    operations: f64,
}

impl Work {
    /// [`nearest`](crate::nearest), [`nearest_others`](crate::nearest_others): `queries` rows are
    /// compared with `set` rows. In f32.
    #[must_use]
    pub fn neighbours(queries: usize, set: usize, row_len: usize) -> Self {
        Self { operations: 2.0 * queries as f64 * set as f64 * row_len as f64 }
    }

    /// [`manifold`](crate::manifold): within both sets, and twice across. In f32.
    #[must_use]
    pub fn manifold(real: usize, drawn: usize, row_len: usize) -> Self {
        Self::neighbours(real, real + drawn, row_len)
            + Self::neighbours(drawn, real + drawn, row_len)
    }

    /// [`two_sample`](crate::two_sample): within both sets, and twice across. In f32.
    #[must_use]
    pub fn two_sample(real: usize, drawn: usize, row_len: usize) -> Self {
        Self::manifold(real, drawn, row_len)
    }

    /// [`memorisation`](crate::memorisation). In f32.
    #[must_use]
    pub fn memorisation(training: usize, drawn: usize, held_out: usize, row_len: usize) -> Self {
        Self::neighbours(drawn + held_out, training, row_len)
    }

    /// [`squared_mmd`](crate::squared_mmd): within both sets, and twice across. In f64: half as many
    /// operations a second.
    #[must_use]
    pub fn squared_mmd(a: usize, b: usize, row_len: usize) -> Self {
        Self::manifold(a, b, row_len)
    }

    /// The floating-point operations: a product and a sum are two.
    #[must_use]
    pub fn operations(self) -> f64 {
        self.operations
    }

    /// The time at a number of operations a second.
    ///
    /// # Panics
    /// If `per_second` is not above 0.
    #[must_use]
    pub fn time(self, per_second: f64) -> Duration {
        assert!(per_second > 0.0, "{per_second} operations a second");
        Duration::try_from_secs_f64(self.operations / per_second).unwrap_or(Duration::MAX)
    }
}

impl std::ops::Add for Work {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { operations: self.operations + other.operations }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_that_of_all_products() {
        // 3 × 3 + 3 × 5 + 5 × 3 + 5 × 5 products of 7 terms.
        assert_eq!(Work::manifold(3, 5, 7).operations(), 2.0 * 64.0 * 7.0);
        assert_eq!(Work::memorisation(3, 5, 2, 7).operations(), 2.0 * 21.0 * 7.0);
        assert_eq!(Work::neighbours(1, 1, 1).time(f64::MIN_POSITIVE), Duration::MAX);
    }
}
