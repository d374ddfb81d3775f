//! The config of the U-Net: `unet/config.json`.

mod choices;
mod groups;
mod pictures;
mod validate;

use std::fmt;

use serde::de::IntoDeserializer;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

pub use choices::{
    Activation, ClassEmbedding, DownBlock, MidBlock, Resampling, TimeEmbedding, TimeScaleShift,
    UpBlock,
};
pub use groups::{ATTENTION_GROUPS, groups_by_width, groups_of_joined};
pub use validate::{Nearest, UNetConfigError};

use crate::config::{self, Parsed};
use crate::listed::counted;

pub(crate) const CLASS: &str = "UNet2DModel";

/// The config of a `UNet2DModel`, with the key names of diffusers.
///
/// Missing keys take the defaults of the class, which are those of [`Default`]. Values that
/// diffusers supports and we do not are refused by name when they are read.
///
/// # Source
/// `diffusers` 0.42.1, `models/unets/unet_2d.py`.
///
/// # Example
/// ```
/// use ancestral_format::UNetConfig;
///
/// let json = br#"{"_class_name": "UNet2DModel", "attention_head_dim": null, "act_fn": "silu"}"#;
/// let config = UNetConfig::from_json(json)?.config;
/// assert_eq!(config.attention_head_dim, None); // one head of the full width
/// assert_eq!(config.in_channels, 3); // missing: the default of the class
/// # Ok::<(), ancestral_format::UNetConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UNetConfig {
    /// Height and width of the samples; `None` if it is not set.
    #[serde(with = "config::size")]
    pub sample_size: Option<[usize; 2]>,
    /// Channels of a sample.
    pub in_channels: usize,
    /// Channels of the prediction; twice those of a sample if a variance is learned.
    pub out_channels: usize,
    /// Whether the network sees 2x − 1 instead of x.
    pub center_input_sample: bool,
    /// How a timestep becomes a vector.
    pub time_embedding_type: TimeEmbedding,
    /// Width of the time embedding; `None`: four times the first of `block_out_channels`.
    pub time_embedding_dim: Option<usize>,
    /// Frequency i is 10000^(−i/(half − `freq_shift`)), i = 0..half.
    pub freq_shift: u32,
    /// Whether the cosines come before the sines.
    pub flip_sin_to_cos: bool,
    /// The blocks of the down path, from the full resolution.
    #[serde(deserialize_with = "without_old_prefix")]
    pub down_block_types: Vec<DownBlock>,
    /// The block at the lowest resolution; `None` if there is none.
    pub mid_block_type: Option<MidBlock>,
    /// The blocks of the up path, from the lowest resolution.
    #[serde(deserialize_with = "without_old_prefix")]
    pub up_block_types: Vec<UpBlock>,
    /// Channels of each resolution, from the full one.
    pub block_out_channels: Vec<usize>,
    /// Residual layers of a block on the down path; a block on the up path has one more.
    pub layers_per_block: usize,
    /// What the output of a residual layer in the mid block is divided by.
    pub mid_block_scale_factor: f64,
    /// Padding of a downsampling convolution; 0 pads one row and column at right and bottom.
    pub downsample_padding: usize,
    /// How the down path halves the resolution.
    pub downsample_type: Resampling,
    /// How the up path doubles the resolution.
    pub upsample_type: Resampling,
    /// Share of activations dropped in a residual layer while training.
    pub dropout: f64,
    /// The activation function.
    pub act_fn: Activation,
    /// Channels of an attention head: heads = channels / `attention_head_dim`. `None` (`null` in
    /// the file) is one head of the full width; a missing key is 8.
    pub attention_head_dim: Option<usize>,
    /// Groups of the group normalisations; `None`: [`groups_by_width`], which only networks of Skip
    /// blocks can do with. Skip blocks have those numbers in any case.
    pub norm_num_groups: Option<usize>,
    /// Groups of the one in the mid block's attention; `None`: `norm_num_groups`, or no
    /// normalisation there if `resnet_time_scale_shift` is `scale_shift`.
    pub attn_norm_num_groups: Option<usize>,
    /// Added to a variance before its root is taken.
    pub norm_eps: f64,
    /// How the time embedding enters a residual layer.
    pub resnet_time_scale_shift: TimeScaleShift,
    /// Whether the mid block has attention.
    pub add_attention: bool,
    /// How a label is embedded; `None`: by a table, if there is one.
    pub class_embed_type: Option<ClassEmbedding>,
    /// Rows of the table of labels; `None`: there is no table.
    pub num_class_embeds: Option<usize>,
    /// Rows of a learned time embedding; other embeddings know any time.
    pub num_train_timesteps: Option<usize>,
}

