//! A mean over rows and how far it can be trusted.

/// The mean of values that arrive one by one, and its standard error.
///
/// # Numerics
/// Welford's recurrence, in f64: no sum of squares, of which a difference would leave few digits.
///
/// # Example
/// ```
/// use ancestral::likelihood::Estimate;
/// let estimate: Estimate = [1.0, 2.0, 3.0, 6.0].into_iter().collect();
/// assert_eq!(estimate.mean(), 3.0);
/// // Variance 14/3, of 4 values.
/// assert!((estimate.standard_error().unwrap() - (14.0_f64 / 12.0).sqrt()).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    count: u64,
    mean: f64,
    /// The sum of squared distances from the mean.
    spread: f64,
}

impl Estimate {
    /// Adds a value.
    pub fn add(&mut self, value: f64) {
        self.count += 1;
        let off = value - self.mean;
        self.mean += off / self.count as f64;
        self.spread += off * (value - self.mean);
    }

    /// How many values there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their mean; 0 if there is none.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The standard error of the mean; `None` of fewer than two values.
    #[must_use]
    pub fn standard_error(&self) -> Option<f64> {
        let count = self.count as f64;
        (self.count > 1).then(|| (self.spread / (count * (count - 1.0))).sqrt())
    }
}

impl Extend<f64> for Estimate {
    fn extend<I: IntoIterator<Item = f64>>(&mut self, values: I) {
        values.into_iter().for_each(|value| self.add(value));
    }
}

impl FromIterator<f64> for Estimate {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut estimate = Self::default();
        estimate.extend(values);
        estimate
    }
}
