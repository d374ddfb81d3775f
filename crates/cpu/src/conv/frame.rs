//! The part of an input that a piece of a convolution reads, ready to be read.

use std::ops::Range;

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
    /// Lines and positions of the output are filled up to whole tiles of such a side.
    pub side: usize,
}

impl Frame<'_> {
    pub(crate) fn channels(&self) -> usize {
        self.sources.iter().map(|source| source.shape.channels).sum()
    }

    /// Positions in a line of the frame, zeros at its ends included.
    pub(crate) fn width(&self) -> usize {
        let [_, across] = self.tiles();
        across * self.side * self.motion.stride() + 2
    }

    /// Lines of the frame of one row.
    pub(crate) fn height(&self) -> usize {
        let [down, _] = self.tiles();
        down * self.side * self.motion.stride() + 2
    }

    /// Tiles of the output of one row: down and across.
    pub(crate) fn tiles(&self) -> [usize; 2] {
        let width = self.motion.output(self.sources[0].shape).width;
        [self.lines.div_ceil(self.side), width.div_ceil(self.side)]
    }

    /// Values of the frame of one row.
    pub(crate) fn size(&self) -> usize {
        self.height() * self.width() * self.channels()
    }

    /// Values of the frames of all rows.
    pub(crate) fn len(&self) -> usize {
        self.images * self.size()
    }

    /// Fills `out`, `[images, height, width, channels]`: the sources side by side after the operations
    /// before, with zeros around them.
    #[inline(always)]
    pub(crate) fn fill<S: Simd>(&self, simd: S, out: &mut [f32]) {
        for (image, out) in out.chunks_exact_mut(self.size()).enumerate() {
            self.surround(out);
            self.fill_one(simd, image, out);
        }
    }

    /// Writes the zeros of the frame of one row; they are at the same places in all rows.
    pub(crate) fn surround(&self, out: &mut [f32]) {
        let channels = self.channels();
        let (down, across) = self.inside();
        for (y, line) in out.chunks_exact_mut(self.width() * channels).enumerate() {
            if down.contains(&y) {
                line[..across.start * channels].fill(0.0);
                line[across.end * channels..].fill(0.0);
            } else {
                line.fill(0.0);
            }
        }
    }

    /// Fills the frame of one row, of those given the `image`th, but for its zeros.
    #[inline(always)]
    pub(crate) fn fill_one<S: Simd>(&self, simd: S, image: usize, out: &mut [f32]) {
        let line = self.width() * self.channels();
        let (down, _) = self.inside();
        self.fill_lines(simd, image, down.start, &mut out[down.start * line..down.end * line]);
    }

    /// Fills lines of the frame of one row from line `y` on, none of them all zeros, but for their
    /// zeros.
    #[inline(always)]
    pub(crate) fn fill_lines<S: Simd>(&self, simd: S, image: usize, y: usize, out: &mut [f32]) {
        self.fill_some(simd, (image, y), 0..self.channels(), false, out);
    }

    /// The same with some of the channels; what is done before is done `roughly` if it is rounded to
    /// bf16 at once.
    #[inline(always)]
    pub(crate) fn fill_some<S: Simd>(
        &self,
        simd: S,
        (image, y): (usize, usize),
        some: Range<usize>,
        roughly: bool,
        out: &mut [f32],
    ) {
        let (channels, width, row) = (some.len(), self.width(), self.row + image);
        let input = self.sources[0].shape;
        let repeat = self.repeat();
        let (_, across) = self.inside();
        let above = self.first * self.motion.stride();
        for (line, out) in out.chunks_exact_mut(width * channels).enumerate() {
            let from = (above + y + line - self.zeros_before()) / repeat * input.width;
            let inside = &mut out[across.start * channels..across.end * channels];
            for (x, positions) in inside.chunks_exact_mut(repeat * channels).enumerate() {
                let (position, again) = positions.split_at_mut(channels);
                self.position(simd, roughly, (row, from + x), &some, position);
                if repeat == 2 {
                    again.copy_from_slice(position);
                }
            }
        }
    }

    /// Some channels of a position of the sources, side by side, after the operations before.
    #[inline(always)]
    fn position<S: Simd>(
        &self,
        simd: S,
        roughly: bool,
        (row, at): (usize, usize),
        some: &Range<usize>,
        out: &mut [f32],
    ) {
        let mut first = 0;
        for source in self.sources {
            let count = source.shape.channels;
            let (begin, end) = (some.start.max(first), some.end.min(first + count));
            if begin < end {
                let values = &source.row(row)[at * count..][begin - first..end - first];
                let out = &mut out[begin - some.start..end - some.start];
                self.before.apply(simd, roughly, out, values, (row, begin));
            }
            first += count;
        }
    }

    /// Calls `put` with the values of each position of the input, of the row given the `image`th, after
    /// what is done before, roughly, and the lines and positions of the frame where they belong. `values`
    /// is room for a position.
    #[inline(always)]
    pub(crate) fn each<S: Simd>(
        &self,
        simd: S,
        image: usize,
        values: &mut [f32],
        mut put: impl FnMut(&[f32], Range<usize>, Range<usize>),
    ) {
        let (row, input, repeat) = (self.row + image, self.sources[0].shape, self.repeat());
        let (down, across) = self.inside();
        let (above, all) = (self.first * self.motion.stride(), 0..self.channels());
        let mut y = down.start;
        while y < down.end {
            let line = above + y - self.zeros_before();
            // The rest of a line that is repeated: the first may be another piece's.
            let end = down.end.min(y + repeat - line % repeat);
            let from = line / repeat * input.width;
            for (x, left) in across.clone().step_by(repeat).enumerate() {
                self.position(simd, true, (row, from + x), &all, values);
                put(values, y..end, left..left + repeat);
            }
            y = end;
        }
    }

    /// Lines and positions of the frame that are not zeros.
    pub(crate) fn inside(&self) -> (Range<usize>, Range<usize>) {
        let input = self.sources[0].shape;
        let (before, repeat) = (self.zeros_before(), self.repeat());
        let above = self.first * self.motion.stride();
        let end = (input.height * repeat + before - above).min(self.height());
        (before.saturating_sub(above)..end, before..before + input.width * repeat)
    }

    fn zeros_before(&self) -> usize {
        match self.motion {
            Motion::Same | Motion::Repeated | Motion::Summed => 1,
            Motion::Halved { before } => before,
        }
    }

    /// How often a value is there in a line.
    fn repeat(&self) -> usize {
        if self.motion == Motion::Repeated { 2 } else { 1 }
    }
}
