//! Matrix products with a packed right side.
//!
//! An element of the result is one chain of fused multiply-adds over k, from first to last: its bits
//! depend on its row and its column alone, not on how many rows there are or where they are cut.

use pulp::{Simd, WithSimd};

use crate::arch::arch;
use crate::fetch::fetch_ahead;
use crate::simd::{load, mul_add, store};

/// Rows of the result that are computed together at the most, a multiple of those of every machine.
pub(crate) const ROWS: usize = 12;

/// Rows of the result that are computed together, by the number of lanes: as many as the registers
/// hold beside two vectors of the right side.
const fn rows_at_once(lanes: usize) -> usize {
    match lanes {
        16 => 12,
        8 => 6,
        _ => 4,
    }
}

/// The right sides of products, k × n each, cut into panels of columns stored one after the other as
/// they are read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packed {
    k: usize,
    n: usize,
    count: usize,
    data: Vec<f32>,
}

/// The right side of one product.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Right<'a> {
    k: usize,
    n: usize,
    data: &'a [f32],
}

impl<'a> Right<'a> {
    /// One that was packed elsewhere: a panel of columns after the other.
    pub(crate) fn of(k: usize, n: usize, data: &'a [f32]) -> Self {
        Self { k, n, data }
    }
}

impl Packed {
    /// Packs the matrix whose element (k, n) is `at(k, n)`.
    pub(crate) fn new(k: usize, n: usize, at: impl Fn(usize, usize) -> f32) -> Self {
        let mut packed = Self::default();
        packed.fill(k, n, at);
        packed
    }

    /// None yet, with room for so many values.
    pub(crate) fn with_room(values: usize) -> Self {
        Self { data: Vec::with_capacity(values), ..Self::default() }
    }

    /// Packs another matrix in the same memory.
    pub(crate) fn fill(&mut self, k: usize, n: usize, at: impl Fn(usize, usize) -> f32) {
        (self.k, self.n, self.count) = (k, n, 1);
        self.data.clear();
        for Panel { first, width, .. } in panels(n, lanes()) {
            for row in 0..k {
                let column = |j: usize| if first + j < n { at(row, first + j) } else { 0.0 };
                self.data.extend((0..width).map(column));
            }
        }
    }

    /// Packs the transpose of rows of `k` values each; row n begins at `start(n)`.
    pub(crate) fn fill_transposed(
        &mut self,
        k: usize,
        n: usize,
        data: &[f32],
        start: impl Fn(usize) -> usize,
    ) {
        let mut rest = self.room(1, k, n);
        for Panel { first, width, .. } in panels(n, lanes()) {
            let (panel, after) = rest.split_at_mut(k * width);
            rest = after;
            for j in 0..width {
                let column = panel[j..].iter_mut().step_by(width);
                if first + j < n {
                    let from = start(first + j);
                    column.zip(&data[from..from + k]).for_each(|(out, x)| *out = *x);
                } else {
                    column.for_each(|out| *out = 0.0);
                }
            }
        }
    }

    /// Packs rows of `n` values each; row k begins at `start(k)`.
    pub(crate) fn fill_rows(
        &mut self,
        k: usize,
        n: usize,
        data: &[f32],
        start: impl Fn(usize) -> usize,
    ) {
        let out = self.room(1, k, n);
        arch().dispatch(FillRows { k, n, data, start, out });
    }

    /// Makes room for `count` matrices.
    fn room(&mut self, count: usize, k: usize, n: usize) -> &mut [f32] {
        (self.k, self.n, self.count) = (k, n, count);
        let length = count * k * packed_len(n, lanes());
        if self.data.len() < length {
            self.data.resize(length, 0.0);
        }
        &mut self.data[..length]
    }

    /// Makes room for `count` other matrices, read a panel of all of them after the other: gives these,
    /// each a list of `[k, width]`, to be written.
    pub(crate) fn panels(&mut self, count: usize, k: usize, n: usize) -> Vec<Vec<&mut [f32]>> {
        let mut rest = self.room(count, k, n);
        let mut cut = |width: usize| rest.split_off_mut(..k * width).unwrap_or_default();
        let mut all = |panel: Panel| (0..count).map(|_| cut(panel.width)).collect();
        panels(n, lanes()).map(&mut all).collect()
    }

    pub(crate) fn columns(&self) -> usize {
        self.n
    }

    /// Values that there is room for.
    pub(crate) fn capacity(&self) -> usize {
        self.data.capacity()
    }

