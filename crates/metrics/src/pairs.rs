//! All pairs of two sets, by their distances: bounds of them first, from a matrix product.

use rayon::prelude::*;

use crate::Rows;
use crate::product::products_f32;

/// The rows of one matrix product on each side.
const BLOCK: usize = 512;

/// Where a squared distance is, rounding of the matrix product included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// What is made of the distances of one query to all rows of the other set.
pub(crate) trait Fold: Sync {
    type State;
    type Output: Send;

    fn start(&self) -> Self::State;

    /// Sees every other row once, in order.
    fn see(&self, state: &mut Self::State, query: usize, other: usize, squared: Bounds);

    fn finish(&self, state: Self::State, query: usize) -> Self::Output;
}

/// Folds all pairs: an output for each query, in order.
///
/// # Numerics
/// `|a − b|² = |a|² + |b|² − 2 a·b` about the mean of the second set, the products in f32, the rest in
/// f64. The bounds hold for any order of the sums in the product (Higham 2002, §3.1), so an output
/// that resolves what they leave open by exact distances does not depend on blocks, threads or the
/// processor.
pub(crate) fn fold_pairs<F: Fold>(queries: Rows, others: Rows, fold: &F) -> Vec<F::Output> {
    let centre = mean(others);
    // Few queries are cut finer, so that all threads have some.
    let step = queries.count().div_ceil(16).clamp(1, BLOCK);
    let blocks: Vec<usize> = (0..queries.count()).step_by(step).collect();
    let outputs = blocks.into_par_iter().map(|first| {
        let block = Block::new(queries.block(first, step), &centre);
        fold_block(&block, first, others, &centre, fold)
    });
    outputs.collect::<Vec<_>>().into_iter().flatten().collect()
}

fn fold_block<F: Fold>(
    queries: &Block,
    first_query: usize,
    others: Rows,
    centre: &[f64],
    fold: &F,
) -> Vec<F::Output> {
    let mut states: Vec<F::State> = queries.norms.iter().map(|_| fold.start()).collect();
    let mut products = Vec::new();
    for first in (0..others.count()).step_by(BLOCK) {
        let block = Block::new(others.block(first, BLOCK), centre);
        products_f32(&queries.rows, &block.rows, centre.len(), &mut products);
        let lines = products.chunks_exact(block.norms.len());
        for (query, (state, line)) in states.iter_mut().zip(lines).enumerate() {
            for (other, (&product, norm)) in line.iter().zip(&block.norms).enumerate() {
                let squared = bounds(queries.norms[query] + norm, product, centre.len());
                fold.see(state, first_query + query, first + other, squared);
            }
        }
    }
    let finish = |(query, state)| fold.finish(state, first_query + query);
    states.into_iter().enumerate().map(finish).collect()
}

/// Bounds from the sum of both squared norms and the product.
fn bounds(norms: f64, product: f32, row_len: usize) -> Bounds {
    // A product of n terms is off by at most n u Σ|a||b| ≤ n u (|a|² + |b|²)/2, counted twice in the
    // distance; rounding of the centred values adds less than 8 u, and products too small for f32
    // less than the last term.
    let unit = f64::from(f32::EPSILON) / 2.0;
    let terms = row_len as f64;
    let error = (terms * 1.01 + 12.0) * unit * norms + terms * 1e-44;
    let squared = norms - 2.0 * f64::from(product);
    if squared.is_finite() && error.is_finite() {
        Bounds { low: (squared - error).max(0.0), high: squared + error }
    } else {
        // The product overflowed.
        Bounds { low: 0.0, high: f64::INFINITY }
    }
}

fn mean(rows: Rows) -> Vec<f64> {
    let mut sums = vec![0.0; rows.row_len()];
    for row in rows.values().chunks_exact(rows.row_len()) {
        sums.iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(x));
    }
    sums.iter().map(|sum| sum / rows.count() as f64).collect()
}

/// Rows about a centre, and their squared norms.
struct Block {
    rows: Vec<f32>,
    norms: Vec<f64>,
}

impl Block {
    fn new(rows: &[f32], centre: &[f64]) -> Self {
        let mut centred = Vec::with_capacity(rows.len());
        let mut norms = Vec::with_capacity(rows.len() / centre.len());
        for row in rows.chunks_exact(centre.len()) {
            let start = centred.len();
            #[allow(clippy::cast_possible_truncation, reason = "rounding is within the bounds")]
            centred.extend(row.iter().zip(centre).map(|(&x, c)| (f64::from(x) - c) as f32));
            norms.push(squared_norm(&centred[start..]));
        }
        Self { rows: centred, norms }
    }
}

fn squared_norm(row: &[f32]) -> f64 {
    let (pieces, rest) = row.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for piece in pieces {
        sums.iter_mut().zip(piece).for_each(|(sum, &x)| *sum += f64::from(x) * f64::from(x));
    }
    sums.iter().sum::<f64>() + rest.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::squared_distance;
    use crate::testing::normals;

    /// Checks each pair's bounds by its exact distance; counts the pairs.
    struct Inside<'a>(Rows<'a>, Rows<'a>);

    impl Fold for Inside<'_> {
        type State = usize;
        type Output = usize;

        fn start(&self) -> usize {
            0
        }

        fn see(&self, state: &mut usize, query: usize, other: usize, squared: Bounds) {
            let exact = squared_distance(self.0.row(query), self.1.row(other));
            assert!(squared.low <= exact && exact <= squared.high, "{exact} is not in {squared:?}");
            assert_eq!(*state, other);
            *state += 1;
        }

        fn finish(&self, state: usize, _: usize) -> usize {
            state
        }
    }

    #[test]
    fn exact_distances_are_within_the_bounds() {
        for (scale, offset) in [(1.0, 0.0), (1e-3, 1000.0), (1e19, 0.0), (1e-22, 0.0)] {
            let draw = |seed, count| -> Vec<f32> {
                normals(seed, count).iter().map(|x| scale * x + offset).collect()
            };
            let (mut a, b) = (draw(1, 37 * 20), draw(2, 530 * 20));
            a[..40].copy_from_slice(&b[600..640]);
            let (a, b) = (Rows::new(&a, 20).unwrap(), Rows::new(&b, 20).unwrap());
            assert_eq!(fold_pairs(a, b, &Inside(a, b)), [530; 37]);
        }
    }
}
