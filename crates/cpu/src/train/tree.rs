//! Sums over the rows of a batch that are the same however the batch is cut.
//!
//! The rows are cut into leaves of so many rows each. What a leaf gives is a matter of its rows
//! alone; the leaves are added in pairs, by a tree that follows from their number alone. So threads,
//! passes and machines may each take a part of the tree, and the sum has the same bits.

use crate::map::Arena;
use crate::threads;

/// Where the tree over `count` leaves is split: the largest power of two below it.
pub(crate) fn split(count: usize) -> usize {
    count.next_power_of_two() / 2
}

/// Adds what `leaf` writes for each of `count` leaves, in parallel.
pub(super) fn sum<F>(count: usize, out: &mut [f32], arena: &Arena, leaf: &F)
where
    F: Fn(usize, &mut [f32]) + Sync,
{
    node(0, count, out, arena, leaf);
}

fn node<F>(first: usize, count: usize, out: &mut [f32], arena: &Arena, leaf: &F)
where
    F: Fn(usize, &mut [f32]) + Sync,
{
    if count == 1 {
        return leaf(first, out);
    }
    let left = split(count);
    let mut other = arena.take(out.len());
    threads::join(
        || node(first, left, out, arena, leaf),
        || node(first + left, count - left, &mut other, arena, leaf),
    );
    out.iter_mut().zip(&*other).for_each(|(sum, x)| *sum += x);
    arena.give(other);
}

/// The sum of the rows of `x`, with `rows` in a leaf: the rows of a leaf in their order.
pub(super) fn sum_rows(x: &[f32], rows: usize, out: &mut [f32]) {
    let (columns, count) = (out.len(), x.len() / out.len());
    assert_eq!(x.len(), count * columns, "whole rows");
    let leaves = count.div_ceil(rows);
    if leaves > 1 {
        let (left, right) = x.split_at(split(leaves) * rows * columns);
        let mut other = vec![0.0; columns];
        sum_rows(left, rows, out);
        sum_rows(right, rows, &mut other);
        out.iter_mut().zip(&other).for_each(|(sum, x)| *sum += x);
        return;
    }
    out.copy_from_slice(&x[..columns]);
    for row in x.chunks_exact(columns).skip(1) {
        out.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_split_at_the_largest_power_of_two() {
        assert_eq!([2, 3, 4, 5, 8, 9, 16].map(split), [1, 2, 2, 4, 4, 8, 8]);
    }

    #[test]
    fn an_aligned_part_of_the_leaves_is_a_node_of_the_tree() {
        let leaf = |i: usize| ((i * 37 % 11) as f32 * 0.1).exp();
        let node = |first: usize, count: usize| {
            let mut out = [0.0];
            sum(count, &mut out, &Arena::new(), &|i, out: &mut [f32]| out[0] = leaf(first + i));
            out[0]
        };
        for (count, left) in [(16, 8), (13, 8), (6, 4), (3, 2)] {
            assert_eq!(node(0, count), node(0, left) + node(left, count - left), "{count}");
        }
        let all: Vec<f32> = (0..13).map(leaf).collect();
        let mut rows = [0.0];
        sum_rows(&all, 1, &mut rows);
        assert_eq!(rows[0], node(0, 13));
    }
}
