//! Halving and doubling a feature map without weights.

use crate::map::{Arena, Map, Shape};
use crate::threads::prelude::*;

/// How a residual block changes the resolution of both its branches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resample {
    Keep,
    /// Halved: means of 2 × 2.
    Mean,
    /// Doubled: each value repeated.
    Nearest,
    /// Halved by the filter 1 3 3 1.
    FilterDown,
    /// Doubled by the filter 1 3 3 1.
    FilterUp,
}

impl Resample {
    pub(crate) fn output(self, shape: Shape) -> Shape {
        let (height, width) = match self {
            Self::Keep => (shape.height, shape.width),
            Self::Mean | Self::FilterDown => (shape.height / 2, shape.width / 2),
            Self::Nearest | Self::FilterUp => (shape.height * 2, shape.width * 2),
        };
        Shape { height, width, ..shape }
    }

    /// The positions along an axis of `count` that make up position `i`, with their weights.
    fn taps(self, i: usize, count: usize) -> Vec<(usize, f32)> {
        let taps = match self {
            Self::Keep => vec![(Some(i), 1.0)],
            Self::Mean => vec![(Some(2 * i), 0.5), (Some(2 * i + 1), 0.5)],
            Self::Nearest => vec![(Some(i / 2), 1.0)],
            Self::FilterDown => vec![
                ((2 * i).checked_sub(1), 0.125),
                (Some(2 * i), 0.375),
                (Some(2 * i + 1), 0.375),
                (Some(2 * i + 2), 0.125),
            ],
            Self::FilterUp if i.is_multiple_of(2) => {
                vec![((i / 2).checked_sub(1), 0.25), (Some(i / 2), 0.75)]
            }
            Self::FilterUp => vec![(Some(i / 2), 0.75), (Some(i / 2 + 1), 0.25)],
        };
        let inside =
            |(at, weight): (Option<usize>, f32)| Some((at.filter(|at| *at < count)?, weight));
        taps.into_iter().filter_map(inside).collect()
    }

    /// The gradient of the input, from that of the output.
    pub(crate) fn adjoint(self, dy: &Map, arena: &Arena) -> Map {
        let Shape { height, width, .. } = dy.shape;
        let (height, width) = match self {
            Self::Keep => (height, width),
            Self::Mean | Self::FilterDown => (2 * height, 2 * width),
            Self::Nearest | Self::FilterUp => (height / 2, width / 2),
        };
        let shape = Shape { height, width, ..dy.shape };
        let (down, across) =
            (self.spread(height, dy.shape.height), self.spread(width, dy.shape.width));
        gather(dy, shape, &down, &across, arena)
    }

    /// For each position of `count`, those of `outputs` that it is a part of, with its weight there.
    fn spread(self, count: usize, outputs: usize) -> Vec<Vec<(usize, f32)>> {
        let mut spread = vec![Vec::new(); count];
        for i in 0..outputs {
            for (at, weight) in self.taps(i, count) {
                spread[at].push((i, weight));
            }
        }
        spread
    }

    pub(crate) fn run(self, x: &Map, arena: &Arena) -> Map {
        let shape = self.output(x.shape);
        let down: Vec<_> = (0..shape.height).map(|y| self.taps(y, x.shape.height)).collect();
        let across: Vec<_> = (0..shape.width).map(|at| self.taps(at, x.shape.width)).collect();
        gather(x, shape, &down, &across, arena)
    }
}

/// A map of `shape` whose values are sums over `x` with the weights of their line and column.
fn gather(
    x: &Map,
    shape: Shape,
    down: &[Vec<(usize, f32)>],
    across: &[Vec<(usize, f32)>],
    arena: &Arena,
) -> Map {
    let from = x.shape;
    let mut out = arena.map(x.rows, shape);
    let line = shape.width * shape.channels;
    out.data.par_chunks_exact_mut(line).enumerate().for_each(|(i, line)| {
        let (row, y) = (i / shape.height, i % shape.height);
        for (position, across) in line.chunks_exact_mut(shape.channels).zip(across) {
            position.fill(0.0);
            for &(y, p) in &down[y] {
                for &(at, q) in across {
                    let place = (y * from.width + at) * from.channels;
                    let values = &x.row(row)[place..place + from.channels];
                    position.iter_mut().zip(values).for_each(|(sum, x)| *sum += p * q * x);
                }
            }
        }
    });
    out
}
