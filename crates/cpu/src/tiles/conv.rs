//! A 3 × 3 convolution as one product over patches, on tiles.
//!
//! Tiles of the left side are read where positions are stored: the sixteen lines of a tile are the same
//! 32 channels of sixteen positions, at equal distances. The frame has a plane for each 32 channels,
//! and all taps of a plane follow each other, so that what they share is read from the first cache.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::Tiles;
use super::kernel::TILE;
use super::lines::{self, Line, VALUES};
use super::product::{Left, Product, Right, some};
use crate::arch::arch;
use crate::conv::{Frame, Kernels};
use crate::fetch::fetch;
use crate::gemm::Store;
use crate::map::Arena;

/// Places of a kernel.
pub(super) const TAPS: usize = 9;

/// The kernel as the right side of a product: rows (plane, p, q, channel), channels filled up to whole
/// planes.
#[derive(Debug)]
pub(crate) struct Conv {
    tiles: Tiles,
    right: Right,
}

impl Conv {
    /// One of these kernels, in memory of the arena's.
    pub(crate) fn new(tiles: Tiles, kernels: Kernels<'_>, arena: &Arena) -> Self {
        let planes = lines::lines(kernels.from);
        let mut right = Right::take(TAPS * planes, kernels.to, arena);
        right.fill(
            TAPS,
            #[inline(always)]
            |plane, columns, lines| pack(tiles, kernels, plane, &columns, lines),
        );
        Self { tiles, right }
    }

    /// Gives the memory of its kernels back.
    pub(crate) fn give(self, arena: &Arena) {
        self.right.give(arena);
    }

    pub(crate) fn bytes(&self) -> usize {
        self.right.bytes()
    }

    /// How it is computed.
    pub(crate) fn describe(&self) -> &'static str {
        self.tiles.describe()
    }

    pub(crate) fn run(&self, frame: &Frame<'_>, out: &mut [f32], store: Store<'_>, arena: &Arena) {
        let layout = Layout::of(frame);
        let mut lines = arena.take_lines(frame.images * layout.size() + TILE);
        let mut position = arena.take(frame.channels());
        let tiles = self.tiles;
        arch().dispatch(Fill { tiles, frame, layout, position: &mut position, out: &mut lines });
        let left = Left {
            lines: &lines,
            groups: frame.images,
            rows: frame.lines * layout.width,
            start: move |image, row| image * layout.size() + layout.start(row),
            stride: layout.stride(),
            taps: &layout.taps(),
            blocks: layout.blocks,
            plane: layout.positions(),
        };
        Product { tiles, left, right: &self.right, out, store }.run();
        arena.give(position);
        arena.give_lines(lines);
    }
}

/// Packs the kernels from the channels of a plane to a panel's columns, `[tap, half, pair of channels]`:
/// one line per column for each pair, by taps; columns are made of taps.
#[inline(always)]
fn pack(
    tiles: Tiles,
    kernels: Kernels<'_>,
    plane: usize,
    columns: &Range<usize>,
    out: &mut [Line],
) {
    /// Pairs from the packed to the prefetched address.
    const AHEAD: usize = 4;
    let Kernels { adjoint, .. } = kernels;
    let ahead = AHEAD * 2 * kernels.distances()[0] * size_of::<f32>();
    for (half, pair) in (0..2).flat_map(|half| (0..TILE).map(move |pair| (half, pair))) {
        let from = plane * VALUES + 2 * pair;
        let mut taps = [Line::default(); TILE];
        for (line, to) in taps.iter_mut().zip(some(columns, half)) {
            let both = [kernels.at_least(from, to), kernels.at_least(from + 1, to)];
            for first in both.iter().filter_map(|kernel| kernel.first()) {
                fetch(first, ahead);
            }
            *line = tiles.pairs(both[0], both[1]);
        }
        tiles.transpose(&mut taps);
        for (tap, line) in taps.iter().take(TAPS).enumerate() {
            let tap = if adjoint { TAPS - 1 - tap } else { tap };
            out[(2 * tap + half) * TILE + pair] = *line;
        }
    }
}

/// The layout of the frame of a row in lines.
#[derive(Clone, Copy, Debug)]
struct Layout {
    /// Lines of the output are whole tiles, and the frame is stored once. If not, it is stored three
    /// times, for the left, middle and right taps of a kernel, without what they do not see: then all positions
    /// of the output follow each other, and tiles go on from a line of it to the next.
    is_whole: bool,
    /// From a position of the output to the next, in positions of the frame.
    step: usize,
    /// Positions of a line of the output.
    width: usize,
    /// Lines and positions of a line of the frame.
    frame: [usize; 2],
    /// Planes: lines of a position.
    blocks: usize,
}

