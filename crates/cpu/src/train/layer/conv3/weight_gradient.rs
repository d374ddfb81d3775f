//! The gradient of the weights of a 3 × 3 convolution.
//!
//! Of each place of a kernel, or of a transformed kernel, it is one product over all positions, or
//! all tiles, of a leaf: the input's channels × the output's.

use std::marker::PhantomData;

use pulp::{Simd, WithSimd};

use super::{Conv3, Input};
use crate::arch::arch;
use crate::conv::{self, Form, Four, Frame, MOST_LANES, Tiling, Two};
use crate::gemm::{Columns, Product, Right, Store, lanes, packed_len, panels};
use crate::map::{Arena, Map, Shape};
use crate::simd::{load, store as put, vectors};
use crate::threads::prelude::*;
use crate::tiles;
use crate::train::run::Run;
use crate::train::tree;

/// Values of transformed tiles that stay near, and of products before they are transformed back.
const NEAR_TILES: usize = 300_000;
const NEAR_PRODUCTS: usize = 120_000;
/// Positions whose products are added before the result is written.
const TERMS: usize = 512;

/// Writes the gradient, `[to, from, 3, 3]`.
pub(super) fn write(conv: &Conv3, run: Run<'_>, input: Input<'_>, dy: &Map, out: &mut [f32]) {
    let tiling = tiling(conv, run.leaf);
    let mut sums = run.arena.take(out.len());
    tree::sum(run.leaves(dy.rows), &mut sums, run.arena, &|leaf, out: &mut [f32]| {
        let rows = run.rows_of(leaf, dy.rows);
        let leaf = Leaf {
            input,
            dy: &dy.data[rows.start * dy.shape.len()..rows.end * dy.shape.len()],
            row: rows.start,
            rows: rows.len(),
            motion: conv.motion,
            output: dy.shape,
            tiling,
            from: conv.input.channels,
            arena: run.arena,
        };
        if let Some(tiles) = conv.tiles {
            return tiles::kernel_gradient(tiles, &leaf.frame(), leaf.dy, out, run.arena);
        }
        match tiling {
            Tiling::Four => leaf.winograd(Four, out),
            Tiling::Two => leaf.winograd(Two, out),
            Tiling::None => leaf.direct(out),
        }
    });
    if conv.tiles.is_some() {
        by_channels(&sums, conv.input.channels, out);
    } else {
        spread(&sums, conv.input.channels, conv.to, out);
    }
    run.arena.give(sums);
}

/// What a value of a place costs beside its products, in products: it is written, and read again where
/// places are collected.
const PLACE: usize = 16;

/// The tiles of the fastest method for leaves of so many rows.
fn tiling(conv: &Conv3, rows: usize) -> Tiling {
    // In bf16 it is one product over positions, of frames as they are.
    if conv.tiles.is_some() || !conv.motion.tiles_well(conv.input.channels, conv.to) {
        return Tiling::None;
    }
    let cost = |tiling: &Tiling| tiling.places() * (rows * tiling.tiles(conv.output()) + PLACE);
    Tiling::ALL.into_iter().min_by_key(cost).unwrap_or(Tiling::None)
}

/// Some rows of the batch, whose products are added in their order.
struct Leaf<'a> {
    input: Input<'a>,
    /// That of these rows alone.
    dy: &'a [f32],
    /// The first row, and how many.
    row: usize,
    rows: usize,
    motion: conv::Motion,
    output: Shape,
    tiling: Tiling,
    from: usize,
    arena: &'a Arena,
}

