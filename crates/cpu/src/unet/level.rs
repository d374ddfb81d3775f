//! The levels of a U-Net: down, middle, up.

use ancestral_format::{
    Activation, DownBlock, Resampling, UpBlock, groups_by_width, groups_of_joined,
};

use super::builder::Builder;
use super::resample::Resample;
use super::resnet::{Plan, Resnet};
use crate::attention::Attention;
use crate::conv::{After, Conv3, Motion, Pointwise};
use crate::map::{Arena, Map, Shape};
use crate::norm::{Before, Norm};
use crate::parameters::Parameters;
use crate::time::{Gathered, Told};

/// What changes the resolution at the end of a level.
#[derive(Debug)]
enum Change {
    Conv(Conv3),
    Resnet(Box<Resnet>),
}

impl Change {
    fn run(&self, x: &Map, told: Told<'_>, arena: &Arena) -> Map {
        match self {
            Self::Conv(conv) => conv.run(&[x], Before::NOTHING, After::NOTHING, arena),
            Self::Resnet(resnet) => resnet.run(&[x], told, arena),
        }
    }

    fn describe(&self) -> Vec<String> {
        match self {
            Self::Conv(conv) => vec![conv.describe()],
            Self::Resnet(resnet) => resnet.describe(),
        }
    }
}

/// One level on the way down.
#[derive(Debug)]
pub(super) struct Down {
    resnets: Vec<Resnet>,
    attentions: Vec<Attention>,
    change: Option<Change>,
    /// What a halved picture becomes.
    picture: Option<Pointwise>,
    output: Shape,
}

impl Down {
    pub(super) fn load(
        mut named: Parameters<'_>,
        gathered: &mut Gathered,
        builder: Builder<'_>,
        level: usize,
        shape: Shape,
    ) -> Self {
        let config = builder.config;
        let kind = config.down_block_types[level];
        let builder = builder.beside(kind.has_picture());
        let common = builder.common();
        let to = config.block_out_channels[level];
        let (mut resnets, mut attentions) = (Vec::new(), Vec::new());
        for j in 0..config.layers_per_block {
            let from = if j == 0 { shape.channels } else { to };
            let plan = builder.resnet(shape, &[from], to, Resample::Keep);
            let named_resnet = named.child("resnets").into_child(j);
            resnets.push(Resnet::load(named_resnet, gathered, common, &plan));
            if kind.has_attention() {
                let named = named.child("attentions").into_child(j);
                attentions.push(Attention::load(named, builder.attention(to)));
            }
        }
        let here = shape.with_channels(to);
        let is_last = level + 1 == config.levels();
        let resampled = |resample| builder.resnet(here, &[to], to, resample);
        let by_resnet = kind == DownBlock::ResnetDownsampleBlock2D
            || (kind.has_attention() && config.downsample_type == Resampling::Resnet);
        let change = if is_last {
            None
        } else if kind.has_picture() {
            let plan = resampled(Resample::FilterDown);
            let resnet = Resnet::load(named.child("resnet_down"), gathered, common, &plan);
            Some(Change::Resnet(Box::new(resnet)))
        } else if by_resnet {
            let named = named.child("downsamplers").into_child(0);
            let resnet = Resnet::load(named, gathered, common, &resampled(Resample::Mean));
            Some(Change::Resnet(Box::new(resnet)))
        } else {
            let mut named = named.child("downsamplers").into_child(0).into_child("conv");
            let motion = Motion::Halved { before: config.downsample_padding };
            Some(Change::Conv(Conv3::load(&mut named, here, to, motion)))
        };
        let picture = if kind.has_picture() && !is_last {
            let (mut named, from) = (named.child("skip_conv"), config.in_channels);
            let weight = named.take("weight", &[to, from, 1, 1]);
            Some(Pointwise::new(&weight, named.take("bias", &[to]), &[from]))
        } else {
            None
        };
        let output = if is_last { here } else { Resample::Mean.output(here) };
        Self { resnets, attentions, change, picture, output }
    }

    pub(super) fn output(&self) -> Shape {
        self.output
    }

