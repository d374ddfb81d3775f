//! Winograd's method F(4×4, 3×3): a tile of 4 × 4 outputs by 36 products in place of 144.
//!
//! # Source
//! Lavin and Gray 2016, arXiv:1509.09308, section 4.3.

use pulp::{Simd, WithSimd};

use super::frame::Frame;
use crate::arch::arch;
use crate::gemm::{Left, Packed, Product, Store};
use crate::map::Arena;
use crate::simd::{load, store as put};

/// Products a tile.
const PLACES: usize = 36;
/// Tiles that go through all three stages together, so that what is between them stays near.
const TILES: usize = 24;

/// G, by which kernels are transformed.
const G: [[f64; 3]; 6] = [
    [0.25, 0.0, 0.0],
    [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
    [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
    [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
    [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
    [0.0, 0.0, 1.0],
];

/// The transformed kernels, one right side for each of the 36 places of a tile.
#[derive(Debug)]
pub(super) struct Winograd {
    rights: Vec<Packed>,
    from: usize,
}

impl Winograd {
    pub(super) fn new(weight: &[f32], from: usize, to: usize) -> Self {
        let mut transformed = vec![0.0; PLACES * from * to];
        for (pair, kernel) in weight.chunks_exact(9).enumerate() {
            for place in 0..PLACES {
                let (u, v) = (G[place / 6], G[place % 6]);
                let term = |i: usize| u[i / 3] * v[i % 3] * f64::from(kernel[i]);
                transformed[place * from * to + pair] = to_f32((0..9).map(term).sum());
            }
        }
        let rights = transformed
            .chunks_exact(from * to)
            .map(|kernels| Packed::new(from, to, |k, n| kernels[n * from + k]));
        Self { rights: rights.collect(), from }
    }

    pub(super) fn bytes(&self) -> usize {
        self.rights.iter().map(Packed::bytes).sum()
    }

    pub(super) fn run(&self, frame: &Frame<'_>, out: &mut [f32], store: Store<'_>, arena: &Arena) {
        let to = self.rights[0].columns();
        let mut scratch = arena.take(frame.len());
        let mut inputs = arena.take(PLACES * TILES * self.from);
        let mut products = arena.take(PLACES * TILES * to);
        arch().dispatch(Piece {
            winograd: self,
            frame,
            scratch: &mut scratch,
            inputs: &mut inputs,
            products: &mut products,
            out,
            store,
        });
        for buffer in [scratch, inputs, products] {
            arena.give(buffer);
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is the purpose")]
fn to_f32(value: f64) -> f32 {
    value as f32
}

struct Piece<'a> {
    winograd: &'a Winograd,
    frame: &'a Frame<'a>,
    scratch: &'a mut [f32],
    inputs: &'a mut [f32],
    products: &'a mut [f32],
    out: &'a mut [f32],
    store: Store<'a>,
}

impl WithSimd for Piece<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { winograd, frame, scratch, inputs, products, out, store } = self;
        frame.fill(simd, scratch);
        let (from, to) = (winograd.from, winograd.rights[0].columns());
        let line = frame.width();
        let across = (line - 2) / 4;
        let each = across * frame.lines / 4;
        let tiles = frame.images * each;
        // Where a tile begins: its row, line and position.
        let place = |tile: usize| {
            let (image, tile) = (tile / each, tile % each);
            (image, tile / across * 4, tile % across * 4)
        };
        for first in (0..tiles).step_by(TILES) {
            let count = TILES.min(tiles - first);
            for tile in 0..count {
                let (image, y, x) = place(first + tile);
                let patch = &scratch[image * frame.size() + (y * line + x) * from..];
                let out = &mut inputs[tile * from..];
                simd.vectorize(Input { patch, line: line * from, from, out, stride: count * from });
            }
            for (place, right) in winograd.rights.iter().enumerate() {
                let left = Left::matrix(&inputs[place * count * from..][..count * from], from);
                let out = &mut products[place * count * to..][..count * to];
                simd.vectorize(Product { left, right, out, store: Store::PLAIN });
            }
            for tile in 0..count {
                let (image, y, x) = place(first + tile);
                let at = (image * store.share + y * (line - 2) + x) * to;
                let products = &products[tile * to..];
                let offset = &store.offset[image * to..][..to];
                let (stride, line) = (count * to, (line - 2) * to);
                let store = Store { offset, ..store };
                simd.vectorize(Output { products, stride, to, out, at, line, store });
            }
        }
    }
}

/// Bᵀ of one line of six.
#[inline(always)]
fn input_line<S: Simd>(simd: S, [a, b, c, d, e, f]: [S::f32s; 6]) -> [S::f32s; 6] {
    macro_rules! splat {
        ($value:expr) => {
            simd.splat_f32s($value)
        };
    }
    let (two, four, five) = (splat!(2.0), splat!(4.0), splat!(-5.0));
    macro_rules! fma {
        ($x:expr, $y:expr, $z:expr) => {
            simd.mul_add_f32s($x, $y, $z)
        };
    }
    let p = fma!(splat!(-4.0), c, e); // e − 4c
    let q = fma!(splat!(-4.0), b, d); // d − 4b
    let r = simd.sub_f32s(e, c);
    let s = simd.mul_f32s(two, simd.sub_f32s(d, b));
    [
        fma!(four, a, fma!(five, c, e)),
        simd.add_f32s(p, q),
        simd.sub_f32s(p, q),
        simd.add_f32s(r, s),
        simd.sub_f32s(r, s),
        fma!(four, b, fma!(five, d, f)),
    ]
}

/// Aᵀ of one line of six.
#[inline(always)]
fn output_line<S: Simd>(simd: S, [a, b, c, d, e, f]: [S::f32s; 6]) -> [S::f32s; 4] {
    macro_rules! splat {
        ($value:expr) => {
            simd.splat_f32s($value)
        };
    }
    macro_rules! fma {
        ($x:expr, $y:expr, $z:expr) => {
            simd.mul_add_f32s($x, $y, $z)
        };
    }
    let (p, q) = (simd.add_f32s(b, c), simd.sub_f32s(b, c));
    let (r, s) = (simd.add_f32s(d, e), simd.sub_f32s(d, e));
    [
        simd.add_f32s(a, simd.add_f32s(p, r)),
        fma!(splat!(2.0), s, q),
        fma!(splat!(4.0), r, p),
        simd.add_f32s(f, fma!(splat!(8.0), s, q)),
    ]
}

/// One tile of the input into its 36 places.
struct Input<'a> {
    patch: &'a [f32],
    /// From a line of the patch to the next.
    line: usize,
    from: usize,
    out: &'a mut [f32],
    /// From a place to the next.
    stride: usize,
}

impl WithSimd for Input<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { patch, line, from, out, stride } = self;
        for channel in (0..from).step_by(S::F32_LANES) {
            let count = S::F32_LANES.min(from - channel);
            let mut half = [[simd.splat_f32s(0.0); 6]; 6];
            for x in 0..6 {
                let mut column = [simd.splat_f32s(0.0); 6];
                for (y, value) in column.iter_mut().enumerate() {
                    let at = y * line + x * from + channel;
                    *value = load(simd, &patch[at..at + count]);
                }
                let column = input_line(simd, column);
                for (half, value) in half.iter_mut().zip(column) {
                    half[x] = value;
                }
            }
            for (y, row) in half.into_iter().enumerate() {
                let row = input_line(simd, row);
                for (x, value) in row.into_iter().enumerate() {
                    let at = (6 * y + x) * stride + channel;
                    put(simd, &mut out[at..at + count], value);
                }
            }
        }
    }
}

/// The 36 products of a tile into 4 × 4 outputs.
struct Output<'a> {
    products: &'a [f32],
    /// From a place to the next.
    stride: usize,
    to: usize,
    out: &'a mut [f32],
    /// Where the tile begins.
    at: usize,
    /// From a line of the output to the next.
    line: usize,
    store: Store<'a>,
}

