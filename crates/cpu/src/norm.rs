//! Group normalisation, as a scale and an offset of each channel.

use ancestral_format::Activation;
use pulp::{Simd, WithSimd};

use crate::arch::arch;
use crate::map::{Arena, Buffer, Map, View};
use crate::parameters::Parameters;
use crate::round::to_f32;
use crate::simd::{load, map3, mul_add, rough_silu, silu, store, vectors};
use crate::threads::prelude::*;

/// A group normalisation: y = γ (x − mean)/√(variance + ε) + β.
#[derive(Clone, Debug)]
pub(crate) struct Norm {
    gamma: Vec<f32>,
    beta: Vec<f32>,
    groups: usize,
    epsilon: f64,
}

/// What a normalisation does to each channel of each row: y = a x + b. `[rows, 2, channels]`
#[derive(Debug)]
pub(crate) struct Affine {
    pub data: Buffer,
    channels: usize,
}

impl Affine {
    pub(crate) fn new(data: Buffer, channels: usize) -> Self {
        Self { data, channels }
    }

    /// a and b of a row.
    pub(crate) fn row(&self, row: usize) -> (&[f32], &[f32]) {
        self.data[row * 2 * self.channels..][..2 * self.channels].split_at(self.channels)
    }

    /// Followed by y (1 + scale) + shift; `time` has both for each row, scales first.
    pub(crate) fn then(&mut self, time: &[f32], stride: usize) {
        let channels = self.channels;
        for (row, affine) in self.data.chunks_exact_mut(2 * channels).enumerate() {
            let (scale, shift) = time[row * stride..][..2 * channels].split_at(channels);
            let (a, b) = affine.split_at_mut(channels);
            for c in 0..channels {
                a[c] *= 1.0 + scale[c];
                b[c] = b[c].mul_add(1.0 + scale[c], shift[c]);
            }
        }
    }
}

impl Norm {
    pub(crate) fn load(
        named: &mut Parameters<'_>,
        groups: usize,
        channels: usize,
        epsilon: f64,
    ) -> Self {
        let gamma = named.take("weight", &[channels]);
        let beta = named.take("bias", &[channels]);
        Self { gamma, beta, groups, epsilon }
    }

    /// One with γ = 1 and β = 0.
    pub(crate) fn standard(channels: usize, groups: usize, epsilon: f64) -> Self {
        Self { gamma: vec![1.0; channels], beta: vec![0.0; channels], groups, epsilon }
    }

    /// What it does to the channels of `sources`, which are taken for one map.
    pub(crate) fn affine(&self, sources: &[&Map], arena: &Arena) -> Affine {
        let channels = self.gamma.len();
        let rows = sources[0].rows;
        let sources: Vec<View<'_>> = sources.iter().map(|source| source.view()).collect();
        let mut data = arena.take(rows * 2 * channels);
        data.par_chunks_exact_mut(2 * channels).enumerate().for_each(|(row, affine)| {
            self.fit(&sources, row, affine);
        });
        Affine { data, channels }
    }

    /// a and b of one row.
    pub(crate) fn fit(&self, sources: &[View<'_>], row: usize, affine: &mut [f32]) {
        arch().dispatch(Fit { norm: self, sources, index: row, affine });
    }
}

/// The fit of one row.
struct Fit<'a> {
    norm: &'a Norm,
    sources: &'a [View<'a>],
    index: usize,
    affine: &'a mut [f32],
}

impl WithSimd for Fit<'_> {
    type Output = ();

    /// Sums over positions run along the memory, all channels side by side; mean first, so that a
    /// large one does not drown the variance.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { norm, sources, index: row, affine } = self;
        let channels = norm.gamma.len();
        let (a, b) = affine.split_at_mut(channels);
        let share = channels / norm.groups;
        let count = (share * sources[0].shape.positions()) as f64;
        sums(
            simd,
            a,
            sources,
            row,
            &[],
            #[inline(always)]
            |_, sum, x| simd.add_f32s(sum, x),
        );
        for (mean, sums) in b.chunks_exact_mut(share).zip(a.chunks_exact(share)) {
            let sum: f64 = sums.iter().copied().map(f64::from).sum();
            mean.fill(to_f32(sum / count));
        }
        sums(
            simd,
            a,
            sources,
            row,
            b,
            #[inline(always)]
            |mean, sum, x| {
                let centred = simd.sub_f32s(x, mean);
                mul_add(simd, centred, centred, sum)
            },
        );
        for (g, sums) in a.chunks_exact_mut(share).enumerate() {
            let variance = sums.iter().copied().map(f64::from).sum::<f64>() / count;
            let root = 1.0 / (variance + norm.epsilon).sqrt();
            for (c, a) in (g * share..).zip(sums) {
                *a = to_f32(f64::from(norm.gamma[c]) * root);
            }
        }
        for c in 0..channels {
            b[c] = norm.beta[c] - b[c] * a[c];
        }
    }
}

