//! A linear layer on tiles.

use pulp::{Simd, WithSimd};

use super::Tiles;
use super::lines::{self, Line, VALUES};
use super::product::{Left, Product, Right, lines_of_matrix};
use crate::arch::arch;
use crate::gemm::Store;
use crate::map::Arena;

/// A linear layer over sources that are taken for one.
#[derive(Debug)]
pub(crate) struct Linear {
    tiles: Tiles,
    right: Right,
}

impl Linear {
    /// One of a weight `[to, from]` over sources of so many channels, in memory of the arena's.
    pub(crate) fn new(
        tiles: Tiles,
        weight: &[f32],
        to: usize,
        sources: &[usize],
        arena: &Arena,
    ) -> Self {
        let from: usize = sources.iter().sum();
        // The channels of each block: each source is filled up to whole lines.
        let mut blocks = Vec::new();
        let mut first = 0;
        for channels in sources {
            let end = first + channels;
            blocks.extend((first..end).step_by(VALUES).map(|k| (k, VALUES.min(end - k))));
            first = end;
        }
        let mut right = Right::take(blocks.len(), to, arena);
        right.fill_columns(
            tiles,
            #[inline(always)]
            |block, n| {
                let (k, count) = blocks[block];
                &weight[n * from + k..][..count]
            },
        );
        Self { tiles, right }
    }

    /// The adjoint of some columns, the first and how many, of a layer with the weight `[to, from]`.
    pub(crate) fn adjoint(
        tiles: Tiles,
        weight: &[f32],
        to: usize,
        (first, count): (usize, usize),
        arena: &Arena,
    ) -> Self {
        let from = weight.len() / to;
        let mut right = Right::take(lines::lines(to), count, arena);
        right.fill_rows(
            tiles,
            #[inline(always)]
            |k| if k < to { &weight[k * from + first..][..count] } else { &[] },
        );
        Self { tiles, right }
    }

    /// Gives the memory of its weights back.
    pub(crate) fn give(self, arena: &Arena) {
        self.right.give(arena);
    }

    pub(crate) fn bytes(&self) -> usize {
        self.right.bytes()
    }

    pub(crate) fn columns(&self) -> usize {
        self.right.columns()
    }

    /// How it is computed.
    pub(crate) fn describe(&self) -> &'static str {
        self.tiles.describe()
    }

    /// Applies it to all rows of sources, which have so many channels.
    pub(crate) fn run(
        &self,
        sources: &[(&[f32], usize)],
        out: &mut [f32],
        store: Store<'_>,
        arena: &Arena,
    ) {
        let rows = out.len() / self.right.columns();
        let blocks = sources.iter().map(|(_, channels)| lines::lines(*channels)).sum();
        let mut lines = arena.take_lines(lines_of_matrix(rows, blocks));
        let mut first = 0;
        for &(data, channels) in sources {
            let start = |row| row * channels;
            let out = &mut lines[first * rows..][..lines::lines(channels) * rows];
            Rows { tiles: self.tiles, data, count: rows, start, length: channels, out }.run();
            first += lines::lines(channels);
        }
        let left = Left::matrix(&lines, rows, blocks);
        Product { tiles: self.tiles, left, right: &self.right, out, store }.run();
        arena.give_lines(lines);
    }
}

/// Rounds `count` rows of `length` values into lines; row i begins at `start(i)`: the first line of
/// each row, then the second of each, and so on.
pub(super) struct Rows<'a, F> {
    pub tiles: Tiles,
    pub data: &'a [f32],
    pub count: usize,
    pub start: F,
    pub length: usize,
    pub out: &'a mut [Line],
}

impl<F: Fn(usize) -> usize> Rows<'_, F> {
    pub(super) fn run(self) {
        arch().dispatch(self);
    }
}

impl<F: Fn(usize) -> usize> WithSimd for Rows<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { tiles, data, count, start, length, out } = self;
        for row in 0..count {
            tiles.round(&data[start(row)..][..length], &mut out[row..], count);
        }
    }
}
