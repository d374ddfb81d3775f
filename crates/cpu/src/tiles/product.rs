//! Products on tiles with a packed right side.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::Tiles;
use super::lines::{Line, PAIRS, VALUES, pair};
use super::soft::Soft;
use crate::arch::arch;
use crate::gemm::{Store, Target};
use crate::simd::load;

/// Rows of a tile, and columns of a tile of results.
pub(super) const TILE: usize = 16;
/// Columns of a panel: two tiles.
const PANEL: usize = 2 * TILE;
/// Lines of a panel for a block of k.
const LINES: usize = 2 * PAIRS;

/// The right side of a product: k in blocks of 32, columns in panels of 32, zeros where there are
/// fewer. A panel lies as it is read: for each block two tiles, a line of 16 pairs for each two k.
#[derive(Clone, Debug, Default)]
pub(super) struct Right {
    blocks: usize,
    n: usize,
    lines: Vec<Line>,
}

impl Right {
    /// Packs the matrix whose element (k, n) is `at(k, n)`, for k in all of `blocks`.
    pub(super) fn new(blocks: usize, n: usize, at: impl Fn(usize, usize) -> f32 + Sync) -> Self {
        let mut right = Self::default();
        right.resize(blocks, n);
        let tiles = right.lines.par_chunks_exact_mut(PAIRS).enumerate();
        tiles.for_each(|(tile, lines)| {
            let (panel, tile) = (tile / (2 * blocks), tile % (2 * blocks));
            let first = panel * PANEL + tile % 2 * TILE;
            for (k, line) in lines.iter_mut().enumerate() {
                let k = tile / 2 * VALUES + 2 * k;
                let columns = first.min(n)..n.min(first + TILE);
                for (out, n) in line.0.iter_mut().zip(columns) {
                    *out = pair(at(k, n), at(k + 1, n));
                }
            }
        });
        right
    }

    /// Makes room for another matrix; gives its tiles with their first block and column, zeroed.
    pub(super) fn tiles(
        &mut self,
        blocks: usize,
        n: usize,
    ) -> impl Iterator<Item = ([usize; 2], &mut [Line])> {
        self.resize(blocks, n);
        self.lines.chunks_exact_mut(PAIRS).enumerate().map(move |(tile, lines)| {
            let (panel, tile) = (tile / (2 * blocks), tile % (2 * blocks));
            ([tile / 2, panel * PANEL + tile % 2 * TILE], lines)
        })
    }

    /// One that is not packed yet, in memory that was another's.
    pub(super) fn in_memory(lines: Vec<Line>) -> Self {
        Self { lines, ..Self::default() }
    }

    pub(super) fn into_memory(self) -> Vec<Line> {
        self.lines
    }

    fn resize(&mut self, blocks: usize, n: usize) {
        (self.blocks, self.n) = (blocks, n);
        self.lines.clear();
        self.lines.resize(n.div_ceil(PANEL) * blocks * LINES, Line::default());
    }

    pub(super) fn columns(&self) -> usize {
        self.n
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.lines[..])
    }
}

/// The left side, in `blocks` planes of lines, one after the other. In each plane, a row has a line at
/// each `tap` from its start. Its k run over the taps of the first plane, then over those of the second,
/// and so on. Rows come in groups that begin anew with a tile; those of a tile are `stride` lines apart.
/// Behind the last row, lines of no meaning fill its tile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Left<'a, F> {
    pub lines: &'a [Line],
    pub groups: usize,
    /// Rows of a group.
    pub rows: usize,
    /// Where a row of a group begins in the first plane: every sixteenth is asked for.
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

/// What a kernel multiplies: some tiles of rows, and a panel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Factors<'a, const ROWS: usize> {
    pub lines: &'a [Line],
    pub starts: [usize; ROWS],
    pub stride: usize,
    pub taps: &'a [usize],
    pub blocks: usize,
    pub plane: usize,
    pub panel: &'a [Line],
}

impl<const ROWS: usize> Factors<'_, ROWS> {
    /// That all that a kernel reads is there.
    #[inline]
    pub(super) fn check(&self) {
        let Self { lines, starts, stride, taps, blocks, plane, panel } = *self;
        assert!(blocks > 0 && panel.len() == taps.len() * blocks * LINES, "a panel of such length");
        let furthest = taps.iter().max().expect("a piece at least");
        let last = stride.saturating_mul(TILE - 1).saturating_add(plane.saturating_mul(blocks - 1));
        let end = |start: &usize| start.saturating_add(*furthest).saturating_add(last);
        assert!(starts.iter().all(|start| end(start) < lines.len()), "lines of all rows");
    }
}

/// The sums of a kernel: two tiles for the first tile of rows, two for the second, by lines.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(super) struct Sums(pub [[f32; TILE]; 4 * TILE]);

/// What multiplies tiles.
pub(super) trait Kernel {
    /// The sums of one or two tiles of rows and a panel of columns.
    fn sums<S: Simd, const ROWS: usize>(
        &self,
        simd: S,
        factors: Factors<'_, ROWS>,
        sums: &mut Sums,
    );
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
    for (index, panel) in right.lines.chunks_exact(right.blocks * LINES).enumerate() {
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

/// Stores two whole tiles, of which each line is a vector and all rows have the offset of a `group`.
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
