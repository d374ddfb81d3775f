//! The coarsest level.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::builder::Builder;
use super::{Attention, ResnetBlock};

/// The coarsest level: a residual block, attention if wanted, another residual block.
#[derive(Module, Debug)]
pub struct MidBlock {
    resnets: Vec<ResnetBlock>,
    attentions: Vec<Attention>,
}

impl MidBlock {
    pub(super) fn new(device: &Device, builder: Builder<'_>, channels: usize) -> Self {
        let resnet = |j: usize| builder.resnet(device, [channels, channels]);
        let attend = |j: usize| builder.attention(device, channels);
        Self {
            resnets: (0..2).map(resnet).collect(),
            attentions: (0..usize::from(builder.config().add_attention)).map(attend).collect(),
        }
    }

    pub(super) fn forward(&self, mut x: Tensor<4>, time: &Tensor<2>) -> Tensor<4> {
        for (j, resnet) in self.resnets.iter().enumerate() {
            x = resnet.forward(x, time.clone());
            if let Some(attention) = self.attentions.get(j) {
                x = attention.forward(x);
            }
        }
        x
    }
}
