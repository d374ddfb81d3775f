//! The down path: from fine to coarse.

use ancestral_format::DownBlock as Kind;
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::builder::{Builder, by_resnet};
use super::resample::{Resample, filter_down};
use super::{Attention, ResnetBlock};
use crate::layer::{Conv2d, Padding};

/// Halves height and width with a learned convolution of stride 2.
#[derive(Module, Debug)]
pub struct StridedConv {
    conv: Conv2d,
}

impl StridedConv {
    fn new(device: &Device, channels: usize, padding: usize) -> Self {
        let padding = if padding == 0 { Padding::RightBottom } else { Padding::Around(padding) };
        Self { conv: Conv2d::new(device, [channels; 2], 3, 2, padding) }
    }
}

/// Halves height and width.
#[expect(clippy::large_enum_variant, reason = "one a level, and Burn has no modules in boxes")]
#[derive(Module, Debug)]
pub enum Downsample {
    /// By a convolution.
    Conv(StridedConv),
    /// By a residual block.
    Resnet(ResnetBlock),
}

/// One level of the down path: residual blocks, each followed by attention if the level has any,
/// then a downsampling unless it is the last level. Levels with a picture add what they make of it.
#[derive(Module, Debug)]
pub struct DownBlock {
    resnets: Vec<ResnetBlock>,
    attentions: Vec<Attention>,
    downsamplers: Vec<Downsample>,
    resnet_down: Option<ResnetBlock>,
    skip_conv: Option<Conv2d>,
}

impl DownBlock {
    pub(super) fn new(
        device: &Device,
        builder: Builder<'_>,
        kind: Kind,
        channels: [usize; 2],
        is_last: bool,
    ) -> Self {
        let [from, to] = channels;
        let config = builder.config();
        let layers = config.layers_per_block;
        let resnet = |j: usize| {
            let from = if j == 0 { from } else { to };
            builder.resnet(device, [from, to])
        };
        let attend = |_| builder.attention(device, to);
        let downsample = || {
            let by_resnet = by_resnet(kind.has_attention(), config.downsample_type);
            if by_resnet || kind == Kind::ResnetDownsampleBlock2D {
                Downsample::Resnet(builder.resampling(device, to, Resample::Mean))
            } else {
                Downsample::Conv(StridedConv::new(device, to, config.downsample_padding))
            }
        };
        let (halves, has_picture) = (!is_last, kind.has_picture());
        let picture_channels = [config.in_channels, to];
        Self {
            resnets: (0..layers).map(resnet).collect(),
            attentions: (0..if kind.has_attention() { layers } else { 0 }).map(attend).collect(),
            downsamplers: (halves && !has_picture).then(downsample).into_iter().collect(),
            resnet_down: (halves && has_picture)
                .then(|| builder.resampling(device, to, Resample::FilterDown)),
            skip_conv: (halves && has_picture).then(|| Conv2d::same(device, picture_channels, 1)),
        }
    }

    /// Every intermediate map is pushed on `skips`, for the up path; `picture` is filtered down.
    pub(super) fn forward(
        &self,
        mut x: Tensor<4>,
        time: &Tensor<2>,
        skips: &mut Vec<Tensor<4>>,
        picture: &mut Tensor<4>,
    ) -> Tensor<4> {
        for (j, resnet) in self.resnets.iter().enumerate() {
            x = resnet.forward(x, time.clone());
            if let Some(attention) = self.attentions.get(j) {
                x = attention.forward(x);
            }
            skips.push(x.clone());
        }
        for downsample in &self.downsamplers {
            x = match downsample {
                Downsample::Conv(strided) => strided.conv.forward(x),
                Downsample::Resnet(resnet) => resnet.forward(x, time.clone()),
            };
            skips.push(x.clone());
        }
        if let (Some(resnet), Some(conv)) = (&self.resnet_down, &self.skip_conv) {
            *picture = filter_down(picture.clone());
            x = conv.forward(picture.clone()) + resnet.forward(x, time.clone());
            skips.push(x.clone());
        }
        x
    }
}
