//! The gradients of the attention of narrow heads, by the kernels of its forward pass.
//!
//! Scores are computed twice: with queries in the lanes for the gradients of queries, and with keys in
//! the lanes for those of keys and values. No sum crosses a vector, and no scores are kept.

use pulp::{Simd, WithSimd};

use super::narrow::{WIDEST, all_mixed, all_scores, exponentials, gather};
use crate::conv::MOST_LANES;
use crate::simd::{exp, load, mul_add, store};

/// The gradients of all heads of one row.
///
/// # Formula
/// ```text
/// p = softmax(q kᵀ · scale),   δ = Σ_channels y dy,   ds = p ⊙ (dy vᵀ − δ) · scale
/// dq = ds k,   dk = dsᵀ q,   dv = pᵀ dy
/// ```
/// # Source
/// Dao et al. 2022, arXiv:2205.14135, appendix B.2: Σ_j p_ij dp_ij is Σ_c y_ic dy_ic.
pub(crate) struct NarrowBackward<'a> {
    /// q, k, v, y and dy: `[positions, heads, width]`.
    pub values: [&'a [f32]; 5],
    pub heads: usize,
    pub width: usize,
    pub scale: f32,
    /// dq, dk and dv.
    pub gradients: [&'a mut [f32]; 3],
    /// Room: see [`room`](Self::room).
    pub room: &'a mut [f32],
}

impl NarrowBackward<'_> {
    /// Values that are needed for so many positions.
    pub(crate) fn room(positions: usize) -> usize {
        2 * positions * MOST_LANES + 3 * (positions + MOST_LANES)
    }
}

type Columns = [[f32; MOST_LANES]; WIDEST];

impl WithSimd for NarrowBackward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for head in 0..self.heads {
            self.head(simd, head);
        }
    }
}

impl NarrowBackward<'_> {
    #[inline(always)]
    fn head<S: Simd>(&mut self, simd: S, head: usize) {
        let (width, scale, lanes) = (self.width, self.scale, S::F32_LANES);
        let stride = self.heads * width;
        let [q, k, v, y, dy] = self.values.map(|values| &values[head * width..]);
        let positions = self.values[0].len() / stride;
        let (scores, of_queries) = self.room.split_at_mut(2 * positions * lanes);
        let (scores, _) = S::as_mut_simd_f32s(scores);
        let (p, dp) = scores.split_at_mut(positions);
        // Of each query: the largest score, one over the sum, δ.
        let (most, rest) = of_queries.split_at_mut(positions + MOST_LANES);
        let (factors, deltas) = rest.split_at_mut(positions + MOST_LANES);
        let mut columns: [Columns; 2] = [[[0.0; MOST_LANES]; WIDEST]; 2];
        let [left, right] = columns.each_mut().map(|columns| &mut columns[..width]);
        let [dq, dk, dv] = self.gradients.each_mut().map(|gradient| &mut gradient[head * width..]);

        for first in (0..positions).step_by(lanes) {
            let count = lanes.min(positions - first);
            gather(&q[first * stride..], stride, count, scale, left);
            gather(&dy[first * stride..], stride, count, 1.0, right);
            all_scores(simd, left, k, stride, p);
            let (largest, factor) = exponentials(simd, p);
            let delta = delta(&y[first * stride..], &dy[first * stride..], stride, width, count);
            let delta = load(simd, &delta[..lanes]);
            store(simd, &mut most[first..first + lanes], largest);
            store(simd, &mut factors[first..first + lanes], factor);
            store(simd, &mut deltas[first..first + lanes], delta);
            all_scores(simd, right, v, stride, dp);
            for (p, dp) in p.iter_mut().zip(&*dp) {
                let change = simd.mul_f32s(simd.sub_f32s(*dp, delta), simd.splat_f32s(scale));
                *p = simd.mul_f32s(simd.mul_f32s(*p, factor), change);
            }
            all_mixed(simd, p, k, stride, simd.splat_f32s(1.0), left);
            scatter(left, &mut dq[first * stride..], stride, count);
        }

        for first in (0..positions).step_by(lanes) {
            let count = lanes.min(positions - first);
            gather(&k[first * stride..], stride, count, scale, left);
            gather(&v[first * stride..], stride, count, 1.0, right);
            all_scores(simd, left, q, stride, p);
            all_scores(simd, right, dy, stride, dp);
            for (i, (p, dp)) in p.iter_mut().zip(&mut *dp).enumerate() {
                let x = simd.sub_f32s(*p, simd.splat_f32s(most[i]));
                // `exp` treats NaN as a number.
                let value = mul_add(simd, x, simd.splat_f32s(0.0), exp(simd, x));
                *p = simd.mul_f32s(value, simd.splat_f32s(factors[i]));
                let change = simd.sub_f32s(*dp, simd.splat_f32s(deltas[i]));
                *dp = simd.mul_f32s(*p, simd.mul_f32s(change, simd.splat_f32s(scale)));
            }
            all_mixed(simd, dp, q, stride, simd.splat_f32s(1.0), left);
            scatter(left, &mut dk[first * stride..], stride, count);
            all_mixed(simd, p, dy, stride, simd.splat_f32s(1.0), right);
            scatter(right, &mut dv[first * stride..], stride, count);
        }
    }
}

/// Σ_channels y dy of some positions.
#[inline(always)]
fn delta(y: &[f32], dy: &[f32], stride: usize, width: usize, count: usize) -> [f32; MOST_LANES] {
    let mut delta = [0.0; MOST_LANES];
    let rows = y.chunks(stride).zip(dy.chunks(stride)).take(count);
    for (delta, (y, dy)) in delta.iter_mut().zip(rows) {
        for (y, dy) in y[..width].iter().zip(dy) {
            *delta += y * dy;
        }
    }
    delta
}

/// Puts the lanes of columns into rows, `stride` apart.
#[inline(always)]
fn scatter(columns: &[[f32; MOST_LANES]], rows: &mut [f32], stride: usize, count: usize) {
    for (lane, row) in rows.chunks_mut(stride).take(count).enumerate() {
        for (value, column) in row.iter_mut().zip(columns) {
            *value = column[lane];
        }
    }
}
