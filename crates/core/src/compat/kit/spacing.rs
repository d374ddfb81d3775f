//! diffusers' lists of timesteps.

use crate::batch::Scalar;
use crate::compat::error::CompatError;
use crate::grid::{GridError, Spacing};

/// `steps` timesteps of `0..total` as `spacing` lays them, descending; `trailing` may have one
/// more, −1.
pub(in crate::compat) fn descending(
    spacing: Spacing,
    total: usize,
    steps: usize,
) -> Result<Vec<i64>, CompatError> {
    check_steps(total, steps)?;
    match spacing {
        Spacing::Trailing => Ok(trailing(total, total, steps)),
        Spacing::Linspace => Ok(linspace(total, steps)),
        Spacing::Leading { offset } => {
            let stride = total.div_euclid(steps);
            leading(0..steps, stride, offset, total)
        }
    }
}

/// As [`descending`], but `linspace` is not rounded.
pub(in crate::compat) fn fractional(
    spacing: Spacing,
    total: usize,
    steps: usize,
) -> Result<Vec<f64>, CompatError> {
    let whole = descending(spacing, total, steps)?;
    if spacing != Spacing::Linspace || steps == 1 {
        return Ok(floats(&whole));
    }
    let stride = (total - 1) as f64 / (steps - 1) as f64;
    let inner = (0..steps - 1).rev().map(|i| f64::from(f32::from_f64(i as f64 * stride)));
    Ok(std::iter::once((total - 1) as f64).chain(inner).collect())
}

/// `steps` timesteps of `0..last` without the clean end: `linspace` and `leading` are those of
/// `steps + 1` without the last.
pub(in crate::compat) fn above_clean(
    spacing: Spacing,
    total: usize,
    last: usize,
    steps: usize,
) -> Result<Vec<i64>, CompatError> {
    check_steps(total, steps)?;
    match spacing {
        Spacing::Trailing => Ok(trailing(total, last, steps)),
        Spacing::Linspace => {
            let stride = (last - 1) as f64 / steps as f64;
            let inner = (1..steps).rev().map(|i| round_even(i as f64 * stride));
            Ok(std::iter::once(signed(last - 1)).chain(inner).collect())
        }
        Spacing::Leading { offset } => {
            leading(1..steps + 1, last.div_euclid(steps + 1), offset, total)
        }
    }
}

pub(in crate::compat) fn check_steps(total: usize, steps: usize) -> Result<(), GridError> {
    match steps {
        0 => Err(GridError::NoSteps { total }),
        _ if steps > total => Err(GridError::TooManySteps { steps, total }),
        _ => Ok(()),
    }
}

/// `i stride + offset` of the indices, descending.
fn leading(
    indices: std::ops::Range<usize>,
    stride: usize,
    offset: usize,
    total: usize,
) -> Result<Vec<i64>, CompatError> {
    let steps = indices.len();
    let timesteps: Vec<usize> = indices.rev().map(|i| i * stride + offset).collect();
    match timesteps.first() {
        Some(&timestep) if timestep >= total => {
            Err(CompatError::Offset { steps, offset, timestep, total })
        }
        _ => Ok(timesteps.into_iter().map(signed).collect()),
    }
}

/// `round(L − i T/n) − 1`, for as many i as NumPy's `arange(L, 0, −T/n)` has entries: n for L = T, or
/// n + 1 where the quotient is rounded up. Its step is the difference of its first two entries.
fn trailing(total: usize, last: usize, steps: usize) -> Vec<i64> {
    let (ratio, last) = (total as f64 / steps as f64, last as f64);
    let stride = (last - ratio) - last;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most n + 1")]
    let entries = (last / ratio).ceil() as usize;
    (0..entries).map(|i| round_even(last + i as f64 * stride) - 1).collect()
}

/// `round(i (T−1)/(n−1))`; a single step is at 0.
fn linspace(total: usize, steps: usize) -> Vec<i64> {
    let stride = if steps == 1 { 0.0 } else { (total - 1) as f64 / (steps - 1) as f64 };
    (0..steps).rev().map(|i| round_even(i as f64 * stride)).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "timesteps are small")]
pub(in crate::compat) fn round_even(value: f64) -> i64 {
    value.round_ties_even() as i64
}

/// The same for a network.
pub(in crate::compat) fn floats(timesteps: &[i64]) -> Vec<f64> {
    timesteps.iter().map(|t| *t as f64).collect()
}

/// A timestep as one of diffusers' integers.
pub(in crate::compat) fn signed(timestep: usize) -> i64 {
    i64::try_from(timestep).expect("a timestep is far below 2^63")
}
