//! Winograd's methods F(4×4, 3×3) and F(2×2, 3×3): a tile of 4 × 4 outputs by 36 products in place of
//! 144, or one of 2 × 2 by 16 in place of 36.
//!
//! # Source
//! Lavin and Gray 2016, arXiv:1509.09308, sections 4.1 and 4.3.

use std::marker::PhantomData;
use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::frame::Frame;
use super::kernels::{Kernels, MOST_LANES, Transformed};
use crate::arch::arch;
use crate::gemm::{Left, Packed, Product, Store, lanes, packed_len, panels};
use crate::map::Arena;
use crate::simd::{load, mul_add, store as put, vectors};

/// A method that makes O × O outputs from I × I inputs by as many products.
pub(crate) trait Form<const I: usize, const O: usize>: Copy + Send + Sync {
    /// G, by which kernels are transformed.
    const G: [[f32; 3]; I];

    /// G of one line of kernels.
    #[inline(always)]
    fn kernel<S: Simd>(simd: S, line: [S::f32s; 3]) -> [S::f32s; I] {
        let mut out = [simd.splat_f32s(0.0); I];
        for (out, [a, b, c]) in out.iter_mut().zip(Self::G) {
            let sum = simd.mul_f32s(simd.splat_f32s(a), line[0]);
            let sum = mul_add(simd, simd.splat_f32s(b), line[1], sum);
            *out = mul_add(simd, simd.splat_f32s(c), line[2], sum);
        }
        out
    }

    /// Gᵀ of one line of products: the gradient of G.
    fn kernel_adjoint<S: Simd>(simd: S, line: [S::f32s; I]) -> [S::f32s; 3];

    /// Bᵀ of one line of inputs.
    fn input<S: Simd>(simd: S, line: [S::f32s; I]) -> [S::f32s; I];

    /// Aᵀ of one line of products.
    fn output<S: Simd>(simd: S, line: [S::f32s; I]) -> [S::f32s; O];

    /// A of one line of gradients: the gradient of Aᵀ.
    fn output_adjoint<S: Simd>(simd: S, line: [S::f32s; O]) -> [S::f32s; I];
}

/// F(4×4, 3×3).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Four;

/// F(2×2, 3×3).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Two;

/// From the values of one place to those of the next: a line of the cache more than they take, as
/// places that are a power of two apart would push each other out of it.
const fn apart(tiles: usize, channels: usize) -> usize {
    tiles * channels + 16
}

/// Values of places that stay near.
const NEAR: usize = 262_144;

/// How many of so many tiles pass all three stages together, so that the data between them stay
/// near: parts of about one size, as a part that is small reads as many weights as a large one.
fn together(tiles: usize, places: usize, from: usize, to: usize) -> usize {
    let most = (NEAR / (places * (from + to.min(PANEL)))).clamp(12, 96);
    tiles.div_ceil(tiles.div_ceil(most)).next_multiple_of(4)
}

/// The most columns of a panel.
const PANEL: usize = 2 * MOST_LANES;

/// The row and the column of places that are zero where each value of the input is repeated: of a
/// tile a b b c c d, or a b b c, a combination in which equal values cancel. Where neighbours are added
/// it is their products that cancel.
const CANCELLED: usize = 2;

/// Whether a place does nothing in any tile, if each value of the input is repeated, or neighbours in
/// the output are added.
pub(crate) fn is_zero<const I: usize>(cancels: bool, place: usize) -> bool {
    cancels && (place / I == CANCELLED || place % I == CANCELLED)
}

/// The transformed kernels, one right side for each place of a tile that is not always zero.
#[derive(Debug)]
pub(super) struct Winograd {
    rights: Packed,
    from: usize,
    /// Some places do nothing: see [`is_zero`].
    cancels: bool,
}

impl Winograd {
    pub(super) fn new<F: Form<I, O>, const I: usize, const O: usize>(
        form: F,
        kernels: Kernels<'_>,
        cancels: bool,
        arena: &Arena,
    ) -> Self {
        let kept = (0..I * I).filter(|place| !is_zero::<I>(cancels, *place)).count();
        let mut rights = arena.take_packed(kept * kernels.from * packed_len(kernels.to, lanes()));
        let panels = rights.panels(kept, kernels.from, kernels.to).into_iter();
        let spread = |panel: Vec<_>| {
            let mut kept = panel.into_iter();
            let place = |place| {
                let kept = (!is_zero::<I>(cancels, place)).then(|| kept.next());
                kept.flatten().unwrap_or_default()
            };
            (0..I * I).map(place).collect()
        };
        kernels.fill(Transformed::new(form), panels.map(spread).collect());
        Self { rights, from: kernels.from, cancels }
    }

