//! What multiplies tiles, and what it is given.

use pulp::Simd;

use super::lines::{Line, PAIRS};

/// Rows of a tile, and columns of a tile of results.
pub(super) const TILE: usize = 16;
/// Lines of a panel for a block of k.
pub(super) const LINES: usize = 2 * PAIRS;

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

/// What a kernel multiplies block by block: two tiles of rows and two of columns, whole tiles of each
/// one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chains<'a> {
    pub left: [&'a [Line]; 2],
    pub right: [&'a [Line]; 2],
}

impl Chains<'_> {
    /// How many blocks all sides have.
    #[inline]
    pub(super) fn blocks(&self) -> usize {
        let [left, right] = [self.left, self.right];
        let count = left[0].len() / TILE;
        let all = left.iter().chain(&right);
        assert!(count > 0 && all.into_iter().all(|side| side.len() == count * TILE), "whole tiles");
        count
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

    /// The sums of chains over blocks.
    fn chains<S: Simd>(&self, simd: S, chains: Chains<'_>, sums: &mut Sums);
}