impl Leaf<'_> {
    fn frame(&self) -> Frame<'_> {
        Frame {
            sources: self.input.sources,
            before: self.input.before,
            row: self.row,
            images: self.rows,
            motion: self.motion,
            first: 0,
            lines: self.output.height,
            side: self.tiling.side(),
        }
    }

    /// Place by place, over all positions. `out`: `[3, 3, from, to]`.
    fn direct(&self, out: &mut [f32]) {
        let frame = self.frame();
        let rows = (TERMS / self.output.positions()).clamp(1, self.rows);
        let mut scratch = self.arena.take(rows * frame.size());
        let columns = rows * self.output.positions();
        let mut right = self.arena.take_packed(columns * packed_len(self.output.channels, lanes()));
        for first in (0..self.rows).step_by(rows) {
            let rows = rows.min(self.rows - first);
            let frame = Frame { row: self.row + first, images: rows, ..self.frame() };
            arch().dispatch(Fill { frame: &frame, out: &mut scratch[..rows * frame.size()] });
            let (output, stride) = (self.output, self.motion.stride());
            let (positions, to) = (output.positions(), output.channels);
            let (line, size) = (frame.width(), frame.size());
            let start = |k: usize| {
                let (row, at) = (k / positions, k % positions);
                let (y, x) = (at / output.width, at % output.width);
                row * size + (y * line + x) * stride * self.from
            };
            let columns = rows * positions;
            right.fill_rows(columns, to, &self.dy[first * positions * to..], |k| k * to);
            // The three places of a line of the kernel follow each other in the frame.
            for (p, out) in out.chunks_exact_mut(3 * self.from * to).enumerate() {
                let data = &scratch[p * line * self.from..];
                let left = Columns { data, rows: 3 * self.from, count: columns, start };
                let store = Store { accumulate: first > 0, ..Store::PLAIN };
                Product { left, right: right.right(), out, store }.run();
            }
        }
        self.arena.give_packed(right);
        self.arena.give(scratch);
    }

    /// By the adjoint of Winograd's method. `out`: `[3, 3, from, to]`.
    ///
    /// # Formula
    /// ```text
    /// y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A     →     dg = Gᵀ[Σ_tiles (Bᵀ d B) ⊙ (A dy Aᵀ)]G
    /// ```
    fn winograd<F: Form<I, O>, const I: usize, const O: usize>(&self, _form: F, out: &mut [f32]) {
        let (from, to) = (self.from, self.output.channels);
        let each = self.tiling.tiles(self.output);
        let rows = (NEAR_TILES / (I * I * each * (from + to))).clamp(1, self.rows);
        let lines = (NEAR_PRODUCTS / (I * I * to) / 12 * 12).clamp(12, from.max(12)).min(from);
        let tiles = rows * each;
        // A line of the cache more than they take: places a power of two apart push each other out.
        let apart = [tiles * from + 16, tiles * packed_len(to, lanes()) + 16];
        let mut scratch = self.arena.take(self.frame().size());
        let mut inputs = self.arena.take(I * I * apart[0]);
        let mut gradients = self.arena.take(I * I * apart[1]);
        let mut products = self.arena.take(I * I * lines * to);
        for first in (0..self.rows).step_by(rows) {
            arch().dispatch(Chunk::<F, I, O> {
                leaf: self,
                first,
                rows: rows.min(self.rows - first),
                lines,
                apart,
                scratch: &mut scratch,
                inputs: &mut inputs,
                gradients: &mut gradients,
                products: &mut products,
                out,
                form: PhantomData,
            });
        }
        for buffer in [scratch, inputs, gradients, products] {
            self.arena.give(buffer);
        }
    }
}

struct Fill<'a> {
    frame: &'a Frame<'a>,
    out: &'a mut [f32],
}

impl WithSimd for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.frame.fill(simd, self.out);
    }
}

/// Rows of a leaf whose tiles are near at once: transformed, multiplied, and added to the gradient.
struct Chunk<'a, F, const I: usize, const O: usize> {
    leaf: &'a Leaf<'a>,
    first: usize,
    rows: usize,
    /// Channels of the input whose products are near at once.
    lines: usize,
    /// From a place to the next, of inputs and gradients.
    apart: [usize; 2],
    scratch: &'a mut [f32],
    inputs: &'a mut [f32],
    gradients: &'a mut [f32],
    products: &'a mut [f32],
    out: &'a mut [f32],
    form: PhantomData<F>,
}

