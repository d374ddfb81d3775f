//! Arithmetic on f32 elements, one rounding an operation.

use std::f32::consts::{FRAC_1_SQRT_2, LN_2};

use crate::batch::{Batch, Scalar};

/// `f` of every element of `x` and `y`.
pub(in crate::compat) fn zip(x: &Batch, y: &Batch, f: impl Fn(f32, f32) -> f32) -> Batch {
    assert!(
        x.row_shape() == y.row_shape() && x.rows() == y.rows(),
        "batches differ in shape: {} rows of {:?} and {} rows of {:?}",
        x.rows(),
        x.row_shape(),
        y.rows(),
        y.row_shape()
    );
    let data = std::iter::zip(x.data(), y.data()).map(|(x, y)| f(*x, *y)).collect();
    Batch::new(x.row_shape().to_vec(), data)
}

/// `f` of every element of `x`.
pub(in crate::compat) fn map(x: &Batch, f: impl Fn(f32) -> f32) -> Batch {
    Batch::new(x.row_shape().to_vec(), x.data().iter().map(|x| f(*x)).collect())
}

/// `a x + b y`.
pub(in crate::compat) fn sum(a: f32, x: &Batch, b: f32, y: &Batch) -> Batch {
    zip(x, y, |x, y| a * x + b * y)
}

/// `a x + b y + …`, from the left.
///
/// # Panics
/// If there is no term.
pub(in crate::compat) fn combination(terms: &[(f32, &Batch)]) -> Batch {
    let [(a, x), rest @ ..] = terms else { panic!("a combination of nothing") };
    let first = map(x, |x| a * x);
    rest.iter().fold(first, |so_far, (b, y)| zip(&so_far, y, |sum, y| sum + b * y))
}

/// `e^x`, rounded to nearest.
pub(in crate::compat) fn exp(x: f32) -> f32 {
    f32::from_f64(f64::from(x).exp())
}

/// `ln x`, rounded to nearest.
pub(in crate::compat) fn ln(x: f32) -> f32 {
    f32::from_f64(f64::from(x).ln())
}

/// `ln x` as NumPy has it of an f32, on x86-64 with AVX2: of x = 2^e m, √½ < m ≤ √2, it is e ln 2 and
/// a quotient of polynomials in y = m − 1, which leaves one value in sixteen not rounded to nearest.
pub(in crate::compat) fn numpy_ln(x: f32) -> f32 {
    // From the highest power on; a constant is missing above.
    const ABOVE: [f32; 5] = [0.025_899_792, 0.380_883_78, 1.480_000_6, 2.112_677_6, 1.0];
    const BELOW: [f32; 6] =
        [0.005_875_095_3, 0.154_647_63, 0.986_494_3, 2.453_006, 2.612_677_6, 1.0];
    if !x.is_normal() || x < 0.0 {
        return ln(x);
    }
    let (exponent, mantissa) = (x.to_bits() >> 23, x.to_bits() & 0x7f_ffff);
    let (e, m) = (exponent as f32 - 126.0, f32::from_bits(mantissa | 0x3f00_0000));
    let (e, m) = if m > FRAC_1_SQRT_2 { (e, m) } else { (e - 1.0, 2.0 * m) };
    let y = m - 1.0;
    let polynomial = |powers: &[f32]| powers.iter().fold(0.0, |sum: f32, c| sum.mul_add(y, *c));
    e.mul_add(LN_2, polynomial(&ABOVE) * y / polynomial(&BELOW))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f32::consts::SQRT_2;

    /// Of NumPy 2.4.6: five that are not the nearest, and others.
    const KNOWN: [(f32, u32); 10] = [
        (0.045_95, 0xc045_2206),
        (137.6, 0x409d_9449),
        (0.767_56, 0xbe87_719c),
        (206.47, 0x40aa_90a2),
        (1.505_3, 0x3ed1_676f),
        (157.4, 0x40a1_e19c),
        (0.01, 0xc093_5d8e),
        (FRAC_1_SQRT_2, 0xbeb1_7218),
        (SQRT_2, 0x3eb1_7218),
        (1.0, 0x0000_0000),
    ];

    #[test]
    fn logarithms_of_numpy_are_near_the_nearest() {
        for (x, bits) in KNOWN {
            assert_eq!(numpy_ln(x).to_bits(), bits, "ln {x}");
        }
        let apart = |i: u16| {
            let x = f32::from(i) * 0.011;
            numpy_ln(x).to_bits().abs_diff(ln(x).to_bits())
        };
        assert!((1..=20_000).all(|i| apart(i) <= 2));
        assert_eq!((1..=20_000).filter(|i| apart(*i) > 0).count(), 823);
        assert_eq!((numpy_ln(0.0), numpy_ln(f32::INFINITY)), (f32::NEG_INFINITY, f32::INFINITY));
        assert!(numpy_ln(-1.0).is_nan());
    }
}
