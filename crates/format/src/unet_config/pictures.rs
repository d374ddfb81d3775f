//! Whether the picture beside the Skip blocks fits them everywhere.

use super::UNetConfig;
use super::validate::UNetConfigError;

/// Channels of the picture: diffusers' Skip blocks are made for colour pictures.
const CHANNELS: usize = 3;

impl UNetConfig {
    /// On the down path the picture is halved by each Skip block that halves its input, and by no
    /// other block; on the up path it is doubled by each Skip block from the second. So a Skip block
    /// must not be below a block of another kind.
    pub(super) fn check_pictures(&self) -> Result<(), UNetConfigError> {
        let last = self.levels() - 1;
        let down = self.down_block_types.iter().map(|block| (block.name(), block.has_picture()));
        let up = self.up_block_types.iter().rev().map(|block| (block.name(), block.has_picture()));
        // The last block down does not halve, and the last block up adds nothing to the picture.
        check_order(down.clone().take(last))?;
        check_channels(down.take(last), "in_channels", self.in_channels)?;
        check_order(up.clone())?;
        check_channels(up.skip(1), "out_channels", self.out_channels)
    }
}

/// From the full resolution down.
fn check_order(
    blocks: impl Iterator<Item = (&'static str, bool)> + Clone,
) -> Result<(), UNetConfigError> {
    let neighbours = blocks.clone().zip(blocks.skip(1));
    let wrong = neighbours.into_iter().find(|((_, above), (_, below))| !above && *below);
    wrong.map_or(Ok(()), |((block, _), (skip, _))| Err(UNetConfigError::Picture { block, skip }))
}

fn check_channels(
    mut blocks: impl Iterator<Item = (&'static str, bool)>,
    key: &'static str,
    channels: usize,
) -> Result<(), UNetConfigError> {
    match blocks.find(|(_, has_picture)| *has_picture && channels != CHANNELS) {
        Some((block, _)) => Err(UNetConfigError::PictureChannels { block, key, channels }),
        None => Ok(()),
    }
}
