//! Whether a network can be built and run.

use std::fmt;

use thiserror::Error;

use super::groups::divides_by_key;
use super::{TimeEmbedding, UNetConfig};
use crate::bounds::{
    MOST_CHANNELS, MOST_CLASSES, MOST_LAYERS, OutOfRange, check, check_count, check_freq_shift,
};
use crate::config::ConfigError;
use crate::listed::{counted, short};

const MOST_LEVELS: usize = 16;
const MOST_SIDE: usize = 1 << 16;
/// Numbers of a sample: four channels of 4096 × 4096, a quarter of a gibibyte. Sixteen times the largest
/// pictures that such networks were made for.
const MOST_NUMBERS: usize = 1 << 26;

impl UNetConfig {
    /// Checks that a network of this config can be built and run.
    ///
    /// # Errors
    /// If a count is 0 or unreasonably large, `out_channels` is neither `in_channels` nor twice as
    /// many, lists that belong together differ in length, groups or heads do not divide channels,
    /// Skip blocks stand where their picture has another size, or the samples cannot be halved as
    /// often as needed.
    pub fn validate(&self) -> Result<(), UNetConfigError> {
        self.check_ranges()?;
        self.check_blocks()?;
        self.check_time()?;
        self.check_groups()?;
        self.check_pictures()?;
        self.check_heads()?;
        self.check_sample_size()
    }

    fn check_ranges(&self) -> Result<(), UNetConfigError> {
        let counts = [
            ("in_channels", self.in_channels, MOST_CHANNELS),
            ("layers_per_block", self.layers_per_block, MOST_LAYERS),
            ("norm_num_groups", self.norm_num_groups.unwrap_or(1), MOST_CHANNELS),
            ("attn_norm_num_groups", self.attn_norm_num_groups.unwrap_or(1), MOST_CHANNELS),
            ("attention_head_dim", self.attention_head_dim.unwrap_or(1), MOST_CHANNELS),
            ("time_embedding_dim", self.time_embedding_dim.unwrap_or(1), MOST_CHANNELS),
            ("num_class_embeds", self.num_class_embeds.unwrap_or(1), MOST_CLASSES),
            ("num_train_timesteps", self.num_train_timesteps.unwrap_or(1), MOST_CLASSES),
        ];
        for (key, value, most) in counts {
            check_count(key, value, &(1..=most))?;
        }
        let (input, output) = (self.in_channels, self.out_channels);
        let twice = 2 * input;
        let fits = output == input || output == twice;
        let allowed = format!("{input}, as in_channels, or {twice} if a variance is learned");
        check(fits, "out_channels", output, &allowed)?;
        let padding = self.downsample_padding;
        check(padding <= 1, "downsample_padding", padding, "0 or 1")?;
        let dropout = self.dropout;
        check((0.0..1.0).contains(&dropout), "dropout", short(dropout), "in [0, 1)")?;
        let eps = self.norm_eps;
        check(eps > 0.0 && eps.is_finite(), "norm_eps", short(eps), "positive")?;
        let scale = self.mid_block_scale_factor;
        check(
            scale > 0.0 && scale.is_finite(),
            "mid_block_scale_factor",
            short(scale),
            "positive",
        )?;
        Ok(())
    }

    fn check_blocks(&self) -> Result<(), UNetConfigError> {
        let levels = self.levels();
        let lists = [
            ("down_block_types", self.down_block_types.len()),
            ("up_block_types", self.up_block_types.len()),
        ];
        for (key, found) in lists {
            if found != levels {
                return Err(UNetConfigError::Blocks { key, found, levels });
            }
        }
        if self.block_out_channels.is_empty() {
            return Err(UNetConfigError::NoBlocks);
        }
        check(levels <= MOST_LEVELS, "block_out_channels", levels, "at most 16 long")?;
        for &channels in &self.block_out_channels {
            check_count("block_out_channels", channels, &(1..=MOST_CHANNELS))?;
        }
        Ok(())
    }

    fn check_time(&self) -> Result<(), UNetConfigError> {
        match (self.time_embedding_type, self.num_train_timesteps) {
            (TimeEmbedding::Positional, _) => {
                let first = self.block_out_channels[0];
                Ok(check_freq_shift(self.freq_shift, first, "block_out_channels[0]")?)
            }
            (TimeEmbedding::Learned, None) => Err(UNetConfigError::NoTimesteps),
            (TimeEmbedding::Fourier, _) | (TimeEmbedding::Learned, Some(_)) => Ok(()),
        }
    }

