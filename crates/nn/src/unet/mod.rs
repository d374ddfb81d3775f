//! The U-Net of denoising diffusion models.
//!
//! Structure and parameter names are those of `UNet2DModel` in diffusers, so that weights go both
//! directions without renaming.

mod attention;
mod builder;
mod down;
mod mid;
mod resample;
mod resnet;
mod time;
mod up;

use ancestral_format::{Activation, Labels, TimeEmbedding as TimeKind, UNetConfig};
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};

use crate::diffusion_module::DiffusionModule;
use crate::layer::{Conv2d, GroupNorm, Sinusoids, TimeEmbedding, activate};

pub use attention::Attention;
pub use builder::UNetError;
use builder::{Builder, projected_width, time_width};
pub use down::{DownBlock, Downsample, StridedConv};
pub use mid::MidBlock;
pub use resnet::ResnetBlock;
pub use time::Label;
use time::{ClassEmbedding, TimeProjection, project};
pub use up::{RepeatedConv, UpBlock, Upsample};

/// A convolutional network from a noisy picture and its time to a prediction of the same size.
///
/// # Shapes
/// `[batch, in_channels, height, width]`, times `[batch]`, labels `[batch]` →
/// `[batch, out_channels, height, width]`.
/// # Numerics
/// f32. Differs from diffusers by at most 1e-5 of the largest output (tested element by element).
/// # Source
/// Ho et al. 2020, arXiv:2006.11239; diffusers 0.42.1, `models/unets/unet_2d.py`.
#[derive(Module, Debug)]
pub struct UNet {
    conv_in: Conv2d,
    time_proj: Option<TimeProjection>,
    time_embedding: TimeEmbedding,
    class_embedding: Option<ClassEmbedding>,
    down_blocks: Vec<DownBlock>,
    mid_block: Option<MidBlock>,
    up_blocks: Vec<UpBlock>,
    conv_norm_out: GroupNorm,
    conv_out: Conv2d,
    #[module(skip)]
    sinusoids: Sinusoids,
    #[module(skip)]
    frame: Frame,
}

/// The shape of the pictures of the network, and its conditioning.
#[derive(Debug, Clone, Copy)]
struct Frame {
    size: [usize; 2],
    channels_in: usize,
    channels_out: usize,
    centre: bool,
    activation: Activation,
    labels: Labels,
    /// How many timesteps a learned time embedding knows.
    timesteps: Option<usize>,
    /// Whether the prediction is divided by the time.
    divides_by_time: bool,
}

impl Frame {
    fn new(config: &UNetConfig, size: [usize; 2]) -> Self {
        let time = config.time_embedding_type;
        Self {
            size,
            channels_in: config.in_channels,
            channels_out: config.out_channels,
            centre: config.center_input_sample,
            activation: config.act_fn,
            labels: config.labels(),
            timesteps: config.num_train_timesteps.filter(|_| time == TimeKind::Learned),
            divides_by_time: time == TimeKind::Fourier,
        }
    }
}

impl UNet {
    /// The network of a config, on `device`; its weights are loaded later.
    ///
    /// # Errors
    /// If the config describes no network, see [`UNetError`]; `sample_size` must be set.
    pub fn new(config: &UNetConfig, device: &Device) -> Result<Self, UNetError> {
        config.validate()?;
        let channels = &config.block_out_channels;
        let (first, last) = (channels[0], channels[channels.len() - 1]);
        let size = config.sample_size.ok_or(UNetError::NoSize)?;
        Ok(Self {
            conv_in: Conv2d::same(device, [config.in_channels, first], 3),
            time_proj: TimeProjection::new(config, device),
            time_embedding: TimeEmbedding::new(device, projected_width(config), time_width(config)),
            class_embedding: ClassEmbedding::new(config, device),
            down_blocks: down_blocks(config, device),
            mid_block: config
                .mid_block_type
                .map(|_| MidBlock::new(device, Builder::mid(config), last)),
            up_blocks: up_blocks(config, device),
            conv_norm_out: GroupNorm::new(device, config.groups(first), first, config.norm_eps),
            conv_out: Conv2d::same(device, [first, config.out_channels], 3),
            sinusoids: Sinusoids {
                width: first,
                flip_sin_to_cos: config.flip_sin_to_cos,
                freq_shift: f64::from(config.freq_shift),
            },
            frame: Frame::new(config, size),
        })
    }

    /// Predicts from noisy pictures.
    ///
    /// # Panics
    /// If there are labels and the network takes none, or vice versa, or of another kind,
    /// and if shapes do not fit.
    #[must_use]
    pub fn forward(&self, x: Tensor<4>, times: Tensor<1>, label: Option<Label>) -> Tensor<4> {
        let x = x.permute([0, 2, 3, 1]); // channels last, in here
        let x = if self.frame.centre { x * 2.0 - 1.0 } else { x };
        let embedded = self.embedded(times.clone(), label);
        let time = activate(self.frame.activation, embedded); // every block starts from this

        let mut picture = x.clone();
        let mut x = self.conv_in.forward(x);
        let mut skips = vec![x.clone()];
        for block in &self.down_blocks {
            x = block.forward(x, &time, &mut skips, &mut picture);
        }
        if let Some(block) = &self.mid_block {
            x = block.forward(x, &time);
        }
        let mut picture = None;
        for block in &self.up_blocks {
            x = block.forward(x, &time, &mut skips, &mut picture);
        }
        let x = self.conv_norm_out.forward_silu(x);
        let x = self.conv_out.forward(x);
        let x = match picture {
            Some(picture) => x + picture,
            None => x,
        };
        let x = x.permute([0, 3, 1, 2]);
        if !self.frame.divides_by_time {
            return x;
        }
        let rows = times.dims()[0];
        x / times.reshape([rows, 1, 1, 1])
    }

    /// Time and class as one vector a row.
    fn embedded(&self, times: Tensor<1>, label: Option<Label>) -> Tensor<2> {
        let project = |times| project(self.time_proj.as_ref(), self.sinusoids, times);
        let time = self.time_embedding.forward(project(times));
        match (&self.class_embedding, label) {
            (Some(embedding), Some(label)) => time + embedding.forward(label, project),
            (None, None) => time,
            (Some(_), None) => panic!("the network needs a label a row"),
            (None, Some(_)) => panic!("the network takes no labels"),
        }
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

    fn labels(&self) -> Labels {
        self.frame.labels
    }

    fn timesteps(&self) -> Option<usize> {
        self.frame.timesteps
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
        self.forward(x, timesteps, labels.map(Label::Number))
            .reshape([batch, channels_out * height * width])
    }
}

fn down_blocks(config: &UNetConfig, device: &Device) -> Vec<DownBlock> {
    let channels = &config.block_out_channels;
    let block = |(i, &kind): (usize, &ancestral_format::DownBlock)| {
        let builder = Builder::new(config, kind.has_picture());
        let from_to = [channels[i.saturating_sub(1)], channels[i]];
        DownBlock::new(device, builder, kind, from_to, i + 1 == channels.len())
    };
    config.down_block_types.iter().enumerate().map(block).collect()
}

fn up_blocks(config: &UNetConfig, device: &Device) -> Vec<UpBlock> {
    let block = |(i, &kind): (usize, &ancestral_format::UpBlock)| {
        let builder = Builder::new(config, kind.has_picture());
        UpBlock::new(device, builder, kind, i, i + 1 == config.levels())
    };
    config.up_block_types.iter().enumerate().map(block).collect()
}

#[cfg(test)]
mod tests;
