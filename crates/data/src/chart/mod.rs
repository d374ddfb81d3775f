//! The course of a training run as a line chart.

mod axis;
mod draw;
mod ticks;

use crate::{Channels, Raster};
use thiserror::Error;

const WIDTH: u16 = 900;
const HEIGHT: u16 = 540;
/// The chart is drawn this many times larger, then averaged: smooth lines and letters.
const OVERSAMPLING: u16 = 2;

/// Why losses cannot be drawn.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ChartError {
    /// There is nothing to draw.
    #[error("a loss chart needs at least one loss, got none")]
    Empty,
    /// A loss has no place on a logarithmic axis.
    #[error("loss {loss} at step {step} is not above 0 and finite, as a logarithmic axis needs")]
    Loss {
        /// The loss.
        loss: f64,
        /// The step.
        step: u64,
    },
    /// The steps do not ascend.
    #[error("step {to} follows step {from}, but steps must ascend")]
    Order {
        /// The earlier step in the list.
        from: u64,
        /// The later one.
        to: u64,
    },
}

/// Draws losses over steps: each loss faint, their running mean on top, on a logarithmic axis.
///
/// Returns an RGB image of 900 × 540 pixels, to be written by [`write_png`](crate::write_png).
///
/// # Formula
/// ```text
/// mean_i = the mean of loss_j over |i − j| ≤ n/100 (cut at both ends),     n losses
/// ```
/// # Numerics
/// Means in f64, by differences of one cumulative sum.
/// # Errors
/// [`ChartError`] if there are no losses, one is not above 0 and finite, or the steps do not
/// ascend.
/// # Panics
/// Never: drawing into memory does not fail, and the font is part of the program.
/// # Example
/// ```
/// let losses: Vec<(u64, f64)> = (1..=100).map(|step| (step, 1.0 / step as f64)).collect();
/// let chart = ancestral_data::loss_chart("digits, 100 steps", &losses)?;
/// assert_eq!((chart.width(), chart.height()), (900, 540));
/// # Ok::<(), ancestral_data::ChartError>(())
/// ```
pub fn loss_chart(title: &str, losses: &[(u64, f64)]) -> Result<Raster, ChartError> {
    check(losses)?;
    let raw: Vec<(f64, f64)> = losses.iter().map(|&(step, loss)| (step as f64, loss)).collect();
    let radius = raw.len() / 100;
    let mean = running_mean(&raw, radius);
    let width = usize::from(WIDTH * OVERSAMPLING);
    let mut pixels = vec![u8::MAX; width * usize::from(HEIGHT * OVERSAMPLING) * 3];
    draw::draw(&mut pixels, title, &raw, &mean, 2 * radius + 1)
        .expect("drawing into memory does not fail");
    let pixels = shrink(&pixels, width, usize::from(OVERSAMPLING));
    Ok(Raster::new(WIDTH, HEIGHT, Channels::Rgb, pixels).expect("the size is constant"))
}

fn check(losses: &[(u64, f64)]) -> Result<(), ChartError> {
    if losses.is_empty() {
        return Err(ChartError::Empty);
    }
    if let Some(&(step, loss)) = losses.iter().find(|(_, loss)| !(*loss > 0.0 && loss.is_finite()))
    {
        return Err(ChartError::Loss { loss, step });
    }
    match losses.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
        Some(pair) => Err(ChartError::Order { from: pair[0].0, to: pair[1].0 }),
        None => Ok(()),
    }
}

fn running_mean(raw: &[(f64, f64)], radius: usize) -> Vec<(f64, f64)> {
    let mut sum = 0.0;
    let sums: Vec<f64> = std::iter::once(0.0)
        .chain(raw.iter().map(|(_, loss)| {
            sum += loss;
            sum
        }))
        .collect();
    let mean = |(i, &(step, _)): (usize, &(f64, f64))| {
        let from = i.saturating_sub(radius);
        let to = (i + radius + 1).min(raw.len());
        (step, (sums[to] - sums[from]) / (to - from) as f64)
    };
    raw.iter().enumerate().map(mean).collect()
}

/// Averages blocks of `by` × `by` RGB pixels.
fn shrink(pixels: &[u8], width: usize, by: usize) -> Vec<u8> {
    let (row_len, area) = (width * 3, by * by);
    let mut shrunk = Vec::with_capacity(pixels.len() / area);
    for rows in pixels.chunks_exact(row_len * by) {
        for x in 0..width / by {
            for channel in 0..3 {
                let place = |i: usize| (i / by) * row_len + (x * by + i % by) * 3 + channel;
                let sum: usize = (0..area).map(|i| usize::from(rows[place(i)])).sum();
                shrunk.push(u8::try_from(sum / area).expect("a mean of bytes is a byte"));
            }
        }
    }
    shrunk
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
    fn blocks_are_averaged() {
        // 4 × 2 pixels: grey 0 10 | 100 100 over 20 30 | 100 104, with red 3 more.
        let greys = [0, 10, 100, 100, 20, 30, 100, 104];
        let pixels: Vec<u8> = greys.into_iter().flat_map(|grey| [grey + 3, grey, grey]).collect();
        assert_eq!(shrink(&pixels, 4, 2), [18, 15, 15, 104, 101, 101]);
    }

    #[test]
    fn the_line_falls_from_left_to_right() {
        let losses: Vec<_> = (0..50).map(|i| (i, (-0.1 * i as f64).exp())).collect();
        let chart = loss_chart("falling", &losses).unwrap();
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
            &long,
        ] {
            assert!(loss_chart("", losses).is_ok());
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        assert_eq!(loss_chart("", &[]), Err(ChartError::Empty));
        for loss in [0.0, -1.0, f64::INFINITY, f64::NAN] {
            let error = loss_chart("", &[(1, 0.5), (2, loss)]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("loss {loss} at step 2 is not above 0")), "{error}");
        }
        let unordered = loss_chart("", &[(1, 0.5), (3, 0.5), (3, 0.5)]);
        assert_eq!(unordered, Err(ChartError::Order { from: 3, to: 3 }));
    }
}
