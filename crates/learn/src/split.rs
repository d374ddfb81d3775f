//! What each process of a cluster does of a training.

use std::borrow::Cow;
use std::iter;
use std::ops::Range;

use ancestral_cluster::{Cluster, ClusterError};
use ancestral_cpu::train::{PIECE, squares_of_pieces, sum_of_squares};
use ancestral_format::Layout;

use crate::TrainError;
use crate::gradients::GradientNorm;
use crate::tree::{Leaves, Node, Sum, Tree};

/// What each rank of a cluster does of a training: it computes the gradients of some leaves of each
/// update, and owns some parameters, whose gradients it sums and which it updates.
///
/// Nothing here depends on the number of ranks but who does it: gradients are added by the one tree over
/// all leaves, and squares by pieces of all parameters.
#[derive(Debug)]
pub(crate) struct Split {
    cluster: Cluster,
    leaves: Leaves,
    /// The leaves of each rank.
    shares: Vec<Range<usize>>,
    /// The parameters of each rank: whole ones.
    owned: Vec<Range<usize>>,
    /// The pieces of all parameters that begin among those of each rank.
    pieces: Vec<Range<usize>>,
    /// The parameters whose gradients each rank sums: its own, and the rest of its last piece.
    summed: Vec<Range<usize>>,
    /// The values of a message of several nodes.
    sent: Vec<f32>,
}

impl Split {
    /// A training of that layout among the ranks of a cluster.
    ///
    /// # Errors
    /// If there are more ranks than leaves.
    pub(crate) fn new(
        cluster: Cluster,
        leaves: Leaves,
        layout: &Layout,
    ) -> Result<Self, TrainError> {
        let (ranks, most) = (cluster.size(), leaves.count());
        if ranks > most {
            let rows = leaves.rows;
            return Err(TrainError::Ranks { ranks, rows, leaves: most });
        }
        let owned = owned(layout, ranks);
        let piece = |at: usize| at.div_ceil(PIECE);
        let pieces: Vec<_> = owned.iter().map(|at| piece(at.start)..piece(at.end)).collect();
        let summed = owned.iter().zip(&pieces).map(|(at, pieces)| {
            let end = layout.len().min(pieces.end * PIECE);
            at.start..if at.is_empty() { at.end } else { end }
        });
        Ok(Self {
            leaves,
            shares: cluster.shares(most),
            summed: summed.collect(),
            owned,
            pieces,
            cluster,
            sent: Vec::new(),
        })
    }

    pub(crate) fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The leaves of this rank.
    pub(crate) fn leaves(&self) -> Range<usize> {
        self.shares[self.cluster.rank()].clone()
    }

    /// The rows of an update that are in the leaves of each rank.
    pub(crate) fn rows(&self) -> Vec<Range<usize>> {
        self.shares.iter().map(|leaves| self.leaves.rows_of(leaves)).collect()
    }

    /// The parameters that this rank owns.
    pub(crate) fn own(&self) -> Range<usize> {
        self.owned[self.cluster.rank()].clone()
    }

    /// This rank's part of values that rank 0 has of all parameters.
    pub(crate) fn scattered(&self, all: &[f32]) -> Result<Vec<f32>, ClusterError> {
        self.cluster.scatter(all, &self.owned)
    }

