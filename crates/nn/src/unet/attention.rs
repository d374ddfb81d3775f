//! Self-attention over the positions of a feature map.

use burn::module::Module;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};

use crate::layer::{GroupNorm, Linear};

/// Multi-head self-attention over the positions of a feature map, around a shortcut.
///
/// # Formula
/// ```text
/// q, k, v = W norm(x) + b                  a head has d = channels / heads; norm may be absent
/// y = (x + to_out(softmax(q kᵀ/√d) v)) / scale
/// ```
/// # Shapes
/// `[batch, height, width, channels]` → the same.
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

/// The properties of an attention.
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
    pub(super) fn new(device: &Device, channels: usize, plan: Plan) -> Self {
        let Plan { head_width, groups, epsilon, scale } = plan;
        let linear = || Linear::new(device, channels, channels);
        Self {
            group_norm: groups.map(|groups| GroupNorm::new(device, groups, channels, epsilon)),
            to_q: linear(),
            to_k: linear(),
            to_v: linear(),
            to_out: vec![linear()],
            heads: head_width.map_or(1, |width| channels / width),
            scale,
        }
    }

    pub(super) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [batch, height, width, channels] = x.dims();
        let positions = height * width;
        let normed = match &self.group_norm {
            Some(norm) => norm.forward(x.clone()),
            None => x.clone(),
        };
        let rows = |x: Tensor<4>| x.reshape([batch * positions, channels]);
        let normed = rows(normed);
        let project =
            |linear: &Linear| linear.forward(normed.clone()).reshape([batch, positions, channels]);
        let h = self.mixed([&self.to_q, &self.to_k, &self.to_v].map(project));
        let mut h = h.reshape([batch * positions, channels]);
        let residual = rows(x);
        for linear in &self.to_out {
            h = linear.forward(h) + residual.clone();
        }
        let y = h.reshape([batch, height, width, channels]);
        if self.scale == 1.0 { y } else { y / self.scale }
    }

    /// Mixes the values of each head by its scores.
    fn mixed(&self, [q, k, v]: [Tensor<3>; 3]) -> Tensor<3> {
        let [batch, positions, channels] = q.dims();
        let head = channels / self.heads;
        let split = |x: Tensor<3>| x.reshape([batch, positions, self.heads, head]).swap_dims(1, 2);
        let scores = (split(q) / (head as f64).sqrt()).matmul(split(k).swap_dims(2, 3));
        let weights = softmax(scores, 3); // [batch, heads, positions, positions]
        weights.matmul(split(v)).swap_dims(1, 2).reshape([batch, positions, channels])
    }
}
