//! The sum of gradients over the rows of an update, the same however the rows are cut into passes
//! and passes among processes.
//!
//! The rows of an update are cut into leaves. The engine sums the rows of a leaf, and the leaves are
//! added in pairs, by a tree that follows from their number alone: it is split at the largest power
//! of two below that number, and so are its parts. A pass takes a node of the tree, and nodes are
//! added as the tree adds them, wherever they were computed.

use std::ops::{Deref, DerefMut, Range};

use rayon::prelude::*;

/// An update has no more leaves than this,
const MOST_LEAVES: usize = 16;
/// and a leaf no fewer rows than this, unless the update has fewer.
const LEAST_ROWS: usize = 4;
/// Values that are one piece of work.
const PIECE: usize = 16_384;

/// The leaves of an update: how many, and how many rows each has but the last, which may be smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leaves {
    pub rows: usize,
    pub of_leaf: usize,
}

impl Leaves {
    /// Those of an update of so many rows.
    pub(crate) fn of(rows: usize) -> Self {
        Self { rows, of_leaf: rows.div_ceil(MOST_LEAVES).max(LEAST_ROWS) }
    }

    /// How many there are.
    pub(crate) fn count(self) -> usize {
        self.rows.div_ceil(self.of_leaf)
    }

    /// The rows of some leaves.
    pub(crate) fn rows_of(self, leaves: &Range<usize>) -> Range<usize> {
        let [from, to] = [leaves.start, leaves.end].map(|leaf| self.rows.min(leaf * self.of_leaf));
        from..to
    }

    /// The largest nodes of the tree that make up the leaves `some`, of no more than `most` leaves each,
    /// a power of two.
    pub(crate) fn nodes(
        self,
        some: Range<usize>,
        most: usize,
    ) -> impl Iterator<Item = Range<usize>> {
        let (count, mut first) = (self.count(), some.start);
        std::iter::from_fn(move || {
            let end = |size: usize| count.min(first + size);
            let fits = |size: usize| {
                let is_node = size <= most && first.is_multiple_of(size);
                is_node && first < some.end && end(size) <= some.end
            };
            let sizes = (0..usize::BITS).map(|power| 1 << power).take_while(|size| fits(*size));
            let node = first..end(sizes.last()?);
            first = node.end;
            Some(node)
        })
    }

    /// Whether the tree adds two neighbouring nodes.
    fn adds(self, left: &Range<usize>, right: &Range<usize>) -> bool {
        let size = left.len();
        size.is_power_of_two()
            && left.start.is_multiple_of(2 * size)
            && right.end == self.count().min(left.start + 2 * size)
    }
}

/// How rows of an update are cut into passes.
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passes {
    leaves: Leaves,
    /// The leaves that are cut: all, or those of one process of several.
    some: Range<usize>,
    /// The most leaves of a pass, a power of two.
    most: usize,
}

impl Passes {
    /// The passes of an update of so many `rows`, of at most `batch` rows each, or of one leaf.
    #[must_use]
    pub fn new(rows: usize, batch: usize) -> Self {
        let leaves = Leaves::of(rows);
        let fitting = match (batch / leaves.of_leaf).checked_ilog2() {
            Some(power) => 1 << power,
            None => 1,
        };
        // All rows are one pass if they fit, ragged as they may be.
        let most = if batch >= rows { leaves.count().next_power_of_two() } else { fitting };
        Self { leaves, some: 0..leaves.count(), most }
    }

    /// The same of some of the leaves.
    pub(crate) fn of_leaves(self, some: Range<usize>) -> Self {
        Self { some, ..self }
    }

    /// The leaves of the whole update.
    pub(crate) fn leaves(&self) -> Leaves {
        self.leaves
    }

    /// Rows of a leaf.
    #[must_use]
    pub fn leaf(&self) -> usize {
        self.leaves.of_leaf
    }

    /// How many passes there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.nodes_of_passes().count()
    }

    /// Rows of the largest pass.
    #[must_use]
    pub fn largest(&self) -> usize {
        self.rows().map(|rows| rows.len()).max().unwrap_or(0)
    }

    /// The rows of each pass.
    pub fn rows(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let leaves = self.leaves;
        self.nodes_of_passes().map(move |node| leaves.rows_of(&node))
    }

    /// The node of the tree that each pass is.
    pub(crate) fn nodes_of_passes(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        self.leaves.nodes(self.some.clone(), self.most)
    }

    /// How many nodes are kept at once, at the most: that of a pass, and those that wait for others.
    #[must_use]
    pub fn nodes(&self) -> usize {
        let mut tree = Tree::new(self.leaves);
        let kept = self.nodes_of_passes().map(|leaves| {
            let kept = tree.waiting.len() + 1;
            tree.push(Node { leaves, sum: Vec::new().into() });
            kept
        });
        kept.max().unwrap_or(0)
    }
}

/// The sum of the gradients of some leaves.
#[derive(Debug)]
pub(crate) struct Node {
    pub leaves: Range<usize>,
    pub sum: Sum,
}

/// A sum of gradients: of all parameters, or of those in a range of the vector. The rest of it is not cut
/// off, because that would move what is kept.
#[derive(Debug)]
pub(crate) struct Sum {
    vector: Vec<f32>,
    at: Range<usize>,
}

impl Sum {
    /// The values in a range of these alone.
    pub(crate) fn within(self, at: &Range<usize>) -> Self {
        let Self { vector, at: all } = self;
        let at = all.start + at.start..all.start + at.end;
        assert!(at.end <= all.end, "a range of these values");
        Self { vector, at }
    }

    /// The vector that they are in.
    pub(crate) fn into_vector(self) -> Vec<f32> {
        self.vector
    }
}

