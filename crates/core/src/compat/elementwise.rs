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

/// `f` of every element of `x`.
pub(super) fn map(x: &Batch, f: impl Fn(f32) -> f32) -> Batch {
    Batch::new(x.shape().to_vec(), x.data().iter().map(|x| f(*x)).collect())
}

/// `a x + b y`.
pub(super) fn sum(a: f32, x: &Batch, b: f32, y: &Batch) -> Batch {
    zip(x, y, |x, y| a * x + b * y)
}

/// `a x + b y + …`, from the left.
///
/// # Panics
/// If there is no term.
pub(super) fn combination(terms: &[(f32, &Batch)]) -> Batch {
    let [(a, x), rest @ ..] = terms else { panic!("a combination of nothing") };
    let first = map(x, |x| a * x);
    rest.iter().fold(first, |so_far, (b, y)| zip(&so_far, y, |sum, y| sum + b * y))
}

/// `e^x`, rounded to nearest.
pub(super) fn exp(x: f32) -> f32 {
    f32::from_f64(f64::from(x).exp())
}

/// `ln x`, rounded to nearest.
pub(super) fn ln(x: f32) -> f32 {
    f32::from_f64(f64::from(x).ln())
}