    /// All of the only matrix.
    pub(crate) fn right(&self) -> Right<'_> {
        debug_assert_eq!(self.count, 1, "one matrix");
        let (k, n) = (self.k, self.n);
        Right { k, n, data: &self.data[..k * packed_len(n, lanes())] }
    }

    /// One panel of all matrices.
    pub(crate) fn panel(&self, panel: &Panel) -> impl Iterator<Item = Right<'_>> {
        let (k, n) = (self.k, panel.width.min(self.n - panel.first));
        let data = &self.data[self.count * k * panel.first..][..self.count * k * panel.width];
        data.chunks_exact(k * panel.width).map(move |data| Right { k, n, data })
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        self.data.len() * size_of::<f32>()
    }
}

struct FillRows<'a, F> {
    k: usize,
    n: usize,
    data: &'a [f32],
    start: F,
    out: &'a mut [f32],
}

impl<F: Fn(usize) -> usize> WithSimd for FillRows<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { k, n, data, start, mut out } = self;
        for Panel { first, width, .. } in panels(n, S::F32_LANES) {
            let count = width.min(n - first);
            let (panel, rest) = out.split_at_mut(k * width);
            out = rest;
            for (row, out) in panel.chunks_exact_mut(width).enumerate() {
                let values = &data[start(row) + first..][..count];
                for (skip, out) in out.chunks_exact_mut(S::F32_LANES).enumerate() {
                    let values = &values[skip * S::F32_LANES..];
                    store(simd, out, load(simd, &values[..S::F32_LANES.min(values.len())]));
                }
            }
        }
    }
}

/// Lanes of a vector on this machine.
pub(crate) fn lanes() -> usize {
    struct Lanes;
    impl WithSimd for Lanes {
        type Output = usize;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _simd: S) -> usize {
            S::F32_LANES
        }
    }
    arch().dispatch(Lanes)
}

/// Some columns: two vectors wide, or one.
pub(crate) struct Panel {
    pub first: usize,
    pub width: usize,
    vectors: usize,
}

/// Columns of all panels of `n` columns together.
pub(crate) fn packed_len(n: usize, lanes: usize) -> usize {
    n.div_ceil(lanes) * lanes
}

/// How `n` columns are cut into panels.
pub(crate) fn panels(n: usize, lanes: usize) -> impl Iterator<Item = Panel> {
    (0..n.div_ceil(2 * lanes)).map(move |panel| {
        let first = panel * 2 * lanes;
        let vectors = if n - first > lanes { 2 } else { 1 };
        Panel { first, width: vectors * lanes, vectors }
    })
}

/// The left side of a product, in any memory layout.
pub(crate) trait LeftSide: Copy {
    fn rows(self) -> usize;

    fn columns(self) -> usize;

    /// The product of rows `row…` and a panel.
    fn sums<S: Simd, const MR: usize, const NR: usize>(
        self,
        simd: S,
        row: usize,
        panel: &[S::f32s],
    ) -> [[S::f32s; NR]; MR];
}

/// A left side by rows: row i is `segments` pieces of `length` values each, `stride`
/// apart, the first at `start(i)`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Left<'a, F> {
    pub data: &'a [f32],
    pub rows: usize,
    pub start: F,
    pub segments: usize,
    pub stride: usize,
    pub length: usize,
}

impl<'a> Left<'a, ()> {
    /// Rows of `length` values that follow each other.
    pub(crate) fn matrix(
        data: &'a [f32],
        length: usize,
    ) -> Left<'a, impl Fn(usize) -> usize + Copy> {
        let rows = data.len() / length;
        Left { data, rows, start: move |row| row * length, segments: 1, stride: 0, length }
    }
}

impl<F: Fn(usize) -> usize + Copy> LeftSide for Left<'_, F> {
    fn rows(self) -> usize {
        self.rows
    }

    fn columns(self) -> usize {
        self.segments * self.length
    }

    #[expect(unsafe_code, reason = "bounds are checked once for all rows")]
    #[inline(always)]
    fn sums<S: Simd, const MR: usize, const NR: usize>(
        self,
        simd: S,
        row: usize,
        panel: &[S::f32s],
    ) -> [[S::f32s; NR]; MR] {
        let Self { data, segments, stride, length, .. } = self;
        let mut starts = [0; MR];
        for (i, start) in starts.iter_mut().enumerate() {
            *start = (self.start)(row + i);
        }
        let most = starts.iter().fold(0, |most, start| most.max(*start));
        assert!(most + (segments - 1) * stride + length <= data.len(), "rows are in the left side");
        assert_eq!(panel.len(), NR * segments * length, "rows of the panel");
        let mut sums = [[simd.splat_f32s(0.0); NR]; MR];
        for segment in 0..segments {
            for k in 0..length {
                let at = (segment * length + k) * NR;
                // SAFETY: there are as many rows of the panel as was compared above.
                let columns = unsafe { panel.get_unchecked(at..at + NR) };
                columns.iter().for_each(fetch_ahead);
                for (sums, start) in sums.iter_mut().zip(&starts) {
                    // SAFETY: the end of the last segment of the last row was compared above.
                    let value = unsafe { *data.get_unchecked(start + segment * stride + k) };
                    let value = simd.splat_f32s(value);
                    for (sum, column) in sums.iter_mut().zip(columns) {
                        *sum = mul_add(simd, value, *column, *sum);
                    }
                }
            }
        }
        sums
    }
}

