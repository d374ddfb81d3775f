//! From a config to parts: what all blocks share, and which configs make no network.

use ancestral_format::{DownBlock, UNetConfig, UpBlock};
use thiserror::Error;

use super::{Attention, ResnetBlock};
use crate::init::Initializer;

/// Why a config describes no network.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum UNetError {
    /// The config does not say how large its pictures are.
    #[error("sample_size is not set: give height and width")]
    NoSize,
    /// A picture cannot be halved as often as the network does it.
    #[error(
        "height and width must be multiples of {multiple} for {levels} levels, not {height} × \
         {width}: the nearest sizes are {smaller:?} and {larger:?}"
    )]
    Size {
        /// The height asked for.
        height: usize,
        /// The width asked for.
        width: usize,
        /// What both must be a multiple of.
        multiple: usize,
        /// How many resolutions the network has.
        levels: usize,
        /// The next smaller size that works.
        smaller: [usize; 2],
        /// The next larger size that works.
        larger: [usize; 2],
    },
    /// Three lists that describe the same levels have different lengths.
    #[error(
        "{channels} block_out_channels, {down} down_block_types and {up} up_block_types: there \
         must be equally many, at least one"
    )]
    Levels {
        /// The length of `block_out_channels`.
        channels: usize,
        /// The length of `down_block_types`.
        down: usize,
        /// The length of `up_block_types`.
        up: usize,
    },
    /// A number of channels cannot be cut into equal parts.
    #[error("{key} {parts} does not divide the {channels} channels of level {level}")]
    Division {
        /// The key that says how to cut.
        key: &'static str,
        /// Its value.
        parts: usize,
        /// The channels to be cut.
        channels: usize,
        /// The level, 0 for the finest.
        level: usize,
    },
    /// A count that must be positive is zero.
    #[error("{key} must be at least 1")]
    Zero {
        /// The key.
        key: &'static str,
    },
    /// The scale that the mid block divides by is no positive number.
    #[error("mid_block_scale_factor must be positive and finite, not {value}")]
    Scale {
        /// Its value.
        value: f64,
    },
}

/// How the group normalisations of a part are made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Norms {
    pub groups: usize,
    pub epsilon: f64,
}

/// What all blocks of one network share.
#[derive(Debug, Clone)]
pub(super) struct Builder {
    pub layers: usize,
    pub downsample_padding: usize,
    pub time_width: usize,
    pub norms: Norms,
    pub attention_norms: Norms,
    pub head_width: Option<usize>,
    pub scale: f64,
}

impl Builder {
    pub(super) fn new(config: &UNetConfig) -> Result<Self, UNetError> {
        check_levels(config)?;
        check_counts(config)?;
        check_divisions(config)?;
        let norms = Norms { groups: config.norm_num_groups, epsilon: config.norm_eps };
        Ok(Self {
            layers: config.layers_per_block,
            downsample_padding: config.downsample_padding,
            time_width: config.time_embedding_dim.unwrap_or(4 * config.block_out_channels[0]),
            norms,
            attention_norms: norms,
            head_width: config.attention_head_dim,
            scale: 1.0,
        })
    }

    /// The same for the mid block, which has a scale and groups of its own.
    pub(super) fn mid(&self, config: &UNetConfig) -> Self {
        let groups = config.attn_norm_num_groups.unwrap_or(self.norms.groups);
        Self {
            attention_norms: Norms { groups, ..self.norms },
            scale: config.mid_block_scale_factor,
            ..self.clone()
        }
    }

    pub(super) fn resnet(&self, init: &Initializer, channels: [usize; 2]) -> ResnetBlock {
        ResnetBlock::new(init, channels, self.time_width, self.norms, self.scale)
    }

    pub(super) fn attention(&self, init: &Initializer, channels: usize) -> Attention {
        Attention::new(init, channels, self.head_width, self.attention_norms, self.scale)
    }
}

/// Whether `size` can be halved between each two of `levels` resolutions.
pub(super) fn check_size(size: [usize; 2], levels: usize) -> Result<(), UNetError> {
    let multiple = 1 << (levels - 1);
    let [height, width] = size;
    if height > 0 && width > 0 && size.iter().all(|side| side.is_multiple_of(multiple)) {
        return Ok(());
    }
    let smaller = size.map(|side| (side / multiple * multiple).max(multiple));
    let larger = size.map(|side| side.next_multiple_of(multiple).max(multiple));
    Err(UNetError::Size { height, width, multiple, levels, smaller, larger })
}

fn check_levels(config: &UNetConfig) -> Result<(), UNetError> {
    let channels = config.block_out_channels.len();
    let (down, up) = (config.down_block_types.len(), config.up_block_types.len());
    if channels > 0 && channels == down && channels == up {
        Ok(())
    } else {
        Err(UNetError::Levels { channels, down, up })
    }
}

fn check_counts(config: &UNetConfig) -> Result<(), UNetError> {
    let counts = [
        ("in_channels", Some(config.in_channels)),
        ("out_channels", Some(config.out_channels)),
        ("layers_per_block", Some(config.layers_per_block)),
        ("block_out_channels", config.block_out_channels.iter().min().copied()),
        ("time_embedding_dim", config.time_embedding_dim),
        ("num_class_embeds", config.num_class_embeds),
    ];
    if let Some((key, _)) = counts.into_iter().find(|(_, count)| *count == Some(0)) {
        return Err(UNetError::Zero { key });
    }
    let value = config.mid_block_scale_factor;
    if value > 0.0 && value.is_finite() { Ok(()) } else { Err(UNetError::Scale { value }) }
}

fn check_divisions(config: &UNetConfig) -> Result<(), UNetError> {
    let divide = |key, parts: usize, level: usize| {
        let channels = config.block_out_channels[level];
        if parts > 0 && channels.is_multiple_of(parts) {
            Ok(())
        } else {
            Err(UNetError::Division { key, parts, channels, level })
        }
    };
    let last = config.block_out_channels.len() - 1;
    for level in 0..=last {
        divide("norm_num_groups", config.norm_num_groups, level)?;
        let attention = config.down_block_types[level] == DownBlock::AttnDownBlock2D
            || config.up_block_types[last - level] == UpBlock::AttnUpBlock2D
            || (level == last && config.add_attention);
        if let (true, Some(width)) = (attention, config.attention_head_dim) {
            divide("attention_head_dim", width, level)?;
        }
    }
    config.attn_norm_num_groups.map_or(Ok(()), |n| divide("attn_norm_num_groups", n, last))
}
