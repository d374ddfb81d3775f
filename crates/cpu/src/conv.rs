//! Convolutions with a kernel of 3 × 3.

mod direct;
mod frame;
mod kernels;
mod tiling;
mod winograd;

use crate::gemm::Store;
use crate::map::{Arena, Buffer, Map, Shape, View};
use crate::norm::Before;
use crate::parameters::Parameters;
use crate::round::to_f32;
use crate::threads::{self, prelude::*};
use crate::tiles::{self, Tiles};
use direct::Direct;
use winograd::Winograd;

pub(crate) use frame::Frame;
pub(crate) use kernels::{Kernels, MOST_LANES};
pub(crate) use tiling::{Reuse, Tiling};
pub(crate) use winograd::{Form, Four, Input, Two, is_zero};

/// How a 3 × 3 convolution moves over its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Motion {
    /// Over every position.
    Same,
    /// Over every position of the input with each value repeated.
    Repeated,
    /// Over every other position, with this many zeros before the first; one behind the last.
    Halved {
        /// None or one.
        before: usize,
    },
    /// Over every position, and each 2 × 2 of the output are added: the adjoint of
    /// [`Repeated`](Self::Repeated), by tiles alone.
    Summed,
}

impl Motion {
    /// The shape of the output, without its channels.
    pub(crate) fn output(self, input: Shape) -> Shape {
        match self {
            Self::Same => input,
            Self::Repeated => Shape { height: 2 * input.height, width: 2 * input.width, ..input },
            Self::Halved { .. } | Self::Summed => {
                Shape { height: input.height / 2, width: input.width / 2, ..input }
            }
        }
    }

    /// Positions of the input, as it is read, for one of the output, along a side.
    pub(crate) fn stride(self) -> usize {
        match self {
            Self::Same | Self::Repeated => 1,
            Self::Halved { .. } | Self::Summed => 2,
        }
    }
}

/// A 3 × 3 convolution.
#[derive(Debug)]
pub(crate) struct Conv3 {
    bias: Vec<f32>,
    motion: Motion,
    input: Shape,
    method: Method,
}

#[derive(Debug)]
enum Method {
    Direct(Direct),
    /// F(2×2, 3×3).
    Two(Winograd),
    /// F(4×4, 3×3).
    Four(Winograd),
    /// bf16, directly.
    Tiles(tiles::Conv),
}

/// The additions to the result of a convolution, and its divisor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct After<'a> {
    /// One value per row and channel: `[rows, stride]`; the first of each row belong to this convolution.
    pub time: Option<(&'a [f32], usize)>,
    pub residual: Option<View<'a>>,
    pub scale: f64,
}

impl After<'_> {
    pub(crate) const NOTHING: Self = Self { time: None, residual: None, scale: 1.0 };
}

impl Conv3 {
    pub(crate) fn load(
        named: &mut Parameters<'_>,
        input: Shape,
        to: usize,
        motion: Motion,
    ) -> Self {
        let from = input.channels;
        let weight = named.take("weight", &[to, from, 3, 3]);
        let bias = named.take("bias", &[to]);
        if weight.is_empty() {
            return Self { bias, motion, input, method: Method::Direct(Direct::default()) };
        }
        let kernels = Kernels { weight: &weight, from, to, adjoint: false };
        let (tiles, arena) = (named.tiles(from, to), Arena::new());
        let tiling = Tiling::of(motion, input, to, Reuse::PREDICTION);
        Self::new(kernels, bias, input, motion, (tiles, tiling), &arena)
    }

    /// One of other weights, in memory of the arena's; on tiles, if there are any.
    pub(crate) fn new(
        kernels: Kernels<'_>,
        bias: Vec<f32>,
        input: Shape,
        motion: Motion,
        (tiles, tiling): (Option<Tiles>, Tiling),
        arena: &Arena,
    ) -> Self {
        if let Some(tiles) = tiles {
            let method = Method::Tiles(tiles::Conv::new(tiles, kernels, arena));
            return Self { bias, motion, input, method };
        }
        let cancels = matches!(motion, Motion::Repeated | Motion::Summed);
        let method = match tiling {
            Tiling::Four => Method::Four(Winograd::new(Four, kernels, cancels, arena)),
            Tiling::Two => Method::Two(Winograd::new(Two, kernels, cancels, arena)),
            Tiling::None => Method::Direct(Direct::new(kernels, arena)),
        };
        Self { bias, motion, input, method }
    }

    /// Gives the memory of its weights back.
    pub(crate) fn give(self, arena: &Arena) {
        match self.method {
            Method::Direct(direct) => direct.give(arena),
            Method::Two(winograd) | Method::Four(winograd) => winograd.give(arena),
            Method::Tiles(conv) => conv.give(arena),
        }
    }