impl From<Vec<f32>> for Sum {
    fn from(vector: Vec<f32>) -> Self {
        Self { at: 0..vector.len(), vector }
    }
}

impl Deref for Sum {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.vector[self.at.clone()]
    }
}

impl DerefMut for Sum {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.vector[self.at.clone()]
    }
}

/// Adds nodes as the tree does, those of the first leaves first.
#[derive(Debug)]
pub(crate) struct Tree {
    leaves: Leaves,
    /// Nodes that wait for others.
    waiting: Vec<Node>,
    /// Vectors for other nodes.
    spare: Vec<Vec<f32>>,
}

impl Tree {
    pub(crate) fn new(leaves: Leaves) -> Self {
        Self { leaves, waiting: Vec::new(), spare: Vec::new() }
    }

    /// A vector for the next node, with anything in it.
    pub(crate) fn vector(&mut self, length: usize) -> Vec<f32> {
        match self.spare.iter().position(|spare| spare.len() == length) {
            Some(place) => self.spare.swap_remove(place),
            None => vec![0.0; length],
        }
    }

    /// Takes the next node.
    pub(crate) fn push(&mut self, node: Node) {
        self.waiting.push(node);
        while let [.., left, right] = &self.waiting[..]
            && self.leaves.adds(&left.leaves, &right.leaves)
        {
            self.merge();
        }
    }

    /// The sums of all nodes that were pushed: that of the whole tree if these were all of its leaves.
    pub(crate) fn finish(&mut self) -> Vec<Node> {
        std::mem::take(&mut self.waiting)
    }

    /// Gives a sum's vector back.
    pub(crate) fn give(&mut self, sum: Sum) {
        self.spare.push(sum.into_vector());
    }

    /// Adds the last two nodes.
    fn merge(&mut self) {
        if let (Some(right), Some(left)) = (self.waiting.pop(), self.waiting.last_mut()) {
            add(&mut left.sum, &right.sum);
            left.leaves.end = right.leaves.end;
            self.give(right.sum);
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

    /// Rows that round differently in another order.
    fn row(i: usize) -> Vec<f32> {
        vec![((i * 37 % 101) as f32 * 0.1).exp(), 1.0 / (i + 1) as f32]
    }

    /// The sum of a pass as an engine computes it.
    fn pass(rows: Range<usize>, leaf: usize) -> Vec<f32> {
        let rows: Vec<_> = rows.collect();
        let sum = |rows: &[usize]| {
            rows[1..].iter().fold(row(rows[0]), |mut sum, i| {
                add(&mut sum, &row(*i));
                sum
            })
        };
        sum_of_leaves(&rows.chunks(leaf).map(sum).collect::<Vec<_>>())
    }

    /// The nodes that the passes of some leaves add to.
    fn summed(passes: &Passes) -> Vec<Node> {
        let (mut tree, mut taken) = (Tree::new(passes.leaves()), 0);
        for (leaves, rows) in passes.nodes_of_passes().zip(passes.rows()) {
            taken += usize::from(tree.spare.is_empty());
            let mut sum = tree.vector(2);
            sum.copy_from_slice(&pass(rows, passes.leaf()));
            tree.push(Node { leaves, sum: sum.into() });
        }
        assert_eq!(taken, passes.nodes(), "{passes:?}");
        tree.finish()
    }

    /// The one node of a whole tree.
    fn root(mut nodes: Vec<Node>) -> Vec<f32> {
        assert_eq!(nodes.len(), 1);
        nodes.pop().unwrap().sum.into_vector()
    }

    #[test]
    fn the_sum_has_the_same_bits_however_the_rows_are_cut() {
        for rows in [1, 5, 16, 50, 63, 64, 65, 100, 200] {
            let sum = |batch: usize| root(summed(&Passes::new(rows, batch)));
            for batch in 1..=rows {
                assert_eq!(sum(batch), sum(rows), "{rows} rows, batch {batch}");
            }
        }
    }

    #[test]
    fn the_sum_has_the_same_bits_however_the_leaves_are_shared() {
        for rows in [5, 16, 50, 63, 64, 65, 100, 200] {
            let all = root(summed(&Passes::new(rows, rows)));
            let leaves = Leaves::of(rows);
            for ranks in 1..=leaves.count() {
                let cut = |rank: usize| rank * leaves.count() / ranks;
                for batch in [4, rows / 2, rows] {
                    let mut tree = Tree::new(leaves);
                    for rank in 0..ranks {
                        let some = cut(rank)..cut(rank + 1);
                        let nodes = summed(&Passes::new(rows, batch).of_leaves(some.clone()));
                        let largest = leaves.nodes(some, usize::MAX);
                        assert!(nodes.iter().map(|node| node.leaves.clone()).eq(largest));
                        for node in nodes {
                            tree.push(node);
                        }
                    }
                    assert_eq!(root(tree.finish()), all, "{rows} rows, {ranks} ranks, {batch}");
                }
            }
        }
    }

    #[test]
    fn a_share_is_the_largest_nodes_within_it() {
        let nodes = |some, most| Leaves::of(64).nodes(some, most).collect::<Vec<_>>();
        assert_eq!(nodes(0..16, 16), std::iter::once(0..16).collect::<Vec<_>>());
        assert_eq!(nodes(5..10, 16), [5..6, 6..8, 8..10]);
        assert_eq!(nodes(5..10, 1), [5..6, 6..7, 7..8, 8..9, 9..10]);
        // 13 leaves: 8 and 5, which are 4 and 1.
        let ragged = Leaves::of(50).nodes(6..13, 16);
        assert_eq!(ragged.collect::<Vec<_>>(), [6..8, 8..13]);
    }
}