    pub(super) fn give(self, arena: &Arena) {
        arena.give_packed(self.rights);
    }

    pub(super) fn bytes(&self) -> usize {
        self.rights.bytes()
    }

    pub(super) fn run<F: Form<I, O>, const I: usize, const O: usize>(
        &self,
        _form: F,
        frame: &Frame<'_>,
        out: &mut [f32],
        store: Store<'_>,
        arena: &Arena,
    ) {
        let to = self.rights.columns();
        let mut scratch = arena.take(frame.size());
        let [down, across] = frame.tiles();
        let most = together(frame.images * down * across, I * I, self.from, to);
        let mut inputs = arena.take(I * I * apart(most, self.from));
        let mut products = arena.take(I * I * apart(most, to.min(PANEL)));
        arch().dispatch(Piece::<F, I, O> {
            winograd: self,
            frame,
            scratch: &mut scratch,
            inputs: &mut inputs,
            products: &mut products,
            out,
            store,
            most,
            form: PhantomData,
        });
        for buffer in [scratch, inputs, products] {
            arena.give(buffer);
        }
    }
}

struct Piece<'a, F, const I: usize, const O: usize> {
    winograd: &'a Winograd,
    frame: &'a Frame<'a>,
    scratch: &'a mut [f32],
    inputs: &'a mut [f32],
    products: &'a mut [f32],
    out: &'a mut [f32],
    store: Store<'a>,
    /// The most tiles at once.
    most: usize,
    form: PhantomData<F>,
}

impl<F: Form<I, O>, const I: usize, const O: usize> WithSimd for Piece<'_, F, I, O> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { winograd, frame, scratch, inputs, products, out, store, most, form } = self;
        frame.surround(scratch);
        let (from, to) = (winograd.from, winograd.rights.columns());
        let line = frame.width();
        let [down, across] = frame.tiles();
        let each = down * across;
        let (added, side) = (O / frame.side, frame.side);
        let width = store.share / frame.lines;
        let tiles = frame.images * each;
        // Where a tile begins: its row, line and position.
        let place = |tile: usize| {
            let (image, tile) = (tile / each, tile % each);
            (image, tile / across * O, tile % across * O)
        };
        for first in (0..tiles).step_by(most) {
            let count = most.min(tiles - first);
            let mut tile = 0;
            while tile < count {
                let (image, y, x) = place(first + tile);
                if (y, x) == (0, 0) {
                    frame.fill_one(simd, image, scratch);
                }
                let patch = &scratch[(y * line + x) * from..];
                let out = &mut inputs[tile * from..];
                let (stride, line) = (apart(count, from), line * from);
                let tiles = (across - x / O).min(count - tile);
                simd.vectorize(Input::<F, I, O> { patch, line, tiles, from, out, stride, form });
                tile += tiles;
            }
            for panel in panels(to, S::F32_LANES) {
                let places = (0..I * I).filter(|place| !is_zero::<I>(winograd.cancels, *place));
                let channels = panel.first..to.min(panel.first + panel.width);
                let stride = apart(count, channels.len());
                for (place, right) in places.zip(winograd.rights.panel(&panel)) {
                    let inputs = &inputs[place * apart(count, from)..][..count * from];
                    let left = Left::matrix(inputs, from);
                    let out = &mut products[place * stride..][..count * channels.len()];
                    simd.vectorize(Product { left, right, out, store: Store::PLAIN });
                }
                for tile in 0..count {
                    let (image, y, x) = place(first + tile);
                    let (y, x) = (y / added, x / added);
                    let target = Tile {
                        products: &products[tile * channels.len()..],
                        stride,
                        cancels: winograd.cancels,
                        channels: channels.clone(),
                        to,
                        out,
                        at: (image * store.share + y * width + x) * to,
                        line: width * to,
                        inside: [side.min(frame.lines - y), side.min(width - x)],
                        store: Store { offset: &store.offset[image * to..][..to], ..store },
                    };
                    target.put(simd, added, form);
                }
            }
        }
    }
}

