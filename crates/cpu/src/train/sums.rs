//! Sums over positions: the gradient of what was added to all of them.

use pulp::{Simd, WithSimd};

use crate::arch::arch;
use crate::simd::{load, store};
use crate::threads::prelude::*;

/// Rows whose sum is one part.
const PART: usize = 64;

/// The sum of the rows of `x`: each part of 64 on its own, then the parts in their order.
///
/// # Formula
/// ```text
/// out[c] = Σ_r x[r, c]
/// ```
/// # Panics
/// If `x` is no whole number of rows as long as `out`.
pub(crate) fn column_sums(x: &[f32], out: &mut [f32]) {
    let columns = out.len();
    assert!(x.len().is_multiple_of(columns), "whole rows");
    let parts = (x.len() / columns).div_ceil(PART);
    if parts <= 1 {
        arch().dispatch(Sum { x, out });
        return;
    }
    let mut sums = vec![0.0; parts * columns];
    let each = sums.par_chunks_exact_mut(columns).zip(x.par_chunks(PART * columns));
    each.for_each(|(out, x)| arch().dispatch(Sum { x, out }));
    column_sums(&sums, out);
}

struct Sum<'a> {
    x: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Sum<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let columns = self.out.len();
        for first in (0..columns).step_by(S::F32_LANES) {
            let count = S::F32_LANES.min(columns - first);
            let mut sum = simd.splat_f32s(0.0);
            for row in self.x.chunks_exact(columns) {
                sum = simd.add_f32s(sum, load(simd, &row[first..first + count]));
            }
            store(simd, &mut self.out[first..first + count], sum);
        }
    }
}
