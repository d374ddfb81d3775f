//! The coarsest level.

use burn::module::Module;
use burn::tensor::Tensor;

use super::builder::Builder;
use super::{Attention, ResnetBlock};
use crate::init::Initializer;

/// The coarsest level: a residual block, attention if wanted, another residual block.
#[derive(Module, Debug)]
pub struct MidBlock {
    resnets: Vec<ResnetBlock>,
    attentions: Vec<Attention>,
}

impl MidBlock {
    pub(super) fn new(init: &Initializer, builder: Builder<'_>, channels: usize) -> Self {
        let resnet =
            |j: usize| builder.resnet(&init.child("resnets").child(j), [channels, channels]);
        let attend = |j: usize| builder.attention(&init.child("attentions").child(j), channels);
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
