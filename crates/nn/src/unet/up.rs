//! The up path: from coarse to fine.

use ancestral_format::{UpBlock as Kind, groups_by_width, groups_of_joined};
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::builder::{Builder, by_resnet};
use super::resample::{Resample, filter_up};
use super::{Attention, ResnetBlock};
use crate::layer::{Conv2d, GroupNorm, repeated};

/// Doubles height and width by repeating each value, then convolves.
#[derive(Module, Debug)]
pub struct RepeatedConv {
    conv: Conv2d,
}

/// Doubles height and width.
#[expect(clippy::large_enum_variant, reason = "one a level, and Burn has no modules in boxes")]
#[derive(Module, Debug)]
pub enum Upsample {
    /// By repeating and a convolution.
    Conv(RepeatedConv),
    /// By a residual block.
    Resnet(ResnetBlock),
}

/// One level of the up path: residual blocks, each of which also gets a map of the down path, with
/// attention if the level has any, then an upsampling unless it is the last level. Levels with a
/// picture add to it.
#[derive(Module, Debug)]
pub struct UpBlock {
    resnets: Vec<ResnetBlock>,
    attentions: Vec<Attention>,
    upsamplers: Vec<Upsample>,
    resnet_up: Option<ResnetBlock>,
    skip_norm: Option<GroupNorm>,
    skip_conv: Option<Conv2d>,
    has_picture: bool,
}

impl UpBlock {
    /// The block at `level`, counted from the lowest resolution.
    pub(super) fn new(
        device: &Device,
        builder: Builder<'_>,
        kind: Kind,
        level: usize,
        is_last: bool,
    ) -> Self {
        let config = builder.config();
        let here = config.block_out_channels[config.levels() - 1 - level];
        let joined = config.joined_channels(level);
        let attentions = match (kind.has_attention(), kind.has_picture()) {
            (false, _) => 0,
            (true, false) => joined.len(),
            (true, true) => 1,
        };
        let upsample = || {
            let by_resnet = by_resnet(kind.has_attention(), config.upsample_type);
            if by_resnet || kind == Kind::ResnetUpsampleBlock2D {
                Upsample::Resnet(builder.resampling(device, here, Resample::Nearest))
            } else {
                let conv = Conv2d::same(device, [here, here], 3);
                Upsample::Conv(RepeatedConv { conv })
            }
        };
        let has_picture = kind.has_picture();
        let (doubles, adds) = (!is_last && !has_picture, !is_last && has_picture);
        let attend = |_| builder.attention(device, here);
        let resnet = |joined: &[usize; 2]| joining(device, builder, kind, *joined, here);
        Self {
            resnets: joined.iter().map(resnet).collect(),
            attentions: (0..attentions).map(attend).collect(),
            upsamplers: doubles.then(upsample).into_iter().collect(),
            resnet_up: adds.then(|| builder.resampling(device, here, Resample::FilterUp)),
            skip_norm: adds
                .then(|| GroupNorm::new(device, groups_by_width(here), here, config.norm_eps)),
            skip_conv: adds.then(|| Conv2d::same(device, [here, config.out_channels], 3)),
            has_picture,
        }
    }

    /// Pops one map a residual block from `skips`; `picture` is filtered up and added to.
    pub(super) fn forward(
        &self,
        mut x: Tensor<4>,
        time: &Tensor<2>,
        skips: &mut Vec<Tensor<4>>,
        picture: &mut Option<Tensor<4>>,
    ) -> Tensor<4> {
        for (j, resnet) in self.resnets.iter().enumerate() {
            let skip = skips.pop().expect("the down path left one map per residual block");
            x = resnet.forward(Tensor::cat(vec![x, skip], 3), time.clone());
            // With a picture, the only attention is after all of them.
            if let Some(attention) = self.attentions.get(j).filter(|_| !self.has_picture) {
                x = attention.forward(x);
            }
        }
        for upsample in &self.upsamplers {
            x = match upsample {
                Upsample::Conv(repeating) => repeating.conv.forward(repeated(x)),
                Upsample::Resnet(resnet) => resnet.forward(x, time.clone()),
            };
        }
        if self.has_picture { self.with_picture(x, time, picture) } else { x }
    }

    fn with_picture(
        &self,
        mut x: Tensor<4>,
        time: &Tensor<2>,
        picture: &mut Option<Tensor<4>>,
    ) -> Tensor<4> {
        for attention in &self.attentions {
            x = attention.forward(x);
        }
        *picture = picture.take().map(filter_up);
        if let (Some(resnet), Some(norm), Some(conv)) =
            (&self.resnet_up, &self.skip_norm, &self.skip_conv)
        {
            let added = conv.forward(norm.forward_silu(x.clone()));
            *picture = Some(match picture.take() {
                Some(picture) => picture + added,
                None => added,
            });
            x = resnet.forward(x, time.clone());
        }
        x
    }
}

/// A residual layer that joins a map from below and a map of the down path.
fn joining(
    device: &Device,
    builder: Builder<'_>,
    kind: Kind,
    joined: [usize; 2],
    to: usize,
) -> ResnetBlock {
    let [stem, skip] = joined;
    let channels = [stem + skip, to];
    if kind.has_picture() {
        builder.resnet_in_groups(device, channels, groups_of_joined(kind, stem, skip))
    } else {
        builder.resnet(device, channels)
    }
}
