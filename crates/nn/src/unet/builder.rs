//! From a config to parts: what the blocks of a network share.

use std::f64::consts::SQRT_2;

use ancestral_format::{
    ATTENTION_GROUPS, Resampling, TimeEmbedding, UNetConfig, UNetConfigError, groups_by_width,
};
use burn::tensor::Device;
use thiserror::Error;

use super::resample::Resample;
use super::{Attention, ResnetBlock, attention, resnet};

/// Why a config describes no network.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UNetError {
    /// The config has no size of pictures.
    #[error("sample_size is not set: give height and width")]
    NoSize,
    /// The config contradicts itself.
    #[error(transparent)]
    Config(#[from] UNetConfigError),
}

/// Makes the parts of one kind of blocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Builder<'a> {
    config: &'a UNetConfig,
    kind: Kind,
    scale: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Mid,
    /// With a picture beside the residual layers.
    Skip,
}

impl<'a> Builder<'a> {
    /// For blocks of the down or up path, with or without a picture beside them.
    pub(super) fn new(config: &'a UNetConfig, has_picture: bool) -> Self {
        if has_picture {
            Self { config, kind: Kind::Skip, scale: SQRT_2 }
        } else {
            Self { config, kind: Kind::Plain, scale: 1.0 }
        }
    }

    /// For the mid block.
    pub(super) fn mid(config: &'a UNetConfig) -> Self {
        Self { config, kind: Kind::Mid, scale: config.mid_block_scale_factor }
    }

    pub(super) fn config(&self) -> &'a UNetConfig {
        self.config
    }

    /// A residual layer that keeps the resolution.
    pub(super) fn resnet(&self, device: &Device, channels: [usize; 2]) -> ResnetBlock {
        self.planned(device, self.plan(channels, Resample::Keep))
    }

    /// The same, with another number of groups in its first normalisation.
    pub(super) fn resnet_in_groups(
        &self,
        device: &Device,
        channels: [usize; 2],
        groups: usize,
    ) -> ResnetBlock {
        let plan = self.plan(channels, Resample::Keep);
        self.planned(device, resnet::Plan { groups: [groups, plan.groups[1]], ..plan })
    }

    /// A residual layer that changes the resolution.
    pub(super) fn resampling(
        &self,
        device: &Device,
        channels: usize,
        resample: Resample,
    ) -> ResnetBlock {
        self.planned(device, self.plan([channels; 2], resample))
    }

    pub(super) fn attention(&self, device: &Device, channels: usize) -> Attention {
        let groups = match self.kind {
            Kind::Plain => Some(self.groups(channels)),
            Kind::Mid => self.config.mid_attention_groups(channels),
            Kind::Skip => Some(ATTENTION_GROUPS),
        };
        let plan = attention::Plan {
            head_width: self.config.attention_head_dim,
            groups,
            epsilon: self.config.norm_eps,
            scale: self.scale,
        };
        Attention::new(device, channels, plan)
    }

    fn groups(&self, channels: usize) -> usize {
        match self.kind {
            Kind::Plain | Kind::Mid => self.config.groups(channels),
            Kind::Skip => groups_by_width(channels),
        }
    }

    fn plan(&self, channels: [usize; 2], resample: Resample) -> resnet::Plan {
        resnet::Plan {
            channels,
            groups: channels.map(|channels| self.groups(channels)),
            resample,
            convolves_shortcut: self.kind == Kind::Skip && resample != Resample::Keep,
            scale: self.scale,
        }
    }

    fn planned(&self, device: &Device, plan: resnet::Plan) -> ResnetBlock {
        let common = resnet::Common {
            time_width: time_width(self.config),
            epsilon: self.config.norm_eps,
            activation: self.config.act_fn,
            shift: self.config.resnet_time_scale_shift,
        };
        ResnetBlock::new(device, common, plan)
    }
}

/// Width of the time embedding.
pub(super) fn time_width(config: &UNetConfig) -> usize {
    config.time_embedding_dim.unwrap_or(4 * config.block_out_channels[0])
}

/// Columns that a time is made into before anything is learned.
pub(super) fn projected_width(config: &UNetConfig) -> usize {
    match config.time_embedding_type {
        TimeEmbedding::Positional | TimeEmbedding::Learned => config.block_out_channels[0],
        TimeEmbedding::Fourier => 2 * config.block_out_channels[0],
    }
}

/// Whether a block resamples by a residual layer; for blocks with attention the config decides.
pub(super) fn by_resnet(has_attention: bool, resampling: Resampling) -> bool {
    has_attention && resampling == Resampling::Resnet
}