/// For each channel, the sum of `add` over all positions; `beside` has a value a channel, or none.
#[inline(always)]
fn sums<S: Simd>(
    simd: S,
    out: &mut [f32],
    sources: &[View<'_>],
    row: usize,
    beside: &[f32],
    add: impl Fn(S::f32s, S::f32s, S::f32s) -> S::f32s + Copy,
) {
    let mut first = 0;
    let zero = simd.splat_f32s(0.0);
    for source in sources {
        let channels = source.shape.channels;
        vectors::<S>(
            channels,
            #[inline(always)]
            |from, count| {
                let at = first + from..first + from + count;
                let mean = if beside.is_empty() { zero } else { load(simd, &beside[at.clone()]) };
                // Four sums side by side: one would wait for itself.
                let [mut p, mut q, mut r, mut s] = [zero; 4];
                let mut fours = source.row(row).chunks_exact(4 * channels);
                for four in &mut fours {
                    p = add(mean, p, load(simd, &four[from..from + count]));
                    q = add(mean, q, load(simd, &four[channels + from..][..count]));
                    r = add(mean, r, load(simd, &four[2 * channels + from..][..count]));
                    s = add(mean, s, load(simd, &four[3 * channels + from..][..count]));
                }
                for position in fours.remainder().chunks_exact(channels) {
                    p = add(mean, p, load(simd, &position[from..from + count]));
                }
                let sum = simd.add_f32s(simd.add_f32s(p, q), simd.add_f32s(r, s));
                store(simd, &mut out[at], sum);
            },
        );
        first += channels;
    }
}

/// What a kernel does to its input as it reads it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before<'a> {
    pub affine: Option<&'a Affine>,
    pub activation: Option<Activation>,
}

impl Before<'_> {
    pub(crate) const NOTHING: Self = Self { affine: None, activation: None };

    /// Does it to the channels `first…` of a position of a row; `roughly` for what is rounded to bf16 at
    /// once.
    #[inline(always)]
    pub(crate) fn apply<S: Simd>(
        self,
        simd: S,
        roughly: bool,
        out: &mut [f32],
        x: &[f32],
        (row, first): (usize, usize),
    ) {
        let end = first + x.len();
        match (self.affine.map(|affine| affine.row(row)), self.activation) {
            (None, None) => out.copy_from_slice(x),
            (Some((a, b)), Some(Activation::Silu | Activation::Swish)) => {
                let beside = [x, &a[first..end], &b[first..end]];
                map3(
                    simd,
                    out,
                    beside,
                    #[inline(always)]
                    |x, a, b| {
                        let x = mul_add(simd, x, a, b);
                        if roughly { rough_silu(simd, x) } else { silu(simd, x) }
                    },
                );
            }
            (affine, activation) => {
                match affine {
                    Some((a, b)) => {
                        let beside = [x, &a[first..end], &b[first..end]];
                        map3(
                            simd,
                            out,
                            beside,
                            #[inline(always)]
                            |x, a, b| mul_add(simd, x, a, b),
                        );
                    }
                    None => out.copy_from_slice(x),
                }
                if let Some(activation) = activation {
                    activate(activation, out);
                }
            }
        }
    }
}

/// Applies an activation function in place; silu by vectors, the rare others one by one.
pub(crate) fn activate(activation: Activation, values: &mut [f32]) {
    struct Silu<'a>(&'a mut [f32]);
    impl WithSimd for Silu<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let (head, tail) = S::as_mut_simd_f32s(self.0);
            for x in head {
                *x = silu(simd, *x);
            }
            let x = simd.partial_load_f32s(tail);
            simd.partial_store_f32s(tail, silu(simd, x));
        }
    }
    let one = |x: f32| {
        let x64 = f64::from(x);
        to_f32(match activation {
            Activation::Silu | Activation::Swish => x64 / (1.0 + (-x64).exp()),
            Activation::Mish => x64 * x64.exp().ln_1p().min(x64.max(40.0)).tanh(),
            Activation::Gelu => 0.5 * x64 * erfc(-x64 / std::f64::consts::SQRT_2),
            Activation::Relu => x64.max(0.0),
        })
    };
    match activation {
        Activation::Silu | Activation::Swish => arch().dispatch(Silu(values)),
        Activation::Mish | Activation::Gelu | Activation::Relu => {
            for x in values {
                *x = one(*x);
            }
        }
    }
}

/// The slope of an activation function.
pub(crate) fn activation_slope(activation: Activation, x: f32) -> f32 {
    let x = f64::from(x);
    let sigmoid = 1.0 / (1.0 + (-x).exp());
    to_f32(match activation {
        Activation::Silu | Activation::Swish => sigmoid * (1.0 + x * (1.0 - sigmoid)),
        Activation::Mish => {
            let t = x.exp().ln_1p().min(x.max(40.0)).tanh(); // the softplus, also where e^x is infinite
            t + x * (1.0 - t * t) * sigmoid
        }
        Activation::Gelu => {
            let density = (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
            0.5 * erfc(-x / std::f64::consts::SQRT_2) + x * density
        }
        Activation::Relu => f64::from(x > 0.0),
    })
}

/// 1 − erf(x), within 1.2e-7 of itself.
///
/// # Source
/// The rational Chebyshev fit of Press et al., Numerical Recipes, section 6.2.
fn erfc(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.5 * x.abs());
    let p = [
        0.170_872_77,
        -0.822_152_23,
        1.488_515_87,
        -1.135_203_98,
        0.278_868_07,
        -0.186_288_06,
        0.096_784_18,
        0.374_091_96,
        1.000_023_68,
        -1.265_512_23,
    ];
    let p = p.into_iter().fold(0.0, |sum, c| sum * t + c);
    let tail = t * (p - x * x).exp();
    if x >= 0.0 { tail } else { 2.0 - tail }
}
