//! The gradient of the weights of a 3 × 3 convolution.
//!
//! Of each place of a kernel, or of a transformed kernel, it is one product over all positions, or
//! all tiles: the input's channels × the output's.

use std::marker::PhantomData;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::Conv3;
use crate::arch::arch;
use crate::conv::{Form, Four, Frame, Input, MOST_LANES, Tiling, Two, apart};
use crate::gemm::{Columns, Product, Store};
use crate::map::{Buffer, Shape, View};
use crate::norm::Before;
use crate::simd::{load, store as put};
use crate::train::SCRATCH;
use crate::train::outer::Parts;

/// Tiles whose products are added before the result is written.
const TILES: usize = 512;

pub(super) fn run(conv: &Conv3, x: &[f32], dy: &[f32], dw: &mut [f32]) {
    match Tiling::of(conv.motion, conv.input_shape(), conv.to) {
        Tiling::Four => winograd(Four, conv, x, dy, dw),
        Tiling::Two => winograd(Two, conv, x, dy, dw),
        Tiling::None => direct(conv, x, dy, dw),
    }
}

/// The frame of each row, one after the other, and the values of one.
fn frames(conv: &Conv3, x: &[f32]) -> (Buffer, usize) {
    let source = [View { data: x, shape: conv.input_shape() }];
    let frame = |row: usize| Frame {
        sources: &source,
        before: Before::NOTHING,
        row,
        images: 1,
        motion: conv.motion,
        first: 0,
        lines: conv.output_shape().height,
    };
    let size = frame(0).size();
    let mut frames = SCRATCH.take(conv.rows * size);
    frames.par_chunks_exact_mut(size).enumerate().for_each(|(row, out)| {
        arch().dispatch(Fill { frame: frame(row), out });
    });
    (frames, size)
}

struct Fill<'a> {
    frame: Frame<'a>,
    out: &'a mut [f32],
}

impl WithSimd for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.frame.fill(simd, self.out);
    }
}

/// Place by place, over all positions.
fn direct(conv: &Conv3, x: &[f32], dy: &[f32], dw: &mut [f32]) {
    let Conv3 { from, to, motion, .. } = *conv;
    let output = conv.output_shape();
    let (frames, size) = frames(conv, x);
    let line = output.width * motion.stride() + 2;
    let start = |k: usize| {
        let (row, at) = (k / output.positions(), k % output.positions());
        let (y, x) = (at / output.width, at % output.width);
        row * size + (y * line + x) * motion.stride() * from
    };
    let starts: Vec<usize> = (0..conv.rows * output.positions()).map(start).collect();
    let parts = Parts::pack(dy, to);
    let mut sums = SCRATCH.take(9 * from * to);
    // Rows (q, channel) of a line p of the kernel follow each other in the frame.
    sums.par_chunks_exact_mut(3 * from * to).enumerate().for_each(|(p, sums)| {
        parts.product(&frames[p * line * from..], &starts, sums);
    });
    parts.give();
    SCRATCH.give(frames);
    spread(Plain, &sums, from, to, dw);
    SCRATCH.give(sums);
}

