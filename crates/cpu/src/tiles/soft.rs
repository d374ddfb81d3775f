//! What the CPU's tiles do, by vectors.
//!
//! # Formula
//! For each block of 16 pairs, two chains of fused multiply-adds from 0, one over the first values of
//! the pairs and one over the second; then their sum is added to the sum so far:
//! ```text
//! e ← e + a(2i) b(2i),   o ← o + a(2i+1) b(2i+1),   c ← c + (e + o)
//! ```
//! each rounded to the nearest f32, of two to the even one; what is below the normal numbers becomes 0.
//!
//! # Source
//! Intel 64 and IA-32 Architectures Software Developer's Manual, TDPBF16PS.

use pulp::Simd;

use super::kernel::{Chains, Factors, Kernel, Sums, TILE};
use super::lines::{Line, PAIRS};
use crate::simd::mul_add;

/// Rows that are computed together.
const TOGETHER: usize = 4;

/// Tiles by vectors.
#[derive(Debug)]
pub(super) struct Soft;

impl Kernel for Soft {
    #[inline(always)]
    fn sums<S: Simd, const ROWS: usize>(
        &self,
        simd: S,
        factors: Factors<'_, ROWS>,
        sums: &mut Sums,
    ) {
        factors.check();
        for (start, sums) in factors.starts.iter().zip(sums.0.chunks_exact_mut(2 * TILE)) {
            for (half, sums) in sums.chunks_exact_mut(TILE).enumerate() {
                for (first, sums) in sums.chunks_exact_mut(TOGETHER).enumerate() {
                    let start = start + first * TOGETHER * factors.stride;
                    for lane in (0..TILE).step_by(S::F32_LANES) {
                        some(simd, factors, start, half * TILE, lane, sums);
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn chains<S: Simd>(&self, simd: S, chains: Chains<'_>, sums: &mut Sums) {
        let blocks = chains.blocks();
        for (left, sums) in chains.left.iter().zip(sums.0.chunks_exact_mut(2 * TILE)) {
            for (right, sums) in chains.right.iter().zip(sums.chunks_exact_mut(TILE)) {
                for (first, out) in sums.chunks_exact_mut(TOGETHER).enumerate() {
                    for lane in (0..TILE).step_by(S::F32_LANES) {
                        let mut sums = [simd.splat_f32s(0.0); TOGETHER];
                        for at in (0..blocks * TILE).step_by(TILE) {
                            let rows =
                                std::array::from_fn(|row| &left[at + first * TOGETHER + row]);
                            block_of(simd, rows, &right[at..at + TILE], lane, &mut sums);
                        }
                        put(simd, out, lane, sums);
                    }
                }
            }
        }
    }
}

/// A vector of columns of some rows.
#[inline(always)]
fn some<S: Simd, const ROWS: usize>(
    simd: S,
    factors: Factors<'_, ROWS>,
    start: usize,
    half: usize,
    lane: usize,
    out: &mut [[f32; TILE]],
) {
    let mut sums = [simd.splat_f32s(0.0); TOGETHER];
    let mut blocks = factors.panel.chunks_exact(2 * TILE);
    for block in 0..factors.blocks {
        for (tap, right) in factors.taps.iter().zip(&mut blocks) {
            let at = start + tap + block * factors.plane;
            let rows: [&Line; TOGETHER] =
                std::array::from_fn(|row| &factors.lines[at + row * factors.stride]);
            block_of(simd, rows, &right[half..half + PAIRS], lane, &mut sums);
        }
    }
    put(simd, out, lane, sums);
}

#[inline(always)]
fn put<S: Simd>(simd: S, out: &mut [[f32; TILE]], lane: usize, sums: [S::f32s; TOGETHER]) {
    for (out, sum) in out.iter_mut().zip(sums) {
        crate::simd::store(simd, &mut out[lane..], sum);
    }
}

/// Adds a block of some rows and a vector of columns to their sums.
#[inline(always)]
fn block_of<S: Simd>(
    simd: S,
    rows: [&Line; TOGETHER],
    right: &[Line],
    lane: usize,
    sums: &mut [S::f32s; TOGETHER],
) {
    let [mut even, mut odd] = [[simd.splat_f32s(0.0); TOGETHER]; 2];
    for (pair, right) in right.iter().enumerate() {
        let (first, second) = halves(simd, S::as_simd_u32s(&right.0[lane..]).0[0]);
        for (row, line) in rows.iter().enumerate() {
            let value = simd.splat_u32s(line.0[pair]);
            let (a, b) = halves(simd, value);
            even[row] = normal(simd, mul_add(simd, a, first, even[row]));
            odd[row] = normal(simd, mul_add(simd, b, second, odd[row]));
        }
    }
    for (sum, (even, odd)) in sums.iter_mut().zip(even.iter().zip(&odd)) {
        let block = normal(simd, simd.add_f32s(*even, *odd));
        *sum = normal(simd, simd.add_f32s(*sum, block));
    }
}

/// The first and the second values of pairs.
#[inline(always)]
fn halves<S: Simd>(simd: S, pairs: S::u32s) -> (S::f32s, S::f32s) {
    let first = simd.wrapping_dyn_shl_u32s(pairs, simd.splat_u32s(16));
    let second = simd.and_u32s(pairs, simd.splat_u32s(0xffff_0000));
    (simd.transmute_f32s_u32s(first), simd.transmute_f32s_u32s(second))
}

/// 0 for what is below the normal numbers.
#[inline(always)]
fn normal<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let least = simd.splat_f32s(f32::MIN_POSITIVE);
    let is_below = simd.less_than_f32s(simd.abs_f32s(x), least);
    simd.select_f32s(is_below, simd.splat_f32s(0.0), x)
}
