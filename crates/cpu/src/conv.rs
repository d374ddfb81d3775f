//! Convolutions with a kernel of 3 × 3, or of 1 × 1.

mod direct;
mod frame;
mod kernels;
mod tiling;
mod winograd;

use crate::gemm::{self, Left, Packed, Product, Store};
use crate::map::{Arena, Buffer, Map, Shape, View};
use crate::norm::Before;
use crate::parameters::Parameters;
use crate::tiles::{self, Tiles};
use direct::Direct;
use rayon::prelude::*;
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
    /// Over every position, and each 2 × 2 of what comes out are added: the adjoint of
    /// [`Repeated`](Self::Repeated), by tiles alone.
    Summed,
}

impl Motion {
    /// The shape of what comes out, but for its channels.
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

/// What is added to a convolution, and what it is divided by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct After<'a> {
    /// One value a row and channel: `[rows, stride]`, of which the first are this convolution's.
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
        let threads = rayon::current_num_threads();
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
#[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is the purpose")]
pub(crate) fn inverse(scale: f64) -> f32 {
    (1.0 / scale) as f32
}

/// A 1 × 1 convolution, or a linear layer over each position.
#[derive(Debug)]
pub(crate) struct Pointwise {
    weights: Factors,
    bias: Vec<f32>,
}

#[derive(Debug)]
enum Factors {
    /// One for each source.
    Plain(Vec<Packed>),
    Tiles(tiles::Linear),
}

impl Pointwise {
    /// One on tiles, if there are any, over sources of so many channels.
    pub(crate) fn on(
        tiles: Option<Tiles>,
        weight: &[f32],
        bias: Vec<f32>,
        sources: &[usize],
    ) -> Self {
        let Some(tiles) = tiles else { return Self::new(weight, bias, sources) };
        Self {
            weights: Factors::Tiles(tiles::Linear::new(
                tiles,
                weight,
                bias.len(),
                sources,
                &Arena::new(),
            )),
            bias,
        }
    }

    /// One over sources of so many channels.
    pub(crate) fn new(weight: &[f32], bias: Vec<f32>, sources: &[usize]) -> Self {
        let (to, from) = (bias.len(), sources.iter().sum::<usize>());
        let mut first = 0;
        let weights = sources.iter().map(|&channels| {
            let packed = Packed::new(channels, to, |k, n| weight[n * from + first + k]);
            first += channels;
            packed
        });
        Self { weights: Factors::Plain(weights.collect()), bias }
    }

    pub(crate) fn bytes(&self) -> usize {
        match &self.weights {
            Factors::Plain(weights) => weights.iter().map(Packed::bytes).sum(),
            Factors::Tiles(linear) => linear.bytes(),
        }
    }

    pub(crate) fn columns(&self) -> usize {
        self.bias.len()
    }

    pub(crate) fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// How it is computed, if on tiles.
    pub(crate) fn tiles(&self) -> Option<&'static str> {
        match &self.weights {
            Factors::Plain(_) => None,
            Factors::Tiles(linear) => Some(linear.describe()),
        }
    }

    /// Convolves `sources`, which are taken for one map.
    pub(crate) fn run(&self, sources: &[&Map], after: After<'_>, arena: &Arena) -> Map {
        let (rows, shape) = (sources[0].rows, sources[0].shape.with_channels(self.bias.len()));
        let mut out = arena.map(rows, shape);
        let kernel = match self.weights {
            Factors::Plain(_) => gemm::ROWS,
            Factors::Tiles(_) => tiles::ROWS,
        };
        let chunk = positions_at_once(rows * shape.positions(), kernel) * shape.channels;
        let pieces = out.data.par_chunks_mut(chunk).enumerate().with_max_len(1);
        pieces.for_each(|(i, out)| {
            let first = i * chunk / shape.channels;
            let residual = after.residual.map_or(&[][..], |m| &m.data[i * chunk..][..out.len()]);
            let count = out.len() / shape.channels;
            let weights = match &self.weights {
                Factors::Plain(weights) => weights,
                Factors::Tiles(linear) => {
                    let sources = sources
                        .iter()
                        .map(|source| (some(source, first, count), source.shape.channels));
                    let store = Store { residual, scale: inverse(after.scale), ..self.store() };
                    return linear.run(&sources.collect::<Vec<_>>(), out, store, arena);
                }
            };
            let last = sources.len() - 1;
            for (at, (source, right)) in sources.iter().zip(weights).enumerate() {
                let (data, channels) = (some(source, first, count), source.shape.channels);
                let store = Store {
                    offset: if at == last { &self.bias } else { &[] },
                    share: usize::MAX,
                    residual: if at == last { residual } else { &[] },
                    scale: if at == last { inverse(after.scale) } else { 1.0 },
                    accumulate: at > 0,
                };
                // What is added before must not be scaled again.
                debug_assert!(sources.len() == 1 || after.scale == 1.0, "one source, or no scale");
                Product { left: Left::matrix(data, channels), right: right.right(), out, store }
                    .run();
            }
        });
        out
    }

    /// Applies it to rows of one source.
    pub(crate) fn rows(&self, data: &[f32], out: &mut [f32], arena: &Arena) {
        self.product(data, out, self.store(), arena);
    }

    /// The same, added to what is there.
    pub(crate) fn add_rows(&self, data: &[f32], out: &mut [f32], arena: &Arena) {
        self.product(data, out, Store { accumulate: true, ..self.store() }, arena);
    }

    /// The same with other values in the place of the bias: `[groups, columns]`, one for each `share`
    /// rows.
    pub(crate) fn rows_with(
        &self,
        data: &[f32],
        (offset, share): (&[f32], usize),
        out: &mut [f32],
        arena: &Arena,
    ) {
        self.product(data, out, Store { offset, share, ..Store::PLAIN }, arena);
    }

    fn store(&self) -> Store<'_> {
        Store { offset: &self.bias, ..Store::PLAIN }
    }

    fn product(&self, data: &[f32], out: &mut [f32], store: Store<'_>, arena: &Arena) {
        let length = data.len() * self.bias.len() / out.len();
        match &self.weights {
            Factors::Plain(weights) => {
                let (left, right) = (Left::matrix(data, length), weights[0].right());
                Product { left, right, out, store }.run();
            }
            Factors::Tiles(linear) => linear.run(&[(data, length)], out, store, arena),
        }
    }
}

/// The values of `count` positions of a map.
fn some(map: &Map, first: usize, count: usize) -> &[f32] {
    &map.data[first * map.shape.channels..][..count * map.shape.channels]
}

/// Positions in one piece of work, of so many in all: a multiple of those that a kernel takes, and no
/// more than stay near while they meet one column of weights after the other.
pub(crate) fn positions_at_once(positions: usize, kernel: usize) -> usize {
    const NEAR: usize = 256;
    let pieces = 2 * rayon::current_num_threads();
    positions.div_ceil(pieces).next_multiple_of(kernel).clamp(4 * kernel, NEAR / kernel * kernel)
}

#[cfg(test)]
mod tests;
