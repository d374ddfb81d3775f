//! The kernels of a 3 × 3 convolution, as its products read them.

use std::marker::PhantomData;

use pulp::{Simd, WithSimd};

use crate::arch::arch;
use crate::simd::{load, store};
use crate::threads::prelude::*;

/// Kernels of 3 × 3, `[to, from, 3, 3]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kernels<'a> {
    pub weight: &'a [f32],
    pub from: usize,
    pub to: usize,
    /// They are those of the adjoint of a convolution with the weights `[from, to, 3, 3]`, by which
    /// gradients go back: turned by half a circle.
    pub adjoint: bool,
}

/// What is done to a kernel before it is stored, a value a place.
pub(super) trait Transform: Copy + Send + Sync {
    fn apply<S: Simd>(self, simd: S, kernel: [S::f32s; 9], put: impl FnMut(usize, S::f32s));
}

/// The kernel itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plain;

impl Transform for Plain {
    #[inline(always)]
    fn apply<S: Simd>(self, _: S, kernel: [S::f32s; 9], mut put: impl FnMut(usize, S::f32s)) {
        for (place, value) in kernel.iter().enumerate() {
            put(place, *value);
        }
    }
}

impl<'a> Kernels<'a> {
    /// Fills panels of columns: each is a list of its places, `[from, width]`, of which all but the
    /// first may be empty: what belongs there is not wanted.
    pub(super) fn fill<T: Transform>(self, transform: T, panels: Vec<Vec<&mut [f32]>>) {
        let widths = panels.iter().map(|places| places[0].len() / self.from);
        let firsts = widths.scan(0, |next, width| Some(std::mem::replace(next, *next + width)));
        let firsts: Vec<usize> = firsts.collect();
        panels.into_par_iter().zip(firsts).for_each(|(places, first)| {
            arch().dispatch(Fill { kernels: self, first, places, transform });
        });
    }

    /// A kernel, not turned, and what follows it up to a vector, if it does; nothing if there is no such
    /// channel that it goes from.
    #[inline(always)]
    pub(crate) fn at_least(self, k: usize, n: usize) -> &'a [f32] {
        if k >= self.from {
            return &[];
        }
        let [next, other] = self.distances();
        let at = k * next + n * other;
        self.weight.get(at..at + MOST_LANES).unwrap_or(&self.weight[at..])
    }

    /// Values from a kernel to that of the next channel it goes from, and of the next it goes to.
    #[inline(always)]
    pub(crate) fn distances(self) -> [usize; 2] {
        if self.adjoint { [9 * self.to, 9] } else { [9, 9 * self.from] }
    }

    /// The kernels from channel `k` to the channels `first…`, a line of `out` a position.
    #[inline(always)]
    fn gather(self, k: usize, first: usize, out: &mut [[f32; MOST_LANES]; 9], lanes: usize) {
        let Self { weight, from, to, adjoint } = self;
        for lane in 0..lanes {
            let n = first + lane;
            if n >= to {
                for line in out.iter_mut() {
                    line[lane] = 0.0;
                }
                continue;
            }
            if adjoint {
                let kernel = &weight[(k * to + n) * 9..][..9];
                out.iter_mut().zip(kernel.iter().rev()).for_each(|(line, x)| line[lane] = *x);
            } else {
                let kernel = &weight[(n * from + k) * 9..][..9];
                out.iter_mut().zip(kernel).for_each(|(line, x)| line[lane] = *x);
            }
        }
    }
}

/// Lanes of the widest vectors.
pub(crate) const MOST_LANES: usize = 16;

struct Fill<'a, T> {
    kernels: Kernels<'a>,
    first: usize,
    places: Vec<&'a mut [f32]>,
    transform: T,
}

impl<T: Transform> WithSimd for Fill<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { kernels, first, mut places, transform } = self;
        let width = places[0].len() / kernels.from;
        let mut lines = [[0.0; MOST_LANES]; 9];
        for k in 0..kernels.from {
            for skip in (0..width).step_by(S::F32_LANES) {
                kernels.gather(k, first + skip, &mut lines, S::F32_LANES);
                let mut kernel = [simd.splat_f32s(0.0); 9];
                for (value, line) in kernel.iter_mut().zip(&lines) {
                    *value = load(simd, &line[..S::F32_LANES]);
                }
                let at = k * width + skip;
                transform.apply(
                    simd,
                    kernel,
                    #[inline(always)]
                    |place, value| {
                        if let Some(out) = places[place].get_mut(at..at + S::F32_LANES) {
                            store(simd, out, value);
                        }
                    },
                );
            }
        }
    }
}

/// G g Gᵀ of a method of Winograd's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transformed<F, const I: usize, const O: usize>(PhantomData<F>);

impl<F: super::Form<I, O>, const I: usize, const O: usize> Transformed<F, I, O> {
    pub(super) fn new(_form: F) -> Self {
        Self(PhantomData)
    }
}

impl<F: super::Form<I, O>, const I: usize, const O: usize> Transform for Transformed<F, I, O> {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, kernel: [S::f32s; 9], mut put: impl FnMut(usize, S::f32s)) {
        let mut half = [[simd.splat_f32s(0.0); 3]; I];
        for x in 0..3 {
            let column = F::kernel(simd, [kernel[x], kernel[3 + x], kernel[6 + x]]);
            for (half, value) in half.iter_mut().zip(&column) {
                half[x] = *value;
            }
        }
        for (y, half) in half.iter().enumerate() {
            for (x, value) in F::kernel(simd, *half).iter().enumerate() {
                put(I * y + x, *value);
            }
        }
    }
}
