//! Convolutions with a kernel of 3 × 3.

mod weight_gradient;

use rayon::prelude::*;

use super::SCRATCH;
use crate::conv::{self, After, Kernels, Motion};
use crate::map::{Shape, View};
use crate::norm::Before;

/// A 3 × 3 convolution of a batch of maps.
///
/// # Formula
/// ```text
/// y[r, i, j, o] = b[o] + Σ_(p, q, c) x′[r, s i + p, s j + q, c] w[o, c, p, q]
/// ```
/// with x′ the input after what [`Motion`] does to it, zeros around it, and s the stride.
/// # Shapes
/// x: `[rows, height, width, from]`, w: `[to, from, 3, 3]`, b: `[to]`,
/// y: `[rows, height′, width′, to]`.
/// # Source
/// Winograd's method for gradients: Lavin and Gray 2016, arXiv:1509.09308, section 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv3 {
    /// Maps.
    pub rows: usize,
    /// Lines of a map of the input; even if the output is halved.
    pub height: usize,
    /// Positions of a line of the input; even if the output is halved.
    pub width: usize,
    /// Channels of the input.
    pub from: usize,
    /// Channels of the output.
    pub to: usize,
    /// How the kernel moves.
    pub motion: Motion,
}

/// What is added to a convolution beside its bias.
#[derive(Clone, Copy, Debug, Default)]
pub struct Added<'a> {
    /// A value a row and channel, `[rows, to]`.
    pub by_row: Option<&'a [f32]>,
    /// A map as the output.
    pub residual: Option<&'a [f32]>,
}

impl Conv3 {
    /// Height and width of the output.
    #[must_use]
    pub fn output(&self) -> [usize; 2] {
        let Shape { height, width, .. } = self.output_shape();
        [height, width]
    }

    fn input_shape(&self) -> Shape {
        Shape { height: self.height, width: self.width, channels: self.from }
    }

    fn output_shape(&self) -> Shape {
        self.motion.output(self.input_shape()).with_channels(self.to)
    }

    /// Convolves `x`, and adds to it.
    ///
    /// # Panics
    /// If a slice has another length than its shape says.
    pub fn forward(
        &self,
        x: &[f32],
        weight: &[f32],
        bias: &[f32],
        added: Added<'_>,
        out: &mut [f32],
    ) {
        self.check(x, weight, out);
        assert_eq!(bias.len(), self.to, "a bias an output channel");
        let kernels = Kernels { weight, from: self.from, to: self.to, adjoint: false };
        let conv =
            conv::Conv3::new(kernels, bias.to_vec(), self.input_shape(), self.motion, &SCRATCH);
        let residual = added.residual.map(|data| View { data, shape: self.output_shape() });
        let time = added.by_row.map(|rows| (rows, self.to));
        let after = After { time, residual, scale: 1.0 };
        let source = View { data: x, shape: self.input_shape() };
        conv.run_into(&[source], Before::NOTHING, after, out, &SCRATCH);
        conv.give(&SCRATCH);
    }

    /// The gradient of the input, from that of the output.
    ///
    /// # Formula
    /// ```text
    /// dx′[r, i, j, c] = Σ_(p, q, o) dy′[r, i + p, j + q, o] w[o, c, 2 − p, 2 − q]
    /// ```
    /// with dy′ the gradient, and zeros around it; between its values, too, if the stride is 2.
    ///
    /// # Panics
    /// If a slice has another length than its shape says.
    pub fn input_gradient(&self, weight: &[f32], dy: &[f32], dx: &mut [f32]) {
        self.check(dx, weight, dy);
        let kernels = Kernels { weight, from: self.to, to: self.from, adjoint: true };
        let output = self.output_shape();
        let wide = match self.motion {
            Motion::Same | Motion::Repeated => output,
            Motion::Halved { .. } => self.input_shape().with_channels(self.to),
        };
        let bias = vec![0.0; self.from];
        let conv = conv::Conv3::new(kernels, bias, wide, Motion::Same, &SCRATCH);
        let run = |dy: &[f32], dx: &mut [f32]| {
            let source = View { data: dy, shape: wide };
            conv.run_into(&[source], Before::NOTHING, After::NOTHING, dx, &SCRATCH);
        };
        match self.motion {
            Motion::Same => run(dy, dx),
            Motion::Repeated => {
                let mut sums = SCRATCH.take(4 * dx.len());
                run(dy, &mut sums);
                fold(&sums, self.width, self.from, dx);
                SCRATCH.give(sums);
            }
            Motion::Halved { before } => {
                let mut spread = SCRATCH.take(4 * dy.len());
                // What the kernel's middle met: position 2i + 1 − before.
                unfold(dy, output.width, self.to, 1 - before, &mut spread);
                run(&spread, dx);
                SCRATCH.give(spread);
            }
        }
        conv.give(&SCRATCH);
    }

    /// The gradient of the weights; see [`column_sums`](super::column_sums) for that of the bias.
    ///
    /// # Formula
    /// ```text
    /// dw[o, c, p, q] = Σ_(r, i, j) dy[r, i, j, o] x′[r, s i + p, s j + q, c]
    /// ```
    ///
    /// # Panics
    /// If a slice has another length than its shape says.
    pub fn weight_gradient(&self, x: &[f32], dy: &[f32], dw: &mut [f32]) {
        self.check(x, dw, dy);
        weight_gradient::run(self, x, dy, dw);
    }

    fn check(&self, x: &[f32], weight: &[f32], y: &[f32]) {
        assert_eq!(x.len(), self.rows * self.input_shape().len(), "values of the input");
        assert_eq!(weight.len(), 9 * self.from * self.to, "values of the weights");
        assert_eq!(y.len(), self.rows * self.output_shape().len(), "values of the output");
    }
}

/// Sums of 2 × 2 positions; `width` and `channels` of what comes out.
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

/// Each position to `skip` of a 2 × 2 of zeros; `width` and `channels` of what goes in.
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
