//! Products on tiles with a packed right side.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::Tiles;
use super::kernel::{Factors, Kernel, LINES, Sums, TILE};
use super::lines::{Line, VALUES};
#[cfg(not(target_family = "wasm"))]
use super::soft::Soft;
use crate::arch::arch;
use crate::gemm::{Store, Target};
use crate::map::Arena;
use crate::simd::load;
use crate::threads::prelude::*;

/// Rows that a kernel takes together: two tiles.
pub(crate) const ROWS: usize = 2 * TILE;
/// Columns of a panel: two tiles.
pub(super) const PANEL: usize = 2 * TILE;

/// The right side of a product: k in blocks of 32, columns in panels of 32, zeros where there are
/// fewer. A panel is stored in reading order: for each block two tiles, a line of 16 pairs for each two k.
#[derive(Debug)]
pub(super) struct Right {
    blocks: usize,
    n: usize,
    /// More of no meaning may follow.
    lines: Vec<Line>,
}

impl Right {
    /// One of `n` columns, which are yet to be packed, in memory of the arena's.
    pub(super) fn take(blocks: usize, n: usize, arena: &Arena) -> Self {
        Self { blocks, n, lines: arena.take_lines(n.div_ceil(PANEL) * blocks * LINES) }
    }

    /// Gives the memory back.
    pub(super) fn give(self, arena: &Arena) {
        arena.give_lines(self.lines);
    }

    fn lines(&self) -> &[Line] {
        &self.lines[..self.n.div_ceil(PANEL) * self.blocks * LINES]
    }

    /// Packs rows k of `n` values each, as `row` gives them; none: zeros.
    pub(super) fn fill_rows<'a>(
        &mut self,
        tiles: Tiles,
        row: impl Fn(usize) -> &'a [f32] + Copy + Sync,
    ) {
        self.fill(
            1,
            #[inline(always)]
            |block, columns, lines| {
                for (i, line) in lines.iter_mut().enumerate() {
                    let k = block * VALUES + 2 * (i % TILE);
                    let columns = some(&columns, i / TILE);
                    let [first, second] = [row(k), row(k + 1)];
                    let part = |row: &'a [f32]| row.get(columns.clone()).unwrap_or_default();
                    *line = tiles.pairs(part(first), part(second));
                }
            },
        );
    }

    /// Packs columns, whose k of a block, at most 32, `column` gives.
    pub(super) fn fill_columns<'a>(
        &mut self,
        tiles: Tiles,
        column: impl Fn(usize, usize) -> &'a [f32] + Copy + Sync,
    ) {
        self.fill(
            1,
            #[inline(always)]
            |block, columns, lines| {
                for (half, tile) in lines.as_chunks_mut::<TILE>().0.iter_mut().enumerate() {
                    *tile = [Line::default(); TILE];
                    for (line, n) in tile.iter_mut().zip(some(&columns, half)) {
                        tiles.round(column(block, n), std::slice::from_mut(line), 1);
                    }
                    tiles.transpose(tile);
                }
            },
        );
    }

    /// Calls `pack` with the number of so many blocks `together`, a panel's columns, and the lines of
    /// both, in parallel.
    pub(super) fn fill(
        &mut self,
        together: usize,
        pack: impl Fn(usize, Range<usize>, &mut [Line]) + Copy + Sync,
    ) {
        let (each, n) = (self.blocks / together, self.n);
        let all = n.div_ceil(PANEL) * self.blocks * LINES;
        let chunks = self.lines[..all].par_chunks_exact_mut(together * LINES).enumerate();
        chunks.for_each(|(index, lines)| {
            let first = index / each * PANEL;
            let columns = first..n.min(first + PANEL);
            arch().dispatch(Fill { group: index % each, columns, lines, pack });
        });
    }

    pub(super) fn columns(&self) -> usize {
        self.n
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.lines())
    }
}

/// Those of a panel's columns that the first of its tiles has, or the second.
pub(super) fn some(columns: &Range<usize>, half: usize) -> Range<usize> {
    let first = (columns.start + half * TILE).min(columns.end);
    first..columns.end.min(first + TILE)
}

/// Packs some blocks of a panel.
struct Fill<'a, F> {
    group: usize,
    columns: Range<usize>,
    lines: &'a mut [Line],
    pack: F,
}

impl<F: Fn(usize, Range<usize>, &mut [Line])> WithSimd for Fill<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        (self.pack)(self.group, self.columns, self.lines);
    }
}

/// The left side, in `blocks` planes of lines, one after the other. In each plane, a row has a line at
/// each `tap` from its start. Its k run over the taps of the first plane, then over those of the second,
/// and so on. Rows are grouped; each group starts a new tile. Rows of one tile are `stride` lines apart.
/// Behind the last row, lines of no meaning fill its tile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Left<'a, F> {
    pub lines: &'a [Line],
    pub groups: usize,
    /// Rows of a group.
    pub rows: usize,
    /// Where a row of a group begins in the first plane; called for every sixteenth row.
    pub start: F,
    pub stride: usize,
    pub taps: &'a [usize],
    pub blocks: usize,
    /// Lines from a plane to the next.
    pub plane: usize,
}

