//! The gradient of the kernels of a 3 × 3 convolution, as sums of outer products.
//!
//! k runs over the positions of the output in the layout of the frame, a zero after each line and a line
//! of zeros behind each row, where there is no output: then what a tap sees is at the same distance from
//! all of them. The frame has a line of pairs for every position, not for every other one, so that a
//! tap's distance may be odd; with a stride of 2 the frame has four parts, and a tap sees one of them.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::Tiles;
use super::conv::TAPS;
use super::kernel::TILE;
use super::lines::{self, Line};
use super::outer::{Outer, Sum, Transposed};
use super::product::PANEL;
use crate::arch::arch;
use crate::conv::Frame;
use crate::map::Arena;

/// Bytes of both sides that stay near. Rows are put together up to these, and no more channels than a
/// panel has: sums that are written, read and written again would come from further away.
const NEAR: usize = 1_400_000;

/// Sums over the rows of a frame, from the gradient of the output, of `to` channels. `out`:
/// `[to, 3, 3, from]`.
pub(crate) fn kernel_gradient(
    tiles: Tiles,
    frame: &Frame<'_>,
    dy: &[f32],
    out: &mut [f32],
    arena: &Arena,
) {
    let from = frame.channels();
    let to = out.len() / (TAPS * from);
    let positions = Layout::of(frame, 1).positions();
    let together = (NEAR / (positions * (4 * PANEL + 2 * to))).clamp(1, frame.images);
    let together = frame.images.div_ceil(frame.images.div_ceil(together));
    let each = dy.len() / frame.images;
    for first in (0..frame.images).step_by(together) {
        let images = together.min(frame.images - first);
        let frame = Frame { row: frame.row + first, images, ..*frame };
        let layout = Layout::of(&frame, images);
        let left = layout.output(tiles, &dy[first * each..][..images * each], to, arena);
        for channel in (0..from).step_by(PANEL) {
            let some = channel..from.min(channel + PANEL);
            let columns = some.len();
            let right = layout.input(tiles, &frame, some, arena);
            Outer {
                tiles,
                left: &left,
                right: &right,
                columns,
                plane: layout.plane(),
                starts: &std::array::from_fn::<_, TAPS, _>(|tap| {
                    (layout.start(tap / 3, tap % 3), tap * from + channel)
                }),
                sum: Sum { out: &mut *out, stride: TAPS * from, first: 0, accumulate: first > 0 },
            }
            .run();
            arena.give_lines(right);
        }
        left.give(arena);
    }
}

/// The layout of the frames of some rows in lines.
#[derive(Clone, Copy, Debug)]
struct Layout {
    /// From a position of the output to the next, in positions of the frame.
    step: usize,
    images: usize,
    /// Lines and positions of an output, with the zeros behind them.
    size: [usize; 2],
}

impl Layout {
    fn of(frame: &Frame<'_>, images: usize) -> Self {
        let step = frame.motion.stride();
        Self { step, images, size: [frame.lines + 1, (frame.width() - 2) / step + 1] }
    }

    /// Positions of all outputs.
    fn positions(self) -> usize {
        self.images * self.size[0] * self.size[1]
    }

    fn blocks(self) -> usize {
        lines::lines(self.positions())
    }

    /// Lines of a part of the frame that begin at positions that are even, or odd.
    fn half(self) -> usize {
        self.blocks() * TILE + self.distance(2, 2) / 2 + 1
    }

    /// Lines of 16 channels: one more than they take, as planes a power of two apart push each other
    /// out.
    fn plane(self) -> usize {
        2 * self.step * self.step * self.half() + 1
    }

    /// From a position of the output to what a tap sees, within its part of the frame.
    fn distance(self, p: usize, q: usize) -> usize {
        p / self.step * self.size[1] + q / self.step
    }

    /// The line of a position of a part of the frame.
    fn line(self, part: usize, position: usize) -> usize {
        (2 * part + position % 2) * self.half() + position / 2
    }

    /// The part of the frame that holds a line and position of it.
    fn part(self, y: usize, x: usize) -> usize {
        y % self.step * self.step + x % self.step
    }