/// A left side that is stored as its transpose: column k begins at `start(k)`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Columns<'a, F> {
    pub data: &'a [f32],
    pub rows: usize,
    pub count: usize,
    pub start: F,
}

impl<F: Fn(usize) -> usize + Copy> LeftSide for Columns<'_, F> {
    fn rows(self) -> usize {
        self.rows
    }

    fn columns(self) -> usize {
        self.count
    }

    #[inline(always)]
    fn sums<S: Simd, const MR: usize, const NR: usize>(
        self,
        simd: S,
        row: usize,
        panel: &[S::f32s],
    ) -> [[S::f32s; NR]; MR] {
        let mut sums = [[simd.splat_f32s(0.0); NR]; MR];
        for (k, columns) in panel.chunks_exact(NR).enumerate() {
            let values = &self.data[(self.start)(k) + row..][..MR];
            for (sums, value) in sums.iter_mut().zip(values) {
                let value = simd.splat_f32s(*value);
                for (sum, column) in sums.iter_mut().zip(columns) {
                    *sum = mul_add(simd, value, *column, *sum);
                }
            }
        }
        sums
    }
}

/// How a product is written: `(a b + offset + residual) · scale`, or added to the existing values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Store<'a> {
    /// One value per column, for each `share` rows; `None`: 0.
    pub offset: &'a [f32],
    pub share: usize,
    /// In the layout of the result; `None`: 0.
    pub residual: &'a [f32],
    pub scale: f32,
    /// Adds to the existing values.
    pub accumulate: bool,
}

impl Store<'_> {
    /// The product alone.
    pub(crate) const PLAIN: Self =
        Self { offset: &[], share: usize::MAX, residual: &[], scale: 1.0, accumulate: false };

    fn is_plain(&self) -> bool {
        let adds = !self.offset.is_empty() || !self.residual.is_empty() || self.accumulate;
        !adds && self.scale == 1.0
    }

    /// What is added to some columns, of `n`, of a row.
    #[inline(always)]
    fn offset_of(&self, row: usize, n: usize, column: usize, count: usize) -> &[f32] {
        // Mostly one for all: a division takes as long as many products.
        let share = if row < self.share { 0 } else { row / self.share };
        &self.offset[share * n + column..][..count]
    }
}

/// A product. Rows of `out` are as long as the right side has columns.
pub(crate) struct Product<'a, L> {
    pub left: L,
    pub right: Right<'a>,
    pub out: &'a mut [f32],
    pub store: Store<'a>,
}

impl<L: LeftSide> Product<'_, L> {
    /// Computes it, outside of any kernel.
    pub(crate) fn run(self) {
        arch().dispatch(self);
    }
}

impl<L: LeftSide> WithSimd for Product<'_, L> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { left, right, out, store } = self;
        assert_eq!(left.columns(), right.k, "columns of the left side, rows of the right");
        let mut data = right.data;
        for panel in panels(right.n, S::F32_LANES) {
            let (columns, rest) = data.split_at(panel.width * right.k);
            data = rest;
            let (columns, _) = S::as_simd_f32s(columns);
            let target = Target { out, first: panel.first, n: right.n, store };
            if panel.vectors == 2 {
                down::<S, L, 2>(simd, left, columns, target);
            } else {
                down::<S, L, 1>(simd, left, columns, target);
            }
        }
    }
}

/// The destination of one panel of the result.
pub(crate) struct Target<'a> {
    pub out: &'a mut [f32],
    /// Its first column.
    pub first: usize,
    /// All columns of the result.
    pub n: usize,
    pub store: Store<'a>,
}

