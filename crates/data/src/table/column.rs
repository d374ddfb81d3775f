//! One column of numbers: its kind, and the conversion to model space and back.

use thiserror::Error;

/// A discrete column has at most this many distinct values …
const MAX_DISTINCT: usize = 16;
/// … and at least this many rows for each of them.
const ROWS_PER_VALUE: usize = 10;
/// Above 2⁵³ not every integer is a float64.
const MAX_INTEGER: f64 = 9_007_199_254_740_992.0;

/// The kind of the numbers in a column, which decides how model space is converted back.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnKind {
    /// Any numbers.
    Real,
    /// Whole numbers below 2⁵³ in size: rounded to the nearest, and not clamped to the range that
    /// was seen, so that nothing piles up at its ends.
    Integer,
    /// At most 16 distinct numbers, ascending, with at least 10 rows for each on average: snapped
    /// to the nearest of them.
    Discrete(Vec<f64>),
    /// The same number in every row.
    Constant,
}

/// A column of a table: its name, its kind, and the numbers that standardise it.
///
/// # Formula
/// ```text
/// model = (value − mean)/deviation,     value = mean + deviation · model, then by the kind
/// ```
/// The deviation is that of the population, √(Σ(value − mean)²/n). Of a constant column the mean
/// is its value and the deviation is 1.
/// # Numerics
/// In f64, in two passes over values shifted and scaled to 0 … 1: a large offset costs no digits,
/// and nothing overflows. Model space is f32, so that an integer is restored exactly where
/// |value − mean| < 2²² (about four million).
/// # Example
/// ```
/// use ancestral_data::{Column, ColumnKind};
///
/// let ages = Column::fit("age", &[20.0, 30.0, 40.0, 30.0]);
/// assert_eq!((ages.kind(), ages.mean()), (&ColumnKind::Integer, 30.0));
/// assert_eq!(ages.deviation(), 50_f64.sqrt());
/// assert_eq!(ages.to_model(30.0), 0.0);
/// assert_eq!(ages.from_model(2.0), 44.0); // 30 + 2 · 7.07 = 44.14
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    name: String,
    kind: ColumnKind,
    mean: f64,
    deviation: f64,
}

/// Why parts do not make a [`Column`].
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ColumnError {
    /// The mean or the deviation standardises nothing.
    #[error(
        "column {name:?} has mean {mean} and deviation {deviation}, \
         but they must be finite, and the deviation above 0"
    )]
    Scale {
        /// The column.
        name: String,
        /// The mean.
        mean: f64,
        /// The deviation.
        deviation: f64,
    },
    /// The values of a discrete column are not a list to choose from.
    #[error("the values of discrete column {name:?} must be finite and ascend, got {values:?}")]
    Values {
        /// The column.
        name: String,
        /// The values.
        values: Vec<f64>,
    },
}

impl Column {
    /// The largest size of a number in a table: 10³⁰⁰. Differences of such numbers are finite.
    pub const MAX_VALUE: f64 = 1e300;

    /// Puts a column together from its parts, such as those a file holds.
    ///
    /// # Errors
    /// [`ColumnError`] if the mean is not finite, the deviation is not above 0 and finite, or
    /// discrete values are not finite and ascending.
    pub fn new(
        name: &str,
        kind: ColumnKind,
        mean: f64,
        deviation: f64,
    ) -> Result<Self, ColumnError> {
        let name = name.to_owned();
        if !(mean.is_finite() && deviation.is_finite() && deviation > 0.0) {
            return Err(ColumnError::Scale { name, mean, deviation });
        }
        match kind {
            ColumnKind::Discrete(values) if !ascending(&values) => {
                Err(ColumnError::Values { name, values })
            }
            ColumnKind::Real
            | ColumnKind::Integer
            | ColumnKind::Discrete(_)
            | ColumnKind::Constant => Ok(Self { name, kind, mean, deviation }),
        }
    }

