//! The network for data.

use ancestral::Variance;
use ancestral_format::{DownBlock, MlpConfig, NetworkConfig, UNetConfig, UpBlock};

use super::size::has_sizes;
use super::{Recipe, RecipeError};
use crate::TrainingSet;

/// No resolution has a side below this.
const SMALLEST_SIDE: usize = 4;
/// Attention sees every pixel from every other at resolutions up to this side.
const ATTENTION_SIDE: usize = 8;
/// A network has no more resolutions than this,
const MOST_RESOLUTIONS: usize = 4;
/// unless the user chooses more; the smallest of fewer has no side above this.
const LARGEST_SMALL_SIDE: usize = 32;
/// Channels for small pictures at the full resolution and at the others.
const SMALL_CHANNELS: [usize; 2] = [32, 64];
/// Groups of a normalisation.
const GROUPS: usize = 8;
/// Residual layers at each resolution.
const LAYERS: usize = 1;
/// Units of each hidden layer of the network for points and tables, and its residual blocks.
const MLP_WIDTH: usize = 128;
const MLP_BLOCKS: usize = 4;

impl Recipe {
    /// The network that learns `data`, and its variance if that is learned.
    pub(super) fn network(
        &self,
        data: &TrainingSet,
        variance: Variance,
    ) -> Result<NetworkConfig, RecipeError> {
        // A row a class, and one for "no label".
        let num_class_embeds = data.network_labels();
        match *data.shape() {
            [channels, height, width] => {
                let config = self.unet(channels, [height, width], has_sizes(data))?;
                let out_channels = if variance.is_learned() { 2 * channels } else { channels };
                let config = UNetConfig { num_class_embeds, out_channels, ..config };
                config.validate()?;
                Ok(config.into())
            }
            [columns] => {
                let predicts_variance = variance.is_learned();
                let config = self.mlp(columns)?;
                let config = MlpConfig { num_class_embeds, predicts_variance, ..config };
                config.validate()?;
                Ok(config.into())
            }
            _ => Err(RecipeError::Shape { shape: data.shape().to_vec() }),
        }
    }

    fn mlp(&self, columns: usize) -> Result<MlpConfig, RecipeError> {
        let width = match self.width.as_deref() {
            None => MLP_WIDTH,
            Some([width]) => *width,
            Some(widths) => return Err(RecipeError::Widths { found: widths.to_vec() }),
        };
        let blocks = self.layers.unwrap_or(MLP_BLOCKS);
        Ok(MlpConfig { columns, width, blocks, time_embed_dim: width, ..MlpConfig::default() })
    }

    /// A U-Net that halves the picture while it can, to a side of no less than 4.
    fn unet(
        &self,
        channels: usize,
        [height, width]: [usize; 2],
        has_sizes: bool,
    ) -> Result<UNetConfig, RecipeError> {
        let larger = height.max(width);
        let block_out_channels = if let Some(widths) = &self.width {
            widths.clone()
        } else {
            let levels = resolutions([height, width])?;
            if has_sizes {
                self.size.channels(levels)
            } else {
                (0..levels).map(|level| SMALL_CHANNELS[level.min(1)]).collect()
            }
        };
        if let Some(&found) = block_out_channels.iter().find(|n| !n.is_multiple_of(GROUPS)) {
            return Err(RecipeError::Groups { found, groups: GROUPS });
        }
        let levels = block_out_channels.len();
        let attends = |level: usize| level > 0 && larger >> level <= ATTENTION_SIDE;
        let down = |level| {
            if attends(level) { DownBlock::AttnDownBlock2D } else { DownBlock::DownBlock2D }
        };
        let up = |level| if attends(level) { UpBlock::AttnUpBlock2D } else { UpBlock::UpBlock2D };
        Ok(UNetConfig {
            sample_size: Some([height, width]),
            in_channels: channels,
            down_block_types: (0..levels).map(down).collect(),
            up_block_types: (0..levels).rev().map(up).collect(),
            block_out_channels,
            layers_per_block: self.layers.unwrap_or(LAYERS),
            norm_num_groups: Some(GROUPS),
            ..UNetConfig::default()
        })
    }
}

/// How many resolutions a picture has, each half the one before, to a side of no less than 4.
///
/// Pictures that stay large for want of factors of 2 are refused: no layer would see them as a
/// whole.
fn resolutions(size: [usize; 2]) -> Result<usize, RecipeError> {
    let halves = |level: usize| {
        size.iter().all(|side| side.is_multiple_of(1 << level) && side >> level >= SMALLEST_SIDE)
    };
    let levels = (1..MOST_RESOLUTIONS).take_while(|level| halves(*level)).count() + 1;
    let is_large = size.iter().any(|side| side >> (levels - 1) > LARGEST_SMALL_SIDE);
    let is_odd = size.iter().any(|side| !side.is_multiple_of(1 << levels));
    let could_be_smaller = size.iter().all(|side| side >> levels >= SMALLEST_SIDE);
    if levels == MOST_RESOLUTIONS || !(is_large && is_odd && could_be_smaller) {
        return Ok(levels);
    }
    let halvings = MOST_RESOLUTIONS - 1;
    let multiple = 1 << halvings;
    let smaller = size.map(|side| (side / multiple * multiple).max(multiple));
    let larger = size.map(|side| side.next_multiple_of(multiple));
    Err(RecipeError::Size { size, halvings, nearest: [smaller, larger] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_halved_while_they_can_be() {
        let sides = [[8, 8], [28, 28], [32, 32], [64, 64], [5, 5], [16, 8], [50, 34], [296, 8]];
        let levels = sides.map(|size| resolutions(size).unwrap());
        assert_eq!(levels, [2, 3, 4, 4, 1, 2, 2, 2]);
    }

    #[test]
    fn sizes_that_stay_large_are_refused_with_the_nearest_two() {
        let message = |size| resolutions(size).unwrap_err().to_string();
        assert_eq!(
            message([300, 300]),
            "pictures of 300x300 cannot be halved 3 times: the nearest sizes that can are 296 and \
             304"
        );
        assert!(message([50, 301]).ends_with("48x296 and 56x304"));
    }
}
