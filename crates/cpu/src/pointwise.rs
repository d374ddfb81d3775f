//! Convolutions with a kernel of 1 × 1.

use crate::conv::{After, inverse};
use crate::gemm::{self, Left, Packed, Product, Store};
use crate::map::{Arena, Map};
use crate::threads::{self, prelude::*};
use crate::tiles::{self, Tiles};

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
    let pieces = 2 * threads::current_num_threads();
    positions.div_ceil(pieces).next_multiple_of(kernel).clamp(4 * kernel, NEAR / kernel * kernel)
}
