//! A 3 × 3 convolution as one product over patches, on tiles.
//!
//! Tiles of the left side are read where positions lie, one tap of the kernel after the other: the
//! sixteen lines of a tile are the same channels of sixteen positions, at equal distances.

use pulp::{Simd, WithSimd};

use super::Tiles;
use super::lines::{self, Line, VALUES};
use super::product::{Left, Product, Right, TILE};
use crate::arch::arch;
use crate::conv::{Frame, Kernels};
use crate::gemm::Store;
use crate::map::Arena;

/// The kernel as the right side of a product: rows (p, q, channel), channels filled up to whole lines.
#[derive(Debug)]
pub(crate) struct Conv {
    tiles: Tiles,
    right: Right,
}

impl Conv {
    /// One of kernels that are no adjoint's.
    pub(crate) fn new(tiles: Tiles, kernels: Kernels<'_>) -> Self {
        let Kernels { weight, from, to, .. } = kernels;
        let blocks = lines::lines(from);
        let right = Right::new(9 * blocks, to, |k, n| {
            let (tap, channel) = (k / (blocks * VALUES), k % (blocks * VALUES));
            if channel < from { weight[(n * from + channel) * 9 + tap] } else { 0.0 }
        });
        Self { tiles, right }
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
        let blocks = layout.blocks;
        let size = layout.positions() * blocks;
        let mut lines = arena.take_lines((frame.images * layout.positions() + TILE) * blocks);
        let mut line = arena.take(frame.width() * frame.channels());
        arch().dispatch(Fill { frame, layout, line: &mut line, out: &mut lines });
        let left = Left {
            lines: &lines,
            groups: frame.images,
            rows: frame.lines * layout.width,
            start: move |image, row| image * size + layout.start(row) * blocks,
            stride: layout.stride() * blocks,
            taps: &layout.taps().map(|tap| tap * blocks),
            blocks,
        };
        Product { tiles: self.tiles, left, right: &self.right, out, store }.run();
        arena.give(line);
        arena.give_lines(lines);
    }
}

/// How the frame of a row lies in lines.
#[derive(Clone, Copy, Debug)]
struct Layout {
    /// Lines of the output are whole tiles, and the frame lies as it is. If not, it lies thrice, as the
    /// left, middle and right taps of a kernel see it, without what they do not see: then all positions
    /// of the output follow each other, and tiles go on from a line of it to the next.
    is_whole: bool,
    /// From a position of the output to the next, in positions of the frame.
    step: usize,
    /// Positions of a line of the output.
    width: usize,
    /// Lines and positions of a line of the frame.
    frame: [usize; 2],
    /// Lines of a position.
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

    /// Positions that the frame of a row takes.
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

    /// Where a position of the frame goes.
    fn places(self, y: usize, x: usize) -> impl Iterator<Item = usize> {
        let Self { is_whole, step, width, frame: [height, _], .. } = self;
        let line = self.line(y);
        let seen = move |tap: usize| {
            let x = x.checked_sub(tap)?;
            let is_seen = x.is_multiple_of(step) && x / step < width;
            is_seen.then(|| tap * height * width + line + x / step)
        };
        let thrice = (0..3).filter_map(seen).filter(move |_| !is_whole);
        is_whole.then_some(line + x).into_iter().chain(thrice)
    }
}

/// Fills the frames of all rows.
struct Fill<'a> {
    frame: &'a Frame<'a>,
    layout: Layout,
    /// Room for a line.
    line: &'a mut [f32],
    out: &'a mut [Line],
}

impl WithSimd for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { frame, layout, line, out } = self;
        let (channels, blocks) = (frame.channels(), layout.blocks);
        let images = out.chunks_exact_mut(layout.positions() * blocks).take(frame.images);
        let (down, _) = frame.inside();
        line.fill(0.0);
        for (image, out) in images.enumerate() {
            for y in 0..frame.height() {
                if down.contains(&y) {
                    frame.fill_lines(simd, image, y, line);
                } else {
                    line.fill(0.0);
                }
                for (x, position) in line.chunks_exact(channels).enumerate() {
                    let mut places = layout.places(y, x);
                    let Some(first) = places.next() else { continue };
                    lines::round(position, &mut out[first * blocks..][..blocks]);
                    for place in places {
                        out.copy_within(first * blocks..(first + 1) * blocks, place * blocks);
                    }
                }
            }
        }
    }
}
