//! The levels of a U-Net: down, middle, up.

use ancestral_format::{Activation, groups_by_width};

use super::plan::{self, Level};
use super::resample::Resample;
use super::resnet::{Common, Resnet};
use crate::attention::Attention;
use crate::conv::{After, Conv3, Motion};
use crate::map::{Arena, Map};
use crate::norm::{Before, Norm};
use crate::parameters::Parameters;
use crate::pointwise::Pointwise;
use crate::time::{ConditionedRows, Gathered};

/// What changes the resolution at the end of a level.
#[derive(Debug)]
enum Change {
    Conv(Conv3),
    Resnet(Box<Resnet>),
}

impl Change {
    fn load(
        named: &mut Parameters<'_>,
        gathered: &mut Gathered,
        common: Common,
        level: &Level,
        plan: &plan::Change,
    ) -> Self {
        match plan {
            plan::Change::Conv(name, motion) => {
                let (here, to) = (level.here, level.here.channels);
                Self::Conv(Conv3::load(&mut named.child(name), here, to, *motion))
            }
            plan::Change::Resnet(name, plan) => {
                Self::Resnet(Box::new(Resnet::load(named.child(name), gathered, common, plan)))
            }
        }
    }

    fn run(&self, x: &Map, conditioning: ConditionedRows<'_>, arena: &Arena) -> Map {
        match self {
            Self::Conv(conv) => conv.run(&[x], Before::NOTHING, After::NOTHING, arena),
            Self::Resnet(resnet) => resnet.run(&[x], conditioning, arena),
        }
    }

    fn describe(&self) -> Vec<String> {
        match self {
            Self::Conv(conv) => vec![conv.describe()],
            Self::Resnet(resnet) => resnet.describe(),
        }
    }
}

/// The residual blocks of a level and its attentions.
fn layers(
    named: &mut Parameters<'_>,
    gathered: &mut Gathered,
    common: Common,
    plan: &Level,
) -> (Vec<Resnet>, Vec<Attention>) {
    let resnets = plan.resnets.iter().enumerate().map(|(j, plan)| {
        Resnet::load(named.child(format_args!("resnets.{j}")), gathered, common, plan)
    });
    let resnets = resnets.collect();
    let attentions = plan.attentions.iter().enumerate();
    let attentions = attentions
        .map(|(j, plan)| Attention::load(named.child(format_args!("attentions.{j}")), *plan));
    (resnets, attentions.collect())
}

/// One level of the down path.
#[derive(Debug)]
pub(super) struct Down {
    resnets: Vec<Resnet>,
    attentions: Vec<Attention>,
    change: Option<Change>,
    /// What a halved picture becomes.
    picture: Option<Pointwise>,
}

impl Down {
    pub(super) fn load(
        mut named: Parameters<'_>,
        gathered: &mut Gathered,
        common: Common,
        plan: &Level,
        picture: usize,
    ) -> Self {
        let (resnets, attentions) = layers(&mut named, gathered, common, plan);
        let change = plan.change.as_ref();
        let picture = change.filter(|_| plan.has_picture).map(|_| {
            let (mut named, to) = (named.child("skip_conv"), plan.here.channels);
            let weight = named.take("weight", &[to, picture, 1, 1]);
            Pointwise::new(&weight, named.take("bias", &[to]), &[picture])
        });
        let change = change.map(|change| Change::load(&mut named, gathered, common, plan, change));
        Self { resnets, attentions, change, picture }
    }

    pub(super) fn describe(&self) -> Vec<String> {
        let resnets = self.resnets.iter().flat_map(Resnet::describe);
        let attentions = self.attentions.iter().map(Attention::describe);
        resnets.chain(attentions).chain(self.change.iter().flat_map(Change::describe)).collect()
    }

    /// Continues from the last of `skips`, and pushes the results there.
    pub(super) fn run(
        &self,
        conditioning: ConditionedRows<'_>,
        skips: &mut Vec<Map>,
        picture: &mut Map,
        arena: &Arena,
    ) {
        let last = |skips: &[Map]| skips.len() - 1;
        for (j, resnet) in self.resnets.iter().enumerate() {
            let mut y = resnet.run(&[&skips[last(skips)]], conditioning, arena);
            if let Some(attention) = self.attentions.get(j) {
                y = attention.run(y, arena);
            }
            skips.push(y);
        }
        if let Some(change) = &self.change {
            let mut y = change.run(&skips[last(skips)], conditioning, arena);
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
        common: Common,
        plan: &Level,
    ) -> Self {
        let (resnets, attentions) = layers(&mut named, gathered, common, plan);
        let resnets = resnets.try_into().expect("the plan has two");
        Self { resnets, attention: attentions.into_iter().next() }
    }

    pub(super) fn describe(&self) -> Vec<String> {
        let resnets = self.resnets.iter().flat_map(Resnet::describe);
        resnets.chain(self.attention.iter().map(Attention::describe)).collect()
    }

    pub(super) fn run(&self, x: &Map, conditioning: ConditionedRows<'_>, arena: &Arena) -> Map {
        let mut y = self.resnets[0].run(&[x], conditioning, arena);
        if let Some(attention) = &self.attention {
            y = attention.run(y, arena);
        }
        let out = self.resnets[1].run(&[&y], conditioning, arena);
        arena.give(y.data);
        out
    }
}

/// One level of the up path.
#[derive(Debug)]
pub(super) struct Up {
    resnets: Vec<Resnet>,
    attentions: Vec<Attention>,
    change: Option<Change>,
    /// What is added to the picture.
    added: Option<(Norm, Conv3)>,
    has_picture: bool,
}

impl Up {
    pub(super) fn load(
        mut named: Parameters<'_>,
        gathered: &mut Gathered,
        common: Common,
        plan: &Level,
        picture: usize,
    ) -> Self {
        let (resnets, attentions) = layers(&mut named, gathered, common, plan);
        let change = plan.change.as_ref();
        let added = change.filter(|_| plan.has_picture).map(|_| {
            let (channels, epsilon) = (plan.here.channels, common.epsilon);
            let groups = groups_by_width(channels);
            let norm = Norm::load(&mut named.child("skip_norm"), groups, channels, epsilon);
            let mut named = named.child("skip_conv");
            (norm, Conv3::load(&mut named, plan.here, picture, Motion::Same))
        });
        let change = change.map(|change| Change::load(&mut named, gathered, common, plan, change));
        Self { resnets, attentions, change, added, has_picture: plan.has_picture }
    }

    pub(super) fn describe(&self) -> Vec<String> {
        let resnets = self.resnets.iter().flat_map(Resnet::describe);
        let attentions = self.attentions.iter().map(Attention::describe);
        resnets.chain(attentions).chain(self.change.iter().flat_map(Change::describe)).collect()
    }

    pub(super) fn run(
        &self,
        mut x: Map,
        conditioning: ConditionedRows<'_>,
        skips: &mut Vec<Map>,
        picture: &mut Option<Map>,
        arena: &Arena,
    ) -> Map {
        for (j, resnet) in self.resnets.iter().enumerate() {
            let skip = skips.pop().expect("the down path left one map per residual block");
            let y = resnet.run(&[&x, &skip], conditioning, arena);
            arena.give(skip.data);
            arena.give(std::mem::replace(&mut x, y).data);
            // With a picture, the only attention is after all of them.
            if let Some(attention) = self.attentions.get(j).filter(|_| !self.has_picture) {
                x = attention.run(x, arena);
            }
        }
        if self.has_picture {
            x = self.with_picture(x, picture, arena);
        }
        if let Some(change) = &self.change {
            let y = change.run(&x, conditioning, arena);
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
