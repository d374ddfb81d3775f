//! The two products of an attention on tiles.

use super::Tiles;
use super::linear::Rows;
use super::lines::{self, Line, VALUES};
use super::product::{Left, Product, Right, lines_of_matrix};
use crate::gemm::Store;
use crate::map::Arena;

/// The keys and the values of a head as right sides: keys transposed.
#[derive(Debug)]
pub(crate) struct Head {
    tiles: Tiles,
    keys: Right,
    values: Right,
}

/// Rows of a head among others: row i has `width` values from `start(i)` on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strided<'a, F> {
    pub data: &'a [f32],
    pub rows: usize,
    pub start: F,
    pub width: usize,
}

impl<'a, F: Fn(usize) -> usize + Copy> Strided<'a, F> {
    #[inline(always)]
    pub(super) fn row(self, row: usize) -> &'a [f32] {
        &self.data[(self.start)(row)..][..self.width]
    }

    /// The rows in lines that follow each other, of no meaning behind the last.
    fn rounded(self, tiles: Tiles, arena: &Arena) -> Vec<Line> {
        let Self { data, rows, start, width: length } = self;
        let blocks = lines::lines(length);
        let mut lines = arena.take_lines(lines_of_matrix(rows, blocks));
        let out = &mut lines[..rows * blocks];
        Rows { tiles, data, count: rows, start, length, out }.run();
        lines
    }
}

impl Head {
    /// Packs keys and values, as many rows of both.
    pub(crate) fn pack(
        tiles: Tiles,
        keys: Strided<'_, impl Fn(usize) -> usize + Copy + Sync>,
        values: Strided<'_, impl Fn(usize) -> usize + Copy + Sync>,
        arena: &Arena,
    ) -> Self {
        Self { tiles, keys: transposed(tiles, keys, arena), values: by_rows(tiles, values, arena) }
    }

    /// Gives the memory back.
    pub(crate) fn give(self, arena: &Arena) {
        self.keys.give(arena);
        self.values.give(arena);
    }

    /// The scores of some queries, times `scale`.
    pub(crate) fn scores(
        &self,
        queries: Strided<'_, impl Fn(usize) -> usize + Copy>,
        scale: f32,
        out: &mut [f32],
        arena: &Arena,
    ) {
        self.product(queries, &self.keys, out, Store { scale, ..Store::PLAIN }, arena);
    }

    /// The values, mixed by rows of weights.
    pub(crate) fn mixed(&self, weights: &[f32], out: &mut [f32], arena: &Arena) {
        let rows = out.len() / self.values.columns();
        let width = weights.len() / rows;
        let weights = Strided { data: weights, rows, start: |row| row * width, width };
        self.product(weights, &self.values, out, Store::PLAIN, arena);
    }

    fn product(
        &self,
        left: Strided<'_, impl Fn(usize) -> usize + Copy>,
        right: &Right,
        out: &mut [f32],
        store: Store<'_>,
        arena: &Arena,
    ) {
        let (rows, blocks) = (left.rows, lines::lines(left.width));
        let lines = left.rounded(self.tiles, arena);
        let left = Left::matrix(&lines, rows, blocks);
        Product { tiles: self.tiles, left, right, out, store }.run();
        arena.give_lines(lines);
    }
}

/// Rows as the columns of a right side.
fn transposed(
    tiles: Tiles,
    rows: Strided<'_, impl Fn(usize) -> usize + Copy + Sync>,
    arena: &Arena,
) -> Right {
    let Strided { data, rows, start, width } = rows;
    let mut right = Right::take(lines::lines(width), rows, arena);
    right.fill_columns(
        tiles,
        #[inline(always)]
        |block, row| {
            let first = block * VALUES;
            &data[start(row) + first..][..VALUES.min(width - first)]
        },
    );
    right
}

/// Rows as the rows of a right side.
fn by_rows(
    tiles: Tiles,
    rows: Strided<'_, impl Fn(usize) -> usize + Copy + Sync>,
    arena: &Arena,
) -> Right {
    let mut right = Right::take(lines::lines(rows.rows), rows.width, arena);
    right.fill_rows(
        tiles,
        #[inline(always)]
        |row| if row < rows.rows { rows.row(row) } else { &[] },
    );
    right
}