impl Default for UNetConfig {
    fn default() -> Self {
        use DownBlock::{AttnDownBlock2D, DownBlock2D};
        use UpBlock::{AttnUpBlock2D, UpBlock2D};
        Self {
            sample_size: None,
            in_channels: 3,
            out_channels: 3,
            center_input_sample: false,
            time_embedding_type: TimeEmbedding::Positional,
            time_embedding_dim: None,
            freq_shift: 0,
            flip_sin_to_cos: true,
            down_block_types: vec![DownBlock2D, AttnDownBlock2D, AttnDownBlock2D, AttnDownBlock2D],
            mid_block_type: Some(MidBlock::UNetMidBlock2D),
            up_block_types: vec![AttnUpBlock2D, AttnUpBlock2D, AttnUpBlock2D, UpBlock2D],
            block_out_channels: vec![224, 448, 672, 896],
            layers_per_block: 2,
            mid_block_scale_factor: 1.0,
            downsample_padding: 1,
            downsample_type: Resampling::Conv,
            upsample_type: Resampling::Conv,
            dropout: 0.0,
            act_fn: Activation::Silu,
            attention_head_dim: Some(8),
            norm_num_groups: Some(32),
            attn_norm_num_groups: None,
            norm_eps: 1e-5,
            resnet_time_scale_shift: TimeScaleShift::Default,
            add_attention: true,
            class_embed_type: None,
            num_class_embeds: None,
            num_train_timesteps: None,
        }
    }
}

impl UNetConfig {
    /// Reads `unet/config.json`. As in diffusers, null is false where a truth value is wanted, and
    /// `conv` for the kind of resampling.
    ///
    /// # Errors
    /// If it is not the JSON config of a `UNet2DModel`, if a value is of the wrong type or not
    /// supported, or if [`validate`](Self::validate) refuses it.
    pub fn from_json(json: &[u8]) -> Result<Parsed<Self>, UNetConfigError> {
        let name = |name: &str| (name == CLASS).then_some(());
        let ((), mut found) = config::of_class(json, &[CLASS], name)?;
        let defaults = config::to_map(&Self::default());
        for (key, value) in found.iter_mut().filter(|(_, value)| value.is_null()) {
            match (key.as_str(), defaults.get(key)) {
                ("downsample_type" | "upsample_type", _) => *value = Resampling::Conv.name().into(),
                (_, Some(Value::Bool(_))) => *value = false.into(),
                _ => {}
            }
        }
        let parsed: Parsed<Self> =
            config::over(&defaults, found, |key| defaults.contains_key(key))?;
        parsed.config.validate()?;
        Ok(parsed)
    }

    /// The text of `unet/config.json`.
    #[must_use]
    pub fn to_json(&self) -> String {
        config::to_json(self, CLASS)
    }

    /// How many resolutions there are.
    #[must_use]
    pub fn levels(&self) -> usize {
        self.block_out_channels.len()
    }

    /// How the network is conditioned on the class of a sample.
    #[must_use]
    pub fn labels(&self) -> Labels {
        match (self.class_embed_type, self.num_class_embeds) {
            (Some(ClassEmbedding::Timestep), _) => Labels::Times,
            (Some(ClassEmbedding::Identity), _) => Labels::Vectors,
            (None, Some(count)) => Labels::Classes(count),
            (None, None) => Labels::None,
        }
    }

    /// The shape of a sample of so many channels, if its size is set.
    pub(crate) fn shape(&self, channels: usize) -> Option<Vec<usize>> {
        self.sample_size.map(|[height, width]| vec![channels, height, width])
    }
}

/// How a network is conditioned on the class of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Labels {
    /// Nothing.
    None,
    /// One of so many classes.
    Classes(usize),
    /// A number, which is embedded as a time is.
    Times,
    /// A vector as wide as the time embedding.
    Vectors,
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("no labels"),
            Self::Classes(count) => f.write_str(&counted(count, "label")),
            Self::Times => f.write_str("numbers for labels"),
            Self::Vectors => f.write_str("vectors for labels"),
        }
    }
}

/// Reads block names, which old configs prefix with `UNetRes`.
fn without_old_prefix<'de, D, T>(from: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let names = Vec::<String>::deserialize(from)?;
    let modern = names.iter().map(|name| name.strip_prefix("UNetRes").unwrap_or(name));
    modern.map(|name| T::deserialize(name.into_deserializer())).collect()
}

#[cfg(test)]
mod tests;