/// By the adjoint of Winograd's method.
///
/// # Formula
/// ```text
/// y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A     →     dg = Gᵀ[Σ_tiles (Bᵀ d B) ⊙ (A dy Aᵀ)]G
/// ```
fn winograd<F: Form<I, O>, const I: usize, const O: usize>(
    _form: F,
    conv: &Conv3,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
) {
    let Conv3 { from, to, .. } = *conv;
    let output = conv.output_shape();
    let (frames, size) = frames(conv, x);
    let tiles = output.positions() / (O * O); // of a row
    let (apart_x, apart_y) = (apart(tiles, from), apart(tiles, to));
    let (each_x, each_y) = (I * I * apart_x, I * I * apart_y);
    let rows = (TILES / tiles).max(1);
    let mut sums = SCRATCH.take(I * I * from * to);
    let groups = frames.chunks(rows * size).zip(dy.chunks(rows * output.len()));
    for (group, (frames, dy)) in groups.enumerate() {
        let count = dy.len() / output.len();
        let mut inputs = SCRATCH.take(count * each_x);
        let mut gradients = SCRATCH.take(count * each_y);
        let data = frames.par_chunks_exact(size).zip(dy.par_chunks_exact(output.len()));
        let room = inputs.par_chunks_exact_mut(each_x).zip(gradients.par_chunks_exact_mut(each_y));
        room.zip(data).for_each(|((inputs, gradients), (frame, dy))| {
            arch().dispatch(Tiles::<F, I, O> {
                output,
                frame,
                dy,
                from,
                inputs,
                gradients,
                form: PhantomData,
            });
        });
        let place = |(place, out): (usize, &mut [f32])| {
            let starts = |each: usize, apart: usize, channels: usize| {
                move |k: usize| k / tiles * each + place * apart + k % tiles * channels
            };
            let mut right = SCRATCH.take_packed(0);
            right.fill_rows(count * tiles, to, &gradients, starts(each_y, apart_y, to));
            let start = starts(each_x, apart_x, from);
            let left = Columns { data: &inputs, rows: from, columns: count * tiles, start };
            let store = Store { accumulate: group > 0, ..Store::PLAIN };
            Product { left, right: right.right(), out, store }.run();
            SCRATCH.give_packed(right);
        };
        sums.par_chunks_exact_mut(from * to).enumerate().for_each(place);
        SCRATCH.give(inputs);
        SCRATCH.give(gradients);
    }
    SCRATCH.give(frames);
    spread(Adjoint::<F, I, O>(PhantomData), &sums, from, to, dw);
    SCRATCH.give(sums);
}

/// The tiles of one row, of input and gradient, into their places.
struct Tiles<'a, F, const I: usize, const O: usize> {
    output: Shape,
    frame: &'a [f32],
    dy: &'a [f32],
    from: usize,
    inputs: &'a mut [f32],
    gradients: &'a mut [f32],
    form: PhantomData<F>,
}

impl<F: Form<I, O>, const I: usize, const O: usize> WithSimd for Tiles<'_, F, I, O> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { output, frame, dy, from, inputs, gradients, form } = self;
        let (across, to) = (output.width / O, output.channels);
        let tiles = output.positions() / (O * O);
        let (wide, line) = ((output.width + 2) * from, output.width * to);
        for tile in 0..tiles {
            let (y, x) = (tile / across * O, tile % across * O);
            let patch = &frame[y * wide + x * from..];
            let (out, stride) = (&mut inputs[tile * from..], apart(tiles, from));
            simd.vectorize(Input::<F, I, O> {
                patch,
                line: wide,
                tiles: 1,
                from,
                out,
                stride,
                form,
            });
            let dy = &dy[y * line + x * to..];
            let (out, stride) = (&mut gradients[tile * to..], apart(tiles, to));
            simd.vectorize(Gradient::<F, I, O> { dy, line, to, out, stride, form });
        }
    }
}

/// A dy Aᵀ of one tile, into its places.
struct Gradient<'a, F, const I: usize, const O: usize> {
    dy: &'a [f32],
    /// From a line of the gradient to the next.
    line: usize,
    to: usize,
    out: &'a mut [f32],
    /// From a place to the next.
    stride: usize,
    form: PhantomData<F>,
}

