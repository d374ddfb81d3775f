//! Sinusoids of random frequencies.

use std::f32::consts::TAU;

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use crate::blank::blank;

/// Sines and cosines of the logarithm of a time, at random frequencies that are not learned.
///
/// # Formula
/// ```text
/// y = [sin 2π w₀ ln t …, cos 2π w₀ ln t …]
/// ```
/// # Shapes
/// `weight` w: `[width]`; `[batch]` → `[batch, 2 width]`.
/// # Source
/// Song et al. 2021, arXiv:2011.13456, appendix H; diffusers `GaussianFourierProjection`.
#[derive(Module, Debug)]
pub struct Fourier {
    /// The frequencies w, `[width]`.
    pub weight: Param<Tensor<1>>,
}

impl Fourier {
    /// So many frequencies.
    #[must_use]
    pub fn new(device: &Device, width: usize) -> Self {
        Self { weight: blank(device, [width]) }
    }

    /// The sinusoids of a row of positive times.
    #[must_use]
    pub fn forward(&self, times: Tensor<1>) -> Tensor<2> {
        let [batch, width] = [times.dims()[0], self.weight.shape()[0]];
        let frequencies = self.weight.val().detach().reshape([1, width]);
        // In this order, which decides what is rounded: angles are large.
        let angles = times.log().reshape([batch, 1]) * frequencies * 2.0 * (TAU / 2.0);
        Tensor::cat(vec![angles.clone().sin(), angles.cos()], 1)
    }
}