impl<'a> Left<'a, ()> {
    /// Rows of one tap, all those of a plane one after the other.
    pub(super) fn matrix(
        lines: &'a [Line],
        rows: usize,
        blocks: usize,
    ) -> Left<'a, impl Fn(usize, usize) -> usize + Copy> {
        let start = move |_, row| row;
        Left { lines, groups: 1, rows, start, stride: 1, taps: &[0], blocks, plane: rows }
    }
}

/// Lines of a matrix as a left side, those of no meaning behind its last row included.
pub(super) const fn lines_of_matrix(rows: usize, blocks: usize) -> usize {
    rows * blocks + TILE
}

/// A product. Rows of `out` are as long as the right side has columns.
pub(super) struct Product<'a, F> {
    pub tiles: Tiles,
    pub left: Left<'a, F>,
    pub right: &'a Right,
    pub out: &'a mut [f32],
    pub store: Store<'a>,
}

impl<F: Fn(usize, usize) -> usize + Copy> Product<'_, F> {
    pub(super) fn run(self) {
        arch().dispatch(self);
    }
}

impl<F: Fn(usize, usize) -> usize + Copy> WithSimd for Product<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { tiles, left, right, out, store } = self;
        match tiles {
            Tiles::Amx(amx) => each(simd, &amx.configured(), left, right, out, store),
            #[cfg(not(target_family = "wasm"))]
            Tiles::Soft => each(simd, &Soft, left, right, out, store),
        }
    }
}

/// Each panel with all rows, two tiles of them at a time.
#[inline(always)]
fn each<S: Simd, F: Fn(usize, usize) -> usize + Copy>(
    simd: S,
    kernel: &impl Kernel,
    left: Left<'_, F>,
    right: &Right,
    out: &mut [f32],
    store: Store<'_>,
) {
    let Left { lines, groups, rows, start, stride, taps, blocks, plane } = left;
    assert_eq!(taps.len() * blocks, right.blocks, "blocks of the left side and of the right");
    let each = rows.div_ceil(TILE);
    // Of a tile of rows: its group, and its first row there.
    let place = |tile: usize| (tile / each, tile % each * TILE);
    let mut sums = Sums([[0.0; TILE]; 4 * TILE]);
    for (index, panel) in right.lines().chunks_exact(right.blocks * LINES).enumerate() {
        let mut target = Target { out: &mut *out, first: index * PANEL, n: right.n, store };
        let begin = |tile: usize| {
            let (group, row) = place(tile);
            start(group, row)
        };
        let mut tile = 0;
        while tile < groups * each {
            let count = 2.min(groups * each - tile);
            if count == 2 {
                let starts = [begin(tile), begin(tile + 1)];
                let factors = Factors { lines, starts, stride, taps, blocks, plane, panel };
                kernel.sums(simd, factors, &mut sums);
            } else {
                let starts = [begin(tile)];
                let factors = Factors { lines, starts, stride, taps, blocks, plane, panel };
                kernel.sums(simd, factors, &mut sums);
            }
            for (tile, sums) in (tile..tile + count).zip(sums.0.chunks_exact(2 * TILE)) {
                let (group, row) = place(tile);
                let count = TILE.min(rows - row);
                put(simd, &mut target, group * rows + row, sums, count);
            }
            tile += count;
        }
    }
}

/// Stores the first rows of two tiles side by side.
#[inline(always)]
fn put<S: Simd>(
    simd: S,
    target: &mut Target<'_>,
    first: usize,
    sums: &[[f32; TILE]],
    count: usize,
) {
    let (near, far) = sums.split_at(TILE);
    if S::F32_LANES == TILE && PANEL <= target.n - target.first && count == TILE {
        let share = target.store.share;
        let group = if first < share { 0 } else { first / share };
        if first + TILE <= (group + 1).saturating_mul(share) {
            return put_tiles(simd, target, (first, group), [near, far]);
        }
    }
    let columns = PANEL.min(target.n - target.first);
    for (i, (near, far)) in near.iter().zip(far).take(count).enumerate() {
        for (half, sums) in [near, far].into_iter().enumerate() {
            for (skip, sum) in sums.chunks_exact(S::F32_LANES).enumerate() {
                let skip = half * TILE + skip * S::F32_LANES;
                if skip < columns {
                    target.put(simd, load(simd, sum), first + i, skip);
                }
            }
        }
    }
}

/// Stores two whole tiles; each line is a vector, and all rows have the offset of a `group`.
#[inline(always)]
fn put_tiles<S: Simd>(
    simd: S,
    target: &mut Target<'_>,
    (first, group): (usize, usize),
    [near, far]: [&[[f32; TILE]]; 2],
) {
    const ROWS: usize = 4;
    let (n, mut store) = (target.n, target.store);
    if !store.offset.is_empty() {
        store.offset = &store.offset[group * n..][..n];
    }
    store.share = usize::MAX;
    let mut target = Target { out: &mut *target.out, first: target.first, n, store };
    let sums = near.as_chunks::<ROWS>().0.iter().zip(far.as_chunks::<ROWS>().0);
    for (i, (near, far)) in sums.enumerate() {
        let mut rows = [[simd.splat_f32s(0.0); 2]; ROWS];
        for (row, (near, far)) in rows.iter_mut().zip(near.iter().zip(far)) {
            *row = [load(simd, near), load(simd, far)];
        }
        target.put_whole(simd, rows, first + i * ROWS);
    }
}
