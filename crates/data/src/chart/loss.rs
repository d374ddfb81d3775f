//! The course of a training run as a line chart.

mod draw;

use super::ChartError;
use super::canvas::render;
use crate::Raster;
use draw::{Height, Lines};

const WIDTH: u16 = 900;
const HEIGHT: u16 = 540;

/// Draws losses over steps: each loss faint, their running mean on top, on a logarithmic axis if all are above 0;
/// and those of held-out data as dots, if there are any.
///
/// Returns an RGB image of 900 × 540 pixels, to be written by [`write_png`](crate::write_png).
///
/// # Formula
/// ```text
/// mean_i = the mean of loss_j over |i − j| ≤ n/100 (cut at both ends),     n losses
/// ```
/// # Numerics
/// Means in f64, by sums without differences.
/// # Errors
/// [`ChartError`] if there are no losses, one of either is not finite, or the steps do not ascend.
/// # Panics
/// Never: drawing into memory does not fail, and the font is part of the program.
/// # Example
/// ```
/// let losses: Vec<(u64, f64)> = (1..=100).map(|step| (step, 1.0 / step as f64)).collect();
/// let chart = ancestral_data::loss_chart("digits, 100 steps", &losses, &[(50, 0.03)])?;
/// assert_eq!((chart.width(), chart.height()), (900, 540));
/// # Ok::<(), ancestral_data::ChartError>(())
/// ```
pub fn loss_chart(
    title: &str,
    losses: &[(u64, f64)],
    held_out: &[(u64, f64)],
) -> Result<Raster, ChartError> {
    check(losses)?;
    if !held_out.is_empty() {
        check(held_out)?;
    }
    let points = |losses: &[(u64, f64)]| -> Vec<(f64, f64)> {
        losses.iter().map(|&(step, loss)| (step as f64, loss)).collect()
    };
    let (raw, held_out) = (points(losses), points(held_out));
    let radius = raw.len() / 100;
    let mean = running_mean(&raw, radius);
    let are_above_0 = raw.iter().chain(&held_out).all(|(_, loss)| *loss > 0.0);
    let height = if are_above_0 { Height::Logarithm } else { Height::Loss };
    let window = 2 * radius + 1;
    let lines = Lines { raw: &raw, mean: &mean, window, held_out: &held_out, height };
    Ok(render(WIDTH, HEIGHT, |canvas| draw::draw(canvas, title, &lines)))
}

fn check(losses: &[(u64, f64)]) -> Result<(), ChartError> {
    if losses.is_empty() {
        return Err(ChartError::Empty);
    }
    if let Some(&(step, loss)) = losses.iter().find(|(_, loss)| !loss.is_finite()) {
        return Err(ChartError::Loss { loss, step });
    }
    match losses.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
        Some(pair) => Err(ChartError::Order { from: pair[0].0, to: pair[1].0 }),
        None => Ok(()),
    }
}

/// Sums up to here from the start of a block as long as the window, and from here to its end: a
/// window is the end of one block and the start of the next. Nothing is ever taken away from a sum,
/// so that small losses beside huge ones keep their mean.
fn running_mean(raw: &[(f64, f64)], radius: usize) -> Vec<(f64, f64)> {
    let block = 2 * radius + 1;
    let mut starts: Vec<f64> = raw.iter().map(|&(_, loss)| loss).collect();
    let mut ends = starts.clone();
    for start in starts.chunks_mut(block) {
        (1..start.len()).for_each(|i| start[i] += start[i - 1]);
    }
    for end in ends.chunks_mut(block) {
        (1..end.len()).rev().for_each(|i| end[i - 1] += end[i]);
    }
    let mean = |(i, &(step, _)): (usize, &(f64, f64))| {
        let from = i.saturating_sub(radius);
        let last = (i + radius).min(raw.len() - 1);
        let sum = match (from.is_multiple_of(block), from / block == last / block) {
            (true, true) => starts[last],
            (false, true) => ends[from],
            (_, false) => ends[from] + starts[last],
        };
        (step, (sum / (last + 1 - from) as f64).min(f64::MAX))
    };
    raw.iter().enumerate().map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_taken_on_both_sides() {
        let raw: Vec<_> = [4.0, 1.0, 1.0, 7.0, 4.0].into_iter().map(|loss| (0.0, loss)).collect();
        let means = |radius| running_mean(&raw, radius).into_iter().map(|(_, mean)| mean);
        assert!(means(0).eq([4.0, 1.0, 1.0, 7.0, 4.0]));
        assert!(means(1).eq([2.5, 2.0, 3.0, 4.0, 5.5]));
    }

    #[test]
    fn every_mean_is_the_sum_of_its_window_alone() {
        for (count, radius) in [(1, 0), (1, 3), (7, 1), (40, 3), (41, 3), (5, 9)] {
            let loss = |i: usize| if i == 2 { 1e22 } else { 1.0 + (i * i % 17) as f64 };
            let raw: Vec<_> = (0..count).map(|i| (i as f64, loss(i))).collect();
            for (i, (_, mean)) in running_mean(&raw, radius).into_iter().enumerate() {
                let window = &raw[i.saturating_sub(radius)..(i + radius + 1).min(count)];
                let by_hand =
                    window.iter().map(|(_, loss)| loss).sum::<f64>() / window.len() as f64;
                assert!((mean / by_hand - 1.0).abs() < 1e-14, "{count} {radius} {i}: {mean}");
            }
        }
    }

    #[test]
    fn the_line_falls_from_left_to_right() {
        let losses: Vec<_> = (0..50).map(|i| (i, (-0.1 * i as f64).exp())).collect();
        let chart = loss_chart("falling", &losses, &[]).unwrap();
        let blue_row = |x: usize| {
            let pixel = |y: usize| &chart.data()[(y * usize::from(WIDTH) + x) * 3..][..3];
            (0..usize::from(HEIGHT)).find(|&y| pixel(y)[2] > pixel(y)[0].saturating_add(90))
        };
        let rows = [150, 300, 450].map(|x| blue_row(x).expect("the line crosses every column"));
        assert!(rows[0] < rows[1] && rows[1] < rows[2], "{rows:?}");
        // An exponential is straight on a logarithmic axis.
        assert!((rows[2] - rows[1]).abs_diff(rows[1] - rows[0]) <= 2, "{rows:?}");
    }

    #[test]
    fn short_flat_and_extreme_runs_are_drawn() {
        let long: Vec<_> = (0..3000).map(|i| (i * i + 1, 1.0 + 1.0 / (i + 1) as f64)).collect();
        for losses in [
            [(1, 0.5)].as_slice(),
            &[(0, 0.25), (1, 0.25)],
            &[(5, f64::MIN_POSITIVE), (u64::MAX, f64::MAX)],
            &[(1, 0.5), (2, 0.0), (3, -1.5)],
            &[(1, -1e300), (2, -1.0)],
            &long,
        ] {
            assert!(loss_chart("", losses, &[]).is_ok());
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        assert_eq!(loss_chart("", &[], &[]), Err(ChartError::Empty));
        for loss in [f64::INFINITY, f64::NAN] {
            let error = loss_chart("", &[(1, 0.5), (2, loss)], &[]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("loss {loss} at step 2 is not finite")), "{error}");
        }
        let unordered = loss_chart("", &[(1, 0.5), (3, 0.5), (3, 0.5)], &[]);
        assert_eq!(unordered, Err(ChartError::Order { from: 3, to: 3 }));
    }
}
