//! The sum of gradients over the rows of an update, the same however the rows are cut into passes.
//!
//! The rows of an update are cut into leaves. The engine sums the rows of a leaf, and the leaves are
//! added in pairs, by a tree that follows from their number alone: it is split at the largest power
//! of two below that number, and so are its parts. A pass takes an aligned part of the tree, so each
//! pass gives one node, and nodes are added as the tree adds them.

use std::ops::Range;

use rayon::prelude::*;

/// An update has no more leaves than this,
const MOST_LEAVES: usize = 16;
/// and a leaf no fewer rows than this, unless the update has fewer.
const LEAST_ROWS: usize = 4;
/// Values that are one piece of work.
const PIECE: usize = 16_384;

/// How the rows of an update are cut into passes.
///
/// # Formula
/// ```text
/// rows of a leaf = max(4, ⌈rows/16⌉)       64 rows make 16 leaves of 4, 256 rows 16 of 16
/// ```
/// This follows from the rows of the update alone. A pass has as many leaves as fit into a batch,
/// rounded down to a power of two, but at least one.
///
/// # Example
/// ```
/// use ancestral_learn::Passes;
///
/// let passes = Passes::new(64, 10);
/// assert_eq!((passes.leaf(), passes.count(), passes.largest()), (4, 8, 8));
/// assert_eq!(passes.rows().nth(1), Some(8..16));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passes {
    rows: usize,
    leaf: usize,
    /// Rows of each pass but the last, which may be smaller.
    pass: usize,
}

impl Passes {
    /// The passes of an update of so many `rows`, of at most `batch` rows each, or of one leaf.
    #[must_use]
    pub fn new(rows: usize, batch: usize) -> Self {
        let leaf = rows.div_ceil(MOST_LEAVES).max(LEAST_ROWS);
        let leaves = match (batch / leaf).checked_ilog2() {
            Some(power) => 1 << power,
            None => 1,
        };
        // All rows are one pass if they fit, ragged as they may be.
        let pass = if batch >= rows { rows } else { leaves * leaf };
        Self { rows, leaf, pass }
    }

    /// Rows of a leaf.
    #[must_use]
    pub fn leaf(&self) -> usize {
        self.leaf
    }

    /// How many passes there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.rows.div_ceil(self.pass)
    }

    /// Rows of the largest pass.
    #[must_use]
    pub fn largest(&self) -> usize {
        self.pass.min(self.rows)
    }

    /// The rows of each pass.
    pub fn rows(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let Self { rows, pass, .. } = *self;
        (0..rows).step_by(pass).map(move |first| first..rows.min(first + pass))
    }

    /// How many nodes are kept at once, at the most: that of a pass, and those that wait for others.
    #[must_use]
    pub fn nodes(&self) -> usize {
        // As a binary counter: each pass counts one, each 1 of the count is a node that waits.
        let waiting = (0..self.count()).map(|pass| pass.count_ones() as usize);
        waiting.max().unwrap_or(0) + 1
    }
}

/// Adds the nodes of the passes of an update.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// Nodes that wait for others, with how many passes they sum; the largest first.
    waiting: Vec<(usize, Vec<f32>)>,
    /// Vectors for other nodes.
    spare: Vec<Vec<f32>>,
}

impl Tree {
    /// A vector for the node of the next pass, with anything in it.
    pub(crate) fn vector(&mut self, length: usize) -> Vec<f32> {
        self.spare.pop().unwrap_or_else(|| vec![0.0; length])
    }

    /// Takes the node of the next pass.
    pub(crate) fn push(&mut self, node: Vec<f32>) {
        self.waiting.push((1, node));
        while let [.., (left, _), (right, _)] = self.waiting[..]
            && left == right
        {
            self.merge();
        }
    }

    /// The sum of all passes, at least one.
    pub(crate) fn finish(&mut self) -> Vec<f32> {
        while self.waiting.len() > 1 {
            self.merge();
        }
        self.waiting.pop().expect("an update has a pass").1
    }

    /// Gives a vector back.
    pub(crate) fn give(&mut self, vector: Vec<f32>) {
        self.spare.push(vector);
    }

    /// Adds the last two nodes.
    fn merge(&mut self) {
        if let (Some((right, other)), Some((left, sum))) =
            (self.waiting.pop(), self.waiting.last_mut())
        {
            add(sum, &other);
            *left += right;
            self.spare.push(other);
        }
    }
}

/// sum ← sum + other.
fn add(sum: &mut [f32], other: &[f32]) {
    let pieces = sum.par_chunks_mut(PIECE).zip(other.par_chunks(PIECE));
    pieces.for_each(|(sum, other)| {
        sum.iter_mut().zip(other).for_each(|(sum, value)| *sum += value);
    });
}

/// The sum of leaves by the tree, as engines add them.
#[cfg(test)]
pub(crate) fn sum_of_leaves(leaves: &[Vec<f32>]) -> Vec<f32> {
    if let [leaf] = leaves {
        return leaf.clone();
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let mut sum = sum_of_leaves(left);
    add(&mut sum, &sum_of_leaves(right));
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_follow_from_the_rows_alone() {
        let leaves = [1, 3, 8, 64, 65, 256, 1000].map(|rows| Passes::new(rows, 1).leaf());
        assert_eq!(leaves, [4, 4, 4, 4, 5, 16, 63]);
    }

    #[test]
    fn a_pass_is_a_power_of_two_of_leaves_that_fit_into_a_batch() {
        let shape = |rows, batch| {
            let passes = Passes::new(rows, batch);
            (passes.count(), passes.largest(), passes.nodes())
        };
        assert_eq!(shape(64, 64), (1, 64, 1));
        assert_eq!(shape(64, 63), (2, 32, 2));
        assert_eq!(shape(64, 8), (8, 8, 4));
        assert_eq!(shape(64, 1), (16, 4, 5)); // a leaf at the least
        assert_eq!(shape(50, 24), (4, 16, 3)); // 13 leaves: 4, 4, 4 and one of 2 rows
        assert_eq!(shape(3, 3), (1, 3, 1));
        for (rows, batch) in [(64, 8), (50, 24), (1, 1), (130, 40), (7, 4)] {
            assert!(Passes::new(rows, batch).rows().flatten().eq(0..rows), "{rows}, {batch}");
        }
    }

    #[test]
    fn the_sum_has_the_same_bits_however_the_rows_are_cut() {
        let row = |i: usize| vec![((i * 37 % 101) as f32 * 0.1).exp(), 1.0 / (i + 1) as f32];
        let node = |rows: Range<usize>, leaf: usize| {
            let rows: Vec<_> = rows.collect();
            let sum = |rows: &[usize]| {
                rows[1..].iter().fold(row(rows[0]), |mut sum, i| {
                    add(&mut sum, &row(*i));
                    sum
                })
            };
            sum_of_leaves(&rows.chunks(leaf).map(sum).collect::<Vec<_>>())
        };
        for rows in [1, 5, 16, 50, 63, 64, 65, 100, 200] {
            let sum = |batch: usize| {
                let passes = Passes::new(rows, batch);
                let (mut tree, mut taken) = (Tree::default(), 0);
                for rows in passes.rows() {
                    taken += usize::from(tree.spare.is_empty());
                    let mut vector = tree.vector(2);
                    vector.copy_from_slice(&node(rows, passes.leaf()));
                    tree.push(vector);
                }
                assert_eq!(taken, passes.nodes(), "{rows} rows, batch {batch}");
                tree.finish()
            };
            for batch in 1..=rows {
                assert_eq!(sum(batch), sum(rows), "{rows} rows, batch {batch}");
            }
        }
    }
}
