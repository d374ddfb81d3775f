//! The residual block.

use ancestral_format::{Activation, TimeScaleShift};

use super::Back;
use crate::attention::applied;
use crate::conv::{After, Motion, inverse};
use crate::map::{Buffer, Map, View};
use crate::norm::Before;
use crate::parameters::Parameters;
use crate::train::conditioning::Conditioned;
use crate::train::layer::attention::rows;
use crate::train::layer::conv3::{Conv3, Input};
use crate::train::layer::norm::{Gradients, Norm, Normed, Sums};
use crate::train::layer::pointwise::{Pointwise, Rows};
use crate::train::run::Run;
use crate::unet::resample::Resample;
use crate::unet::resnet::{Common, Plan};

/// Two convolutions with the time added in between, around a shortcut.
#[derive(Debug)]
pub(super) struct Resnet {
    norm1: Norm,
    conv1: Conv3,
    norm2: Norm,
    conv2: Conv3,
    shortcut: Option<Pointwise>,
    /// Which of the conditioning's blocks it is.
    block: usize,
    scale: f64,
    resample: Resample,
    activation: Activation,
    shift: TimeScaleShift,
}

/// What the backward pass needs of a forward pass, beside the sources.
#[derive(Debug)]
pub(super) struct Kept {
    norm1: Normed,
    /// What the first convolution reads, where it is resampled first.
    resampled: Option<Map>,
    h: Map,
    norm2: Normed,
    /// The resampled source.
    shortcut: Option<Map>,
}

impl Resnet {
    /// The block of a plan; what it takes of the conditioning is added to `blocks`.
    pub(super) fn new(
        mut named: Parameters<'_>,
        blocks: &mut Vec<Pointwise>,
        common: Common,
        plan: &Plan,
    ) -> Self {
        let (from, to) = (plan.shape.channels, plan.to);
        let Common { time_width, epsilon, activation, shift } = common;
        let output = plan.resample.output(plan.shape);
        let (input, motion) = plan.first_convolution();
        let shortcut = plan.has_shortcut().then(|| {
            let mut named = named.child("conv_shortcut");
            Pointwise::one_by_one(&mut named, from, to).for_many(&named)
        });
        let conditioning = match shift {
            TimeScaleShift::Default => to,
            TimeScaleShift::ScaleShift => 2 * to,
        };
        blocks.push(Pointwise::new(&mut named.child("time_emb_proj"), time_width, conditioning));
        let inner = output.with_channels(to);
        Self {
            norm1: Norm::new(&mut named.child("norm1"), plan.groups[0], from, epsilon),
            conv1: Conv3::new(&mut named.child("conv1"), input, to, motion),
            norm2: Norm::new(&mut named.child("norm2"), plan.groups[1], to, epsilon),
            conv2: Conv3::new(&mut named.child("conv2"), inner, to, Motion::Same),
            shortcut,
            block: blocks.len() - 1,
            scale: plan.scale,
            resample: plan.resample,
            activation,
            shift,
        }
    }

    pub(super) fn forward(
        &self,
        run: Run<'_>,
        sources: &[&Map],
        conditioned: &Conditioned,
    ) -> (Map, Kept) {
        let arena = run.arena;
        let block = &conditioned.blocks[self.block];
        let stride = block.len() / sources[0].rows;
        let norm1 = self.norm1.forward(run, sources, Some(self.activation));
        let before = norm1.before();
        let resampled = self.resamples_first().then(|| {
            let active = applied(sources[0], before, arena);
            let resampled = self.resample.run(&active, arena);
            arena.give(active.data);
            resampled
        });
        let time = (self.shift == TimeScaleShift::Default).then_some((&block[..], stride));
        let h = with_input(sources, before, resampled.as_ref(), |input| {
            self.conv1.forward(run, input, After { time, ..After::NOTHING })
        });
        let mut norm2 = self.norm2.forward(run, &[&h], Some(self.activation));
        if self.shift == TimeScaleShift::ScaleShift {
            norm2.affine.then(block, stride);
        }
        let shortcut =
            (self.resample != Resample::Keep).then(|| self.resample.run(sources[0], arena));
        let x: Vec<&Map> = shortcut.as_ref().map_or_else(|| sources.to_vec(), |x| vec![x]);
        let projected = self.shortcut.as_ref().map(|conv| {
            let mut out = arena.map(h.rows, h.shape);
            conv.forward(run, &all_rows(&x), (&[], 1.0), &mut out.data);
            out
        });
        let residual = Some(projected.as_ref().unwrap_or(x[0]).view());
        let after = After { residual, scale: self.scale, time: None };
        let input = Input { sources: &[h.view()], before: norm2.before() };
        let out = self.conv2.forward(run, input, after);
        if let Some(map) = projected {
            arena.give(map.data);
        }
        (out, Kept { norm1, resampled, h, norm2, shortcut })
    }

