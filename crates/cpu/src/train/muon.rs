//! One update of a matrix of weights by Muon.

use crate::gemm::{Columns, Left, LeftSide, Packed, Product, Store};
use crate::round::to_f32;
use crate::train::Slot;

/// Steps of the iteration towards an orthogonal matrix that follow from one Gram matrix. With all five from the
/// first, its rounding would be magnified to 4e-4 of the result; so it is 2e-5, as if each step had its own.
const STEPS: [usize; 2] = [3, 2];
/// Coefficients of a step: a polynomial that lifts small singular values fast, and leaves all but the smallest
/// between 0.68 and 1.21.
const COEFFICIENTS: [f32; 3] = [3.4445, -4.7750, 2.0315];

/// One update of a matrix by Muon: momentum with equal weight for every direction.
///
/// # Formula
/// ```text
/// g ← factor · gradient
/// m ← μ m + g
/// w ← w (1 − rate · decay) − rate · √max(1, rows/columns) · O(g + μ m)
/// average ← average + share (w − average)
/// ```
/// O(M) is about the nearest matrix whose singular values are all 1 ([`orthogonalize`]).
/// # Source
/// Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks", with Nesterov's
/// momentum and its factor for tall matrices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Muon {
    /// What gradients are multiplied by first.
    pub factor: f64,
    /// The learning rate: the size of a change in every direction.
    pub rate: f64,
    /// μ.
    pub momentum: f32,
    /// The share of a weight that decays, times the rate.
    pub weight_decay: f32,
    /// The share of the new weights in the average; 1 copies them.
    pub share: f64,
}

impl Muon {
    /// Updates a matrix of so many rows. Its second moment is not used and stays as it is.
    ///
    /// # Panics
    /// If the lengths differ, or are no multiple of `rows`.
    pub fn apply(&self, slot: Slot<'_>, rows: usize) {
        let Slot { weight, gradient, first, second, average } = slot;
        let lengths = [gradient.len(), first.len(), second.len(), average.len()];
        assert_eq!(lengths, [weight.len(); 4], "values of weight, gradient, moments and average");
        let Self { momentum, weight_decay, .. } = *self;
        let [factor, rate, share] = [self.factor, self.rate, self.share].map(to_f32);
        let mut change = Vec::with_capacity(weight.len());
        for (m, g) in first.iter_mut().zip(gradient) {
            let g = factor * g;
            *m = momentum * *m + g;
            change.push(momentum * *m + g);
        }
        orthogonalize(&mut change, rows);
        let columns = weight.len() / rows;
        let tall = to_f32((rows as f64 / columns as f64).max(1.0).sqrt());
        let (kept, step) = (1.0 - rate * weight_decay, rate * tall);
        for ((w, a), change) in weight.iter_mut().zip(average).zip(&change) {
            *w = *w * kept - step * change;
            // A share of 1 must copy exactly, also what the subtraction would round.
            *a = if share == 1.0 { *w } else { *a + share * (*w - *a) };
        }
    }
}

/// Replaces a matrix of so many rows by about the nearest one whose singular values are all 1.
///
/// # Formula
/// ```text
/// X ← M/‖M‖,     five times   X ← X P,   P = a I + b G + c G²,   G = Xᵀ X
/// ```
/// with (a, b, c) = (3.4445, −4.7750, 2.0315); of a matrix with fewer rows than columns, X ← P X and
/// G = X Xᵀ. Singular values of at least 0.002 of the norm end between 0.68 and 1.21, smaller ones lower. A
/// matrix of zeros stays one.
/// # Numerics
/// All P of one G are polynomials of it, so several steps are one product with X, and the next G is P G P:
/// small matrices, where X is mostly several times as long as it is wide.
/// # Source
/// Jordan et al. 2024, as above: an iteration after Newton and Schulz.
///
/// # Panics
/// If there is no row, or the values do not fill the rows.
pub fn orthogonalize(matrix: &mut [f32], rows: usize) {
    assert!(rows > 0 && matrix.len().is_multiple_of(rows), "whole rows");
    let columns = matrix.len() / rows;
    let norm = matrix.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
    if norm == 0.0 {
        return;
    }
    for x in matrix.iter_mut() {
        *x = to_f32(f64::from(*x) / norm);
    }
    let (is_wide, side) = (rows < columns, rows.min(columns));
    let mut gram = vec![0.0; side * side];
    let mut next = vec![0.0; matrix.len()];
    let mut packed = Packed::default();
    let start = |row| row * columns;
    for steps in STEPS {
        if is_wide {
            packed.fill_transposed(columns, rows, matrix, start);
            product(Left::matrix(matrix, columns), &packed, &mut gram);
        } else {
            packed.fill_rows(rows, columns, matrix, start);
            let transposed = Columns { data: &*matrix, rows: columns, count: rows, start };
            product(transposed, &packed, &mut gram);
        }
        let factor = factor(&mut gram, side, steps);
        if is_wide {
            packed.fill_rows(rows, columns, matrix, start);
            product(Left::matrix(&factor, side), &packed, &mut next);
        } else {
            packed.fill_rows(side, side, &factor, start);
            product(Left::matrix(matrix, columns), &packed, &mut next);
        }
        matrix.copy_from_slice(&next);
    }
}