impl<F: Form<I, O>, const I: usize, const O: usize> WithSimd for Chunk<'_, F, I, O> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let leaf = self.leaf;
        let tiles = self.rows * leaf.tiling.tiles(leaf.output);
        self.transform(simd, tiles);
        let (from, to) = (leaf.from, leaf.output.channels);
        let repeated = leaf.motion == conv::Motion::Repeated;
        for first in (0..from).step_by(self.lines) {
            let count = self.lines.min(from - first);
            for place in (0..I * I).filter(|place| !conv::is_zero::<I>(repeated, *place)) {
                let data = &self.inputs[place * self.apart[0] + first..];
                let left =
                    Columns { data, rows: count, count: tiles, start: move |k: usize| k * from };
                let right = &self.gradients[place * self.apart[1]..];
                let right = Right::of(tiles, to, &right[..tiles * packed_len(to, S::F32_LANES)]);
                let out = &mut self.products[place * count * to..][..count * to];
                simd.vectorize(Product { left, right, out, store: Store::PLAIN });
            }
            simd.vectorize(Collect::<F, I, O> {
                products: self.products,
                repeated,
                accumulate: self.first > 0,
                out: self.out,
                each: from * to,
                at: first * to,
                count: count * to,
                form: PhantomData,
            });
        }
    }
}

impl<F: Form<I, O>, const I: usize, const O: usize> Chunk<'_, F, I, O> {
    /// Bᵀ d B of all tiles, `[place, tile, from]`, and A dy Aᵀ, `[place, panel, tile, width]`.
    #[inline(always)]
    fn transform<S: Simd>(&mut self, simd: S, tiles: usize) {
        let Self { leaf, scratch, apart, .. } = self;
        let (from, output) = (leaf.from, leaf.output);
        let (across, down) = (output.width.div_ceil(O), output.height.div_ceil(O));
        let frame = leaf.frame();
        frame.surround(scratch);
        let wide = frame.width();
        for row in 0..self.rows {
            frame.fill_one(simd, self.first + row, scratch);
            let dy = &leaf.dy[(self.first + row) * output.len()..][..output.len()];
            for y in 0..down {
                let tile = (row * down + y) * across;
                simd.vectorize(conv::Input::<F, I, O> {
                    patch: &scratch[y * O * wide * from..],
                    line: wide * from,
                    tiles: across,
                    from,
                    out: &mut self.inputs[tile * from..],
                    stride: apart[0],
                    form: PhantomData::<F>,
                });
                simd.vectorize(Gradient::<F, I, O> {
                    dy: &dy[y * O * output.width * output.channels..],
                    width: output.width,
                    lines: O.min(output.height - y * O),
                    to: output.channels,
                    out: self.gradients,
                    stride: apart[1],
                    tile,
                    tiles,
                    form: PhantomData,
                });
            }
        }
    }
}

/// A dy Aᵀ of a line of tiles, into their places as the right sides of products.
struct Gradient<'a, F, const I: usize, const O: usize> {
    dy: &'a [f32],
    /// Positions of a line of the gradient.
    width: usize,
    /// Lines of the tiles that are there.
    lines: usize,
    to: usize,
    out: &'a mut [f32],
    /// From a place to the next.
    stride: usize,
    /// The first tile, of so many.
    tile: usize,
    tiles: usize,
    form: PhantomData<F>,
}

