//! The plan of a U-Net: its parts, their shapes and their names, from its config alone.

use std::f64::consts::SQRT_2;

use ancestral_format::{
    ATTENTION_GROUPS, DownBlock, Resampling, UNetConfig, UpBlock, groups_by_width, groups_of_joined,
};

use super::resample::Resample;
use super::resnet::{self, Common};
use crate::attention;
use crate::conv::Motion;
use crate::map::Shape;

/// The parts of a U-Net between its first and its last convolution.
#[derive(Debug)]
pub(crate) struct Plan {
    pub downs: Vec<Level>,
    pub mid: Option<Level>,
    pub ups: Vec<Level>,
    pub common: Common,
}

/// The parts of one resolution, in the order in which they are passed.
#[derive(Debug)]
pub(crate) struct Level {
    pub resnets: Vec<resnet::Plan>,
    /// One after each residual block, or a single one after all of them, or none.
    pub attentions: Vec<attention::Plan>,
    pub change: Option<Change>,
    /// Whether a picture runs parallel to the residual blocks.
    pub has_picture: bool,
    /// Shape of the maps before the change, and after it.
    pub here: Shape,
    pub output: Shape,
}

/// What changes the resolution at the end of a level, and its name in it.
#[derive(Debug)]
pub(crate) enum Change {
    Conv(&'static str, Motion),
    Resnet(&'static str, resnet::Plan),
}

impl Plan {
    /// The plan of a valid config, for pictures of this shape.
    pub(crate) fn new(config: &UNetConfig, input: Shape) -> Self {
        let mut shape = input.with_channels(config.block_out_channels[0]);
        let mut downs = Vec::new();
        for level in 0..config.levels() {
            let down = Level::down(config, level, shape);
            shape = down.output;
            downs.push(down);
        }
        let mid = config.mid_block_type.map(|_| Level::mid(config, shape));
        let mut ups = Vec::new();
        for level in 0..config.levels() {
            let up = Level::up(config, level, shape);
            shape = up.output;
            ups.push(up);
        }
        let common = Common {
            time_width: time_width(config),
            epsilon: config.norm_eps,
            activation: config.act_fn,
            shift: config.resnet_time_scale_shift,
        };
        Self { downs, mid, ups, common }
    }
}

impl Level {
    fn down(config: &UNetConfig, level: usize, shape: Shape) -> Self {
        let kind = config.down_block_types[level];
        let has_picture = kind.has_picture();
        let builder = Builder::beside(config, has_picture);
        let to = config.block_out_channels[level];
        let from = |j: usize| if j == 0 { shape.channels } else { to };
        let layers = config.layers_per_block;
        let resnet = |j| builder.resnet(shape, &[from(j)], to, Resample::Keep);
        let attentions = if kind.has_attention() { layers } else { 0 };
        let here = shape.with_channels(to);
        let is_last = level + 1 == config.levels();
        let resampled = |resample| builder.resnet(here, &[to], to, resample);
        let by_resnet = kind == DownBlock::ResnetDownsampleBlock2D
            || (kind.has_attention() && config.downsample_type == Resampling::Resnet);
        let change = || {
            if has_picture {
                Change::Resnet("resnet_down", resampled(Resample::FilterDown))
            } else if by_resnet {
                Change::Resnet("downsamplers.0", resampled(Resample::Mean))
            } else {
                let motion = Motion::Halved { before: config.downsample_padding };
                Change::Conv("downsamplers.0.conv", motion)
            }
        };
        Self {
            resnets: (0..layers).map(resnet).collect(),
            attentions: vec![builder.attention(to); attentions],
            change: (!is_last).then(change),
            has_picture,
            here,
            output: if is_last { here } else { Resample::Mean.output(here) },
        }
    }

    fn mid(config: &UNetConfig, shape: Shape) -> Self {
        let builder = Builder { config, kind: Kind::Mid };
        let channels = shape.channels;
        let plan = builder.resnet(shape, &[channels], channels, Resample::Keep);
        Self {
            resnets: vec![plan; 2],
            attentions: vec![builder.attention(channels); usize::from(config.add_attention)],
            change: None,
            has_picture: false,
            here: shape,
            output: shape,
        }
    }

    fn up(config: &UNetConfig, level: usize, shape: Shape) -> Self {
        let kind = config.up_block_types[level];
        let has_picture = kind.has_picture();
        let builder = Builder::beside(config, has_picture);
        let to = config.block_out_channels[config.levels() - 1 - level];
        let resnet = |[stem, skip]: [usize; 2]| {
            let mut plan = builder.resnet(shape, &[stem, skip], to, Resample::Keep);
            if has_picture {
                plan.groups[0] = groups_of_joined(kind, stem, skip);
            }
            plan
        };
        let resnets: Vec<_> = config.joined_channels(level).into_iter().map(resnet).collect();
        let attentions = match (kind.has_attention(), has_picture) {
            (false, _) => 0,
            (true, false) => resnets.len(),
            (true, true) => 1,
        };
        let here = shape.with_channels(to);
        let is_last = level + 1 == config.levels();
        let resampled = |resample| builder.resnet(here, &[to], to, resample);
        let by_resnet = kind == UpBlock::ResnetUpsampleBlock2D
            || (kind.has_attention() && config.upsample_type == Resampling::Resnet);
        let change = || {
            if has_picture {
                Change::Resnet("resnet_up", resampled(Resample::FilterUp))
            } else if by_resnet {
                Change::Resnet("upsamplers.0", resampled(Resample::Nearest))
            } else {
                Change::Conv("upsamplers.0.conv", Motion::Repeated)
            }
        };
        Self {
            resnets,
            attentions: vec![builder.attention(to); attentions],
            change: (!is_last).then(change),
            has_picture,
            here,
            output: if is_last { here } else { Resample::Nearest.output(here) },
        }
    }
}

/// Makes the plans of the parts of one kind of blocks.
#[derive(Debug, Clone, Copy)]
struct Builder<'a> {
    config: &'a UNetConfig,
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
    /// For blocks with or without a picture beside them.
    fn beside(config: &'a UNetConfig, has_picture: bool) -> Self {
        Self { config, kind: if has_picture { Kind::Skip } else { Kind::Plain } }
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

    fn resnet(
        self,
        shape: Shape,
        sources: &[usize],
        to: usize,
        resample: Resample,
    ) -> resnet::Plan {
        let from = sources.iter().sum();
        resnet::Plan {
            shape: shape.with_channels(from),
            sources: sources.to_vec(),
            to,
            groups: [from, to].map(|channels| self.groups(channels)),
            resample,
            convolves_shortcut: self.kind == Kind::Skip && resample != Resample::Keep,
            scale: self.scale(),
        }
    }

    fn attention(self, channels: usize) -> attention::Plan {
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
pub(crate) fn time_width(config: &UNetConfig) -> usize {
    config.time_embedding_dim.unwrap_or(4 * config.block_out_channels[0])
}