/// What so many steps multiply with: the product of their P, from the G of the first one. Leaves that of the
/// last.
fn factor(gram: &mut [f32], side: usize, steps: usize) -> Vec<f32> {
    let [mut multiplier, mut factor, mut next] = [(); 3].map(|()| vec![0.0; side * side]);
    let [mut of_gram, mut of_multiplier] = [(); 2].map(|()| Packed::default());
    let start = |row| row * side;
    let [a, b, c] = COEFFICIENTS;
    for step in 0..steps {
        of_gram.fill_rows(side, side, gram, start);
        product(Left::matrix(gram, side), &of_gram, &mut multiplier);
        for (p, g) in multiplier.iter_mut().zip(&*gram) {
            *p = b * g + c * *p;
        }
        multiplier.iter_mut().step_by(side + 1).for_each(|p| *p += a);
        of_multiplier.fill_rows(side, side, &multiplier, start);
        if step == 0 {
            factor.copy_from_slice(&multiplier);
        } else {
            product(Left::matrix(&factor, side), &of_multiplier, &mut next);
            std::mem::swap(&mut factor, &mut next);
        }
        if step + 1 < steps {
            product(Left::matrix(&multiplier, side), &of_gram, &mut next);
            product(Left::matrix(&next, side), &of_multiplier, gram);
        }
    }
    factor
}

fn product<L: LeftSide>(left: L, right: &Packed, out: &mut [f32]) {
    Product { left, right: right.right(), out, store: Store::PLAIN }.run();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::check::{assert_near, to_f64, wave};

    /// The iteration as it is written, in f64.
    fn plain(matrix: &[f64], rows: usize) -> Vec<f64> {
        let columns = matrix.len() / rows;
        let [a, b, c] = COEFFICIENTS.map(f64::from);
        let norm = matrix.iter().map(|x| x * x).sum::<f64>().sqrt();
        let mut x: Vec<f64> = matrix.iter().map(|x| x / norm).collect();
        let times = |p: &[f64], q: &[f64], k: usize| -> Vec<f64> {
            let (m, n) = (p.len() / k, q.len() / k);
            let element = |at: usize| (0..k).map(|i| p[at / n * k + i] * q[i * n + at % n]).sum();
            (0..m * n).map(element).collect()
        };
        for _ in 0..STEPS.into_iter().sum() {
            let transposed: Vec<f64> =
                (0..x.len()).map(|at| x[at % rows * columns + at / rows]).collect();
            let gram = times(&x, &transposed, columns);
            let cube = times(&gram, &x, rows);
            let fifth = times(&gram, &cube, rows);
            x = (0..x.len()).map(|i| a * x[i] + b * cube[i] + c * fifth[i]).collect();
        }
        x
    }

    #[test]
    fn wide_tall_and_square_matrices_are_those_of_the_formula() {
        for (rows, columns) in [(1, 1), (3, 40), (40, 3), (33, 33), (16, 144), (70, 17), (1, 9)] {
            let mut matrix = wave(rows * columns, 0.3);
            let expected = plain(&to_f64(&matrix), rows);
            orthogonalize(&mut matrix, rows);
            assert_near(&format!("{rows} × {columns}"), &matrix, &expected, 2e-5);
        }
    }

    #[test]
    fn all_directions_count_about_the_same() {
        // Orthogonal rows of very different lengths: lengths are the singular values.
        let (rows, columns) = (8, 32);
        let mut matrix = vec![0.0; rows * columns];
        for row in 0..rows {
            for column in 4 * row..4 * row + 4 {
                matrix[row * columns + column] = 0.5_f32.powi(i32::try_from(row).unwrap());
            }
        }
        orthogonalize(&mut matrix, rows);
        for row in matrix.chunks(columns) {
            let length = row.iter().map(|x| x * x).sum::<f32>().sqrt();
            assert!((0.65..1.25).contains(&length), "{length}");
        }
    }

    #[test]
    fn zeros_stay_zeros() {
        let mut matrix = vec![0.0; 12];
        orthogonalize(&mut matrix, 3);
        assert_eq!(matrix, [0.0; 12]);
    }

    #[test]
    fn an_update_is_that_of_the_formula() {
        let (rows, columns) = (24, 6);
        let count = rows * columns;
        let muon = Muon { factor: 0.7, rate: 0.01, momentum: 0.95, weight_decay: 0.1, share: 0.25 };
        let [mut w, g, mut m, mut v, mut a] =
            [0.1, 0.2, 0.3, 0.4, 0.5].map(|phase| wave(count, phase));
        let before = [&w, &g, &m, &v, &a].map(|values| to_f64(values));
        let slot =
            Slot { weight: &mut w, gradient: &g, first: &mut m, second: &mut v, average: &mut a };
        muon.apply(slot, rows);
        let [mut weight, gradient, mut first, second, mut average] = before;
        let mut change = Vec::new();
        for (m, g) in first.iter_mut().zip(&gradient) {
            *m = 0.95 * *m + 0.7 * g;
            change.push(0.7 * g + 0.95 * *m);
        }
        let change = plain(&change, rows);
        for ((w, a), change) in weight.iter_mut().zip(&mut average).zip(&change) {
            *w = *w * (1.0 - 0.01 * 0.1) - 0.01 * 2.0 * change; // √(24/6)
            *a += 0.25 * (*w - *a);
        }
        for (what, found, expected) in
            [("w", &w, &weight), ("m", &m, &first), ("v", &v, &second), ("a", &a, &average)]
        {
            assert_near(what, found, expected, 2e-5);
        }
    }
}