    pub(super) fn describe(&self) -> Vec<String> {
        let resnets = self.resnets.iter().flat_map(Resnet::describe);
        let attentions = self.attentions.iter().map(Attention::describe);
        resnets.chain(attentions).chain(self.change.iter().flat_map(Change::describe)).collect()
    }

    /// Goes on from the last of `skips`, and leaves there what comes of it.
    pub(super) fn run(
        &self,
        told: Told<'_>,
        skips: &mut Vec<Map>,
        picture: &mut Map,
        arena: &Arena,
    ) {
        let last = |skips: &[Map]| skips.len() - 1;
        for (j, resnet) in self.resnets.iter().enumerate() {
            let mut y = resnet.run(&[&skips[last(skips)]], told, arena);
            if let Some(attention) = self.attentions.get(j) {
                y = attention.run(y, arena);
            }
            skips.push(y);
        }
        if let Some(change) = &self.change {
            let mut y = change.run(&skips[last(skips)], told, arena);
            if let Some(conv) = &self.picture {
                let halved = Resample::FilterDown.run(picture, arena);
                arena.give(std::mem::replace(picture, halved).data);
                let after = After { residual: Some(y.view()), ..After::NOTHING };
                let sum = conv.run(&[picture], after, arena);
                arena.give(std::mem::replace(&mut y, sum).data);
            }
            skips.push(y);
        }
    }
}

/// The coarsest level.
#[derive(Debug)]
pub(super) struct Mid {
    resnets: [Resnet; 2],
    attention: Option<Attention>,
}

impl Mid {
    pub(super) fn load(
        mut named: Parameters<'_>,
        gathered: &mut Gathered,
        builder: Builder<'_>,
        shape: Shape,
    ) -> Self {
        let builder = builder.mid();
        let channels = shape.channels;
        let plan = builder.resnet(shape, &[channels], channels, Resample::Keep);
        let mut resnet = |j: usize| {
            let named = named.child("resnets").into_child(j);
            Resnet::load(named, gathered, builder.common(), &plan)
        };
        let resnets = [resnet(0), resnet(1)];
        let attention = builder.config.add_attention.then(|| {
            let named = named.child("attentions").into_child(0);
            Attention::load(named, builder.attention(channels))
        });
        Self { resnets, attention }
    }

    pub(super) fn describe(&self) -> Vec<String> {
        let resnets = self.resnets.iter().flat_map(Resnet::describe);
        resnets.chain(self.attention.iter().map(Attention::describe)).collect()
    }

    pub(super) fn run(&self, x: &Map, told: Told<'_>, arena: &Arena) -> Map {
        let mut y = self.resnets[0].run(&[x], told, arena);
        if let Some(attention) = &self.attention {
            y = attention.run(y, arena);
        }
        let out = self.resnets[1].run(&[&y], told, arena);
        arena.give(y.data);
        out
    }
}

/// One level on the way up.
#[derive(Debug)]
pub(super) struct Up {
    resnets: Vec<Resnet>,
    attentions: Vec<Attention>,
    change: Option<Change>,
    /// What is added to the picture.
    added: Option<(Norm, Conv3)>,
    has_picture: bool,
    output: Shape,
}

