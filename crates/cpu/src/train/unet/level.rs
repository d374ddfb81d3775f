//! The levels of a U-Net: down, middle, up.

use ancestral_format::{Activation, groups_by_width};

use super::Back;
use super::resnet::{self, Resnet};
use crate::conv::{After, Motion};
use crate::map::Map;
use crate::norm::Before;
use crate::parameters::Parameters;
use crate::train::conditioning::Conditioned;
use crate::train::layer::attention::{self, Attention, rows};
use crate::train::layer::conv3::{Conv3, Input};
use crate::train::layer::norm::{Gradients, Norm, Normed};
use crate::train::layer::pointwise::Pointwise;
use crate::train::run::Run;
use crate::unet::plan::{self, Level};
use crate::unet::resample::Resample;
use crate::unet::resnet::Common;

/// What changes the resolution at the end of a level.
#[derive(Debug)]
enum Change {
    Conv(Conv3),
    Resnet(Box<Resnet>),
}

impl Change {
    fn new(
        named: &mut Parameters<'_>,
        blocks: &mut Vec<Pointwise>,
        common: Common,
        level: &Level,
    ) -> Option<Self> {
        Some(match level.change.as_ref()? {
            plan::Change::Conv(name, motion) => {
                let (here, to) = (level.here, level.here.channels);
                Self::Conv(Conv3::new(&mut named.child(name), here, to, *motion))
            }
            plan::Change::Resnet(name, plan) => {
                Self::Resnet(Box::new(Resnet::new(named.child(name), blocks, common, plan)))
            }
        })
    }

    fn forward(
        &self,
        run: Run<'_>,
        x: &Map,
        conditioned: &Conditioned,
    ) -> (Map, Option<resnet::Kept>) {
        match self {
            Self::Conv(conv) => {
                let input = Input { sources: &[x.view()], before: Before::NOTHING };
                (conv.forward(run, input, After::NOTHING), None)
            }
            Self::Resnet(resnet) => {
                let (y, kept) = resnet.forward(run, &[x], conditioned);
                (y, Some(kept))
            }
        }
    }

    /// The gradient of the input, added to what there is of it.
    fn backward(
        &self,
        back: &mut Back<'_>,
        x: &Map,
        kept: Option<resnet::Kept>,
        dy: Map,
        dx: Option<Map>,
    ) -> Map {
        match (self, kept) {
            (Self::Resnet(resnet), Some(kept)) => {
                only(resnet.backward(back, &[x], kept, dy, vec![dx]))
            }
            (Self::Conv(conv), _) => {
                let input = Input { sources: &[x.view()], before: Before::NOTHING };
                conv.parameter_gradients(back.run, input, &dy, back.gradients);
                let mut found = conv.input_gradient(back.run, &dy);
                back.run.arena.give(dy.data);
                if let Some(known) = dx {
                    found.add(&known);
                    back.run.arena.give(known.data);
                }
                found
            }
            (Self::Resnet(_), None) => unreachable!("a residual block keeps something"),
        }
    }
}

