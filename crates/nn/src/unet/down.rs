//! The way down: from fine to coarse.

use burn::module::Module;
use burn::tensor::Tensor;

use super::{Attention, Builder, ResnetBlock};
use crate::init::Initializer;
use crate::layer::{Conv2d, Padding};

/// Halves height and width with a learned convolution of stride 2.
#[derive(Module, Debug)]
pub struct Downsample {
    conv: Conv2d,
}

impl Downsample {
    fn new(init: &Initializer, channels: usize, padding: usize) -> Self {
        let padding = if padding == 0 { Padding::RightBottom } else { Padding::Around(padding) };
        Self { conv: Conv2d::new(&init.child("conv"), [channels; 2], 3, 2, padding) }
    }
}

/// One level on the way down: residual blocks, each followed by attention if the level has any,
/// then a downsampling unless it is the last level.
#[derive(Module, Debug)]
pub struct DownBlock {
    resnets: Vec<ResnetBlock>,
    attentions: Vec<Attention>,
    downsamplers: Vec<Downsample>,
}

impl DownBlock {
    pub(super) fn new(
        init: &Initializer,
        builder: &Builder,
        channels: [usize; 2],
        attention: bool,
        is_last: bool,
    ) -> Self {
        let [from, to] = channels;
        let layers = builder.layers;
        let resnet = |j: usize| {
            let from = if j == 0 { from } else { to };
            builder.resnet(&init.child("resnets").child(j), [from, to])
        };
        let attend = |j: usize| builder.attention(&init.child("attentions").child(j), to);
        Self {
            resnets: (0..layers).map(resnet).collect(),
            attentions: (0..if attention { layers } else { 0 }).map(attend).collect(),
            downsamplers: (0..usize::from(!is_last))
                .map(|j| {
                    let init = init.child("downsamplers").child(j);
                    Downsample::new(&init, to, builder.downsample_padding)
                })
                .collect(),
        }
    }

    /// Every intermediate map is pushed on `skips`, for the way up.
    pub(super) fn forward(
        &self,
        mut x: Tensor<4>,
        time: &Tensor<2>,
        skips: &mut Vec<Tensor<4>>,
    ) -> Tensor<4> {
        for (j, resnet) in self.resnets.iter().enumerate() {
            x = resnet.forward(x, time.clone());
            if let Some(attention) = self.attentions.get(j) {
                x = attention.forward(x);
            }
            skips.push(x.clone());
        }
        for downsample in &self.downsamplers {
            x = downsample.conv.forward(x);
            skips.push(x.clone());
        }
        x
    }
}
