//! Sums of outer products, by which the gradients of weights are computed: k runs over rows.
//!
//! # Formula
//! ```text
//! out[i, j] = Σ_k left[k, i] right[k, j]
//! ```
//! Two rows that follow each other are rounded into one line of pairs for each 16 columns. Sixteen such
//! lines are a tile of the right side as they are, and one of the left side when they are transposed.

use pulp::{Simd, WithSimd};

use super::Tiles;
use super::attention::Strided;
use super::kernel::{Chains, Kernel, Sums, TILE};
use super::lines::{self, Line, VALUES};
use super::product::PANEL;
#[cfg(not(target_family = "wasm"))]
use super::soft::Soft;
use crate::arch::arch;
use crate::map::Arena;
use crate::simd::{load, store};

/// Where sums go: rows `stride` apart, from the column `first` on; added to what is there, or put there.
#[derive(Debug)]
pub(crate) struct Sum<'a> {
    pub out: &'a mut [f32],
    pub stride: usize,
    pub first: usize,
    pub accumulate: bool,
}

/// Bytes of both sides that stay near.
const NEAR: usize = 1_000_000;

/// Sums the outer products of as many rows of both sides.
pub(crate) fn outer(
    tiles: Tiles,
    left: Strided<'_, impl Fn(usize) -> usize + Copy>,
    right: Strided<'_, impl Fn(usize) -> usize + Copy>,
    mut sum: Sum<'_>,
    arena: &Arena,
) {
    assert_eq!(left.rows, right.rows, "as many rows");
    let together = NEAR / (2 * (left.width + right.width)) / VALUES * VALUES;
    let together = together.max(VALUES);
    for first in (0..left.rows).step_by(together) {
        let count = together.min(left.rows - first);
        let blocks = lines::lines(count);
        let mut next = first;
        let transposed = Transposed::pack(tiles, blocks, left.width, arena, || {
            next += 1;
            if next <= first + count { left.row(next - 1) } else { &[] }
        });
        let planes = right.width.div_ceil(TILE);
        let mut lines = arena.take_lines(planes * blocks * TILE);
        arch().dispatch(Pairs { tiles, rows: right, first, count, blocks, out: &mut lines });
        Outer {
            tiles,
            left: &transposed,
            right: &lines,
            columns: right.width,
            plane: blocks * TILE,
            starts: &[(0, 0)],
            sum: Sum { out: &mut *sum.out, ..sum },
        }
        .run();
        sum.accumulate = true;
        arena.give_lines(lines);
        transposed.give(arena);
    }
}

/// The left side: for each 16 columns a tile a block.
#[derive(Debug)]
pub(super) struct Transposed {
    lines: Vec<Line>,
    columns: usize,
    blocks: usize,
}

impl Transposed {
    /// Packs rows of so many columns as `next` gives them; none: zeros.
    pub(super) fn pack<'a>(
        tiles: Tiles,
        blocks: usize,
        columns: usize,
        arena: &Arena,
        next: impl FnMut() -> &'a [f32],
    ) -> Self {
        let mut lines = arena.take_lines(columns.div_ceil(TILE) * blocks * TILE);
        arch().dispatch(Transpose { tiles, blocks, columns, next, out: &mut lines });
        Self { lines, columns, blocks }
    }

    pub(super) fn give(self, arena: &Arena) {
        arena.give_lines(self.lines);
    }

    /// The tiles of 16 columns, or of the last columns if fewer are left.
    fn tiles(&self, index: usize) -> &[Line] {
        let each = self.blocks * TILE;
        let index = index.min(self.columns.div_ceil(TILE) - 1);
        &self.lines[index * each..][..each]
    }
}

struct Transpose<'a, F> {
    tiles: Tiles,
    blocks: usize,
    columns: usize,
    next: F,
    out: &'a mut [Line],
}

impl<'a, F: FnMut() -> &'a [f32]> WithSimd for Transpose<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        let each = self.blocks * TILE;
        for block in 0..self.blocks {
            let mut rows: [&[f32]; VALUES] = [&[]; VALUES];
            for row in &mut rows {
                *row = (self.next)();
            }
            for tile in 0..self.columns.div_ceil(TILE) {
                let columns = tile * TILE..self.columns.min((tile + 1) * TILE);
                let out = &mut self.out[tile * each + block * TILE..][..TILE];
                let out: &mut [Line; TILE] = out.try_into().expect("a whole tile");
                for (line, pair) in out.iter_mut().zip(rows.as_chunks::<2>().0) {
                    let [first, second] =
                        pair.map(|row| row.get(columns.clone()).unwrap_or_default());
                    *line = self.tiles.pairs(first, second);
                }
                self.tiles.transpose(out);
            }
        }
    }
}

