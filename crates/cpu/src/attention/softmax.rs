//! The softmax.

use pulp::{Simd, WithSimd};

use crate::arch::arch;
use crate::simd::{exp, load, mul_add, store, vectors};

/// e^(x − max) over their sum, of each row of `length` values, in place. A row with a value that is no
/// number becomes NaN.
pub(crate) fn softmax(rows: &mut [f32], length: usize) {
    arch().dispatch(Softmax { rows, length });
}

struct Softmax<'a> {
    rows: &'a mut [f32],
    length: usize,
}

impl WithSimd for Softmax<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.rows.chunks_exact_mut(self.length).for_each(
            #[inline(always)]
            |row| one(simd, row),
        );
    }
}

#[inline(always)]
fn one<S: Simd>(simd: S, row: &mut [f32]) {
    let (head, tail) = S::as_simd_f32s(row);
    let most = head.iter().fold(
        simd.splat_f32s(f32::NEG_INFINITY),
        #[inline(always)]
        |most, x| simd.max_f32s(most, *x),
    );
    let most = tail.iter().copied().fold(simd.reduce_max_f32s(most), f32::max);
    let most = simd.splat_f32s(most);
    // Of a vector that is not full, lanes without a value add nothing.
    let (mut sum, mut rest) = (simd.splat_f32s(0.0), 0.0);
    vectors::<S>(
        row.len(),
        #[inline(always)]
        |at, count| {
            let x = simd.sub_f32s(load(simd, &row[at..at + count]), most);
            // `exp` treats NaN as a number.
            let x = mul_add(simd, x, simd.splat_f32s(0.0), exp(simd, x));
            let out = &mut row[at..at + count];
            store(simd, out, x);
            if count == S::F32_LANES {
                sum = simd.add_f32s(sum, x);
            } else {
                rest = out.iter().sum();
            }
        },
    );
    let factor = simd.splat_f32s(1.0 / (simd.reduce_sum_f32s(sum) + rest));
    vectors::<S>(
        row.len(),
        #[inline(always)]
        |at, count| {
            let out = &mut row[at..at + count];
            let x = load(simd, out);
            store(simd, out, simd.mul_f32s(x, factor));
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_any_length_are_what_the_formula_says() {
        for length in [1, 7, 16, 37, 64] {
            let x: Vec<f32> = (0..3 * length).map(|i| 9.0 * (i as f32 * 0.7).sin()).collect();
            let mut found = x.clone();
            softmax(&mut found, length);
            for (x, found) in x.chunks(length).zip(found.chunks(length)) {
                let sum: f64 = x.iter().map(|x| f64::from(*x).exp()).sum();
                for (x, found) in x.iter().zip(found) {
                    let expected = f64::from(*x).exp() / sum;
                    assert!((f64::from(*found) / expected - 1.0).abs() < 2e-6, "{length}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        for bad in [f32::NAN, f32::INFINITY] {
            for at in [0, 5, 17] {
                let mut row = [0.5; 18];
                row[at] = bad;
                softmax(&mut row, 18);
                assert!(row.iter().all(|x| x.is_nan()), "{bad} at {at}: {row:?}");
            }
        }
    }
}
