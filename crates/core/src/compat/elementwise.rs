//! Arithmetic on f32 elements, one rounding an operation.

use crate::batch::{Batch, Scalar};

/// `f` of every element of `x` and `y`.
pub(super) fn zip(x: &Batch, y: &Batch, f: impl Fn(f32, f32) -> f32) -> Batch {
    assert!(
        x.shape() == y.shape() && x.rows() == y.rows(),
        "batches differ in shape: {} rows of {:?} and {} rows of {:?}",
        x.rows(),
        x.shape(),
        y.rows(),
        y.shape()
    );
    let data = std::iter::zip(x.data(), y.data()).map(|(x, y)| f(*x, *y)).collect();
    Batch::new(x.shape().to_vec(), data)
}

/// `a x + b y`.
pub(super) fn sum(a: f32, x: &Batch, b: f32, y: &Batch) -> Batch {
    zip(x, y, |x, y| a * x + b * y)
}

/// `e^x`, rounded to nearest.
pub(super) fn exp(x: f32) -> f32 {
    f32::from_f64(f64::from(x).exp())
}

/// `ln x`, rounded to nearest.
pub(super) fn ln(x: f32) -> f32 {
    f32::from_f64(f64::from(x).ln())
}
