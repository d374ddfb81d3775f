//! A convolution as one product over patches, which are read in place.

use pulp::{Simd, WithSimd};

use super::frame::Frame;
use super::kernels::{Kernels, Plain};
use crate::arch::arch;
use crate::gemm::{Left, Packed, Product, Store, lanes, packed_len};
use crate::map::Arena;

/// The kernel as the right side of a product: rows (p, q, channel).
#[derive(Debug, Default)]
pub(super) struct Direct {
    right: Packed,
}

impl Direct {
    pub(super) fn new(kernels: Kernels<'_>, arena: &Arena) -> Self {
        let mut right = arena.take_packed(9 * kernels.from * packed_len(kernels.to, lanes()));
        let panels = right.panels(1, 9 * kernels.from, kernels.to).into_iter().flatten();
        let panels = panels.map(|panel| panel.chunks_exact_mut(panel.len() / 9).collect());
        kernels.fill(Plain, panels.collect());
        Self { right }
    }

    pub(super) fn give(self, arena: &Arena) {
        arena.give_packed(self.right);
    }

    pub(super) fn bytes(&self) -> usize {
        self.right.bytes()
    }

    pub(super) fn run(&self, frame: &Frame<'_>, out: &mut [f32], store: Store<'_>, arena: &Arena) {
        let mut scratch = arena.take(frame.len());
        arch().dispatch(Piece { direct: self, frame, scratch: &mut scratch, out, store });
        arena.give(scratch);
    }
}

struct Piece<'a> {
    direct: &'a Direct,
    frame: &'a Frame<'a>,
    scratch: &'a mut [f32],
    out: &'a mut [f32],
    store: Store<'a>,
}

impl WithSimd for Piece<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { direct, frame, scratch, out, store } = self;
        frame.fill(simd, scratch);
        let (channels, width, stride) = (frame.channels(), frame.width(), frame.motion.stride());
        let rows = out.len() / direct.right.columns();
        let each = rows / frame.images;
        let (across, size) = (each / frame.lines, frame.size());
        // A patch is three pieces of three positions each, one below the other.
        let left = Left {
            data: scratch,
            rows,
            start: move |row: usize| {
                let (image, row) = (row / each, row % each);
                image * size + (row / across * width + row % across) * stride * channels
            },
            segments: 3,
            stride: width * channels,
            length: 3 * channels,
        };
        simd.vectorize(Product { left, right: direct.right.right(), out, store });
    }
}