    /// The gradients of the sources, added to what `dx` has for them already.
    pub(super) fn backward(
        &self,
        back: &mut Back<'_>,
        sources: &[&Map],
        kept: Kept,
        mut dy: Map,
        dx: Vec<Option<Map>>,
    ) -> Vec<Map> {
        let (run, arena) = (back.run, back.run.arena);
        let gradients = &mut *back.gradients;
        let Kept { norm1, resampled, h, norm2, shortcut } = kept;
        dy.scale(inverse(self.scale));
        let input = Input { sources: &[h.view()], before: norm2.before() };
        self.conv2.parameter_gradients(run, input, &dy, gradients);
        let mut dh = self.conv2.input_gradient(run, &dy);
        let sums = self.norm2.backward(run, &[&h], &norm2, &mut dh, Gradients::InPlace);
        let block = &back.conditioned.blocks[self.block];
        back.blocks[self.block] = Some(self.told_gradient(run, &sums, block, gradients));
        arena.give(sums.data);
        arena.give(h.data);
        norm2.give(arena);
        with_input(sources, norm1.before(), resampled.as_ref(), |input| {
            self.conv1.weight_gradient(run, input, &dh, gradients);
        });
        let mut da = self.conv1.input_gradient(run, &dh);
        arena.give(dh.data);
        if let Some(map) = resampled {
            arena.give(map.data);
            let adjoint = self.resample.adjoint(&da, arena);
            arena.give(std::mem::replace(&mut da, adjoint).data);
        }
        let mut dx = self.shortcut_backward(back, sources, shortcut, dy, dx);
        let to = Gradients::Add(&mut dx);
        let sums = self.norm1.backward(run, sources, &norm1, &mut da, to);
        self.norm1.parameter_gradients(run, &sums, back.gradients);
        arena.give(sums.data);
        arena.give(da.data);
        norm1.give(arena);
        dx
    }

    /// The part of the gradients of the sources through the shortcut.
    fn shortcut_backward(
        &self,
        back: &mut Back<'_>,
        sources: &[&Map],
        resampled: Option<Map>,
        dy: Map,
        dx: Vec<Option<Map>>,
    ) -> Vec<Map> {
        let (run, arena) = (back.run, back.run.arena);
        let x: Vec<&Map> = resampled.as_ref().map_or_else(|| sources.to_vec(), |x| vec![x]);
        let mut found = Vec::new();
        if let Some(conv) = &self.shortcut {
            let positions = dy.shape.positions();
            conv.parameter_gradients(run, &all_rows(&x), &dy.data, positions, back.gradients);
            let mut first = 0;
            for source in &x {
                let mut map = arena.map(source.rows, source.shape);
                let part = (first, source.shape.channels);
                conv.input_gradient(run, &dy.data, part, false, &mut map.data);
                first += source.shape.channels;
                found.push(map);
            }
            arena.give(dy.data);
        } else {
            found.push(dy);
        }
        if let Some(map) = resampled {
            arena.give(map.data);
            let adjoint = self.resample.adjoint(&found[0], arena);
            arena.give(std::mem::replace(&mut found[0], adjoint).data);
        }
        for (found, known) in found.iter_mut().zip(dx) {
            if let Some(known) = known {
                found.add(&known);
                arena.give(known.data);
            }
        }
        found
    }

    /// The gradient of this block's part of the conditioning, `[rows, columns]`; writes those of the second
    /// normalisation and of the first bias.
    fn told_gradient(
        &self,
        run: Run<'_>,
        sums: &Sums,
        block: &Buffer,
        gradients: &mut [f32],
    ) -> Buffer {
        let to = self.conv1.output().channels;
        let rows = sums.data.len() / (3 * to);
        let (gamma, beta) = (self.norm2.gamma(run), self.norm2.beta(run));
        let mut conditioning = run.arena.take(block.len());
        let mut bias = run.arena.take(rows * to);
        let mut norm = run.arena.take(2 * rows * to);
        let stride = block.len() / rows;
        for row in 0..rows {
            let [g, product, dx] = sums.row(row);
            bias[row * to..][..to].copy_from_slice(dx);
            let conditioning = &mut conditioning[row * stride..][..stride];
            let (d_beta, d_gamma) = norm[2 * row * to..][..2 * to].split_at_mut(to);
            match self.shift {
                TimeScaleShift::Default => {
                    conditioning.copy_from_slice(dx);
                    d_beta.copy_from_slice(g);
                    d_gamma.copy_from_slice(product);
                }
                // z = (γ x̂ + β) (1 + scale) + shift
                TimeScaleShift::ScaleShift => {
                    let scale = &block[row * stride..][..to];
                    let (d_scale, d_shift) = conditioning.split_at_mut(to);
                    for c in 0..to {
                        d_scale[c] = gamma[c].mul_add(product[c], beta[c] * g[c]);
                        d_shift[c] = g[c];
                        d_beta[c] = (1.0 + scale[c]) * g[c];
                        d_gamma[c] = (1.0 + scale[c]) * product[c];
                    }
                }
            }
        }
        self.conv1.bias_gradient(run, &bias, gradients);
        self.norm2.put_gradients(run, &norm, gradients);
        run.arena.give(bias);
        run.arena.give(norm);
        conditioning
    }

    /// Whether the first convolution's input is resampled before it: repeating is folded into it.
    fn resamples_first(&self) -> bool {
        match self.resample {
            Resample::Keep | Resample::Nearest => false,
            Resample::Mean | Resample::FilterDown | Resample::FilterUp => true,
        }
    }
}

/// Calls `f` with the sources after what is done to them, or with the map that has it done.
fn with_input<T>(
    sources: &[&Map],
    before: Before<'_>,
    done: Option<&Map>,
    f: impl FnOnce(Input<'_>) -> T,
) -> T {
    if let Some(map) = done {
        return f(Input { sources: &[map.view()], before: Before::NOTHING });
    }
    let views: Vec<View<'_>> = sources.iter().map(|source| source.view()).collect();
    f(Input { sources: &views, before })
}

fn all_rows<'a>(maps: &[&'a Map]) -> Vec<Rows<'a>> {
    maps.iter().map(|map| rows(map)).collect()
}
