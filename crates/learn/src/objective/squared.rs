//! The squared error of a prediction.

/// The sum of the squared errors of a row, and `factor` times the errors.
///
/// # Formula
/// ```text
/// Σ (prediction − target)²,     slope = factor (prediction − target)
/// ```
/// # Numerics
/// The sum is in f64.
pub(super) fn squared_error(
    prediction: &[f32],
    target: &[f32],
    factor: f32,
    slopes: &mut [f32],
) -> f64 {
    let mut sum = 0.0;
    for ((prediction, target), slope) in prediction.iter().zip(target).zip(slopes) {
        let error = prediction - target;
        *slope = error * factor;
        sum += f64::from(error) * f64::from(error);
    }
    sum
}