impl Up {
    pub(super) fn load(
        mut named: Parameters<'_>,
        gathered: &mut Gathered,
        builder: Builder<'_>,
        level: usize,
        shape: Shape,
    ) -> Self {
        let config = builder.config;
        let kind = config.up_block_types[level];
        let has_picture = kind.has_picture();
        let builder = builder.beside(has_picture);
        let common = builder.common();
        let to = config.block_out_channels[config.levels() - 1 - level];
        let mut resnets = Vec::new();
        for (j, [stem, skip]) in config.joined_channels(level).into_iter().enumerate() {
            let plan = builder.resnet(shape, &[stem, skip], to, Resample::Keep);
            let groups = if has_picture {
                [groups_of_joined(kind, stem, skip), plan.groups[1]]
            } else {
                plan.groups
            };
            let named = named.child("resnets").into_child(j);
            resnets.push(Resnet::load(named, gathered, common, &Plan { groups, ..plan }));
        }
        let attentions = match (kind.has_attention(), has_picture) {
            (false, _) => 0,
            (true, false) => resnets.len(),
            (true, true) => 1,
        };
        let attention = |j: usize| {
            let named = named.child("attentions").into_child(j);
            Attention::load(named, builder.attention(to))
        };
        let attentions = (0..attentions).map(attention).collect();
        let here = shape.with_channels(to);
        let is_last = level + 1 == config.levels();
        let resampled = |resample| builder.resnet(here, &[to], to, resample);
        let by_resnet = kind == UpBlock::ResnetUpsampleBlock2D
            || (kind.has_attention() && config.upsample_type == Resampling::Resnet);
        let added = if has_picture && !is_last {
            let groups = groups_by_width(to);
            let norm = Norm::load(&mut named.child("skip_norm"), groups, to, config.norm_eps);
            let mut named = named.child("skip_conv");
            Some((norm, Conv3::load(&mut named, here, config.out_channels, Motion::Same)))
        } else {
            None
        };
        let change = if is_last {
            None
        } else if has_picture {
            let plan = resampled(Resample::FilterUp);
            let resnet = Resnet::load(named.child("resnet_up"), gathered, common, &plan);
            Some(Change::Resnet(Box::new(resnet)))
        } else if by_resnet {
            let named = named.child("upsamplers").into_child(0);
            let resnet = Resnet::load(named, gathered, common, &resampled(Resample::Nearest));
            Some(Change::Resnet(Box::new(resnet)))
        } else {
            let mut named = named.child("upsamplers").into_child(0).into_child("conv");
            Some(Change::Conv(Conv3::load(&mut named, here, to, Motion::Repeated)))
        };
        let output = if is_last { here } else { Resample::Nearest.output(here) };
        Self { resnets, attentions, change, added, has_picture, output }
    }

    pub(super) fn output(&self) -> Shape {
        self.output
    }

    pub(super) fn describe(&self) -> Vec<String> {
        let resnets = self.resnets.iter().flat_map(Resnet::describe);
        let attentions = self.attentions.iter().map(Attention::describe);
        resnets.chain(attentions).chain(self.change.iter().flat_map(Change::describe)).collect()
    }

    pub(super) fn run(
        &self,
        mut x: Map,
        told: Told<'_>,
        skips: &mut Vec<Map>,
        picture: &mut Option<Map>,
        arena: &Arena,
    ) -> Map {
        for (j, resnet) in self.resnets.iter().enumerate() {
            let skip = skips.pop().expect("the way down left one map a residual block");
            let y = resnet.run(&[&x, &skip], told, arena);
            arena.give(skip.data);
            arena.give(std::mem::replace(&mut x, y).data);
            // With a picture, the only attention comes after all of them.
            if let Some(attention) = self.attentions.get(j).filter(|_| !self.has_picture) {
                x = attention.run(x, arena);
            }
        }
        if self.has_picture {
            x = self.with_picture(x, picture, arena);
        }
        if let Some(change) = &self.change {
            let y = change.run(&x, told, arena);
            arena.give(std::mem::replace(&mut x, y).data);
        }
        x
    }

    fn with_picture(&self, mut x: Map, picture: &mut Option<Map>, arena: &Arena) -> Map {
        for attention in &self.attentions {
            x = attention.run(x, arena);
        }
        if let Some(old) = picture.take() {
            *picture = Some(Resample::FilterUp.run(&old, arena));
            arena.give(old.data);
        }
        if let Some((norm, conv)) = &self.added {
            let affine = norm.affine(&[&x], arena);
            let before = Before { affine: Some(&affine), activation: Some(Activation::Silu) };
            let after = After { residual: picture.as_ref().map(Map::view), ..After::NOTHING };
            let sum = conv.run(&[&x], before, after, arena);
            arena.give(affine.data);
            picture.replace(sum).into_iter().for_each(|old| arena.give(old.data));
        }
        x
    }
}
