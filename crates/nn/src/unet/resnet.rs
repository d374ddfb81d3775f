//! The residual block.

use burn::module::Module;
use burn::tensor::Tensor;

use super::Norms;
use crate::init::Initializer;
use crate::layer::{Conv2d, GroupNorm, Linear, silu};

/// Two convolutions with the time embedding added between them, around a shortcut.
///
/// # Formula
/// ```text
/// h = conv1(silu(norm1(x))) + proj(silu(time))
/// y = (shortcut(x) + conv2(silu(norm2(h)))) / scale
/// ```
/// # Shapes
/// x: `[batch, from, height, width]`, time: `[batch, width_of_time]` →
/// `[batch, to, height, width]`.
#[derive(Module, Debug)]
pub struct ResnetBlock {
    norm1: GroupNorm,
    conv1: Conv2d,
    time_emb_proj: Linear,
    norm2: GroupNorm,
    conv2: Conv2d,
    conv_shortcut: Option<Conv2d>,
    scale: f64,
}

impl ResnetBlock {
    pub(super) fn new(
        init: &Initializer,
        channels: [usize; 2],
        time_width: usize,
        norms: Norms,
        scale: f64,
    ) -> Self {
        let [from, to] = channels;
        Self {
            norm1: GroupNorm::new(&init.child("norm1"), norms.groups, from, norms.epsilon),
            conv1: Conv2d::same(&init.child("conv1"), channels, 3),
            time_emb_proj: Linear::new(&init.child("time_emb_proj"), time_width, to),
            norm2: GroupNorm::new(&init.child("norm2"), norms.groups, to, norms.epsilon),
            conv2: Conv2d::same(&init.child("conv2"), [to, to], 3),
            conv_shortcut: (from != to)
                .then(|| Conv2d::same(&init.child("conv_shortcut"), channels, 1)),
            scale,
        }
    }

    /// `time` is silu of the time embedding: it is the same for every block.
    pub(super) fn forward(&self, x: Tensor<4>, time: Tensor<2>) -> Tensor<4> {
        let h = self.conv1.forward(silu(self.norm1.forward(x.clone())));
        let time = self.time_emb_proj.forward(time);
        let [batch, channels] = time.dims();
        let h = h + time.reshape([batch, channels, 1, 1]);
        let h = self.conv2.forward(silu(self.norm2.forward(h)));
        let shortcut = match &self.conv_shortcut {
            Some(conv) => conv.forward(x),
            None => x,
        };
        let y = shortcut + h;
        if self.scale == 1.0 { y } else { y / self.scale }
    }
}
