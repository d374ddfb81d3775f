//! The sigmoid linear unit.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::arch::arch;
use crate::simd::{load, silu as value, silu_slope, store};

/// Values that are one piece of work.
const PIECE: usize = 16_384;

/// y = x / (1 + e^−x), element by element.
///
/// # Numerics
/// Within 5e-7 of itself for x > −87; NaN stays NaN.
///
/// # Panics
/// If the lengths differ.
pub fn silu(x: &[f32], out: &mut [f32]) {
    assert_eq!(x.len(), out.len(), "values in and out");
    out.par_chunks_mut(PIECE).zip(x.par_chunks(PIECE)).for_each(|(out, x)| {
        arch().dispatch(Forward { x, out });
    });
}

/// The gradient of the input, dx = dy σ (1 + x (1 − σ)) with σ = 1 / (1 + e^−x).
///
/// # Panics
/// If the lengths differ.
pub fn silu_gradient(x: &[f32], dy: &[f32], dx: &mut [f32]) {
    assert_eq!([x.len(), dy.len()], [dx.len(); 2], "values in and out");
    let each = dx.par_chunks_mut(PIECE).zip(x.par_chunks(PIECE)).zip(dy.par_chunks(PIECE));
    each.for_each(|((dx, x), dy)| arch().dispatch(Backward { x, dy, dx }));
}

struct Forward<'a> {
    x: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let lanes = S::F32_LANES;
        for (out, x) in self.out.chunks_mut(lanes).zip(self.x.chunks(lanes)) {
            store(simd, out, value(simd, load(simd, x)));
        }
    }
}

struct Backward<'a> {
    x: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let lanes = S::F32_LANES;
        let each = self.dx.chunks_mut(lanes).zip(self.x.chunks(lanes)).zip(self.dy.chunks(lanes));
        for ((dx, x), dy) in each {
            let slope = silu_slope(simd, load(simd, x));
            store(simd, dx, simd.mul_f32s(load(simd, dy), slope));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_slopes_are_those_of_the_formula() {
        let x: Vec<f32> = (-400..400_i16).map(|i| f32::from(i) * 0.1).collect();
        let (mut y, mut dx) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        silu(&x, &mut y);
        silu_gradient(&x, &vec![2.0; x.len()], &mut dx);
        for ((x, y), dx) in x.into_iter().map(f64::from).zip(y).zip(dx) {
            let sigmoid = 1.0 / (1.0 + (-x).exp());
            let slope = 2.0 * sigmoid * (1.0 + x * (1.0 - sigmoid));
            let expected = x * sigmoid;
            assert!((f64::from(y) - expected).abs() <= 5e-7 * expected.abs(), "{x}: {y}");
            // The slope has a zero near −1.28: there the error is that of its terms.
            assert!((f64::from(dx) - slope).abs() <= 1e-6 * slope.abs() + 2e-7, "{x}: {dx}");
        }
    }
}