    /// The line where a tap's first pair is.
    fn start(self, p: usize, q: usize) -> usize {
        self.line(self.part(p, q), self.distance(p, q))
    }

    /// The frames of all rows as the right side, some of the channels.
    fn input(
        self,
        tiles: Tiles,
        frame: &Frame<'_>,
        channels: Range<usize>,
        arena: &Arena,
    ) -> Vec<Line> {
        let mut lines = arena.take_lines(channels.len().div_ceil(TILE) * self.plane());
        let mut scratch = arena.take(frame.width() * channels.len());
        let (room, out) = (&mut scratch[..], &mut lines[..]);
        arch().dispatch(Fill { tiles, frame, channels, layout: self, scratch: room, out });
        arena.give(scratch);
        lines
    }

    /// The gradient of the output as the left side.
    fn output(self, tiles: Tiles, dy: &[f32], to: usize, arena: &Arena) -> Transposed {
        let [height, width] = self.size;
        let mut rest = dy.chunks_exact(to);
        let (mut y, mut x) = (0, 0);
        Transposed::pack(tiles, self.blocks(), to, arena, || {
            let inside = x + 1 < width && y + 1 < height;
            x += 1;
            if x == width {
                (y, x) = ((y + 1) % height, 0);
            }
            if inside { rest.next().unwrap_or_default() } else { &[] }
        })
    }
}

/// Fills the frames of all rows.
struct Fill<'a> {
    tiles: Tiles,
    frame: &'a Frame<'a>,
    channels: Range<usize>,
    layout: Layout,
    /// Room for a line of the frame.
    scratch: &'a mut [f32],
    out: &'a mut [Line],
}

impl WithSimd for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let (frame, layout) = (self.frame, self.layout);
        let (down, _) = frame.inside();
        let [height, width] = layout.size;
        for image in 0..layout.images {
            self.scratch.fill(0.0);
            let mut is_zero = true;
            // With a stride of 1, the last line is the first of the next row, or what follows the last.
            for y in 0..height * layout.step {
                if down.contains(&y) {
                    frame.fill_some(simd, (image, y), self.channels.clone(), true, self.scratch);
                    is_zero = false;
                } else if !is_zero {
                    self.scratch.fill(0.0);
                    is_zero = true;
                }
                let first = (image * height + y / layout.step) * width;
                for x in 0..layout.step {
                    self.line(layout.part(y, x), x, first);
                }
            }
        }
        self.end();
    }
}

impl Fill<'_> {
    /// Writes the pairs of a line of the frame, every `step`th position from `x` on, which is position
    /// `first` of its part.
    #[inline(always)]
    fn line(&mut self, part: usize, x: usize, first: usize) {
        let Self { tiles, layout, scratch, out, .. } = self;
        let (channels, step) = (self.channels.len(), layout.step);
        let planes = out.chunks_exact_mut(layout.plane());
        for (plane, out) in planes.enumerate().take(channels.div_ceil(TILE)) {
            let of = plane * TILE..channels.min((plane + 1) * TILE);
            let value = |at: usize| {
                let at = (at * step + x) * channels;
                scratch.get(at + of.start..at + of.end).unwrap_or_default()
            };
            if step > 1 && first > 0 {
                // What follows the last position of the line before.
                let second = tiles.pairs(&[], value(0));
                let line = &mut out[layout.line(part, first - 1)];
                for (pair, second) in line.0.iter_mut().zip(second.0) {
                    *pair |= second;
                }
            }
            let starts = [layout.line(part, first), layout.line(part, first + 1)];
            for at in 0..layout.size[1] {
                out[starts[at % 2] + at / 2] = tiles.pairs(value(at), value(at + 1));
            }
        }
    }

    /// Writes the zeros behind all positions.
    fn end(&mut self) {
        let layout = self.layout;
        let count = self.channels.len().div_ceil(TILE);
        for plane in self.out.chunks_exact_mut(layout.plane()).take(count) {
            for (half, lines) in plane.chunks_exact_mut(layout.half()).enumerate() {
                lines[(layout.positions() + 1 - half % 2) / 2..].fill(Line::default());
            }
        }
    }
}