impl Layout {
    fn of(frame: &Frame<'_>) -> Self {
        let step = frame.motion.stride();
        let width = (frame.width() - 2) / step;
        Self {
            is_whole: width.is_multiple_of(TILE),
            step,
            width,
            frame: [frame.height(), frame.width()],
            blocks: lines::lines(frame.channels()),
        }
    }

    /// Lines that the frame of a row takes.
    fn size(self) -> usize {
        self.positions() * self.blocks
    }

    /// Lines of a plane.
    fn positions(self) -> usize {
        let [height, width] = self.frame;
        if self.is_whole { height * width } else { 3 * height * self.width }
    }

    /// Where a line of the frame begins, of those that a tap sees: with a stride of 2, first all even
    /// ones, then the odd ones, as a tap sees either these or those.
    fn line(self, y: usize) -> usize {
        let [height, width] = self.frame;
        match (self.is_whole, self.step) {
            (true, _) => y * width,
            (false, 1) => y * self.width,
            (false, _) => (y % 2 * (height / 2) + y / 2) * self.width,
        }
    }

    /// Where the taps of a kernel see what the first row reads.
    fn taps(self) -> [usize; 9] {
        let across = if self.is_whole { 1 } else { self.frame[0] * self.width };
        std::array::from_fn(|tap| self.line(tap / 3) + tap % 3 * across)
    }

    /// Where the first tap sees what a row of the product, a position of the output, reads.
    fn start(self, row: usize) -> usize {
        if self.is_whole {
            self.line(row / self.width * self.step) + row % self.width * self.step
        } else {
            row
        }
    }

    /// Positions from a row of a tile to the next.
    fn stride(self) -> usize {
        if self.is_whole { self.step } else { 1 }
    }

    /// Writes the zeros of the frame of a row, around what is `inside`.
    fn surround(self, (down, across): (Range<usize>, Range<usize>), out: &mut [Line]) {
        let [height, width] = self.frame;
        for y in 0..height {
            let inside = if down.contains(&y) { across.clone() } else { width..width };
            for x in (0..inside.start).chain(inside.end..width) {
                self.places(y..y + 1, x..x + 1, |place| {
                    for plane in out.chunks_exact_mut(self.positions()) {
                        plane[place] = Line::default();
                    }
                });
            }
        }
    }

    /// Calls `put` with where positions of the frame go, in each plane: at most twelve.
    #[inline(always)]
    fn places(self, down: Range<usize>, across: Range<usize>, mut put: impl FnMut(usize)) {
        for y in down {
            let line = self.line(y);
            for x in across.clone() {
                self.columns(
                    x,
                    #[inline(always)]
                    |column| put(line + column),
                );
            }
        }
    }

    /// The same from the start of a line.
    #[inline(always)]
    fn columns(self, x: usize, mut put: impl FnMut(usize)) {
        let Self { is_whole, step, width, frame: [height, _], .. } = self;
        if is_whole {
            return put(x);
        }
        let shift = step.trailing_zeros(); // the step is 1 or 2
        for tap in 0..3.min(x + 1) {
            let at = (x - tap) >> shift;
            if at << shift == x - tap && at < width {
                put(tap * height * width + at);
            }
        }
    }
}

/// Fills the frames of all rows.
struct Fill<'a> {
    tiles: Tiles,
    frame: &'a Frame<'a>,
    layout: Layout,
    /// Room for a position.
    position: &'a mut [f32],
    out: &'a mut [Line],
}

impl WithSimd for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { tiles, frame, layout, position, out } = self;
        let images = out.chunks_exact_mut(layout.size()).take(frame.images);
        for (image, out) in images.enumerate() {
            layout.surround(frame.inside(), out);
            frame.each(
                simd,
                image,
                position,
                #[inline(always)]
                |values, down, across| {
                    let (mut places, mut count) = ([0; 12], 0);
                    layout.places(
                        down,
                        across,
                        #[inline(always)]
                        |place| {
                            places[count] = place;
                            count += 1;
                        },
                    );
                    let [first, rest @ ..] = &places[..count] else { return };
                    let plane = layout.positions();
                    tiles.round(values, &mut out[*first..], plane);
                    for place in rest {
                        for plane in (0..layout.size()).step_by(plane) {
                            out[plane + place] = out[plane + first];
                        }
                    }
                },
            );
        }
    }
}
