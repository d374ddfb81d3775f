//! An affine map of rows; of the channels of every position, a 1 × 1 convolution.

use rayon::prelude::*;

use super::SCRATCH;
use super::outer::Parts;
use crate::gemm::{Left, Packed, Product, Store};

/// An affine map of rows.
///
/// # Formula
/// ```text
/// y = x Wᵀ + b
/// ```
/// # Shapes
/// x: `[rows, from]`, W: `[to, from]`, b: `[to]`, y: `[rows, to]`.
/// # Numerics
/// A row gives the same bits whatever the other rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Linear {
    /// Rows.
    pub rows: usize,
    /// Columns of the input.
    pub from: usize,
    /// Columns of the output.
    pub to: usize,
}

impl Linear {
    /// Maps the rows of `x`, and adds `residual`, which is as the output.
    ///
    /// # Panics
    /// If a slice has another length than its shape says.
    pub fn forward(
        &self,
        x: &[f32],
        weight: &[f32],
        bias: &[f32],
        residual: Option<&[f32]>,
        out: &mut [f32],
    ) {
        self.check(x, weight, out);
        assert_eq!(bias.len(), self.to, "a bias a column");
        let mut right = SCRATCH.take_packed(0);
        right.fill_transposed(self.from, self.to, weight, |n| n * self.from);
        let residual = residual.unwrap_or_default();
        let store = Store { offset: bias, residual, ..Store::PLAIN };
        self.multiply(x, self.from, &right, store, out);
        SCRATCH.give_packed(right);
    }

    /// The gradient of the input, from that of the output: dx = dy W.
    ///
    /// # Panics
    /// If a slice has another length than its shape says.
    pub fn input_gradient(&self, weight: &[f32], dy: &[f32], dx: &mut [f32]) {
        self.check(dx, weight, dy);
        let mut right = SCRATCH.take_packed(0);
        right.fill_rows(self.to, self.from, weight, |k| k * self.from);
        self.multiply(dy, self.to, &right, Store::PLAIN, dx);
        SCRATCH.give_packed(right);
    }

    /// The gradient of the weights, dW = dyᵀ x; see [`column_sums`](super::column_sums) for that of
    /// the bias.
    ///
    /// # Panics
    /// If a slice has another length than its shape says.
    pub fn weight_gradient(&self, x: &[f32], dy: &[f32], dw: &mut [f32]) {
        self.check(x, dw, dy);
        let parts = Parts::pack(x, self.from);
        let starts: Vec<usize> = (0..self.rows).map(|row| row * self.to).collect();
        parts.product(dy, &starts, dw);
        parts.give();
    }

    /// The product of rows of `length` values, in pieces.
    fn multiply(
        &self,
        left: &[f32],
        length: usize,
        right: &Packed,
        store: Store<'_>,
        out: &mut [f32],
    ) {
        let columns = right.columns();
        let pieces = 2 * rayon::current_num_threads();
        let rows = self.rows.div_ceil(pieces).next_multiple_of(12).max(48);
        let each = out.par_chunks_mut(rows * columns).zip(left.par_chunks(rows * length));
        each.enumerate().for_each(|(i, (out, left))| {
            let residual = store.residual.chunks(rows * columns).nth(i).unwrap_or_default();
            let store = Store { residual, ..store };
            Product { left: Left::matrix(left, length), right: right.right(), out, store }.run();
        });
    }

    fn check(&self, x: &[f32], weight: &[f32], y: &[f32]) {
        assert_eq!(x.len(), self.rows * self.from, "values of the input");
        assert_eq!(weight.len(), self.from * self.to, "values of the weights");
        assert_eq!(y.len(), self.rows * self.to, "values of the output");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::check::{assert_near, assert_same_for_any_threads, to_f64, wave};

    fn cases() -> impl Iterator<Item = (Linear, [Vec<f32>; 3])> {
        let shapes = [(7, 5, 3), (300, 33, 17), (64, 16, 128), (1, 600, 20), (520, 50, 1)];
        shapes.into_iter().map(|(rows, from, to)| {
            let values = [wave(rows * from, 0.1), wave(to * from, 0.2), wave(rows * to, 0.3)];
            (Linear { rows, from, to }, values)
        })
    }

    /// a b, of which a has `rows` and b has `columns`.
    fn product(
        [rows, terms, columns]: [usize; 3],
        a: impl Fn(usize, usize) -> f64,
        b: impl Fn(usize, usize) -> f64,
    ) -> Vec<f64> {
        let element = |i: usize| (0..terms).map(|k| a(i / columns, k) * b(k, i % columns)).sum();
        (0..rows * columns).map(element).collect()
    }

    fn computed(linear: &Linear, [x, w, dy]: &[Vec<f32>; 3]) -> [Vec<f32>; 3] {
        let [mut y, mut dx, mut dw] = [dy.len(), x.len(), w.len()].map(|n| vec![f32::NAN; n]);
        linear.forward(x, w, &wave(linear.to, 0.4), Some(dy), &mut y);
        linear.input_gradient(w, dy, &mut dx);
        linear.weight_gradient(x, dy, &mut dw);
        [y, dx, dw]
    }

    #[test]
    fn values_and_gradients_are_those_of_the_formulas() {
        for (linear, values) in cases() {
            let Linear { rows, from, to } = linear;
            let [y, dx, dw] = computed(&linear, &values);
            let [x, w, dy] = values.map(|values| to_f64(&values));
            let mut expected =
                product([rows, from, to], |i, k| x[i * from + k], |k, j| w[j * from + k]);
            for (i, y) in expected.iter_mut().enumerate() {
                *y += f64::from(wave(to, 0.4)[i % to]) + dy[i];
            }
            assert_near(&format!("y {linear:?}"), &y, &expected, 2e-6);
            let expected = product([rows, to, from], |i, k| dy[i * to + k], |k, j| w[k * from + j]);
            assert_near(&format!("dx {linear:?}"), &dx, &expected, 2e-6);
            let expected = product([to, rows, from], |i, k| dy[k * to + i], |k, j| x[k * from + j]);
            assert_near(&format!("dw {linear:?}"), &dw, &expected, 4e-6);
        }
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        for (linear, values) in cases() {
            let run = || computed(&linear, &values).concat();
            assert_same_for_any_threads(&format!("{linear:?}"), run);
        }
    }
}
