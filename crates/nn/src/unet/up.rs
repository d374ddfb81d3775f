//! The way up: from coarse to fine.

use burn::module::Module;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};
use burn::tensor::{Tensor, module};

use super::{Attention, Builder, ResnetBlock};
use crate::init::Initializer;
use crate::layer::Conv2d;

/// Doubles height and width by repeating each value, then convolves.
#[derive(Module, Debug)]
pub struct Upsample {
    conv: Conv2d,
}

impl Upsample {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let options =
            InterpolateOptions::new(InterpolateMode::Nearest).with_scale_factor([2.0, 2.0]);
        self.conv.forward(module::interpolate(x, options))
    }
}

/// The channels at one level on the way up.
#[derive(Debug, Clone, Copy)]
pub(super) struct UpChannels {
    /// Of the map that comes from the level below.
    pub below: usize,
    /// Of this level.
    pub here: usize,
    /// Of the level above: the last residual block meets that level's skip.
    pub above: usize,
}

/// One level on the way up: residual blocks, each of which sees a map of the way down too, each
/// followed by attention if the level has any, then an upsampling unless it is the last level.
#[derive(Module, Debug)]
pub struct UpBlock {
    resnets: Vec<ResnetBlock>,
    attentions: Vec<Attention>,
    upsamplers: Vec<Upsample>,
}

impl UpBlock {
    pub(super) fn new(
        init: &Initializer,
        builder: &Builder,
        channels: UpChannels,
        attention: bool,
        is_last: bool,
    ) -> Self {
        let UpChannels { below, here, above } = channels;
        let layers = builder.layers + 1;
        let resnet = |j: usize| {
            let from = if j == 0 { below } else { here };
            let skip = if j + 1 == layers { above } else { here };
            builder.resnet(&init.child("resnets").child(j), [from + skip, here])
        };
        let attend = |j: usize| builder.attention(&init.child("attentions").child(j), here);
        Self {
            resnets: (0..layers).map(resnet).collect(),
            attentions: (0..if attention { layers } else { 0 }).map(attend).collect(),
            upsamplers: (0..usize::from(!is_last))
                .map(|j| {
                    let init = init.child("upsamplers").child(j).child("conv");
                    Upsample { conv: Conv2d::same(&init, [here, here], 3) }
                })
                .collect(),
        }
    }

    /// Pops one map a residual block from `skips`.
    pub(super) fn forward(
        &self,
        mut x: Tensor<4>,
        time: &Tensor<2>,
        skips: &mut Vec<Tensor<4>>,
    ) -> Tensor<4> {
        for (j, resnet) in self.resnets.iter().enumerate() {
            let skip = skips.pop().expect("the way down left one map a residual block");
            x = resnet.forward(Tensor::cat(vec![x, skip], 1), time.clone());
            if let Some(attention) = self.attentions.get(j) {
                x = attention.forward(x);
            }
        }
        for upsample in &self.upsamplers {
            x = upsample.forward(x);
        }
        x
    }
}