    /// The column of these values: its kind, mean and deviation are theirs.
    ///
    /// # Panics
    /// If there are no values, or one is not a number within ±[`MAX_VALUE`](Self::MAX_VALUE).
    #[must_use]
    pub fn fit(name: &str, values: &[f64]) -> Self {
        assert!(!values.is_empty(), "column {name:?} has no values");
        let unfit = values.iter().find(|value| !is_fit(**value));
        assert!(unfit.is_none(), "column {name:?} holds {unfit:?}");
        let kind = kind_of(values);
        let (mean, deviation) = match kind {
            ColumnKind::Constant => (values[0], 1.0),
            ColumnKind::Real | ColumnKind::Integer | ColumnKind::Discrete(_) => moments(values),
        };
        Self { name: name.to_owned(), kind, mean, deviation }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the numbers are.
    #[must_use]
    pub fn kind(&self) -> &ColumnKind {
        &self.kind
    }

    /// The mean of the values.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The deviation of the values, above 0.
    #[must_use]
    pub fn deviation(&self) -> f64 {
        self.deviation
    }

    /// A value as the model sees it. A constant column maps everything to 0.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "model space is f32")]
    pub fn to_model(&self, value: f64) -> f32 {
        match self.kind {
            ColumnKind::Constant => 0.0,
            ColumnKind::Real | ColumnKind::Integer | ColumnKind::Discrete(_) => {
                ((value - self.mean) / self.deviation) as f32
            }
        }
    }

    /// The value that the model means by `model`, of the column's kind.
    ///
    /// # Numerics
    /// Halves are rounded away from zero. Between two discrete values the smaller is taken. What
    /// is not finite stays so in real and integer columns; in discrete ones NaN is the smallest.
    #[must_use]
    #[allow(clippy::wrong_self_convention, reason = "the inverse of to_model")]
    pub fn from_model(&self, model: f32) -> f64 {
        let value = self.mean + self.deviation * f64::from(model);
        match &self.kind {
            ColumnKind::Real => value,
            // Adding 0 makes −0 a 0.
            ColumnKind::Integer => value.round() + 0.0,
            ColumnKind::Discrete(values) => values[nearest(values, value)],
            ColumnKind::Constant => self.mean,
        }
    }

    /// A value of this column as text. Of a real one no more decimals are written than f32 can
    /// distinguish: 10⁻⁷ of the deviation.
    pub(super) fn text(&self, value: f64) -> String {
        match self.kind {
            ColumnKind::Real => real_text(value, self.deviation),
            ColumnKind::Integer if value.abs() < MAX_INTEGER => value.to_string(),
            ColumnKind::Integer | ColumnKind::Discrete(_) | ColumnKind::Constant => shortest(value),
        }
    }
}

/// Whether a table may hold the value.
pub(crate) fn is_fit(value: f64) -> bool {
    value.abs() <= Column::MAX_VALUE
}

/// The index of the ascending value that is nearest, the smaller of two equally near.
pub(crate) fn nearest(values: &[f64], value: f64) -> usize {
    let above = values.partition_point(|seen| *seen < value);
    if above == values.len() || (above > 0 && value - values[above - 1] <= values[above] - value) {
        above - 1
    } else {
        above
    }
}

fn ascending(values: &[f64]) -> bool {
    let ordered = values.windows(2).all(|pair| pair[0] < pair[1]);
    !values.is_empty() && ordered && values.iter().all(|value| value.is_finite())
}

fn kind_of(values: &[f64]) -> ColumnKind {
    match distinct(values) {
        Some(seen) if seen.len() == 1 => ColumnKind::Constant,
        Some(seen) if values.len() >= ROWS_PER_VALUE * seen.len() => ColumnKind::Discrete(seen),
        _ if values.iter().all(|x| x.fract() == 0.0 && x.abs() < MAX_INTEGER) => {
            ColumnKind::Integer
        }
        _ => ColumnKind::Real,
    }
}

/// The distinct values, ascending, if they are few.
fn distinct(values: &[f64]) -> Option<Vec<f64>> {
    let mut seen: Vec<f64> = Vec::new();
    for &value in values {
        let place = seen.partition_point(|x| *x < value);
        if seen.get(place) != Some(&value) {
            seen.insert(place, value + 0.0); // adding 0 makes −0 a 0
        }
        if seen.len() > MAX_DISTINCT {
            return None;
        }
    }
    Some(seen)
}

/// Mean and deviation of values that are not all equal.
fn moments(values: &[f64]) -> (f64, f64) {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let span = values.iter().copied().fold(f64::NEG_INFINITY, f64::max) - low;
    let n = values.len() as f64;
    // From here on all is between 0 and 1.
    let parts = || values.iter().map(|value| (value - low) / span);
    let mean = parts().sum::<f64>() / n;
    let variance = parts().map(|part| (part - mean).powi(2)).sum::<f64>() / n;
    (low + span * mean, span * variance.sqrt())
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped first")]
fn real_text(value: f64, deviation: f64) -> String {
    // Beyond 323 decimals there are no numbers.
    let decimals = (7.0 - deviation.log10().floor()).clamp(0.0, 323.0) as usize;
    let rounded = format!("{value:.decimals$}").parse().unwrap_or(value);
    shortest(rounded)
}

/// The shortest text that is read as this value; of a whole number without a point.
pub(super) fn shortest(value: f64) -> String {
    let text = format!("{:?}", value + 0.0); // adding 0 makes −0 a 0
    text.strip_suffix(".0").map(ToOwned::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests;