/// The residual blocks of a level and its attentions.
fn layers(
    named: &mut Parameters<'_>,
    blocks: &mut Vec<Pointwise>,
    common: Common,
    plan: &Level,
) -> (Vec<Resnet>, Vec<Attention>) {
    let resnets = plan.resnets.iter().enumerate();
    let resnets = resnets
        .map(|(j, plan)| {
            Resnet::new(named.child(format_args!("resnets.{j}")), blocks, common, plan)
        })
        .collect();
    let attentions = plan.attentions.iter().enumerate();
    let attentions = attentions
        .map(|(j, plan)| Attention::new(named.child(format_args!("attentions.{j}")), *plan));
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

/// What the backward pass of a [`Down`] needs, beside the maps that it leaves.
#[derive(Debug, Default)]
pub(super) struct DownKept {
    resnets: Vec<resnet::Kept>,
    attentions: Vec<attention::Kept>,
    change: Option<resnet::Kept>,
    /// The halved picture.
    picture: Option<Map>,
}

impl Down {
    pub(super) fn new(
        mut named: Parameters<'_>,
        blocks: &mut Vec<Pointwise>,
        common: Common,
        plan: &Level,
        picture: usize,
    ) -> Self {
        let (resnets, attentions) = layers(&mut named, blocks, common, plan);
        let change = Change::new(&mut named, blocks, common, plan);
        let picture = (plan.has_picture && change.is_some()).then(|| {
            Pointwise::one_by_one(&mut named.child("skip_conv"), picture, plan.here.channels)
        });
        Self { resnets, attentions, change, picture }
    }

    /// Continues from the last of `skips`, and pushes the results there.
    pub(super) fn forward(
        &self,
        run: Run<'_>,
        conditioned: &Conditioned,
        skips: &mut Vec<Map>,
        picture: &mut Option<Map>,
    ) -> DownKept {
        let mut kept = DownKept::default();
        for (j, resnet) in self.resnets.iter().enumerate() {
            let (mut y, of_resnet) = resnet.forward(run, &[last(skips)], conditioned);
            kept.resnets.push(of_resnet);
            if let Some(attention) = self.attentions.get(j) {
                let (z, of_attention) = attention.forward(run, y);
                kept.attentions.push(of_attention);
                y = z;
            }
            skips.push(y);
        }
        if let Some(change) = &self.change {
            let (mut y, of_change) = change.forward(run, last(skips), conditioned);
            kept.change = of_change;
            if let (Some(conv), Some(whole)) = (&self.picture, picture.take()) {
                let halved = Resample::FilterDown.run(&whole, run.arena);
                let mut sum = run.arena.map(y.rows, y.shape);
                conv.forward(run, &[rows(&halved)], (&y.data, 1.0), &mut sum.data);
                run.arena.give(std::mem::replace(&mut y, sum).data);
                let mut copy = run.arena.map(halved.rows, halved.shape);
                copy.data.copy_from_slice(&halved.data);
                *picture = Some(copy);
                kept.picture = Some(halved);
                run.arena.give(whole.data);
            }
            skips.push(y);
        }
        kept
    }

    /// Takes what it left from `skips`, and its gradients, the last whole, from `d_skips`, where the
    /// whole gradient of what it went on from is left.
    pub(super) fn backward(
        &self,
        back: &mut Back<'_>,
        mut kept: DownKept,
        skips: &mut Vec<Map>,
        d_skips: &mut Vec<Map>,
    ) {
        let arena = back.run.arena;
        let next = |skips: &mut Vec<Map>, d_skips: &mut Vec<Map>| {
            arena.give(skips.pop().expect("a map a layer").data);
            d_skips.pop().expect("a gradient a map")
        };
        if let Some(change) = &self.change {
            let dy = next(skips, d_skips);
            if let (Some(conv), Some(picture)) = (&self.picture, kept.picture.take()) {
                let (x, positions) = ([rows(&picture)], dy.shape.positions());
                conv.parameter_gradients(back.run, &x, &dy.data, positions, back.gradients);
                arena.give(picture.data);
            }
            let dx = d_skips.pop();
            d_skips.push(change.backward(back, last(skips), kept.change.take(), dy, dx));
        }
        for (j, resnet) in self.resnets.iter().enumerate().rev() {
            let mut dy = next(skips, d_skips);
            if let Some(attention) = self.attentions.get(j) {
                let kept = kept.attentions.pop().expect("one an attention");
                dy = attention.backward(back.run, kept, dy, back.gradients);
            }
            let of_resnet = kept.resnets.pop().expect("one a residual block");
            let dx = vec![d_skips.pop()];
            d_skips.push(only(resnet.backward(back, &[last(skips)], of_resnet, dy, dx)));
        }
    }
}

/// The coarsest level.
#[derive(Debug)]
pub(super) struct Mid {
    resnets: Vec<Resnet>,
    attention: Option<Attention>,
}

/// What the backward pass of a [`Mid`] needs.
#[derive(Debug)]
pub(super) struct MidKept {
    resnets: [resnet::Kept; 2],
    attention: Option<attention::Kept>,
    /// Between the residual blocks.
    y: Map,
}

impl Mid {
    pub(super) fn new(
        mut named: Parameters<'_>,
        blocks: &mut Vec<Pointwise>,
        common: Common,
        plan: &Level,
    ) -> Self {
        let (resnets, attentions) = layers(&mut named, blocks, common, plan);
        Self { resnets, attention: attentions.into_iter().next() }
    }

    pub(super) fn forward(
        &self,
        run: Run<'_>,
        conditioned: &Conditioned,
        x: &Map,
    ) -> (Map, MidKept) {
        let (mut y, first) = self.resnets[0].forward(run, &[x], conditioned);
        let mut kept = None;
        if let Some(attention) = &self.attention {
            let (z, of_attention) = attention.forward(run, y);
            (y, kept) = (z, Some(of_attention));
        }
        let (out, second) = self.resnets[1].forward(run, &[&y], conditioned);
        (out, MidKept { resnets: [first, second], attention: kept, y })
    }

    /// The gradient of the input, added to `dx`.
    pub(super) fn backward(
        &self,
        back: &mut Back<'_>,
        kept: MidKept,
        x: &Map,
        dy: Map,
        dx: Option<Map>,
    ) -> Map {
        let MidKept { resnets: [first, second], attention, y } = kept;
        let mut d = only(self.resnets[1].backward(back, &[&y], second, dy, vec![None]));
        back.run.arena.give(y.data);
        if let (Some(attention), Some(kept)) = (&self.attention, attention) {
            d = attention.backward(back.run, kept, d, back.gradients);
        }
        only(self.resnets[0].backward(back, &[x], first, d, vec![dx]))
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

/// What the backward pass of an [`Up`] needs, beside the maps of the down path.
#[derive(Debug, Default)]
pub(super) struct UpKept {
    /// The input of each residual block, and the change at the end.
    sources: Vec<Map>,
    resnets: Vec<resnet::Kept>,
    attentions: Vec<attention::Kept>,
    added: Option<Normed>,
    change: Option<resnet::Kept>,
    /// Whether there was a picture before.
    had_picture: bool,
}

impl Up {
    pub(super) fn new(
        mut named: Parameters<'_>,
        blocks: &mut Vec<Pointwise>,
        common: Common,
        plan: &Level,
        picture: usize,
    ) -> Self {
        let (resnets, attentions) = layers(&mut named, blocks, common, plan);
        let change = Change::new(&mut named, blocks, common, plan);
        let added = (plan.has_picture && change.is_some()).then(|| {
            let (channels, epsilon) = (plan.here.channels, common.epsilon);
            let groups = groups_by_width(channels);
            let norm = Norm::new(&mut named.child("skip_norm"), groups, channels, epsilon);
            let mut named = named.child("skip_conv");
            (norm, Conv3::new(&mut named, plan.here, picture, Motion::Same))
        });
        Self { resnets, attentions, change, added, has_picture: plan.has_picture }
    }

    /// How many maps of the down path it takes.
    pub(super) fn skips(&self) -> usize {
        self.resnets.len()
    }

    /// Takes its maps of the down path from the end of `skips`.
    pub(super) fn forward(
        &self,
        run: Run<'_>,
        conditioned: &Conditioned,
        mut x: Map,
        skips: &[Map],
        picture: &mut Option<Map>,
    ) -> (Map, UpKept) {
        let mut kept = UpKept::default();
        let mut skips = skips.iter().rev();
        for (j, resnet) in self.resnets.iter().enumerate() {
            let skip = skips.next().expect("the down path left one map per residual block");
            let (y, of_resnet) = resnet.forward(run, &[&x, skip], conditioned);
            kept.resnets.push(of_resnet);
            kept.sources.push(std::mem::replace(&mut x, y));
            // With a picture, the only attention is after all of them.
            if let Some(attention) = self.attentions.get(j).filter(|_| !self.has_picture) {
                x = attend(attention, run, x, &mut kept);
            }
        }
        if self.has_picture {
            x = self.add_to_picture(run, x, picture, &mut kept);
        }
        if let Some(change) = &self.change {
            let (y, of_change) = change.forward(run, &x, conditioned);
            kept.change = of_change;
            kept.sources.push(std::mem::replace(&mut x, y));
        }
        (x, kept)
    }

    fn add_to_picture(
        &self,
        run: Run<'_>,
        mut x: Map,
        picture: &mut Option<Map>,
        kept: &mut UpKept,
    ) -> Map {
        for attention in &self.attentions {
            x = attend(attention, run, x, kept);
        }
        kept.had_picture = picture.is_some();
        if let Some(old) = picture.take() {
            *picture = Some(Resample::FilterUp.run(&old, run.arena));
            run.arena.give(old.data);
        }
        if let Some((norm, conv)) = &self.added {
            let normed = norm.forward(run, &[&x], Some(Activation::Silu));
            let after = After { residual: picture.as_ref().map(Map::view), ..After::NOTHING };
            let sum =
                conv.forward(run, Input { sources: &[x.view()], before: normed.before() }, after);
            kept.added = Some(normed);
            picture.replace(sum).into_iter().for_each(|old| run.arena.give(old.data));
        }
        x
    }

    /// The gradient of its input; the gradients of the maps of the down path are pushed to `d_skips`.
    pub(super) fn backward(
        &self,
        back: &mut Back<'_>,
        mut kept: UpKept,
        mut dy: Map,
        skips: &[Map],
        (d_skips, d_picture): (&mut Vec<Map>, &mut Option<Map>),
    ) -> Map {
        let arena = back.run.arena;
        if let Some(change) = &self.change {
            let x = kept.sources.pop().expect("what the change read");
            dy = change.backward(back, &x, kept.change.take(), dy, None);
            self.added_backward(back, &mut kept, &x, &mut dy, d_picture.as_ref());
            arena.give(x.data);
        }
        if self.has_picture {
            let whole = d_picture.take();
            *d_picture = whole
                .as_ref()
                .filter(|_| kept.had_picture)
                .map(|dy| Resample::FilterUp.adjoint(dy, arena));
            if let Some(map) = whole {
                arena.give(map.data);
            }
            for (attention, kept) in self.attentions.iter().zip(kept.attentions.drain(..)).rev() {
                dy = attention.backward(back.run, kept, dy, back.gradients);
            }
        }
        for (j, (resnet, skip)) in self.resnets.iter().zip(skips.iter().rev()).enumerate().rev() {
            if let Some(kept) = kept.attentions.pop() {
                dy = self.attentions[j].backward(back.run, kept, dy, back.gradients);
            }
            let of_resnet = kept.resnets.pop().expect("one a residual block");
            let x = kept.sources.pop().expect("one a residual block");
            let dx = resnet.backward(back, &[&x, skip], of_resnet, dy, vec![None, None]);
            arena.give(x.data);
            let mut dx = dx.into_iter();
            dy = dx.next().expect("a gradient a source");
            d_skips.extend(dx);
        }
        dy
    }

    /// Adds to the gradient of x the part through the picture.
    fn added_backward(
        &self,
        back: &mut Back<'_>,
        kept: &mut UpKept,
        x: &Map,
        dx: &mut Map,
        d_picture: Option<&Map>,
    ) {
        let (Some((norm, conv)), Some(normed), Some(dy)) =
            (&self.added, kept.added.take(), d_picture)
        else {
            return;
        };
        let run = back.run;
        let input = Input { sources: &[x.view()], before: normed.before() };
        conv.parameter_gradients(run, input, dy, back.gradients);
        let mut da = conv.input_gradient(run, dy);
        let dx = Gradients::Add(std::slice::from_mut(dx));
        let sums = norm.backward(run, &[x], &normed, &mut da, dx);
        norm.parameter_gradients(run, &sums, back.gradients);
        run.arena.give(sums.data);
        run.arena.give(da.data);
        normed.give(run.arena);
    }
}

fn attend(attention: &Attention, run: Run<'_>, x: Map, kept: &mut UpKept) -> Map {
    let (y, of_attention) = attention.forward(run, x);
    kept.attentions.push(of_attention);
    y
}

fn last(maps: &[Map]) -> &Map {
    &maps[maps.len() - 1]
}

fn only(maps: Vec<Map>) -> Map {
    maps.into_iter().next().expect("a gradient a source")
}