    /// What it is and why, in a line.
    pub(crate) fn describe(&self) -> String {
        let output = self.output();
        let (from, to) = (self.input.channels, output.channels);
        let (method, bytes) = match &self.method {
            Method::Direct(direct) => (self.why_direct(), direct.bytes()),
            Method::Two(winograd) => ("F(2×2, 3×3), as positions are few", winograd.bytes()),
            Method::Four(winograd) => ("F(4×4, 3×3)", winograd.bytes()),
            Method::Tiles(conv) => (conv.describe(), conv.bytes()),
        };
        let motion = match self.motion {
            Motion::Same => "",
            Motion::Repeated => ", after repeating",
            Motion::Halved { .. } => ", of stride 2",
            Motion::Summed => ", then adding",
        };
        format!(
            "3×3 {from} → {to} at {}×{}{motion}: {method}, {:.1} MB of weights",
            output.height,
            output.width,
            bytes as f64 / 1e6
        )
    }

    fn why_direct(&self) -> &'static str {
        if self.motion.stride() > 1 {
            "direct, as it strides"
        } else if self.input.channels.min(self.bias.len()) < tiling::LEAST_CHANNELS {
            "direct, as channels are few"
        } else {
            "direct, as positions are very few"
        }
    }

    pub(crate) fn output(&self) -> Shape {
        self.motion.output(self.input).with_channels(self.bias.len())
    }

    /// Convolves `sources`, which are taken for one map, after `before` has been done to them.
    pub(crate) fn run(
        &self,
        sources: &[&Map],
        before: Before<'_>,
        after: After<'_>,
        arena: &Arena,
    ) -> Map {
        let mut out = arena.map(sources[0].rows, self.output());
        let sources: Vec<View<'_>> = sources.iter().map(|source| source.view()).collect();
        self.run_into(&sources, before, after, &mut out.data, arena);
        out
    }

    /// The same into `out`.
    pub(crate) fn run_into(
        &self,
        sources: &[View<'_>],
        before: Before<'_>,
        after: After<'_>,
        out: &mut [f32],
        arena: &Arena,
    ) {
        let (rows, output) = (sources[0].rows(), self.output());
        let (images, lines) = self.piece(rows, output);
        let chunk = images * lines * output.width * output.channels;
        let chunks = output.height / lines;
        let pieces = out.par_chunks_mut(chunk).enumerate().with_max_len(1);
        pieces.for_each(|(i, out)| {
            let (row, first) = (i * images / chunks, i % chunks * lines);
            let images = images.min(rows - row);
            let (motion, side) = (self.motion, self.side());
            let frame = Frame { sources, before, row, images, motion, first, lines, side };
            let offset = self.offset(after, row, images, arena);
            let residual =
                after.residual.map_or(&[][..], |map| &map.data[i * chunk..][..out.len()]);
            let share = lines * output.width;
            let scale = inverse(after.scale);
            let store = Store { offset: &offset, share, residual, scale, accumulate: false };
            match &self.method {
                Method::Direct(direct) => direct.run(&frame, out, store, arena),
                Method::Two(winograd) => winograd.run(Two, &frame, out, store, arena),
                Method::Four(winograd) => winograd.run(Four, &frame, out, store, arena),
                Method::Tiles(conv) => conv.run(&frame, out, store, arena),
            }
            arena.give(offset);
        });
    }

    /// Bias and time of some rows.
    fn offset(&self, after: After<'_>, row: usize, images: usize, arena: &Arena) -> Buffer {
        let mut offset = arena.take(images * self.bias.len());
        for (image, offset) in offset.chunks_exact_mut(self.bias.len()).enumerate() {
            offset.copy_from_slice(&self.bias);
            if let Some((time, stride)) = after.time {
                let time = &time[(row + image) * stride..][..offset.len()];
                offset.iter_mut().zip(time).for_each(|(offset, time)| *offset += time);
            }
        }
        offset
    }

    /// Positions along the side of the tiles that the output is made of.
    fn side(&self) -> usize {
        let added = if self.motion == Motion::Summed { 2 } else { 1 };
        match self.method {
            Method::Direct(_) | Method::Tiles(_) => 1,
            Method::Two(_) => 2 / added,
            Method::Four(_) => 4 / added,
        }
    }

    /// One piece of work: how many rows, and how many lines of each. Small maps are put together, so
    /// that weights are read less often; a map is cut if the threads would run out of rows.
    fn piece(&self, rows: usize, output: Shape) -> (usize, usize) {
        let threads = threads::current_num_threads();
        let most = (POSITIONS / output.positions()).max(1);
        let images = rows.div_ceil(rows.div_ceil(most).next_multiple_of(threads));
        let least = self.side();
        let mut lines = output.height;
        while rows * (output.height / lines) < threads
            && lines.is_multiple_of(2)
            && lines / 2 >= least
            && (lines / 2).is_multiple_of(least)
        {
            lines /= 2;
        }
        (images, lines)
    }
}

/// Positions in a piece of work, about.
const POSITIONS: usize = 1024;

/// What values are multiplied by that are divided by `scale`.
pub(crate) fn inverse(scale: f64) -> f32 {
    to_f32(1.0 / scale)
}

#[cfg(test)]
mod tests;