/// Some rows as the right side: for each 16 columns, a line for two rows.
struct Pairs<'a, F> {
    tiles: Tiles,
    rows: Strided<'a, F>,
    first: usize,
    count: usize,
    blocks: usize,
    out: &'a mut [Line],
}

impl<F: Fn(usize) -> usize + Copy> WithSimd for Pairs<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { tiles, rows, first, count, blocks, out } = self;
        let width = rows.width;
        for pair in 0..blocks * TILE {
            let mut both: [&[f32]; 2] = [&[]; 2];
            for (k, row) in (2 * pair..count).zip(&mut both) {
                *row = rows.row(first + k);
            }
            for (plane, out) in out.chunks_exact_mut(blocks * TILE).enumerate() {
                if plane * TILE >= width {
                    break; // memory of no meaning
                }
                let columns = plane * TILE..width.min((plane + 1) * TILE);
                let [first, second] = both.map(|row| row.get(columns.clone()).unwrap_or_default());
                out[pair] = tiles.pairs(first, second);
            }
        }
    }
}

/// The sums, once for each place where the right side starts.
pub(super) struct Outer<'a> {
    pub tiles: Tiles,
    pub left: &'a Transposed,
    /// Planes of 16 columns.
    pub right: &'a [Line],
    pub columns: usize,
    /// Lines from a plane to the next.
    pub plane: usize,
    /// The place of the first line in a plane, and of the first column of its sums.
    pub starts: &'a [(usize, usize)],
    pub sum: Sum<'a>,
}

impl Outer<'_> {
    pub(super) fn run(self) {
        arch().dispatch(self);
    }
}

impl WithSimd for Outer<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.tiles {
            Tiles::Amx(amx) => self.each(simd, &amx.configured()),
            #[cfg(not(target_family = "wasm"))]
            Tiles::Soft => self.each(simd, &Soft),
        }
    }
}

impl Outer<'_> {
    #[inline(always)]
    fn each<S: Simd>(mut self, simd: S, kernel: &impl Kernel) {
        let (rows, columns) = (self.left.columns, self.columns);
        let count = self.left.blocks * TILE;
        let last = columns.div_ceil(TILE) - 1;
        let mut sums = Sums([[0.0; TILE]; 4 * TILE]);
        for column in (0..columns).step_by(PANEL) {
            let planes = [column / TILE, last.min(column / TILE + 1)];
            for row in (0..rows).step_by(PANEL) {
                let left = [self.left.tiles(row / TILE), self.left.tiles(row / TILE + 1)];
                for (start, first) in self.starts {
                    let right =
                        planes.map(|plane| &self.right[plane * self.plane + start..][..count]);
                    kernel.chains(simd, Chains { left, right }, &mut sums);
                    let at = first + column;
                    let size = [PANEL.min(rows - row), PANEL.min(columns - column)];
                    self.sum.add(simd, &sums, [row, at], size);
                }
            }
        }
    }
}

impl Sum<'_> {
    /// Adds the first rows and columns of four tiles, or puts them there.
    #[inline(always)]
    fn add<S: Simd>(
        &mut self,
        simd: S,
        sums: &Sums,
        [row, column]: [usize; 2],
        [rows, columns]: [usize; 2],
    ) {
        for i in 0..rows {
            let at = (row + i) * self.stride + self.first + column;
            let out = &mut self.out[at..at + columns];
            let tiles = &sums.0[i / TILE * 2 * TILE + i % TILE..][..=TILE];
            if let Ok(out) = <&mut [f32; PANEL]>::try_from(&mut *out) {
                for lane in (0..PANEL).step_by(S::F32_LANES) {
                    let sums = &tiles[lane / TILE * TILE][lane % TILE..][..S::F32_LANES];
                    add(simd, self.accumulate, &mut out[lane..lane + S::F32_LANES], sums);
                }
                continue;
            }
            for (half, out) in out.chunks_mut(TILE).enumerate() {
                let sums = tiles[half * TILE].chunks(S::F32_LANES);
                for (out, sums) in out.chunks_mut(S::F32_LANES).zip(sums) {
                    add(simd, self.accumulate, out, sums);
                }
            }
        }
    }
}

/// Adds a vector, or puts it there.
#[inline(always)]
fn add<S: Simd>(simd: S, accumulate: bool, out: &mut [f32], sums: &[f32]) {
    let sum = load(simd, sums);
    let sum = if accumulate { simd.add_f32s(load(simd, out), sum) } else { sum };
    store(simd, out, sum);
}
