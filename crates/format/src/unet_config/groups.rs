//! Into how many groups the normalisations cut their channels.

use super::validate::UNetConfigError;
use super::{DownBlock, TimeScaleShift, UNetConfig, UpBlock};

/// Groups of the normalisation before the attention of a Skip block.
pub const ATTENTION_GROUPS: usize = 32;

/// Groups of the other normalisations in a Skip block, and of those elsewhere that `norm_num_groups`
/// leaves open: `min(channels/4, 32)`.
#[must_use]
pub const fn groups_by_width(channels: usize) -> usize {
    let quarter = channels / 4;
    if quarter < 32 { quarter } else { 32 }
}

/// Groups of the first normalisation of a residual layer in a Skip block on the up path, which gets
/// `stem` channels from below and `skip` channels from the down path.
///
/// For `AttnSkipUpBlock2D` it is `min(stem + skip/4, 32)`, for `SkipUpBlock2D`
/// `min((stem + skip)/4, 32)`.
#[must_use]
pub fn groups_of_joined(block: UpBlock, stem: usize, skip: usize) -> usize {
    if block.has_attention() { (stem + skip / 4).min(32) } else { groups_by_width(stem + skip) }
}

impl UNetConfig {
    /// Groups of a normalisation of `channels` in the mid block and before the last convolution.
    #[must_use]
    pub fn groups(&self, channels: usize) -> usize {
        self.norm_num_groups.unwrap_or(groups_by_width(channels))
    }

    /// Groups of the normalisation before the mid block's attention, of `channels`; `None` if there
    /// is no such normalisation.
    #[must_use]
    pub fn mid_attention_groups(&self, channels: usize) -> Option<usize> {
        self.attn_norm_num_groups.or(match self.resnet_time_scale_shift {
            TimeScaleShift::Default => Some(self.groups(channels)),
            TimeScaleShift::ScaleShift => None,
        })
    }

    /// The channels that enter the residual layers of the `level`-th block on the up path, from the
    /// lowest resolution: from below, and from the down path.
    #[must_use]
    pub fn joined_channels(&self, level: usize) -> Vec<[usize; 2]> {
        let at = |level: usize| {
            let from_below = self.levels() - 1 - level.min(self.levels() - 1);
            self.block_out_channels[from_below]
        };
        let (below, here, above) = (at(level.saturating_sub(1)), at(level), at(level + 1));
        let layers = self.layers_per_block + 1;
        let joined =
            |j| [if j == 0 { below } else { here }, if j + 1 == layers { above } else { here }];
        (0..layers).map(joined).collect()
    }

    pub(super) fn check_groups(&self) -> Result<(), UNetConfigError> {
        let channels = &self.block_out_channels;
        for (level, &block) in self.down_block_types.iter().enumerate() {
            self.check_down(block, channels[level.saturating_sub(1)], channels[level])?;
        }
        for (level, &block) in self.up_block_types.iter().enumerate() {
            let here = channels[channels.len() - 1 - level];
            self.check_up(block, &self.joined_channels(level), here)?;
        }
        self.check_ends(channels[0], channels[channels.len() - 1])
    }

    fn check_down(&self, block: DownBlock, from: usize, to: usize) -> Result<(), UNetConfigError> {
        if !block.has_picture() {
            return [from, to].into_iter().try_for_each(|n| self.check_plain(block.name(), n));
        }
        [from, to].into_iter().try_for_each(|n| divides(block.name(), groups_by_width(n), n))?;
        if block.has_attention() { divides(block.name(), ATTENTION_GROUPS, to) } else { Ok(()) }
    }

    fn check_up(
        &self,
        block: UpBlock,
        joined: &[[usize; 2]],
        here: usize,
    ) -> Result<(), UNetConfigError> {
        for &[stem, skip] in joined {
            if block.has_picture() {
                divides(block.name(), groups_of_joined(block, stem, skip), stem + skip)?;
            } else {
                self.check_plain(block.name(), stem + skip)?;
            }
        }
        if !block.has_picture() {
            return self.check_plain(block.name(), here);
        }
        divides(block.name(), groups_by_width(here), here)?;
        if block.has_attention() { divides(block.name(), ATTENTION_GROUPS, here) } else { Ok(()) }
    }

    /// The mid block, and the last normalisation.
    fn check_ends(&self, first: usize, last: usize) -> Result<(), UNetConfigError> {
        if self.mid_block_type.is_some() {
            divides_by_key("norm_num_groups", self.groups(last), last)?;
            if let (true, Some(groups)) = (self.add_attention, self.mid_attention_groups(last)) {
                divides_by_key("attn_norm_num_groups", groups, last)?;
            }
        }
        divides_by_key("norm_num_groups", self.groups(first), first)
    }

    /// A block with its number of groups from `norm_num_groups`.
    fn check_plain(&self, block: &'static str, channels: usize) -> Result<(), UNetConfigError> {
        let groups = self.norm_num_groups.ok_or(UNetConfigError::NoGroups { block })?;
        divides_by_key("norm_num_groups", groups, channels)
    }
}

fn divides(block: &'static str, groups: usize, channels: usize) -> Result<(), UNetConfigError> {
    if groups > 0 && channels.is_multiple_of(groups) {
        Ok(())
    } else {
        Err(UNetConfigError::Groups { block, groups, channels })
    }
}

pub(super) fn divides_by_key(
    key: &'static str,
    divisor: usize,
    channels: usize,
) -> Result<(), UNetConfigError> {
    if divisor > 0 && channels.is_multiple_of(divisor) {
        Ok(())
    } else {
        Err(UNetConfigError::Indivisible { key, divisor, channels })
    }
}