    /// Values of all parameters, of which each rank has those of its own.
    pub(crate) fn whole<'a>(&self, own: &'a [f32]) -> Result<Cow<'a, [f32]>, ClusterError> {
        if self.cluster.is_alone() {
            return Ok(own.into());
        }
        let mut all = vec![0.0; self.owned.last().map_or(0, |last| last.end)];
        all[self.own()].copy_from_slice(own);
        self.complete(&mut all)?;
        Ok(all.into())
    }

    /// Replaces the values of parameters that other ranks own by theirs.
    pub(crate) fn complete(&self, all: &mut [f32]) -> Result<(), ClusterError> {
        self.cluster.all_gather(all, &self.owned)
    }

    /// The gradients of this rank's parameters, and of the rest of its last piece, summed over all leaves:
    /// `tree` has summed those of this rank's leaves.
    ///
    /// Where the leaves of a rank are one node, as of 1, 2, 4, 8 or 16 ranks, nothing is copied but by the
    /// transport.
    pub(crate) fn sum(&mut self, tree: &mut Tree) -> Result<Sum, ClusterError> {
        let (rank, own) = (self.cluster.rank(), tree.finish());
        let at = self.summed[rank].clone();
        let mut of_ranks: Vec<Vec<Node>> = self.shares.iter().map(|_| Vec::new()).collect();
        for (to, from) in self.cluster.turns() {
            let sent = match &own[..] {
                [node] => &node.sum[self.summed[to].clone()],
                nodes => {
                    self.sent.clear();
                    for node in nodes {
                        self.sent.extend_from_slice(&node.sum[self.summed[to].clone()]);
                    }
                    &self.sent
                }
            };
            let nodes: Vec<_> = self.leaves.nodes(self.shares[from].clone(), usize::MAX).collect();
            let mut received = tree.vector(nodes.len() * at.len());
            self.cluster.exchange(to, sent, from, &mut received)?;
            let copies = nodes.iter().enumerate().skip(1).map(|(place, leaves)| {
                let mut sum = tree.vector(at.len());
                sum.copy_from_slice(&received[place * at.len()..][..at.len()]);
                Node { leaves: leaves.clone(), sum: sum.into() }
            });
            let copies: Vec<_> = copies.collect();
            let sum = Sum::from(received).within(&(0..at.len()));
            let first = Node { leaves: nodes[0].clone(), sum };
            of_ranks[from] = iter::once(first).chain(copies).collect();
        }
        let within = |Node { leaves, sum }| Node { leaves, sum: Sum::within(sum, &at) };
        of_ranks[rank] = own.into_iter().map(within).collect();
        for node in of_ranks.into_iter().flatten() {
            tree.push(node);
        }
        Ok(tree.finish().pop().expect("the leaves of all ranks are those of the tree").sum)
    }

    /// The norm of all gradients, those of [`sum`](Self::sum) on each rank.
    ///
    /// # Formula
    /// ```text
    /// √ Σ g²
    /// ```
    /// # Numerics
    /// As [`sum_of_squares`]: values above 1e19 count as not finite.
    pub(crate) fn norm(
        &self,
        gradients: &[f32],
        layout: &Layout,
    ) -> Result<GradientNorm, ClusterError> {
        let rank = self.cluster.rank();
        let (first, pieces) = (self.summed[rank].start, self.pieces[rank].clone());
        let mut squares = vec![0.0_f32; layout.len().div_ceil(PIECE)];
        if !pieces.is_empty() {
            let own = squares_of_pieces(&gradients[pieces.start * PIECE - first..]);
            squares[pieces].copy_from_slice(&own);
        }
        self.cluster.all_gather(&mut squares, &self.pieces)?;
        let norm = squares.into_iter().map(f64::from).sum::<f64>().sqrt();
        let bad = if norm.is_finite() { None } else { self.bad(gradients, layout)? };
        Ok(GradientNorm { norm, bad })
    }

    /// The first parameter whose gradient is not finite.
    fn bad(&self, gradients: &[f32], layout: &Layout) -> Result<Option<String>, ClusterError> {
        let own = self.own();
        let is_bad = |at: Range<usize>| {
            let is_own = own.start <= at.start && at.end <= own.end;
            is_own && {
                let at = at.start - own.start..at.end - own.start;
                !sum_of_squares(&gradients[at]).is_finite()
            }
        };
        let found = layout.iter().position(|(_, _, at)| is_bad(at));
        let mut of_ranks = vec![u64::MAX; self.cluster.size()];
        of_ranks[self.cluster.rank()] = found.map_or(u64::MAX, |place| place as u64);
        self.cluster.all_gather(&mut of_ranks, &self.cluster.shares(self.cluster.size()))?;
        let first = of_ranks.into_iter().min().and_then(|first| usize::try_from(first).ok());
        Ok(first.and_then(|first| layout.iter().nth(first)).map(|(name, ..)| name.to_owned()))
    }
}

