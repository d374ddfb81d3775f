//! The part of an input that a piece of a convolution reads, ready to be read.

use pulp::Simd;

use super::Motion;
use crate::map::View;
use crate::norm::Before;

/// What some lines of the output of one row need.
pub(crate) struct Frame<'a> {
    pub sources: &'a [View<'a>],
    pub before: Before<'a>,
    /// The first row, and how many.
    pub row: usize,
    pub images: usize,
    pub motion: Motion,
    /// The first line of the output, and how many.
    pub first: usize,
    pub lines: usize,
}

impl Frame<'_> {
    pub(crate) fn channels(&self) -> usize {
        self.sources.iter().map(|source| source.shape.channels).sum()
    }

    /// Positions in a line of the frame, zeros at its ends included.
    pub(crate) fn width(&self) -> usize {
        self.motion.output(self.sources[0].shape).width * self.motion.stride() + 2
    }

    /// Lines of the frame of one row.
    pub(crate) fn height(&self) -> usize {
        self.lines * self.motion.stride() + 2
    }

    /// Values of the frame of one row.
    pub(crate) fn size(&self) -> usize {
        self.height() * self.width() * self.channels()
    }

    /// Values of the frames of all rows.
    pub(crate) fn len(&self) -> usize {
        self.images * self.size()
    }

    /// Fills `out`, `[images, height, width, channels]`: the sources side by side after what is done
    /// before, with zeros around them.
    #[inline(always)]
    pub(crate) fn fill<S: Simd>(&self, simd: S, out: &mut [f32]) {
        for (image, out) in out.chunks_exact_mut(self.size()).enumerate() {
            for (y, line) in out.chunks_exact_mut(self.width() * self.channels()).enumerate() {
                self.fill_line(simd, self.row + image, y, line);
            }
        }
    }

    /// Fills a line of the frame of a row.
    #[inline(always)]
    pub(crate) fn fill_line<S: Simd>(&self, simd: S, row: usize, y: usize, line: &mut [f32]) {
        let channels = self.channels();
        let input = self.sources[0].shape;
        let before = match self.motion {
            Motion::Same | Motion::Repeated => 1,
            Motion::Halved { before } => before,
        };
        let repeat = if self.motion == Motion::Repeated { 2 } else { 1 };
        let from = (self.first * self.motion.stride() + y).checked_sub(before);
        let Some(from) = from.filter(|from| *from < input.height * repeat) else {
            line.fill(0.0);
            return;
        };
        for (x, position) in line.chunks_exact_mut(channels).enumerate() {
            let at = x.checked_sub(before).filter(|at| *at < input.width * repeat);
            let Some(at) = at else {
                position.fill(0.0);
                continue;
            };
            if repeat == 2 && at % 2 == 1 {
                continue; // as the one before
            }
            let place = from / repeat * input.width + at / repeat;
            let mut first = 0;
            for source in self.sources {
                let count = source.shape.channels;
                let values = &source.row(row)[place * count..][..count];
                let out = &mut position[first..first + count];
                self.before.apply(simd, out, values, row, first);
                first += count;
            }
        }
        if repeat == 2 {
            for x in (before..before + 2 * input.width).step_by(2) {
                line.copy_within(x * channels..(x + 1) * channels, (x + 1) * channels);
            }
        }
    }
}
