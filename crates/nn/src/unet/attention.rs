//! Self-attention over the positions of a feature map.

use burn::module::Module;
use burn::tensor::activation::softmax;
use burn::tensor::{Tensor, module, ops::ConvOptions};

use crate::init::Initializer;
use crate::layer::{GroupNorm, Linear};

/// Multi-head self-attention over the positions of a feature map, around a shortcut.
///
/// # Formula
/// ```text
/// q, k, v = W norm(x) + b                  a head has d = channels / heads; norm may be absent
/// y = (x + to_out(v softmax(qᵀk / √d)ᵀ)) / scale
/// ```
/// # Shapes
/// `[batch, channels, height, width]` → the same.
/// # Numerics
/// The projections are computed as 1 × 1 convolutions: positions then stay the last axis and
/// nothing is transposed.
#[derive(Module, Debug)]
pub struct Attention {
    group_norm: Option<GroupNorm>,
    to_q: Linear,
    to_k: Linear,
    to_v: Linear,
    to_out: Vec<Linear>,
    heads: usize,
    scale: f64,
}

/// What tells one attention from another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// Channels of a head; `None`: all.
    pub head_width: Option<usize>,
    /// Groups of the normalisation; `None`: there is none.
    pub groups: Option<usize>,
    pub epsilon: f64,
    pub scale: f64,
}

impl Attention {
    pub(super) fn new(init: &Initializer, channels: usize, plan: Plan) -> Self {
        let Plan { head_width, groups, epsilon, scale } = plan;
        let linear = |name: &str| Linear::new(&init.child(name), channels, channels);
        Self {
            group_norm: groups
                .map(|groups| GroupNorm::new(&init.child("group_norm"), groups, channels, epsilon)),
            to_q: linear("to_q"),
            to_k: linear("to_k"),
            to_v: linear("to_v"),
            to_out: vec![linear("to_out.0")],
            heads: head_width.map_or(1, |width| channels / width),
            scale,
        }
    }

    pub(super) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [batch, channels, height, width] = x.dims();
        let positions = height * width;
        let head = channels / self.heads;
        let h = match &self.group_norm {
            Some(norm) => norm.forward(x.clone()),
            None => x.clone(),
        };
        let split = |linear: &Linear| {
            pointwise(linear, h.clone()).reshape([batch, self.heads, head, positions])
        };
        let (q, k, v) = (split(&self.to_q), split(&self.to_k), split(&self.to_v));
        let scores = (q / (head as f64).sqrt()).swap_dims(2, 3).matmul(k);
        let weights = softmax(scores, 3); // [batch, heads, positions, positions]
        let h = v.matmul(weights.swap_dims(2, 3));
        let h = h.reshape([batch, channels, height, width]);
        let h = self.to_out.iter().fold(h, |h, linear| pointwise(linear, h));
        let y = x + h;
        if self.scale == 1.0 { y } else { y / self.scale }
    }
}

/// Applies a linear layer to the channels of every position.
fn pointwise(linear: &Linear, x: Tensor<4>) -> Tensor<4> {
    let weight = linear.weight.val().unsqueeze_dims::<4>(&[2, 3]); // [out, in, 1, 1]
    let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
    module::conv2d(x, weight, Some(linear.bias.val()), options)
}
