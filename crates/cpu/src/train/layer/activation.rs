//! Activation functions on their own.

use ancestral_format::Activation;
use pulp::{Simd, WithSimd};

use crate::arch::arch;
use crate::norm::{activate, activation_slope};
use crate::simd::{load, silu_slope, store};
use crate::threads::prelude::*;

/// Values that are one piece of work.
const PIECE: usize = 8192;

/// y = activation(x).
pub(crate) fn forward(activation: Activation, x: &[f32], out: &mut [f32]) {
    out.par_chunks_mut(PIECE).zip(x.par_chunks(PIECE)).for_each(|(out, x)| {
        out.copy_from_slice(x);
        activate(activation, out);
    });
}

/// dx = dy activation′(x), in the place of dy.
pub(crate) fn backward(activation: Activation, x: &[f32], dy: &mut [f32]) {
    let pieces = dy.par_chunks_mut(PIECE).zip(x.par_chunks(PIECE));
    pieces.for_each(|(dy, x)| match activation {
        Activation::Silu | Activation::Swish => arch().dispatch(SiluBackward { x, dy }),
        Activation::Mish | Activation::Gelu | Activation::Relu => {
            dy.iter_mut().zip(x).for_each(|(dy, x)| *dy *= activation_slope(activation, *x));
        }
    });
}

struct SiluBackward<'a> {
    x: &'a [f32],
    dy: &'a mut [f32],
}

impl WithSimd for SiluBackward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let pieces = self.dy.chunks_mut(S::F32_LANES).zip(self.x.chunks(S::F32_LANES));
        for (dy, x) in pieces {
            let value = simd.mul_f32s(load(simd, dy), silu_slope(simd, load(simd, x)));
            store(simd, dy, value);
        }
    }
}