/// All parameters in as many ranges as there are ranks, cut between parameters so that they are as equal
/// as these allow.
fn owned(layout: &Layout, ranks: usize) -> Vec<Range<usize>> {
    let ends: Vec<usize> = std::iter::once(0).chain(layout.iter().map(|(.., at)| at.end)).collect();
    let cut = |rank: usize| {
        let ideal = rank * layout.len();
        let distance = |end: &usize| (end * ranks).abs_diff(ideal);
        ends.iter().copied().min_by_key(distance).unwrap_or(0)
    };
    (0..ranks).map(|rank| cut(rank)..cut(rank + 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ancestral_cluster::on_threads;

    fn layout(sizes: &[usize]) -> Layout {
        Layout::new(sizes.iter().enumerate().map(|(i, n)| (format!("p{i}"), vec![*n])).collect())
    }

    fn norm_of(gradients: &[f32]) -> GradientNorm {
        let layout = layout(&[2, 1]);
        let split = Split::new(Cluster::alone(), Leaves::of(4), &layout).unwrap();
        split.norm(gradients, &layout).unwrap()
    }

    #[test]
    fn the_norm_is_over_all_parameters_together() {
        // 2² + 3² + 6² = 7²
        let norm = norm_of(&[2.0, -3.0, 6.0]);
        assert_eq!(norm, GradientNorm { norm: 7.0, bad: None });
        assert!((norm.clip_factor(Some(1.0)) - 1.0 / 7.0).abs() < 1e-16);
        assert_eq!((norm.clip_factor(Some(8.0)), norm.clip_factor(None)), (1.0, 1.0));
    }

    #[test]
    fn the_first_bad_parameter_is_named() {
        let norm = norm_of(&[2.0, 1.0, f32::NAN]);
        assert!(norm.norm.is_nan());
        assert_eq!(norm.bad.as_deref(), Some("p1"));
        assert_eq!(norm_of(&[f32::INFINITY, 1.0, f32::NAN]).bad.as_deref(), Some("p0"));
    }

    #[test]
    fn parameters_are_cut_between_them_and_all_are_owned() {
        assert_eq!(owned(&layout(&[10, 30, 25, 35]), 2), [0..40, 40..100]);
        assert_eq!(owned(&layout(&[10, 30, 20, 40]), 3), [0..40, 40..60, 60..100]);
        // One that is larger than a share: a rank is left with nothing.
        assert_eq!(owned(&layout(&[90, 5, 5]), 3), [0..0, 0..90, 90..100]);
    }

    /// Parameters over several pieces, none of which ends where a parameter does, or a piece.
    #[test]
    fn sums_and_norms_have_the_same_bits_on_any_number_of_ranks() {
        let layout = layout(&[20_000, 7, 30_001, 3, 1, 16_000]);
        let leaf = |leaf: usize, i: usize| ((leaf * 31 + i * 7) % 1001) as f32 * 0.37 - 180.0;
        let spoilt: usize = 50_008; // "p3"
        for (bad, rows) in [(None, 50), (Some(spoilt), 50), (None, 64)] {
            let leaves = Leaves::of(rows);
            let run = |cluster: Cluster| {
                let mut split = Split::new(cluster, leaves, &layout).unwrap();
                let mut tree = Tree::new(leaves);
                for node in leaves.nodes(split.leaves(), 1) {
                    let mut sum: Vec<f32> =
                        (0..layout.len()).map(|i| leaf(node.start, i)).collect();
                    if let Some(place) = bad {
                        sum[place] = f32::INFINITY;
                    }
                    tree.push(Node { leaves: node, sum: sum.into() });
                }
                let gradients = split.sum(&mut tree).unwrap();
                let norm = split.norm(&gradients, &layout).unwrap();
                let all = split.whole(&gradients[..split.own().len()]).unwrap().into_owned();
                (all, norm.norm.to_bits(), norm.bad)
            };
            let alone = run(Cluster::alone());
            assert_eq!(alone.2.as_deref(), bad.map(|_| "p3"));
            for ranks in [2, 3, 5, 8] {
                for found in on_threads(ranks, run) {
                    assert!(found == alone, "{ranks} ranks");
                }
            }
        }
    }

    #[test]
    fn more_ranks_than_leaves_are_refused_with_the_useful_number() {
        let refused = on_threads(5, |cluster| {
            Split::new(cluster, Leaves::of(16), &layout(&[4])).unwrap_err().to_string()
        });
        assert_eq!(
            refused[0],
            "5 ranks: an update of 16 samples has 4 leaves, so at most 4 ranks can share it"
        );
    }
}
