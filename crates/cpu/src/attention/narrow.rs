//! Attention of narrow heads.
//!
//! The product of a narrow head costs less than packing its right side. Here queries are side by side
//! in the lanes of vectors: scores, softmax and values then take no sum across a vector, and a head is
//! as wide as it is.

use pulp::{Simd, WithSimd};

use crate::conv::MOST_LANES;
use crate::simd::{exp, load, mul_add, store};

/// The widest head that this kernel is used for.
pub(crate) const WIDEST: usize = 16;

/// softmax(q kᵀ · scale) v for some queries of one row, all heads.
pub(crate) struct Narrow<'a> {
    /// q, k and v: `[heads, width]` of each position, so many values apart.
    pub projected: [&'a [f32]; 3],
    pub stride: usize,
    pub positions: usize,
    pub heads: usize,
    pub width: usize,
    pub scale: f32,
    /// The first query.
    pub first: usize,
    /// `[queries, heads, width]`.
    pub mixed: &'a mut [f32],
    /// Room for [`MOST_LANES`] scores a position.
    pub scores: &'a mut [f32],
}

impl WithSimd for Narrow<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { projected: [q, k, v], stride, positions, heads, width, .. } = self;
        let Self { scale, first, mixed, scores, .. } = self;
        let (channels, lanes) = (heads * width, S::F32_LANES);
        let at = |position: usize, head: usize| position * stride + head * width;
        let (scores, _) = S::as_mut_simd_f32s(&mut scores[..positions * lanes]);
        let mut columns = [[0.0; MOST_LANES]; WIDEST]; // first the queries, then what is mixed
        for (block, mixed) in mixed.chunks_mut(lanes * channels).enumerate() {
            for head in 0..heads {
                let queries = &q[at(first + block * lanes, head)..];
                gather(queries, stride, mixed.len() / channels, scale, &mut columns[..width]);
                let columns = &mut columns[..width];
                all_scores(simd, columns, &k[at(0, head)..], stride, scores);
                let (_, factor) = exponentials(simd, scores);
                all_mixed(simd, scores, &v[at(0, head)..], stride, factor, columns);
                for (lane, mixed) in mixed.chunks_exact_mut(channels).enumerate() {
                    for (out, column) in mixed[head * width..].iter_mut().zip(&*columns) {
                        *out = column[lane];
                    }
                }
            }
        }
    }
}

/// Puts rows, `stride` apart, side by side in the lanes of columns, times `scale`.
#[inline(always)]
pub(super) fn gather(
    rows: &[f32],
    stride: usize,
    count: usize,
    scale: f32,
    columns: &mut [[f32; MOST_LANES]],
) {
    for (lane, row) in rows.chunks(stride).take(count).enumerate() {
        for (column, value) in columns.iter_mut().zip(row) {
            column[lane] = scale * value;
        }
    }
}

/// Scores of all keys, which are `stride` apart.
#[inline(always)]
pub(super) fn all_scores<S: Simd>(
    simd: S,
    columns: &[[f32; MOST_LANES]],
    keys: &[f32],
    stride: usize,
    scores: &mut [S::f32s],
) {
    by_eights(
        scores.len(),
        #[inline(always)]
        |eight, key| {
            let (keys, out) = (&keys[key * stride..], &mut scores[key..]);
            if eight {
                score::<S, 8>(simd, columns, keys, stride, out);
            } else {
                score::<S, 1>(simd, columns, keys, stride, out);
            }
        },
    );
}

/// All columns of the mixed values; rows of values are `stride` apart.
#[inline(always)]
pub(super) fn all_mixed<S: Simd>(
    simd: S,
    scores: &[S::f32s],
    values: &[f32],
    stride: usize,
    factor: S::f32s,
    columns: &mut [[f32; MOST_LANES]],
) {
    by_eights(
        columns.len(),
        #[inline(always)]
        |eight, value| {
            let (columns, values) = (&mut columns[value..], &values[value..]);
            if eight {
                mix::<S, 8>(simd, scores, values, stride, factor, columns);
            } else {
                mix::<S, 1>(simd, scores, values, stride, factor, columns);
            }
        },
    );
}

/// Calls `f` with where each eight of `length`, and then each single one of the rest, begins.
#[inline(always)]
fn by_eights(length: usize, mut f: impl FnMut(bool, usize)) {
    // Loops, as an iterator's `for_each` may become a function without the vectors' instructions.
    let whole = length / 8 * 8;
    for at in (0..whole).step_by(8) {
        f(true, at);
    }
    for at in whole..length {
        f(false, at);
    }
}