impl Form<6, 4> for Four {
    const G: [[f32; 3]; 6] = [
        [0.25, 0.0, 0.0],
        [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
        [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
        [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
        [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
        [0.0, 0.0, 1.0],
    ];

    #[inline(always)]
    fn input<S: Simd>(simd: S, [a, b, c, d, e, f]: [S::f32s; 6]) -> [S::f32s; 6] {
        let (two, four) = (simd.splat_f32s(2.0), simd.splat_f32s(4.0));
        let (less_four, less_five) = (simd.splat_f32s(-4.0), simd.splat_f32s(-5.0));
        let p = mul_add(simd, less_four, c, e); // e − 4c
        let q = mul_add(simd, less_four, b, d); // d − 4b
        let r = simd.sub_f32s(e, c);
        let s = simd.mul_f32s(two, simd.sub_f32s(d, b));
        [
            mul_add(simd, four, a, mul_add(simd, less_five, c, e)),
            simd.add_f32s(p, q),
            simd.sub_f32s(p, q),
            simd.add_f32s(r, s),
            simd.sub_f32s(r, s),
            mul_add(simd, four, b, mul_add(simd, less_five, d, f)),
        ]
    }

    #[inline(always)]
    fn output<S: Simd>(simd: S, [a, b, c, d, e, f]: [S::f32s; 6]) -> [S::f32s; 4] {
        let (two, four) = (simd.splat_f32s(2.0), simd.splat_f32s(4.0));
        let eight = simd.splat_f32s(8.0);
        let (p, q) = (simd.add_f32s(b, c), simd.sub_f32s(b, c));
        let (r, s) = (simd.add_f32s(d, e), simd.sub_f32s(d, e));
        [
            simd.add_f32s(a, simd.add_f32s(p, r)),
            mul_add(simd, two, s, q),
            mul_add(simd, four, r, p),
            simd.add_f32s(f, mul_add(simd, eight, s, q)),
        ]
    }

    #[inline(always)]
    fn kernel_adjoint<S: Simd>(simd: S, [a, b, c, d, e, f]: [S::f32s; 6]) -> [S::f32s; 3] {
        let factor = |x: f32| simd.splat_f32s(x);
        let (p, q) = (simd.add_f32s(b, c), simd.sub_f32s(c, b));
        let (r, s) = (simd.add_f32s(d, e), simd.sub_f32s(d, e));
        let outer = mul_add(simd, factor(0.25), a, simd.mul_f32s(factor(-1.0 / 6.0), p));
        let odd = simd.mul_f32s(factor(1.0 / 12.0), s);
        let even = mul_add(simd, factor(1.0 / 6.0), simd.sub_f32s(r, p), f);
        [
            mul_add(simd, factor(1.0 / 24.0), r, outer),
            mul_add(simd, factor(1.0 / 6.0), q, odd),
            even,
        ]
    }

    #[inline(always)]
    fn output_adjoint<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; 4]) -> [S::f32s; 6] {
        let (two, four) = (simd.splat_f32s(2.0), simd.splat_f32s(4.0));
        let (p, q) = (simd.add_f32s(a, c), simd.add_f32s(b, d)); // at 1 and −1
        let r = mul_add(simd, four, c, a); // at 2 and −2
        let s = simd.mul_f32s(two, mul_add(simd, four, d, b));
        [a, simd.add_f32s(p, q), simd.sub_f32s(p, q), simd.add_f32s(r, s), simd.sub_f32s(r, s), d]
    }
}

impl Form<4, 2> for Two {
    const G: [[f32; 3]; 4] = [[1.0, 0.0, 0.0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.0, 0.0, 1.0]];

    #[inline(always)]
    fn input<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; 4]) -> [S::f32s; 4] {
        [simd.sub_f32s(a, c), simd.add_f32s(b, c), simd.sub_f32s(c, b), simd.sub_f32s(b, d)]
    }

