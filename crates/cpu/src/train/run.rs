//! What all layers need of a pass.

use crate::map::Arena;

/// One pass of training.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run<'a> {
    /// The parameters of the whole network.
    pub weights: &'a [f32],
    /// Rows of a leaf: see [`tree`](super::tree).
    pub leaf: usize,
    pub arena: &'a Arena,
}

impl Run<'_> {
    /// Leaves of so many rows.
    pub(crate) fn leaves(self, rows: usize) -> usize {
        rows.div_ceil(self.leaf)
    }

    /// The rows of a leaf, of so many in all.
    pub(crate) fn rows_of(self, leaf: usize, rows: usize) -> std::ops::Range<usize> {
        leaf * self.leaf..rows.min((leaf + 1) * self.leaf)
    }
}
