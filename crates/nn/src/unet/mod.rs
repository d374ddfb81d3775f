//! The U-Net of denoising diffusion models.
//!
//! Structure and parameter names are those of `UNet2DModel` in diffusers, so that weights go both
//! ways without renaming.

mod attention;
mod builder;
mod down;
mod mid;
mod resnet;
mod up;

use ancestral_format as format;
use burn::module::Module;
use burn::tensor::{Int, Tensor};
use format::UNetConfig;

use crate::diffusion_module::DiffusionModule;
use crate::init::Initializer;
use crate::layer::{Conv2d, Embedding, GroupNorm, Sinusoids, TimeEmbedding, add_class, silu};

pub use attention::Attention;
pub use builder::UNetError;
use builder::{Builder, Norms, check_size};
pub use down::{DownBlock, Downsample};
pub use mid::MidBlock;
pub use resnet::ResnetBlock;
use up::UpChannels;
pub use up::{UpBlock, Upsample};

/// A convolutional network from a noisy picture and its time to a prediction of the same size.
///
/// # Shapes
/// `[batch, in_channels, height, width]`, times `[batch]`, labels `[batch]` →
/// `[batch, out_channels, height, width]`.
/// # Numerics
/// f32; a row gives the same bits in every batch. Differs from the peer by at most 1e-5 of the
/// largest output (tested element by element).
/// # Source
/// Ho et al. 2020, arXiv:2006.11239; diffusers 0.42.1, `models/unets/unet_2d.py`.
#[derive(Module, Debug)]
pub struct UNet {
    conv_in: Conv2d,
    time_embedding: TimeEmbedding,
    class_embedding: Option<Embedding>,
    down_blocks: Vec<DownBlock>,
    mid_block: MidBlock,
    up_blocks: Vec<UpBlock>,
    conv_norm_out: GroupNorm,
    conv_out: Conv2d,
    #[module(skip)]
    sinusoids: Sinusoids,
    #[module(skip)]
    frame: Frame,
}

/// What the network knows of its pictures.
#[derive(Debug, Clone, Copy)]
struct Frame {
    size: [usize; 2],
    channels_in: usize,
    channels_out: usize,
    centre: bool,
    dropout: f64,
}

impl UNet {
    /// The network of a config, with starting values from `init`.
    ///
    /// # Errors
    /// If the config describes no network, see [`UNetError`]; `sample_size` must be set.
    pub fn new(config: &UNetConfig, init: &Initializer) -> Result<Self, UNetError> {
        let builder = Builder::new(config)?;
        let channels = &config.block_out_channels;
        let (first, last) = (channels[0], channels[channels.len() - 1]);
        let size = config.sample_size.ok_or(UNetError::NoSize)?;
        check_size(size, channels.len())?;
        let norms = builder.norms;
        Ok(Self {
            conv_in: Conv2d::same(&init.child("conv_in"), [config.in_channels, first], 3),
            time_embedding: TimeEmbedding::new(
                &init.child("time_embedding"),
                first,
                builder.time_width,
            ),
            class_embedding: config.num_class_embeds.map(|count| {
                Embedding::new(&init.child("class_embedding"), count, builder.time_width)
            }),
            down_blocks: down_blocks(config, &builder, init),
            mid_block: MidBlock::new(
                &init.child("mid_block"),
                &builder.mid(config),
                last,
                config.add_attention,
            ),
            up_blocks: up_blocks(config, &builder, init),
            conv_norm_out: GroupNorm::new(
                &init.child("conv_norm_out"),
                norms.groups,
                first,
                norms.epsilon,
            ),
            conv_out: Conv2d::same(&init.child("conv_out"), [first, config.out_channels], 3),
            sinusoids: Sinusoids {
                width: first,
                flip_sin_to_cos: config.flip_sin_to_cos,
                freq_shift: f64::from(config.freq_shift),
            },
            frame: Frame {
                size,
                channels_in: config.in_channels,
                channels_out: config.out_channels,
                centre: config.center_input_sample,
                dropout: config.dropout,
            },
        })
    }

    /// Predicts from noisy pictures.
    ///
    /// # Panics
    /// If there are labels and the network takes none, or the other way round, and if shapes do
    /// not fit.
    #[must_use]
    pub fn forward(
        &self,
        x: Tensor<4>,
        timesteps: Tensor<1>,
        labels: Option<Tensor<1, Int>>,
    ) -> Tensor<4> {
        let x = if self.frame.centre { x * 2.0 - 1.0 } else { x };
        let time = self.time_embedding.forward(self.sinusoids.forward(timesteps));
        let time = add_class(time, self.class_embedding.as_ref(), labels);
        let time = silu(time); // every block starts from this

        let mut x = self.conv_in.forward(x);
        let mut skips = vec![x.clone()];
        for block in &self.down_blocks {
            x = block.forward(x, &time, &mut skips);
        }
        x = self.mid_block.forward(x, &time);
        for block in &self.up_blocks {
            x = block.forward(x, &time, &mut skips);
        }
        self.conv_out.forward(silu(self.conv_norm_out.forward(x)))
    }
}

impl DiffusionModule for UNet {
    fn input_shape(&self) -> Vec<usize> {
        let [height, width] = self.frame.size;
        vec![self.frame.channels_in, height, width]
    }

    fn output_shape(&self) -> Vec<usize> {
        let [height, width] = self.frame.size;
        vec![self.frame.channels_out, height, width]
    }

    fn labels(&self) -> Option<usize> {
        self.class_embedding.as_ref().map(|embedding| embedding.weight.shape()[0])
    }

    fn dropout(&self) -> f64 {
        self.frame.dropout
    }

    fn predict(
        &self,
        x: Tensor<2>,
        timesteps: Tensor<1>,
        labels: Option<Tensor<1, Int>>,
    ) -> Tensor<2> {
        let Frame { size: [height, width], channels_in, channels_out, .. } = self.frame;
        let batch = x.dims()[0];
        let x = x.reshape([batch, channels_in, height, width]);
        self.forward(x, timesteps, labels).reshape([batch, channels_out * height * width])
    }
}

fn down_blocks(config: &UNetConfig, builder: &Builder, init: &Initializer) -> Vec<DownBlock> {
    let channels = &config.block_out_channels;
    config
        .down_block_types
        .iter()
        .enumerate()
        .map(|(i, kind)| {
            let attention = match kind {
                format::DownBlock::DownBlock2D => false,
                format::DownBlock::AttnDownBlock2D => true,
            };
            let from_to = [channels[i.saturating_sub(1)], channels[i]];
            let is_last = i + 1 == channels.len();
            let init = init.child("down_blocks").child(i);
            DownBlock::new(&init, builder, from_to, attention, is_last)
        })
        .collect()
}

fn up_blocks(config: &UNetConfig, builder: &Builder, init: &Initializer) -> Vec<UpBlock> {
    let channels: Vec<_> = config.block_out_channels.iter().rev().copied().collect();
    config
        .up_block_types
        .iter()
        .enumerate()
        .map(|(i, kind)| {
            let attention = match kind {
                format::UpBlock::UpBlock2D => false,
                format::UpBlock::AttnUpBlock2D => true,
            };
            let is_last = i + 1 == channels.len();
            let at_level = UpChannels {
                below: channels[i.saturating_sub(1)],
                here: channels[i],
                above: channels[(i + 1).min(channels.len() - 1)],
            };
            let init = init.child("up_blocks").child(i);
            UpBlock::new(&init, builder, at_level, attention, is_last)
        })
        .collect()
}

#[cfg(test)]
mod tests;