    #[inline(always)]
    fn output<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; 4]) -> [S::f32s; 2] {
        let (p, q) = (simd.add_f32s(b, c), simd.sub_f32s(b, c));
        [simd.add_f32s(a, p), simd.sub_f32s(q, d)]
    }

    #[inline(always)]
    fn kernel_adjoint<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; 4]) -> [S::f32s; 3] {
        let half = simd.splat_f32s(0.5);
        let (p, q) = (simd.add_f32s(b, c), simd.sub_f32s(b, c));
        [mul_add(simd, half, p, a), simd.mul_f32s(half, q), mul_add(simd, half, p, d)]
    }

    #[inline(always)]
    fn output_adjoint<S: Simd>(simd: S, [a, b]: [S::f32s; 2]) -> [S::f32s; 4] {
        [a, simd.add_f32s(a, b), simd.sub_f32s(a, b), simd.neg_f32s(b)]
    }
}

/// Some tiles of the input that follow each other in a line, into their places.
pub(crate) struct Input<'a, F, const I: usize, const O: usize> {
    pub patch: &'a [f32],
    /// From a line of the patch to the next.
    pub line: usize,
    pub tiles: usize,
    pub from: usize,
    pub out: &'a mut [f32],
    /// From a place to the next.
    pub stride: usize,
    pub form: PhantomData<F>,
}

impl<F: Form<I, O>, const I: usize, const O: usize> WithSimd for Input<'_, F, I, O> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let Self { line, tiles, from, stride, .. } = self;
        assert!(tiles > 0, "at least one tile");
        assert!(
            (I - 1) * line + ((tiles - 1) * O + I) * from <= self.patch.len(),
            "tiles are there"
        );
        assert!((I * I - 1) * stride + tiles * from <= self.out.len(), "room for the tiles");
        vectors::<S>(
            from,
            #[inline(always)]
            |channel, count| self.vector(simd, channel, count),
        );
    }
}

impl<F: Form<I, O>, const I: usize, const O: usize> Input<'_, F, I, O> {
    /// The channels from `channel` on, a vector of them or fewer.
    #[expect(unsafe_code, reason = "bounds are checked once for all channels")]
    #[inline(always)]
    fn vector<S: Simd>(&mut self, simd: S, channel: usize, count: usize) {
        let mut half = [[simd.splat_f32s(0.0); I]; I];
        for x in 0..I - O {
            set(&mut half, x, &self.column(simd, x, channel, count));
        }
        for tile in 0..self.tiles {
            for x in I - O..I {
                set(&mut half, x, &self.column(simd, tile * O + x, channel, count));
            }
            for (y, row) in half.iter().enumerate() {
                let row = F::input(simd, *row);
                for (x, value) in row.iter().enumerate() {
                    let at = (I * y + x) * self.stride + tile * self.from + channel;
                    // SAFETY: the last place of the last tile was compared in `with_simd`.
                    put(simd, unsafe { self.out.get_unchecked_mut(at..at + count) }, *value);
                }
            }
            // The first columns of a tile are the last of the one before.
            for row in &mut half {
                (0..I - O).for_each(|x| row[x] = row[O + x]);
            }
        }
    }

    /// Bᵀ of the inputs at `position` of each line.
    #[expect(unsafe_code, reason = "bounds are checked once for all channels")]
    #[inline(always)]
    fn column<S: Simd>(
        &self,
        simd: S,
        position: usize,
        channel: usize,
        count: usize,
    ) -> [S::f32s; I] {
        let mut column = [simd.splat_f32s(0.0); I];
        for (y, value) in column.iter_mut().enumerate() {
            let at = y * self.line + position * self.from + channel;
            // SAFETY: the end of the last tile was compared in `with_simd`.
            *value = load(simd, unsafe { self.patch.get_unchecked(at..at + count) });
        }
        F::input(simd, column)
    }
}

/// Sets column `x`.
#[inline(always)]
fn set<V: Copy, const I: usize, const R: usize>(rows: &mut [[V; I]; R], x: usize, column: &[V; R]) {
    for (row, value) in rows.iter_mut().zip(column) {
        row[x] = *value;
    }
}

/// The products of a tile, and where its outputs go.
struct Tile<'a> {
    products: &'a [f32],
    /// From a place to the next.
    stride: usize,
    /// Some places do nothing, and are not there.
    cancels: bool,
    /// Which channels of how many.
    channels: Range<usize>,
    to: usize,
    out: &'a mut [f32],
    /// Where the tile begins.
    at: usize,
    /// From a line of the output to the next.
    line: usize,
    /// Lines and positions of the tile that are there.
    inside: [usize; 2],
    store: Store<'a>,
}

