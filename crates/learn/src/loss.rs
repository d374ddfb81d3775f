//! What training makes small.

use rayon::prelude::*;

/// The mean squared errors of some rows, each times its weight, and their slopes.
///
/// # Formula
/// ```text
/// loss_row = w mean (output − target)²
/// slope = d (Σ_rows loss_row/total) / d output = 2 w (output − target)/(length · total)
/// ```
/// with `total` the rows of the whole update; these may be a part of them.
/// # Shapes
/// `output`, `target`, `slopes`: `[rows, length]`; `weights` and the result: `[rows]`.
/// # Numerics
/// Losses are summed in f64, each row on its own: they do not depend on the other rows.
pub(crate) fn squared_errors(
    output: &[f32],
    target: &[f32],
    weights: &[f64],
    slopes: &mut [f32],
    [length, total]: [usize; 2],
) -> Vec<f64> {
    assert_eq!([output.len(), slopes.len()], [target.len(); 2], "values of all rows");
    assert_eq!(output.len(), weights.len() * length, "a weight a row");
    let rows = output.par_chunks_exact(length).zip(target.par_chunks_exact(length));
    let rows = rows.zip(slopes.par_chunks_exact_mut(length)).zip(weights);
    rows.map(|(((output, target), slopes), weight)| {
        let factor = to_f32(2.0 * weight / (length as f64 * total as f64));
        let mut sum = 0.0;
        for ((output, target), slope) in output.iter().zip(target).zip(slopes) {
            let error = output - target;
            *slope = error * factor;
            sum += f64::from(error) * f64::from(error);
        }
        weight * sum / length as f64
    })
    .collect()
}

#[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is what is wanted")]
fn to_f32(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_and_slopes_by_hand() {
        // Errors 1, −2 and 3, 0 in two of four rows of two values; the second counts twice.
        let mut slopes = [0.0; 4];
        let (output, target) = ([2.0, 0.0, 3.0, 1.0], [1.0, 2.0, 0.0, 1.0]);
        let losses = squared_errors(&output, &target, &[1.0, 2.0], &mut slopes, [2, 4]);
        assert_eq!(losses, [2.5, 9.0]);
        assert_eq!(slopes, [0.25, -0.5, 1.5, 0.0]);
    }

    #[test]
    fn a_slope_is_the_derivative_of_the_mean_loss() {
        let (target, weights) = ([0.3, -0.8, 0.1, 1.4, 0.0, -0.6], [0.5, 3.0]);
        let (length, total) = (3, 5);
        let output = [0.5, -0.25, 0.75, 1.0, -0.5, 0.125];
        let loss = |output: &[f32]| {
            let losses = squared_errors(output, &target, &weights, &mut [0.0; 6], [length, total]);
            losses.iter().sum::<f64>() / total as f64
        };
        let mut slopes = [0.0; 6];
        squared_errors(&output, &target, &weights, &mut slopes, [length, total]);
        let step = 0.015_625; // exact in f32, as are the sums
        for i in 0..6 {
            let [mut above, mut below] = [output; 2];
            above[i] += step;
            below[i] -= step;
            let slope = (loss(&above) - loss(&below)) / f64::from(2.0 * step);
            assert!((slope - f64::from(slopes[i])).abs() < 1e-6, "{i}: {slope} {}", slopes[i]);
        }
    }

    #[test]
    fn what_is_not_finite_shows() {
        let losses =
            squared_errors(&[f32::NAN, 1.0], &[0.0, 0.0], &[1.0; 2], &mut [0.0; 2], [1, 2]);
        assert!(losses[0].is_nan() && losses[1] == 1.0);
    }
}
