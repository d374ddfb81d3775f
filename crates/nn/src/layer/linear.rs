//! An affine map of rows.

use burn::module::{Module, Param};
use burn::tensor::{Device, FloatDType, Tensor};

use crate::blank::blank;

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
    /// A map from `from` to `to` columns.
    #[must_use]
    pub fn new(device: &Device, from: usize, to: usize) -> Self {
        Self { weight: blank(device, [to, from]), bias: blank(device, [to]) }
    }

    /// Maps each row of `x`.
    ///
    /// # Panics
    /// If `x` has another number of columns than W.
    #[must_use]
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        affine(x, self.weight.val(), self.bias.val())
    }
}

/// x Wᵀ + b, with the product in the type of W.
pub(super) fn affine(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    let product = x.cast(weight.dtype()).matmul(weight.transpose());
    product.cast(FloatDType::F32) + bias.unsqueeze()
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;
    use crate::{device, parameters};

    #[test]
    fn the_product_is_that_of_the_formula() {
        for (from, to) in [(3, 2), (511, 1), (512, 2), (513, 2), (1100, 3)] {
            let layer = parameters::seeded(Linear::new(&device::cpu(), from, to), 0);
            let x: Vec<f32> = (0..2 * from).map(|i| (i as f32 * 0.618).sin()).collect();
            let data = TensorData::new(x.clone(), [2, from]);
            let y = parameters::values(layer.forward(Tensor::from_data(data, &device::cpu())));
            let [w, b] =
                [parameters::values(layer.weight.val()), parameters::values(layer.bias.val())];
            for (i, x) in x.chunks(from).enumerate() {
                for (j, w) in w.chunks(from).enumerate() {
                    let terms = x.iter().zip(w).map(|(x, w)| f64::from(*x) * f64::from(*w));
                    let expected = f64::from(b[j]) + terms.sum::<f64>();
                    assert!((f64::from(y[i * to + j]) - expected).abs() < 2e-6, "{from} → {to}");
                }
            }
        }
    }
}
