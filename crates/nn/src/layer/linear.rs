//! An affine map of rows.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use crate::init::Initializer;

/// The longest sum that is handed to one matrix product, see [`Linear::forward`].
const SLICE: usize = 512;

/// A matrix product has more elements than this, see [`Linear::forward`].
const SMALL: usize = 256;

/// An affine map of rows.
///
/// # Formula
/// ```text
/// y = x Wᵀ + b
/// ```
/// # Shapes
/// `weight`: `[out, in]`, `bias`: `[out]`; `[batch, in]` → `[batch, out]`.
#[derive(Module, Debug)]
pub struct Linear {
    /// W, `[out, in]`.
    pub weight: Param<Tensor<2>>,
    /// b, `[out]`.
    pub bias: Param<Tensor<1>>,
}

impl Linear {
    /// A map from `from` to `to` columns with weights as PyTorch starts them.
    ///
    /// # Formula
    /// ```text
    /// weight, bias ~ U(−1/√in, 1/√in)
    /// ```
    #[must_use]
    pub fn new(init: &Initializer, from: usize, to: usize) -> Self {
        Self::with_gain(init, from, to, 1.0)
    }

    /// The same with weights that start `gain` times as large.
    #[must_use]
    pub fn with_gain(init: &Initializer, from: usize, to: usize, gain: f64) -> Self {
        let bound = gain / (from as f64).sqrt();
        Self {
            weight: init.uniform("weight", [to, from], bound),
            bias: init.uniform("bias", [to], bound),
        }
    }

    /// Maps each row of `x`.
    ///
    /// # Numerics
    /// A row gives the same bits in every batch. The CPU's matrix product chooses its order of
    /// summation by the number of rows if a sum is longer than 512, if there is one row or column,
    /// and if the result has at most 256 elements. So sums are cut in slices of 512, added in
    /// order, one column is computed as two, and few rows are repeated until they are enough.
    ///
    /// # Panics
    /// If `x` has another number of columns than W.
    #[must_use]
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let weight = self.weight.val();
        let ([to, from], rows) = (weight.dims(), x.dims()[0]);
        let weight = if to == 1 { weight.repeat_dim(0, 2) } else { weight };
        let enough = (SMALL / weight.dims()[0] + 1).max(2);
        let x = if rows < enough { x.repeat_dim(0, enough.div_ceil(rows)) } else { x };
        let product = (0..from.div_ceil(SLICE))
            .map(|i| {
                let columns = i * SLICE..((i + 1) * SLICE).min(from);
                if columns.len() == from {
                    return x.clone().matmul(weight.clone().transpose());
                }
                let part = weight.clone().slice([0..weight.dims()[0], columns.clone()]);
                x.clone().slice([0..x.dims()[0], columns]).matmul(part.transpose())
            })
            .reduce(|sum, part| sum + part)
            .expect("a linear layer has at least one input column");
        let product = if to == 1 { product.narrow(1, 0, 1) } else { product };
        let product = if rows < enough { product.narrow(0, 0, rows) } else { product };
        product + self.bias.val().unsqueeze()
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;
    use crate::{device, parameters::values};

    fn rows(count: usize, columns: usize) -> Tensor<2> {
        let values: Vec<f32> = (0..count * columns).map(|i| (i as f32 * 0.618).sin()).collect();
        Tensor::from_data(TensorData::new(values, [count, columns]), &device::cpu())
    }

    #[test]
    fn a_row_gives_the_same_bits_in_every_batch() {
        for (from, to) in
            [(2, 64), (16, 64), (40, 300), (512, 3), (513, 64), (2304, 40), (700, 1), (8, 1)]
        {
            let layer = Linear::new(&Initializer::new(0, &device::cpu()), from, to);
            let x = rows(24, from);
            let all = values(layer.forward(x.clone()));
            for batch in [1, 2, 3, 8] {
                let parts: Vec<f32> = (0..24)
                    .step_by(batch)
                    .flat_map(|i| values(layer.forward(x.clone().narrow(0, i, batch))))
                    .collect();
                assert!(all == parts, "{from} → {to}: other bits in batches of {batch}");
            }
        }
    }

    #[test]
    fn the_product_is_right_on_both_sides_of_the_cut() {
        for (from, to) in [(3, 2), (511, 1), (512, 2), (513, 2), (1100, 3)] {
            let layer = Linear::new(&Initializer::new(0, &device::cpu()), from, to);
            let x = rows(2, from);
            let y = values(layer.forward(x.clone()));
            let (w, b) = (values(layer.weight.val()), values(layer.bias.val()));
            for (i, x) in values(x).chunks(from).enumerate() {
                for (j, w) in w.chunks(from).enumerate() {
                    let terms = x.iter().zip(w).map(|(x, w)| f64::from(*x) * f64::from(*w));
                    let expected = f64::from(b[j]) + terms.sum::<f64>();
                    assert!((f64::from(y[i * to + j]) - expected).abs() < 2e-6, "{from} → {to}");
                }
            }
        }
    }
}