    fn check_heads(&self) -> Result<(), UNetConfigError> {
        let Some(width) = self.attention_head_dim else {
            return Ok(());
        };
        let down = self.down_block_types.iter().map(|block| block.has_attention());
        let up = self.up_block_types.iter().rev().map(|block| block.has_attention());
        for ((&channels, down), up) in self.block_out_channels.iter().zip(down).zip(up) {
            if down || up {
                divides_by_key("attention_head_dim", width, channels)?;
            }
        }
        match self.block_out_channels.last() {
            Some(&channels) if self.add_attention && self.mid_block_type.is_some() => {
                divides_by_key("attention_head_dim", width, channels)
            }
            _ => Ok(()),
        }
    }

    fn check_sample_size(&self) -> Result<(), UNetConfigError> {
        let halvings = u32::try_from(self.levels() - 1).unwrap_or(u32::MAX);
        let factor = 2_usize.checked_pow(halvings).unwrap_or(usize::MAX);
        for size in self.sample_size.into_iter().flatten() {
            check(size <= MOST_SIDE, "sample_size", size, &format!("at most {MOST_SIDE}"))?;
            if size == 0 || size % factor != 0 {
                let below = size - size % factor;
                let nearest = Nearest {
                    below: (below > 0).then_some(below),
                    above: below.saturating_add(factor),
                };
                return Err(UNetConfigError::SampleSize { size, halvings, nearest });
            }
        }
        // No overflow: each factor was checked.
        let [height, width] = self.sample_size.unwrap_or_default();
        let numbers = height * width * self.in_channels.max(self.out_channels);
        let allowed = format!(
            "smaller: with its channels a sample has {numbers} numbers, expected at most \
             {MOST_NUMBERS}"
        );
        let size = format!("[{height}, {width}]");
        Ok(check(numbers <= MOST_NUMBERS, "sample_size", size, &allowed)?)
    }
}

/// Why the config of a U-Net is refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UNetConfigError {
    /// It cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A value is out of range.
    #[error(transparent)]
    Range(#[from] OutOfRange),
    /// A list of blocks is not as long as `block_out_channels`.
    #[error("{key} has {}, but block_out_channels has {levels}", counted(found, "block"))]
    Blocks {
        /// Which list.
        key: &'static str,
        /// Its length.
        found: usize,
        /// The length of `block_out_channels`.
        levels: usize,
    },
    /// All three lists of blocks are empty.
    #[error("block_out_channels is empty")]
    NoBlocks,
    /// Groups or heads do not divide the channels.
    #[error(
        "{key} {divisor} does not divide {channels} channels, which follow from block_out_channels"
    )]
    Indivisible {
        /// Which divisor.
        key: &'static str,
        /// Its value.
        divisor: usize,
        /// The channels that it should divide.
        channels: usize,
    },
    /// The groups of a block that come from its channels do not divide them.
    #[error(
        "{block} cuts {channels} channels, which follow from block_out_channels, into {groups} \
         groups: they must divide them"
    )]
    Groups {
        /// The block.
        block: &'static str,
        /// The number of groups.
        groups: usize,
        /// The channels that it should divide.
        channels: usize,
    },
    /// A block needs a number of groups.
    #[error("norm_num_groups is null, but {block} needs a number")]
    NoGroups {
        /// The block.
        block: &'static str,
    },
    /// A learned time embedding has no number of rows.
    #[error("time_embedding_type is learned, but num_train_timesteps is null: expected a number")]
    NoTimesteps,
    /// The picture of a Skip block has another size than the block.
    #[error(
        "{skip} must not be below {block}: Skip blocks go from the full resolution down, without \
         others between them"
    )]
    Picture {
        /// The block above.
        block: &'static str,
        /// The Skip block.
        skip: &'static str,
    },
    /// The picture of a Skip block has another number of channels than the block.
    #[error("{block} needs {key} of 3, not {channels}")]
    PictureChannels {
        /// The block.
        block: &'static str,
        /// `in_channels` or `out_channels`.
        key: &'static str,
        /// Its value.
        channels: usize,
    },
    /// Samples cannot be halved as often as there are steps down.
    #[error(
        "sample_size {size} cannot be halved {} (nearest sizes that can: {nearest})",
        counted(halvings, "time")
    )]
    SampleSize {
        /// The height or width.
        size: usize,
        /// How often it is halved.
        halvings: u32,
        /// The sizes next to it that work.
        nearest: Nearest,
    },
}

/// The sizes next to one that does not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nearest {
    /// The next smaller one, unless that is 0.
    pub below: Option<usize>,
    /// The next larger one.
    pub above: usize,
}

impl fmt::Display for Nearest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(below) = self.below {
            write!(f, "{below} and ")?;
        }
        write!(f, "{}", self.above)
    }
}