impl WithSimd for Output<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { products, stride, to, out, at, line, store } = self;
        let scale = simd.splat_f32s(store.scale);
        for channel in (0..to).step_by(S::F32_LANES) {
            let count = S::F32_LANES.min(to - channel);
            let mut half = [[simd.splat_f32s(0.0); 6]; 4];
            for x in 0..6 {
                let mut column = [simd.splat_f32s(0.0); 6];
                for (y, value) in column.iter_mut().enumerate() {
                    let at = (6 * y + x) * stride + channel;
                    *value = load(simd, &products[at..at + count]);
                }
                let column = output_line(simd, column);
                for (half, value) in half.iter_mut().zip(column) {
                    half[x] = value;
                }
            }
            let offset = load(simd, &store.offset[channel..channel + count]);
            for (y, row) in half.into_iter().enumerate() {
                let row = output_line(simd, row);
                for (x, value) in row.into_iter().enumerate() {
                    let at = at + y * line + x * to + channel;
                    let mut value = simd.add_f32s(value, offset);
                    if !store.residual.is_empty() {
                        let residual = load(simd, &store.residual[at..at + count]);
                        value = simd.add_f32s(value, residual);
                    }
                    let value = simd.mul_f32s(value, scale);
                    put(simd, &mut out[at..at + count], value);
                }
            }
        }
    }
}