impl<F: Form<I, O>, const I: usize, const O: usize> WithSimd for Gradient<'_, F, I, O> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { dy, line, to, out, stride, form: _ } = self;
        for channel in (0..to).step_by(S::F32_LANES) {
            let count = S::F32_LANES.min(to - channel);
            let mut half = [[simd.splat_f32s(0.0); O]; I];
            for x in 0..O {
                let mut column = [simd.splat_f32s(0.0); O];
                for (y, value) in column.iter_mut().enumerate() {
                    let at = y * line + x * to + channel;
                    *value = load(simd, &dy[at..at + count]);
                }
                let column = F::output_adjoint(simd, column);
                for (half, value) in half.iter_mut().zip(&column) {
                    half[x] = *value;
                }
            }
            for (y, row) in half.iter().enumerate() {
                for (x, value) in F::output_adjoint(simd, *row).iter().enumerate() {
                    let at = (I * y + x) * stride + channel;
                    put(simd, &mut out[at..at + count], *value);
                }
            }
        }
    }
}

/// From the sums of all places to the gradient of a kernel.
trait Collect: Copy + Send + Sync {
    fn collect<S: Simd>(simd: S, place: impl Fn(usize) -> S::f32s) -> [S::f32s; 9];
}

/// The places are those of the kernel.
#[derive(Clone, Copy)]
struct Plain;

impl Collect for Plain {
    #[inline(always)]
    fn collect<S: Simd>(_: S, place: impl Fn(usize) -> S::f32s) -> [S::f32s; 9] {
        std::array::from_fn(place)
    }
}

/// Gᵀ c G of a method of Winograd's.
#[derive(Clone, Copy)]
struct Adjoint<F, const I: usize, const O: usize>(PhantomData<F>);

impl<F: Form<I, O>, const I: usize, const O: usize> Collect for Adjoint<F, I, O> {
    #[inline(always)]
    fn collect<S: Simd>(simd: S, place: impl Fn(usize) -> S::f32s) -> [S::f32s; 9] {
        let mut half = [[simd.splat_f32s(0.0); I]; 3];
        for x in 0..I {
            let mut column = [simd.splat_f32s(0.0); I];
            for (y, value) in column.iter_mut().enumerate() {
                *value = place(I * y + x);
            }
            for (half, value) in half.iter_mut().zip(&F::kernel_adjoint(simd, column)) {
                half[x] = *value;
            }
        }
        let mut out = [simd.splat_f32s(0.0); 9];
        for (out, half) in out.chunks_exact_mut(3).zip(half) {
            out.copy_from_slice(&F::kernel_adjoint(simd, half));
        }
        out
    }
}

/// From sums `[place, from, to]` to weights `[to, from, 3, 3]`.
fn spread<C: Collect>(_collect: C, sums: &[f32], from: usize, to: usize, dw: &mut [f32]) {
    dw.par_chunks_mut(MOST_LANES * from * 9).enumerate().for_each(|(block, dw)| {
        let (first, collect) = (block * MOST_LANES, PhantomData::<C>);
        arch().dispatch(Spread { sums, from, to, first, dw, collect });
    });
}

struct Spread<'a, C> {
    sums: &'a [f32],
    from: usize,
    to: usize,
    /// The first channel of the output in `dw`.
    first: usize,
    dw: &'a mut [f32],
    collect: PhantomData<C>,
}

impl<C: Collect> WithSimd for Spread<'_, C> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { sums, from, to, first, dw, collect: _ } = self;
        let mut lines = [[0.0; MOST_LANES]; 9];
        for (skip, dw) in dw.chunks_mut(S::F32_LANES * from * 9).enumerate() {
            let first = first + skip * S::F32_LANES;
            let count = dw.len() / (9 * from);
            for c in 0..from {
                let kernel = C::collect(
                    simd,
                    #[inline(always)]
                    |place| {
                        let at = (place * from + c) * to + first;
                        load(simd, &sums[at..at + count])
                    },
                );
                for (line, value) in lines.iter_mut().zip(kernel) {
                    put(simd, &mut line[..S::F32_LANES], value);
                }
                for (n, dw) in dw.chunks_exact_mut(9 * from).enumerate() {
                    for (dw, line) in dw[9 * c..9 * c + 9].iter_mut().zip(&lines) {
                        *dw = line[n];
                    }
                }
            }
        }
    }
}
