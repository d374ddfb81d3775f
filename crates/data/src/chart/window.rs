//! The part of the plane that a scatter plot shows.

use super::ChartError;
use crate::Scale;
use crate::table::is_fit;
use std::ops::Range;

/// The part of the plane that a scatter plot shows. Plots that share one can be compared, and
/// make an animation.
///
/// x and y have the same scale, unless one extent is over four times the other: then they measure
/// different things, and each fills its axis.
///
/// # Example
/// ```
/// use ancestral_data::Window;
///
/// let window = Window::around(&[[-1.0, 0.0], [3.0, 2.0]])?;
/// assert!((window.x().end - window.x().start) == (window.y().end - window.y().start));
/// assert!(window.x().contains(&3.0) && window.y().contains(&-0.5));
/// # Ok::<(), ancestral_data::ChartError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window([[f64; 2]; 2]);

impl Window {
    /// Shows these points, without those far outside the middle 98 % of them.
    ///
    /// # Formula
    /// ```text
    /// low = max(smallest, q₁ − (q₉₉ − q₁)/2),     high likewise,     q the percentiles
    /// ```
    /// and a margin of 5 % on each side.
    ///
    /// # Errors
    /// [`ChartError`] if there are no points, or a coordinate is not a number within ±10³⁰⁰.
    pub fn around(points: &[[f64; 2]]) -> Result<Self, ChartError> {
        check(points)?;
        Ok(Self::of([0, 1].map(|axis| extent(&coordinates(points, axis)))))
    }

    /// As [`around`](Self::around), and also shows three deviations to each side of the mean:
    /// where the noise is that standardised samples start from.
    ///
    /// # Errors
    /// [`ChartError`] if there are no points, or a coordinate is not a number within ±10³⁰⁰.
    pub fn with_noise(points: &[[f64; 2]]) -> Result<Self, ChartError> {
        check(points)?;
        Ok(Self::of([0, 1].map(|axis| {
            let values = coordinates(points, axis);
            let [low, high] = extent(&values);
            match Scale::standard(&values) {
                Scale::Standard { mean, deviation } => {
                    let [below, above] = [-3.0, 3.0].map(|m| mean + m * deviation);
                    [low.min(below), high.max(above)]
                }
                Scale::Scores { .. } => [low, high],
            }
        })))
    }

    /// The shown range of x.
    #[must_use]
    pub fn x(&self) -> Range<f64> {
        self.0[0][0]..self.0[0][1]
    }

    /// The shown range of y.
    #[must_use]
    pub fn y(&self) -> Range<f64> {
        self.0[1][0]..self.0[1][1]
    }

    fn of(extents: [[f64; 2]; 2]) -> Self {
        let ranges = extents.map(padded);
        let spans = ranges.map(|[low, high]| high - low);
        let (smaller, larger) = (spans[0].min(spans[1]), spans[0].max(spans[1]));
        if larger > 4.0 * smaller {
            return Self(ranges);
        }
        Self(ranges.map(|[low, high]| {
            let centre = low / 2.0 + high / 2.0;
            [centre - larger / 2.0, centre + larger / 2.0]
        }))
    }
}

fn check(points: &[[f64; 2]]) -> Result<(), ChartError> {
    if points.is_empty() {
        return Err(ChartError::NoRows);
    }
    check_values(points.as_flattened(), 2)
}

/// Refuses a value that has no place on an axis.
pub(super) fn check_values(values: &[f64], row_len: usize) -> Result<(), ChartError> {
    match values.iter().position(|value| !is_fit(*value)) {
        Some(i) => Err(ChartError::Value { value: values[i], row: i / row_len }),
        None => Ok(()),
    }
}

/// The same, but a hole (NaN) needs no place.
pub(super) fn check_present(values: &[f64], row_len: usize) -> Result<(), ChartError> {
    match values.iter().position(|value| !value.is_nan() && !is_fit(*value)) {
        Some(i) => Err(ChartError::Value { value: values[i], row: i / row_len }),
        None => Ok(()),
    }
}

fn coordinates(points: &[[f64; 2]], axis: usize) -> Vec<f64> {
    points.iter().map(|point| point[axis]).collect()
}

/// The smallest and the largest value, without those far outside the middle 98 %.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of an index")]
pub(super) fn extent(values: &[f64]) -> [f64; 2] {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let last = values.len() - 1;
    let percentile = |p: f64| values[(p / 100.0 * last as f64).round() as usize];
    let (low, high) = (percentile(1.0), percentile(99.0));
    let reach = (high - low) / 2.0;
    // Where nearly all are equal, the others are not outliers, but the point.
    let reach = if reach > 0.0 { reach } else { f64::INFINITY };
    [values[0].max(low - reach), values[last].min(high + reach)]
}

/// A range with a margin, and never an empty one.
pub(super) fn padded([low, high]: [f64; 2]) -> [f64; 2] {
    let size = low.abs().max(high.abs());
    let margin = match 0.05 * (high - low) {
        margin if margin > 1e-14 * size => margin,
        _ if size > 0.0 => 0.1 * size,
        _ => 1.0,
    };
    [low - margin, high + margin]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outliers_are_left_out() {
        let mut values: Vec<f64> = (0..=1000).map(f64::from).collect();
        assert_eq!(extent(&values), [0.0, 1000.0]);
        values[0] = -1e6;
        // 1 % to 99 % is 10 to 990, and half of it 490.
        assert_eq!(extent(&values), [-480.0, 1000.0]);
        let mut nearly_equal = vec![3.0; 1000];
        nearly_equal[7] = 9.0;
        assert_eq!(extent(&nearly_equal), [3.0, 9.0]);
        assert_eq!(extent(&[5.0]), [5.0, 5.0]);
    }

    #[test]
    fn axes_share_a_scale_unless_they_measure_different_things() {
        let window = Window::around(&[[0.0, 0.0], [4.0, 1.0]]).unwrap();
        assert!((window.x().start + 0.2).abs() < 1e-12 && (window.x().end - 4.2).abs() < 1e-12);
        assert!((window.y().start + 1.7).abs() < 1e-12 && (window.y().end - 2.7).abs() < 1e-12);
        let window = Window::around(&[[0.0, 0.0], [50_000.0, 1.0]]).unwrap();
        assert!((window.y().start + 0.05).abs() < 1e-12 && (window.y().end - 1.05).abs() < 1e-12);
    }

    #[test]
    fn the_noise_is_in_view() {
        let window = Window::with_noise(&[[-1.0, 4.0], [1.0, 6.0]]).unwrap();
        let [x, y] = [window.x(), window.y()];
        assert!(x.start <= -3.0 && x.end >= 3.0 && y.start <= 2.0 && y.end >= 8.0);
        assert!(x.start > -4.0 && y.end < 9.0);
    }

    #[test]
    fn no_window_is_empty() {
        for value in [0.0, 1e-320, 7.0, -1e9, 1e300] {
            let window = Window::around(&[[value, value]]).unwrap();
            assert!(window.x().start < value && value < window.x().end, "{window:?}");
        }
        assert_eq!(Window::around(&[]), Err(ChartError::NoRows));
        let error = Window::with_noise(&[[0.0, 1.0], [0.0, f64::NAN]]).unwrap_err();
        assert!(matches!(error, ChartError::Value { row: 1, .. }));
    }
}
