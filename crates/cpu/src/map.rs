//! Feature maps, and their memory.

use crate::gemm::Packed;
use crate::pool::{Piece, Pool};
use crate::threads::prelude::*;
use crate::tiles::Line;

/// Values that are one piece of work.
const PIECE: usize = 16_384;

/// Feature maps of a batch, channels last: `[rows, height, width, channels]`.
#[derive(Debug)]
pub(crate) struct Map {
    pub data: Buffer,
    pub rows: usize,
    pub shape: Shape,
}

/// Shape of one feature map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
}

impl Shape {
    pub(crate) fn positions(self) -> usize {
        self.height * self.width
    }

    pub(crate) fn len(self) -> usize {
        self.positions() * self.channels
    }

    pub(crate) fn with_channels(self, channels: usize) -> Self {
        Self { channels, ..self }
    }
}

impl Map {
    /// The map of one row.
    pub(crate) fn row(&self, row: usize) -> &[f32] {
        self.view().row(row)
    }

    /// Multiplies every value.
    pub(crate) fn scale(&mut self, factor: f32) {
        if factor != 1.0 {
            self.data.par_chunks_mut(PIECE).for_each(|x| x.iter_mut().for_each(|x| *x *= factor));
        }
    }

    /// Adds a map of the same shape.
    pub(crate) fn add(&mut self, other: &Self) {
        let pieces = self.data.par_chunks_mut(PIECE).zip(other.data.par_chunks(PIECE));
        pieces.for_each(|(x, y)| x.iter_mut().zip(y).for_each(|(x, y)| *x += y));
    }

    pub(crate) fn view(&self) -> View<'_> {
        View { data: &self.data, shape: self.shape }
    }
}

/// Feature maps in borrowed memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub data: &'a [f32],
    pub shape: Shape,
}

impl<'a> View<'a> {
    pub(crate) fn row(self, row: usize) -> &'a [f32] {
        &self.data[row * self.shape.len()..][..self.shape.len()]
    }

    pub(crate) fn rows(self) -> usize {
        self.data.len() / self.shape.len()
    }
}

/// Some values of the arena's.
#[derive(Debug)]
pub(crate) struct Buffer {
    values: Vec<f32>,
    /// How many of them count.
    length: usize,
}

impl std::ops::Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values[..self.length]
    }
}

impl std::ops::DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values[..self.length]
    }
}

impl Piece for Buffer {
    fn room(&self) -> usize {
        self.values.len()
    }

    fn lend(&mut self, length: usize) {
        self.length = length;
    }

    fn needed(&self) -> usize {
        self.length
    }
}

/// Memory that is reused: the memory of the first pass of a network serves all later passes.
#[derive(Debug)]
pub(crate) struct Arena {
    values: Pool<Buffer>,
    packed: Pool<Packed>,
    lines: Pool<Vec<Line>>,
}

impl Arena {
    pub(crate) const fn new() -> Self {
        // Weights are packed a layer after the other, one at a time, and layers differ.
        Self { values: Pool::new(1.25), packed: Pool::new(3.0), lines: Pool::new(3.0) }
    }

    /// `length` values of no meaning.
    pub(crate) fn take(&self, length: usize) -> Buffer {
        self.values.take(length, || Buffer { values: vec![0.0; length], length })
    }

    /// Gives memory back.
    pub(crate) fn give(&self, buffer: Buffer) {
        self.values.give(buffer);
    }

    /// Room for the right sides of products of so many values.
    pub(crate) fn take_packed(&self, values: usize) -> Packed {
        self.packed.take(values, || Packed::with_room(values))
    }

    /// Gives it back.
    pub(crate) fn give_packed(&self, right: Packed) {
        self.packed.give(right);
    }

    /// At least so many lines of no meaning.
    pub(crate) fn take_lines(&self, count: usize) -> Vec<Line> {
        self.lines.take(count, || vec![Line::default(); count])
    }

    /// Gives them back.
    pub(crate) fn give_lines(&self, lines: Vec<Line>) {
        self.lines.give(lines);
    }

    pub(crate) fn map(&self, rows: usize, shape: Shape) -> Map {
        Map { data: self.take(rows * shape.len()), rows, shape }
    }

    /// Bytes that are free to be used again: all there are, between two passes.
    pub(crate) fn bytes(&self) -> usize {
        (self.values.free() + self.packed.free()) * size_of::<f32>()
            + self.lines.free() * size_of::<Line>()
    }
}