/// All rows of one panel.
#[inline(always)]
fn down<S: Simd, L: LeftSide, const NR: usize>(
    simd: S,
    left: L,
    panel: &[S::f32s],
    mut target: Target<'_>,
) {
    let mut row = 0;
    macro_rules! blocks {
        ($($count:literal)*) => {{
            $(while left.rows() - row >= $count {
                block::<S, L, $count, NR>(simd, left, row, panel, &mut target);
                row += $count;
            })*
        }};
    }
    match const { rows_at_once(S::F32_LANES) } {
        12 => blocks!(12 8 4 1),
        6 => blocks!(6 2 1),
        _ => blocks!(4 1),
    }
}

#[inline(always)]
fn block<S: Simd, L: LeftSide, const MR: usize, const NR: usize>(
    simd: S,
    left: L,
    row: usize,
    panel: &[S::f32s],
    target: &mut Target<'_>,
) {
    let sums = left.sums::<S, MR, NR>(simd, row, panel);
    if target.first + NR * S::F32_LANES <= target.n {
        return target.put_whole(simd, sums, row);
    }
    for (i, sums) in sums.iter().enumerate() {
        for (j, sum) in sums.iter().enumerate() {
            target.put(simd, *sum, row + i, j * S::F32_LANES);
        }
    }
}

impl Target<'_> {
    /// Stores whole vectors of some rows.
    #[expect(unsafe_code, reason = "bounds are checked once for all rows")]
    #[inline(always)]
    pub(crate) fn put_whole<S: Simd, const MR: usize, const NR: usize>(
        &mut self,
        simd: S,
        sums: [[S::f32s; NR]; MR],
        row: usize,
    ) {
        let store = self.store;
        let width = NR * S::F32_LANES;
        let last = (row + MR - 1) * self.n + self.first + width;
        assert!(last <= self.out.len(), "rows are in the result");
        let residual = store.residual;
        assert!(residual.is_empty() || last <= residual.len(), "rows are in the residual");
        if store.is_plain() {
            // Loops that the compiler writes out, so that the sums need not leave the registers first.
            for (i, values) in sums.iter().enumerate() {
                let at = (row + i) * self.n + self.first;
                for (j, value) in values.iter().enumerate() {
                    let at = at + j * S::F32_LANES;
                    // SAFETY: the end of the last row was compared above.
                    let out = unsafe { self.out.get_unchecked_mut(at..at + S::F32_LANES) };
                    crate::simd::store(simd, out, *value);
                }
            }
            return;
        }
        for (i, values) in sums.iter().enumerate() {
            let at = (row + i) * self.n + self.first;
            let mut values = *values;
            if !store.offset.is_empty() {
                let offset = store.offset_of(row + i, self.n, self.first, width);
                add(simd, &mut values, offset);
            }
            if !store.residual.is_empty() {
                // SAFETY: the end of the last row was compared above.
                add(simd, &mut values, unsafe { store.residual.get_unchecked(at..at + width) });
            }
            // SAFETY: as above.
            let out = unsafe { self.out.get_unchecked_mut(at..at + width) };
            for (out, value) in S::as_mut_simd_f32s(out).0.iter_mut().zip(&values) {
                let value = simd.mul_f32s(*value, simd.splat_f32s(store.scale));
                *out = if store.accumulate { simd.add_f32s(value, *out) } else { value };
            }
        }
    }

    /// Stores a vector of a row, from column `skip` of the panel on.
    #[inline(always)]
    pub(crate) fn put<S: Simd>(&mut self, simd: S, sum: S::f32s, row: usize, skip: usize) {
        let store = self.store;
        let column = self.first + skip;
        let count = S::F32_LANES.min(self.n - column);
        let place = row * self.n + column..row * self.n + column + count;
        let mut value = sum;
        if !store.offset.is_empty() {
            value = simd.add_f32s(value, load(simd, store.offset_of(row, self.n, column, count)));
        }
        if !store.residual.is_empty() {
            value = simd.add_f32s(value, load(simd, &store.residual[place.clone()]));
        }
        if store.scale != 1.0 {
            value = simd.mul_f32s(value, simd.splat_f32s(store.scale));
        }
        let out = &mut self.out[place];
        if store.accumulate {
            value = simd.add_f32s(value, load(simd, out));
        }
        crate::simd::store(simd, out, value);
    }
}

#[inline(always)]
fn add<S: Simd, const NR: usize>(simd: S, values: &mut [S::f32s; NR], others: &[f32]) {
    for (value, other) in values.iter_mut().zip(S::as_simd_f32s(others).0) {
        *value = simd.add_f32s(*value, *other);
    }
}

#[cfg(test)]
mod tests;