impl<F: Form<I, O>, const I: usize, const O: usize> WithSimd for Gradient<'_, F, I, O> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { dy, width, lines, to, out, stride, tile: first, tiles, form: _ } = self;
        let (line, across) = (width * to, width.div_ceil(O));
        assert!(lines * width * to <= dy.len(), "lines of the gradient");
        for panel in panels(to, S::F32_LANES) {
            for skip in (0..panel.width).step_by(S::F32_LANES) {
                let channel = panel.first + skip;
                let count = S::F32_LANES.min(to - channel);
                for tile in 0..across {
                    let mut half = [[simd.splat_f32s(0.0); O]; I];
                    for x in 0..O {
                        let mut column = [simd.splat_f32s(0.0); O];
                        for (y, value) in column.iter_mut().enumerate() {
                            if y < lines && tile * O + x < width {
                                let at = y * line + (tile * O + x) * to + channel;
                                *value = load(simd, &dy[at..at + count]);
                            }
                        }
                        let column = F::output_adjoint(simd, column);
                        for (half, value) in half.iter_mut().zip(&column) {
                            half[x] = *value;
                        }
                    }
                    let at = panel.first * tiles + (first + tile) * panel.width + skip;
                    for (y, row) in half.iter().enumerate() {
                        for (x, value) in F::output_adjoint(simd, *row).iter().enumerate() {
                            let at = (I * y + x) * stride + at;
                            put(simd, &mut out[at..at + S::F32_LANES], *value);
                        }
                    }
                }
            }
        }
    }
}

/// Gᵀ c G of the products of some channels, added to the gradient or put there.
struct Collect<'a, F, const I: usize, const O: usize> {
    products: &'a [f32],
    /// Some places are zero, and not there.
    repeated: bool,
    accumulate: bool,
    out: &'a mut [f32],
    /// From a place of the gradient to the next.
    each: usize,
    /// The first value of a place, and how many.
    at: usize,
    count: usize,
    form: PhantomData<F>,
}

impl<F: Form<I, O>, const I: usize, const O: usize> WithSimd for Collect<'_, F, I, O> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { products, repeated, accumulate, out, each, at, count: all, .. } = self;
        vectors::<S>(
            all,
            #[inline(always)]
            |first, count| {
                let mut half = [[simd.splat_f32s(0.0); I]; 3];
                for x in 0..I {
                    let mut column = [simd.splat_f32s(0.0); I];
                    for (y, value) in column.iter_mut().enumerate() {
                        let place = I * y + x;
                        if !conv::is_zero::<I>(repeated, place) {
                            *value = load(simd, &products[place * all + first..][..count]);
                        }
                    }
                    for (half, value) in half.iter_mut().zip(&F::kernel_adjoint(simd, column)) {
                        half[x] = *value;
                    }
                }
                for (p, half) in half.iter().enumerate() {
                    for (q, value) in F::kernel_adjoint(simd, *half).into_iter().enumerate() {
                        let out = &mut out[(3 * p + q) * each + at + first..][..count];
                        let sum = simd.add_f32s(value, load(simd, out));
                        put(simd, out, if accumulate { sum } else { value });
                    }
                }
            },
        );
    }
}

/// From sums `[to, 3, 3, from]` to weights `[to, from, 3, 3]`.
fn by_channels(sums: &[f32], from: usize, out: &mut [f32]) {
    let each = 9 * from;
    out.par_chunks_exact_mut(each).zip(sums.par_chunks_exact(each)).for_each(|(out, sums)| {
        for (c, out) in out.as_chunks_mut::<9>().0.iter_mut().enumerate() {
            for (place, out) in out.iter_mut().enumerate() {
                *out = sums[place * from + c];
            }
        }
    });
}

/// From sums `[3, 3, from, to]` to weights `[to, from, 3, 3]`.
fn spread(sums: &[f32], from: usize, to: usize, out: &mut [f32]) {
    out.par_chunks_mut(MOST_LANES * from * 9).enumerate().for_each(|(block, out)| {
        let first = block * MOST_LANES;
        for c in 0..from {
            for (n, out) in out.chunks_exact_mut(9 * from).enumerate() {
                for (place, out) in out[9 * c..][..9].iter_mut().enumerate() {
                    *out = sums[(place * from + c) * to + first + n];
                }
            }
        }
    });
}