impl Tile<'_> {
    /// Puts the outputs there, `added` × `added` of them as one.
    #[inline(always)]
    fn put<S: Simd, F: Form<I, O>, const I: usize, const O: usize>(
        self,
        simd: S,
        added: usize,
        form: PhantomData<F>,
    ) {
        if added == 1 {
            simd.vectorize(Output::<F, I, O, 1> { tile: self, form });
        } else {
            simd.vectorize(Output::<F, I, O, 2> { tile: self, form });
        }
    }
}

/// Adds the products of a tile, P × P for each output.
struct Output<'a, F, const I: usize, const O: usize, const P: usize> {
    tile: Tile<'a>,
    form: PhantomData<F>,
}

impl<F: Form<I, O>, const I: usize, const O: usize, const P: usize> WithSimd
    for Output<'_, F, I, O, P>
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let Tile { products, stride, channels, to, out, at, line, inside, store, .. } = &self.tile;
        let [down, across] = inside;
        let last = at + (down - 1) * line + (across - 1) * to + channels.end;
        assert!((I * I - 1) * stride + channels.len() <= products.len(), "all products");
        assert!(last <= out.len(), "room for the tile");
        assert!(store.residual.is_empty() || last <= store.residual.len(), "a residual each");
        assert!(channels.end <= store.offset.len(), "an offset each");
        vectors::<S>(
            self.tile.channels.len(),
            #[inline(always)]
            |skip, count| self.vector(simd, skip, count),
        );
    }
}

impl<F: Form<I, O>, const I: usize, const O: usize, const P: usize> Output<'_, F, I, O, P> {
    /// The channels from the `skip`th on, a vector of them or fewer.
    #[expect(unsafe_code, reason = "bounds are checked once for all channels")]
    #[inline(always)]
    fn vector<S: Simd>(&mut self, simd: S, skip: usize, count: usize) {
        let tile = &mut self.tile;
        let mut half = [[simd.splat_f32s(0.0); I]; O];
        for x in 0..I {
            let mut column = [simd.splat_f32s(0.0); I];
            for (y, value) in column.iter_mut().enumerate() {
                let place = I * y + x;
                if !is_zero::<I>(tile.cancels, place) {
                    let at = place * tile.stride + skip;
                    // SAFETY: the end of the last place was compared in `with_simd`.
                    *value = load(simd, unsafe { tile.products.get_unchecked(at..at + count) });
                }
            }
            set(&mut half, x, &F::output(simd, column));
        }
        let channel = tile.channels.start + skip;
        let Store { offset, residual, scale, .. } = tile.store;
        // SAFETY: this end, like those of the residual and the output, was compared in `with_simd`.
        let offset = load(simd, unsafe { offset.get_unchecked(channel..channel + count) });
        let [down, across] = tile.inside;
        for (y, rows) in half.chunks_exact(P).enumerate() {
            let mut row = rows[0];
            if P == 2 {
                for (sum, value) in row.iter_mut().zip(&rows[P - 1]) {
                    *sum = simd.add_f32s(*sum, *value);
                }
            }
            let row = F::output(simd, row);
            for (x, values) in row.chunks_exact(P).enumerate() {
                if y >= down || x >= across {
                    continue;
                }
                let at = tile.at + y * tile.line + x * tile.to + channel;
                let mut value = simd.add_f32s(values[0], offset);
                if P == 2 {
                    value = simd.add_f32s(value, values[P - 1]);
                }
                if !residual.is_empty() {
                    // SAFETY: as above.
                    let residual = unsafe { residual.get_unchecked(at..at + count) };
                    value = simd.add_f32s(value, load(simd, residual));
                }
                let value = simd.mul_f32s(value, simd.splat_f32s(scale));
                // SAFETY: as above.
                put(simd, unsafe { tile.out.get_unchecked_mut(at..at + count) }, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "at least one tile")]
    fn no_tile_is_refused() {
        let (patch, line, from, stride) = (&[0.0; 64], 8, 1, 4);
        let out = &mut [0.0; 64];
        let form = PhantomData::<Two>;
        arch().dispatch(Input::<Two, 4, 2> { patch, line, tiles: 0, from, out, stride, form });
    }
}