/// Scores of the first N keys, which are `stride` apart.
#[inline(always)]
fn score<S: Simd, const N: usize>(
    simd: S,
    queries: &[[f32; MOST_LANES]],
    keys: &[f32],
    stride: usize,
    out: &mut [S::f32s],
) {
    let mut sums = [simd.splat_f32s(0.0); N];
    for (d, query) in queries.iter().enumerate() {
        let query = load(simd, &query[..S::F32_LANES]);
        for (n, sum) in sums.iter_mut().enumerate() {
            *sum = mul_add(simd, simd.splat_f32s(keys[n * stride + d]), query, *sum);
        }
    }
    out[..N].copy_from_slice(&sums);
}

/// e^(score − max) in place of each score; gives max, and one over their sum. Of a score that is no
/// number, all become NaN.
#[inline(always)]
pub(super) fn exponentials<S: Simd>(simd: S, scores: &mut [S::f32s]) -> (S::f32s, S::f32s) {
    let mut most = simd.splat_f32s(f32::NEG_INFINITY);
    for score in &*scores {
        most = simd.max_f32s(most, *score);
    }
    let (mut sum, zero) = (simd.splat_f32s(0.0), simd.splat_f32s(0.0));
    for score in scores {
        let x = simd.sub_f32s(*score, most);
        // `exp` treats NaN as a number.
        *score = mul_add(simd, x, zero, exp(simd, x));
        sum = simd.add_f32s(sum, *score);
    }
    (most, simd.div_f32s(simd.splat_f32s(1.0), sum))
}

/// N columns of the mixed values; rows of values are `stride` apart.
#[inline(always)]
fn mix<S: Simd, const N: usize>(
    simd: S,
    scores: &[S::f32s],
    values: &[f32],
    stride: usize,
    factor: S::f32s,
    out: &mut [[f32; MOST_LANES]],
) {
    let mut sums = [simd.splat_f32s(0.0); N];
    for (score, values) in scores.iter().zip(values.chunks(stride)) {
        for (sum, value) in sums.iter_mut().zip(&values[..N]) {
            *sum = mul_add(simd, simd.splat_f32s(*value), *score, *sum);
        }
    }
    for (out, sum) in out.iter_mut().zip(&sums) {
        store(simd, &mut out[..S::F32_LANES], simd.mul_f32s(*sum, factor));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::arch;

    fn mixed(projected: &[f32], [positions, heads, width]: [usize; 3]) -> Vec<f32> {
        let mut mixed = vec![f32::NAN; positions * heads * width];
        let mut scores = vec![0.0; positions * MOST_LANES];
        // In two parts, as it is for many queries.
        let (head, tail) = mixed.split_at_mut(positions / 2 * heads * width);
        for (first, mixed) in [(0, head), (positions / 2, tail)] {
            let scores = &mut scores[..];
            let (scale, stride) = (0.3, 3 * heads * width);
            let projected = [0, 1, 2].map(|part| &projected[part * heads * width..]);
            arch().dispatch(Narrow {
                projected,
                stride,
                positions,
                heads,
                width,
                scale,
                first,
                mixed,
                scores,
            });
        }
        mixed
    }

    #[test]
    fn any_size_is_what_the_formula_says() {
        for [positions, heads, width] in [[1, 1, 1], [5, 2, 3], [16, 8, 8], [35, 3, 9], [50, 2, 16]]
        {
            let channels = heads * width;
            let values = (0..positions * 3 * channels).map(|i| 3.0 * (i as f32 * 0.37).sin());
            let projected: Vec<f32> = values.collect();
            let found = mixed(&projected, [positions, heads, width]);
            let at = |position: usize, part: usize, c: usize| {
                f64::from(projected[(position * 3 + part) * channels + c])
            };
            for query in 0..positions {
                for c in 0..channels {
                    let head = c / width * width..(c / width + 1) * width;
                    let score = |key| {
                        let products = head.clone().map(|c| at(query, 0, c) * at(key, 1, c));
                        (f64::from(0.3_f32) * products.sum::<f64>()).exp()
                    };
                    let scores: Vec<f64> = (0..positions).map(score).collect();
                    let sum: f64 = scores.iter().sum();
                    let values = scores.iter().enumerate().map(|(key, s)| s * at(key, 2, c) / sum);
                    // Rounding of a score of at most 0.3 · 16 · 9 = 43 is what counts.
                    let off = f64::from(found[query * channels + c]) - values.sum::<f64>();
                    assert!(off.abs() < 3e-5, "{positions} positions, {heads} × {width}: {off}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        for bad in [f32::NAN, f32::INFINITY] {
            let mut projected = [0.5; 3 * 3 * 4];
            projected[1] = bad; // of the first query
            let mixed = mixed(&projected, [3, 1, 4]);
            assert!(mixed[..4].iter().all(|x| x.is_nan()), "{mixed:?}");
            assert!(mixed[4..].iter().all(|x| x.is_finite()), "{mixed:?}");
        }
    }
}
