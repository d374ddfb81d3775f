//! What the blocks of a network share.

use std::f64::consts::SQRT_2;

use ancestral_format::{ATTENTION_GROUPS, UNetConfig, groups_by_width};

use super::resample::Resample;
use super::resnet::{Common, Plan};
use crate::attention;
use crate::map::Shape;

/// Makes the plans of the parts of one kind of blocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Builder<'a> {
    pub config: &'a UNetConfig,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Mid,
    /// With a picture beside the residual layers.
    Skip,
}

impl<'a> Builder<'a> {
    pub(super) fn new(config: &'a UNetConfig) -> Self {
        Self { config, kind: Kind::Plain }
    }

    /// For blocks with or without a picture beside them.
    pub(super) fn beside(self, has_picture: bool) -> Self {
        Self { kind: if has_picture { Kind::Skip } else { Kind::Plain }, ..self }
    }

    pub(super) fn mid(self) -> Self {
        Self { kind: Kind::Mid, ..self }
    }

    pub(super) fn common(self) -> Common {
        Common {
            time_width: time_width(self.config),
            epsilon: self.config.norm_eps,
            activation: self.config.act_fn,
            shift: self.config.resnet_time_scale_shift,
        }
    }

    fn scale(self) -> f64 {
        match self.kind {
            Kind::Plain => 1.0,
            Kind::Mid => self.config.mid_block_scale_factor,
            Kind::Skip => SQRT_2,
        }
    }

    fn groups(self, channels: usize) -> usize {
        match self.kind {
            Kind::Plain | Kind::Mid => self.config.groups(channels),
            Kind::Skip => groups_by_width(channels),
        }
    }

    pub(super) fn resnet(
        self,
        shape: Shape,
        sources: &[usize],
        to: usize,
        resample: Resample,
    ) -> Plan {
        let from = sources.iter().sum();
        Plan {
            shape: shape.with_channels(from),
            sources: sources.to_vec(),
            to,
            groups: [from, to].map(|channels| self.groups(channels)),
            resample,
            convolves_shortcut: self.kind == Kind::Skip && resample != Resample::Keep,
            scale: self.scale(),
        }
    }

    pub(super) fn attention(self, channels: usize) -> attention::Plan {
        attention::Plan {
            channels,
            head_width: self.config.attention_head_dim,
            groups: match self.kind {
                Kind::Plain => Some(self.groups(channels)),
                Kind::Mid => self.config.mid_attention_groups(channels),
                Kind::Skip => Some(ATTENTION_GROUPS),
            },
            epsilon: self.config.norm_eps,
            scale: self.scale(),
        }
    }
}

/// Width of the time embedding.
pub(super) fn time_width(config: &UNetConfig) -> usize {
    config.time_embedding_dim.unwrap_or(4 * config.block_out_channels[0])
}
