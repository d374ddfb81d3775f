//! The 3 × 3 convolution.

mod weight_gradient;

use crate::conv::{self, After, Kernels, Motion, Reuse, Tiling};
use crate::map::{Map, Shape, View};
use crate::norm::Before;
use crate::parameters::{Parameters, Place};
use crate::threads::prelude::*;
use crate::tiles::Tiles;
use crate::train::run::Run;
use crate::train::tree;

/// A 3 × 3 convolution whose weights change.
///
/// # Formula
/// ```text
/// y[r, i, j, o] = b[o] + Σ_(p, q, c) x′[r, s i + p, s j + q, c] w[o, c, p, q]
/// dw[o, c, p, q] = Σ_(r, i, j) dy[r, i, j, o] x′[r, s i + p, s j + q, c],     db[o] = Σ dy[…, o]
/// ```
/// with x′ the input after what [`Motion`] does to it, zeros around it, and s the stride.
/// # Source
/// Winograd's method for gradients: Lavin and Gray 2016, arXiv:1509.09308, section 4.
#[derive(Debug)]
pub(crate) struct Conv3 {
    weight: Place,
    bias: Place,
    input: Shape,
    to: usize,
    motion: Motion,
    /// What computes its products, if they are in bf16.
    tiles: Option<Tiles>,
}

/// What a convolution reads: maps side by side, after what is done to them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'a> {
    pub sources: &'a [View<'a>],
    pub before: Before<'a>,
}

impl Conv3 {
    pub(crate) fn new(named: &mut Parameters<'_>, input: Shape, to: usize, motion: Motion) -> Self {
        let weight = named.place("weight", &[to, input.channels, 3, 3]);
        let tiles = named.tiles(input.channels, to);
        Self { weight, bias: named.place("bias", &[to]), input, to, motion, tiles }
    }

    pub(crate) fn output(&self) -> Shape {
        self.motion.output(self.input).with_channels(self.to)
    }

    pub(crate) fn forward(&self, run: Run<'_>, input: Input<'_>, after: After<'_>) -> Map {
        let (weight, from) = (self.weight.of(run.weights), self.input.channels);
        let kernels = Kernels { weight, from, to: self.to, adjoint: false };
        let bias = self.bias.of(run.weights).to_vec();
        let (tiles, arena) = (self.tiles, run.arena);
        let tiling = Tiling::of(self.motion, self.input, self.to, Reuse::TRAINING);
        let conv = conv::Conv3::new(kernels, bias, self.input, self.motion, (tiles, tiling), arena);
        let mut out = run.arena.map(input.sources[0].rows(), self.output());
        conv.run_into(input.sources, input.before, after, &mut out.data, run.arena);
        conv.give(run.arena);
        out
    }

    /// Writes the gradients of weights and bias, from that of the output.
    pub(crate) fn parameter_gradients(
        &self,
        run: Run<'_>,
        input: Input<'_>,
        dy: &Map,
        gradients: &mut [f32],
    ) {
        self.weight_gradient(run, input, dy, gradients);
        let mut sums = run.arena.take(dy.rows * self.to);
        let rows = sums.par_chunks_exact_mut(self.to).zip(dy.data.par_chunks_exact(dy.shape.len()));
        rows.for_each(|(sums, dy)| crate::train::column_sums(dy, sums));
        self.bias_gradient(run, &sums, gradients);
        run.arena.give(sums);
    }

    /// Writes the gradient of the weights.
    pub(crate) fn weight_gradient(
        &self,
        run: Run<'_>,
        input: Input<'_>,
        dy: &Map,
        gradients: &mut [f32],
    ) {
        weight_gradient::write(self, run, input, dy, self.weight.of_mut(gradients));
    }

    /// Writes the gradient of the bias, from the sums of that of the output over the positions of each
    /// row.
    pub(crate) fn bias_gradient(&self, run: Run<'_>, sums: &[f32], gradients: &mut [f32]) {
        tree::sum_rows(sums, run.leaf, self.bias.of_mut(gradients));
    }

    /// The gradient of the input, from that of the output.
    pub(crate) fn input_gradient(&self, run: Run<'_>, dy: &Map) -> Map {
        let from = self.input.channels;
        let weight = self.weight.of(run.weights);
        let kernels = Kernels { weight, from: self.to, to: from, adjoint: true };
        let wide = match self.motion {
            Motion::Same | Motion::Repeated => self.output(),
            Motion::Halved { .. } | Motion::Summed => self.input.with_channels(self.to),
        };
        let tiling = Tiling::of(Motion::Same, wide, from, Reuse::TRAINING);
        let sums =
            self.motion == Motion::Repeated && self.tiles.is_none() && tiling != Tiling::None;
        let (tiles, bias) = (self.tiles, vec![0.0; from]);
        let motion = if sums { Motion::Summed } else { Motion::Same };
        let conv = conv::Conv3::new(kernels, bias, wide, motion, (tiles, tiling), run.arena);
        let adjoint = |dy: &[f32]| {
            let mut dx = run.arena.map(dy.len() / wide.len(), conv.output());
            let source = View { data: dy, shape: wide };
            conv.run_into(&[source], Before::NOTHING, After::NOTHING, &mut dx.data, run.arena);
            dx
        };
        let dx = match self.motion {
            Motion::Repeated if !sums => {
                let wide = adjoint(&dy.data);
                let mut dx = run.arena.map(dy.rows, self.input);
                fold(&wide.data, self.input.width, from, &mut dx.data);
                run.arena.give(wide.data);
                dx
            }
            Motion::Halved { before } => {
                let mut spread = run.arena.take(dy.rows * wide.len());
                // What the kernel's middle met: position 2i + 1 − before.
                unfold(&dy.data, dy.shape.width, self.to, 1 - before, &mut spread);
                let dx = adjoint(&spread);
                run.arena.give(spread);
                dx
            }
            Motion::Same | Motion::Repeated | Motion::Summed => adjoint(&dy.data),
        };
        conv.give(run.arena);
        dx
    }
}

/// Sums of 2 × 2 positions; `width` and `channels` of the output.
fn fold(x: &[f32], width: usize, channels: usize, out: &mut [f32]) {
    let line = width * channels;
    out.par_chunks_exact_mut(line).zip(x.par_chunks_exact(4 * line)).for_each(|(out, x)| {
        let (above, below) = x.split_at(2 * line);
        let pairs = above.chunks_exact(2 * channels).zip(below.chunks_exact(2 * channels));
        for (out, (above, below)) in out.chunks_exact_mut(channels).zip(pairs) {
            for (c, out) in out.iter_mut().enumerate() {
                *out = (above[c] + above[channels + c]) + (below[c] + below[channels + c]);
            }
        }
    });
}

/// Each position to `skip` of a 2 × 2 of zeros; `width` and `channels` of the input.
fn unfold(x: &[f32], width: usize, channels: usize, skip: usize, out: &mut [f32]) {
    let line = width * channels;
    out.par_chunks_exact_mut(4 * line).zip(x.par_chunks_exact(line)).for_each(|(out, x)| {
        out.fill(0.0);
        let out = &mut out[skip * 2 * line..][..2 * line];
        for (out, x) in out.chunks_exact_mut(2 * channels).zip(x.chunks_exact(channels)) {
            out[skip * channels..][..channels].copy_from_slice(x);
        }
    });
}

#[cfg(test)]
mod tests;
