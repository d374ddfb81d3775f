//! The residual block.

use ancestral_format::{Activation, TimeScaleShift};

use super::resample::Resample;
use crate::attention::applied;
use crate::conv::{After, Conv3, Motion};
use crate::map::{Arena, Map, Shape};
use crate::norm::{Before, Norm};
use crate::parameters::Parameters;
use crate::pointwise::Pointwise;
use crate::time::{ConditionedRows, Gathered};

/// Two convolutions with the time brought in between them, around a shortcut.
#[derive(Debug)]
pub(super) struct Resnet {
    norm1: Norm,
    conv1: Conv3,
    norm2: Norm,
    conv2: Conv3,
    shortcut: Option<Pointwise>,
    /// Where its part of the conditioning begins.
    conditioning: usize,
    scale: f64,
    resample: Resample,
    activation: Activation,
    shift: TimeScaleShift,
}

/// What residual blocks of one network have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Common {
    pub time_width: usize,
    pub epsilon: f64,
    pub activation: Activation,
    pub shift: TimeScaleShift,
}

/// The properties of a residual block.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Of the input, the sources together.
    pub shape: Shape,
    /// Channels of each source.
    pub sources: Vec<usize>,
    pub to: usize,
    pub groups: [usize; 2],
    pub resample: Resample,
    pub convolves_shortcut: bool,
    pub scale: f64,
}

impl Plan {
    /// What the first convolution reads, and how it moves: repeating is folded into it, other
    /// resampling is done before it.
    pub(crate) fn first_convolution(&self) -> (Shape, Motion) {
        match self.resample {
            Resample::Nearest => (self.shape, Motion::Repeated),
            Resample::Keep | Resample::Mean | Resample::FilterDown | Resample::FilterUp => {
                (self.resample.output(self.shape), Motion::Same)
            }
        }
    }

    /// Whether the shortcut has weights.
    pub(crate) fn has_shortcut(&self) -> bool {
        self.shape.channels != self.to || self.convolves_shortcut
    }
}

impl Resnet {
    pub(super) fn load(
        mut named: Parameters<'_>,
        gathered: &mut Gathered,
        common: Common,
        plan: &Plan,
    ) -> Self {
        let (from, to) = (plan.shape.channels, plan.to);
        let Common { time_width, epsilon, activation, shift } = common;
        let output = plan.resample.output(plan.shape);
        let (input, motion) = plan.first_convolution();
        let conditioning = match shift {
            TimeScaleShift::Default => to,
            TimeScaleShift::ScaleShift => 2 * to,
        };
        let shortcut = if plan.has_shortcut() {
            let mut named = named.child("conv_shortcut");
            let weight = named.take("weight", &[to, from, 1, 1]);
            let tiles = named.tiles(from, to);
            Some(Pointwise::on(tiles, &weight, named.take("bias", &[to]), &plan.sources))
        } else {
            None
        };
        Self {
            norm1: Norm::load(&mut named.child("norm1"), plan.groups[0], from, epsilon),
            conv1: Conv3::load(&mut named.child("conv1"), input, to, motion),
            norm2: Norm::load(&mut named.child("norm2"), plan.groups[1], to, epsilon),
            conv2: Conv3::load(
                &mut named.child("conv2"),
                output.with_channels(to),
                to,
                Motion::Same,
            ),
            shortcut,
            conditioning: gathered.add(named.child("time_emb_proj"), time_width, conditioning),
            scale: plan.scale,
            resample: plan.resample,
            activation,
            shift,
        }
    }

    pub(super) fn describe(&self) -> Vec<String> {
        vec![self.conv1.describe(), self.conv2.describe()]
    }

    pub(super) fn run(
        &self,
        sources: &[&Map],
        conditioning: ConditionedRows<'_>,
        arena: &Arena,
    ) -> Map {
        let h = self.first(sources, conditioning, arena);
        let mut affine = self.norm2.affine(&[&h], arena);
        if self.shift == TimeScaleShift::ScaleShift {
            let (time, stride) = conditioning.part(self.conditioning);
            affine.then(time, stride);
        }
        let resampled =
            (self.resample != Resample::Keep).then(|| self.resample.run(sources[0], arena));
        let x: Vec<&Map> = resampled.as_ref().map_or_else(|| sources.to_vec(), |x| vec![x]);
        let shortcut = self.shortcut.as_ref().map(|conv| conv.run(&x, After::NOTHING, arena));
        let residual = shortcut.as_ref().unwrap_or(x[0]);
        let before = Before { affine: Some(&affine), activation: Some(self.activation) };
        let after = After { residual: Some(residual.view()), scale: self.scale, time: None };
        let out = self.conv2.run(&[&h], before, after, arena);
        arena.give(h.data);
        arena.give(affine.data);
        [shortcut, resampled].into_iter().flatten().for_each(|map| arena.give(map.data));
        out
    }

    /// Up to the second normalisation.
    fn first(&self, sources: &[&Map], conditioning: ConditionedRows<'_>, arena: &Arena) -> Map {
        let affine = self.norm1.affine(sources, arena);
        let before = Before { affine: Some(&affine), activation: Some(self.activation) };
        let time =
            (self.shift == TimeScaleShift::Default).then(|| conditioning.part(self.conditioning));
        let after = After { time, ..After::NOTHING };
        let h = match self.resample {
            Resample::Keep | Resample::Nearest => self.conv1.run(sources, before, after, arena),
            Resample::Mean | Resample::FilterDown | Resample::FilterUp => {
                let active = applied(sources[0], before, arena);
                let resampled = self.resample.run(&active, arena);
                let h = self.conv1.run(&[&resampled], Before::NOTHING, after, arena);
                arena.give(active.data);
                arena.give(resampled.data);
                h
            }
        };
        arena.give(affine.data);
        h
    }
}
