//! The two products of an attention on tiles.

use super::Tiles;
use super::linear::Rows;
use super::lines::{self, Line, VALUES, pair};
use super::product::{Left, Product, Right, TILE, lines_of_matrix};
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

impl<F: Fn(usize) -> usize + Copy> Strided<'_, F> {
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
        keys: Strided<'_, impl Fn(usize) -> usize + Copy>,
        values: Strided<'_, impl Fn(usize) -> usize + Copy>,
        arena: &Arena,
    ) -> Self {
        Self { tiles, keys: transposed(tiles, keys, arena), values: by_rows(values, arena) }
    }

    /// Gives the memory back.
    pub(crate) fn give(self, arena: &Arena) {
        arena.give_lines(self.keys.into_memory());
        arena.give_lines(self.values.into_memory());
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
    rows: Strided<'_, impl Fn(usize) -> usize + Copy>,
    arena: &Arena,
) -> Right {
    let lines = rows.rounded(tiles, arena);
    let (rows, blocks) = (rows.rows, lines::lines(rows.width));
    let mut right = Right::in_memory(arena.take_lines(0));
    for ([block, first], tile) in right.tiles(blocks, rows) {
        for column in first..rows.min(first + TILE) {
            let pairs = &lines[block * rows + column].0;
            for (line, pair) in tile.iter_mut().zip(pairs) {
                line.0[column - first] = *pair;
            }
        }
    }
    arena.give_lines(lines);
    right
}

/// Rows as the rows of a right side.
fn by_rows(rows: Strided<'_, impl Fn(usize) -> usize + Copy>, arena: &Arena) -> Right {
    let Strided { data, rows, start, width } = rows;
    let mut right = Right::in_memory(arena.take_lines(0));
    for ([block, first], tile) in right.tiles(lines::lines(rows), width) {
        let columns = first.min(width)..width.min(first + TILE);
        for (k, line) in tile.iter_mut().enumerate() {
            let row =
                |row: usize| (row < rows).then(|| &data[start(row)..][..width][columns.clone()]);
            let k = block * VALUES + 2 * k;
            let Some(near) = row(k) else { break };
            let far = row(k + 1);
            for (j, (out, near)) in line.0.iter_mut().zip(near).enumerate() {
                *out = pair(*near, far.map_or(0.0, |far| far[j]));
            }
        }
    }
    right
}
