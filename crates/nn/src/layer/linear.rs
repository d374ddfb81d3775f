//! An affine map of rows.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use crate::init::Initializer;
use crate::kernel;

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
    /// On the CPU a row gives the same bits in every batch.
    ///
    /// # Panics
    /// If `x` has another number of columns than W.
    #[must_use]
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.forward_onto(x, None)
    }

    /// Maps each row of `x` and adds `residual`, if any.
    pub(crate) fn forward_onto(&self, x: Tensor<2>, residual: Option<Tensor<2>>) -> Tensor<2> {
        affine(x, self.weight.val(), self.bias.val(), residual)
    }
}

/// x Wᵀ + b + residual.
pub(super) fn affine(
    x: Tensor<2>,
    weight: Tensor<2>,
    bias: Tensor<1>,
    residual: Option<Tensor<2>>,
) -> Tensor<2> {
    if kernel::serves(&x) {
        return kernel::linear(x, weight, bias, residual);
    }
    let y = x.matmul(weight.transpose()) + bias.unsqueeze();
    match residual {
        Some(residual) => y + residual,
        None => y,
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
    fn the_product_is_that_of_the_formula() {
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
