//! The residual block of the multilayer perceptron.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::layer::{Linear, silu};

/// A residual block conditioned on the time: the U-Net's, with linear layers instead of convolutions.
///
/// # Formula
/// ```text
/// y = x + linear_2(silu(linear_1(silu(x)) + time_emb_proj(time)))
/// ```
/// # Shapes
/// `[batch, width]`, time `[batch, time_embed_dim]` → `[batch, width]`.
#[derive(Module, Debug)]
pub struct ResidualBlock {
    linear_1: Linear,
    time_emb_proj: Linear,
    linear_2: Linear,
}

impl ResidualBlock {
    pub(super) fn new(device: &Device, width: usize, time_width: usize) -> Self {
        Self {
            linear_1: Linear::new(device, width, width),
            time_emb_proj: Linear::new(device, time_width, width),
            linear_2: Linear::new(device, width, width),
        }
    }

    pub(super) fn forward(&self, x: Tensor<2>, time: &Tensor<2>) -> Tensor<2> {
        let h = self.linear_1.forward(silu(x.clone()));
        let h = h + self.time_emb_proj.forward(time.clone());
        x + self.linear_2.forward(silu(h))
    }
}
