//! The peer's lists of timesteps.

use super::error::CompatError;
use crate::grid::{GridError, Spacing};

/// `steps` timesteps of `0..total` as `spacing` lays them, descending; `trailing` may have one
/// more, −1.
pub(super) fn descending(
    spacing: Spacing,
    total: usize,
    steps: usize,
) -> Result<Vec<i64>, CompatError> {
    if steps == 0 {
        return Err(GridError::NoSteps { total }.into());
    }
    if steps > total {
        return Err(GridError::TooManySteps { steps, total }.into());
    }
    match spacing {
        Spacing::Trailing => Ok(trailing(total, steps)),
        Spacing::Linspace => Ok(linspace(total, steps)),
        Spacing::Leading { offset } => {
            let stride = total.div_euclid(steps);
            let timestep = (steps - 1) * stride + offset;
            if timestep >= total {
                return Err(CompatError::Offset { steps, offset, timestep, total });
            }
            Ok((0..steps).rev().map(|i| signed(i * stride + offset)).collect())
        }
    }
}

/// `round(T − i T/n) − 1`, for as many i as NumPy's `arange(T, 0, −T/n)` has entries: n, or n + 1
/// where the quotient `T/(T/n)` is rounded up. Its step is the difference of its first two entries.
fn trailing(total: usize, steps: usize) -> Vec<i64> {
    let total = total as f64;
    let ratio = total / steps as f64;
    let stride = (total - ratio) - total;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "n or n + 1")]
    let entries = (total / ratio).ceil() as usize;
    (0..entries).map(|i| round_even(total + i as f64 * stride) - 1).collect()
}

/// `round(i (T−1)/(n−1))`; a single step is at 0.
fn linspace(total: usize, steps: usize) -> Vec<i64> {
    let stride = if steps == 1 { 0.0 } else { (total - 1) as f64 / (steps - 1) as f64 };
    (0..steps).rev().map(|i| round_even(i as f64 * stride)).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "timesteps are small")]
fn round_even(value: f64) -> i64 {
    value.round_ties_even() as i64
}

/// A timestep as one of the peer's integers.
pub(super) fn signed(timestep: usize) -> i64 {
    i64::try_from(timestep).expect("a timestep is far below 2^63")
}
