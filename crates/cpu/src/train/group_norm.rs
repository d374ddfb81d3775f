//! Group normalisation, with or without the sigmoid linear unit behind it.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::{SCRATCH, column_sums};
use crate::arch::arch;
use crate::map::{Shape, View};
use crate::norm::Norm;
use crate::simd::{load, silu, silu_slope, store};

/// A group normalisation of a batch of maps.
///
/// # Formula
/// ```text
/// x̂ = (x − mean) / √(variance + ε),   y = γ x̂ + β,   or y = silu(γ x̂ + β)
/// ```
/// with mean and (biased) variance over the channels of a group and all positions.
/// # Shapes
/// x, y: `[rows, positions, channels]`, γ, β: `[channels]`.
/// # Source
/// Wu and He 2018, arXiv:1803.08494.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupNorm {
    /// Maps.
    pub rows: usize,
    /// Positions of a map.
    pub positions: usize,
    /// Channels.
    pub channels: usize,
    /// Groups of channels; divides their number.
    pub groups: usize,
    /// ε.
    pub epsilon: f64,
    /// Whether silu follows.
    pub silu: bool,
}

impl GroupNorm {
    /// Normalises `x`. `standard` gets what makes x̂ of it, x̂ = a x + b: `[rows, 2, channels]`, a
    /// first; the gradient needs it.
    ///
    /// # Panics
    /// If a slice has another length than its shape says, or `groups` does not divide the channels.
    pub fn forward(
        &self,
        x: &[f32],
        gamma: &[f32],
        beta: &[f32],
        standard: &mut [f32],
        out: &mut [f32],
    ) {
        self.check(x, gamma, beta, standard);
        assert_eq!(x.len(), out.len(), "values in and out");
        let channels = self.channels;
        let norm = Norm::standard(channels, self.groups, self.epsilon);
        let shape = Shape { height: 1, width: self.positions, channels };
        let each = self.positions * channels;
        let rows = out.par_chunks_exact_mut(each).zip(standard.par_chunks_exact_mut(2 * channels));
        rows.enumerate().for_each(|(row, (out, standard))| {
            norm.fit(&[View { data: x, shape }], row, standard);
            let (a, b) = standard.split_at(channels);
            let mut affine = SCRATCH.take(2 * channels);
            for c in 0..channels {
                affine[c] = gamma[c] * a[c];
                affine[channels + c] = gamma[c].mul_add(b[c], beta[c]);
            }
            let x = &x[row * each..][..each];
            arch().dispatch(Forward { x, affine: &affine, silu: self.silu, out });
            SCRATCH.give(affine);
        });
    }

    /// The gradients of input, γ and β, from that of the output.
    ///
    /// # Formula
    /// ```text
    /// g = dy, or dy silu′(γ x̂ + β):     dβ = Σ g,   dγ = Σ g x̂
    /// dx = (γ g − mean(γ g) − x̂ mean(γ g x̂)) / √(variance + ε)        means over a group
    /// ```
    ///
    /// # Panics
    /// If a slice has another length than its shape says.
    #[expect(clippy::too_many_arguments, reason = "five go in, three come out")]
    pub fn backward(
        &self,
        x: &[f32],
        gamma: &[f32],
        beta: &[f32],
        standard: &[f32],
        dy: &[f32],
        dx: &mut [f32],
        dgamma: &mut [f32],
        dbeta: &mut [f32],
    ) {
        self.check(x, gamma, beta, standard);
        self.check(dx, dgamma, dbeta, standard);
        assert_eq!(x.len(), dy.len(), "values of the input and of the gradient");
        let channels = self.channels;
        let each = self.positions * channels;
        let mut sums = SCRATCH.take(2 * self.rows * channels);
        let (of_gamma, of_beta) = sums.split_at_mut(self.rows * channels);
        let data = x.par_chunks_exact(each).zip(dy.par_chunks_exact(each));
        let data = data.zip(standard.par_chunks_exact(2 * channels));
        let room = dx.par_chunks_exact_mut(each);
        let room = room.zip(of_gamma.par_chunks_exact_mut(channels));
        let room = room.zip(of_beta.par_chunks_exact_mut(channels));
        room.zip(data).for_each(|(((dx, dgamma), dbeta), ((x, dy), standard))| {
            let norm = self;
            arch().dispatch(Backward { norm, x, gamma, beta, standard, dy, dx, dgamma, dbeta });
        });
        column_sums(of_gamma, dgamma);
        column_sums(of_beta, dbeta);
        SCRATCH.give(sums);
    }

    fn check(&self, x: &[f32], gamma: &[f32], beta: &[f32], standard: &[f32]) {
        assert!(self.channels.is_multiple_of(self.groups), "groups divide the channels");
        assert_eq!(x.len(), self.rows * self.positions * self.channels, "values of the maps");
        assert_eq!([gamma.len(), beta.len()], [self.channels; 2], "γ and β a channel");
        assert_eq!(standard.len(), 2 * self.rows * self.channels, "a and b a row and channel");
    }
}

struct Forward<'a> {
    x: &'a [f32],
    affine: &'a [f32],
    silu: bool,
    out: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { x, affine, silu: active, out } = self;
        let channels = affine.len() / 2;
        let (a, b) = affine.split_at(channels);
        for (out, x) in out.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
            for first in (0..channels).step_by(S::F32_LANES) {
                let at = first..(first + S::F32_LANES).min(channels);
                let (a, b) = (load(simd, &a[at.clone()]), load(simd, &b[at.clone()]));
                let z = simd.mul_add_f32s(load(simd, &x[at.clone()]), a, b);
                store(simd, &mut out[at], if active { silu(simd, z) } else { z });
            }
        }
    }
}

/// The gradients of one row.
struct Backward<'a> {
    norm: &'a GroupNorm,
    x: &'a [f32],
    gamma: &'a [f32],
    beta: &'a [f32],
    standard: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
    dgamma: &'a mut [f32],
    dbeta: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { norm, x, gamma, beta, standard, dy, dx, dgamma, dbeta } = self;
        let channels = norm.channels;
        let (a, b) = standard.split_at(channels);
        dgamma.fill(0.0);
        dbeta.fill(0.0);
        // g, for now, into dx.
        let positions = dx.chunks_exact_mut(channels).zip(x.chunks_exact(channels));
        for ((dx, x), dy) in positions.zip(dy.chunks_exact(channels)) {
            for first in (0..channels).step_by(S::F32_LANES) {
                let at = first..(first + S::F32_LANES).min(channels);
                let (a, b) = (load(simd, &a[at.clone()]), load(simd, &b[at.clone()]));
                let standard = simd.mul_add_f32s(load(simd, &x[at.clone()]), a, b);
                let mut g = load(simd, &dy[at.clone()]);
                if norm.silu {
                    let (gamma, beta) =
                        (load(simd, &gamma[at.clone()]), load(simd, &beta[at.clone()]));
                    let z = simd.mul_add_f32s(gamma, standard, beta);
                    g = simd.mul_f32s(g, silu_slope(simd, z));
                }
                let sum = simd.add_f32s(load(simd, &dbeta[at.clone()]), g);
                store(simd, &mut dbeta[at.clone()], sum);
                let sum = simd.mul_add_f32s(g, standard, load(simd, &dgamma[at.clone()]));
                store(simd, &mut dgamma[at.clone()], sum);
                store(simd, &mut dx[at], g);
            }
        }
        // dx = p g + q x + r
        let mut factors = SCRATCH.take(3 * channels);
        let (p, rest) = factors.split_at_mut(channels);
        let (q, r) = rest.split_at_mut(channels);
        let share = channels / norm.groups;
        let count = (share * norm.positions) as f64;
        for first in (0..channels).step_by(share) {
            let at = first..first + share;
            let mean = |sums: &[f32]| {
                let terms = gamma[at.clone()].iter().zip(&sums[at.clone()]);
                terms.map(|(gamma, sum)| f64::from(*gamma) * f64::from(*sum)).sum::<f64>() / count
            };
            let (mean_g, mean_gx) = (mean(dbeta), mean(dgamma));
            for c in at.clone() {
                let (a, b) = (f64::from(a[c]), f64::from(b[c]));
                p[c] = to_f32(a * f64::from(gamma[c]));
                q[c] = to_f32(-a * a * mean_gx);
                r[c] = to_f32(-a * (mean_g + b * mean_gx));
            }
        }
        for (dx, x) in dx.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
            for first in (0..channels).step_by(S::F32_LANES) {
                let at = first..(first + S::F32_LANES).min(channels);
                let (p, q) = (load(simd, &p[at.clone()]), load(simd, &q[at.clone()]));
                let rest =
                    simd.mul_add_f32s(q, load(simd, &x[at.clone()]), load(simd, &r[at.clone()]));
                let g = load(simd, &dx[at.clone()]);
                store(simd, &mut dx[at], simd.mul_add_f32s(p, g, rest));
            }
        }
        SCRATCH.give(factors);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is the purpose")]
fn to_f32(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::check::{
        assert_is_gradient, assert_near, assert_same_for_any_threads, dot, to_f64, wave,
    };

    fn sigmoid(x: f64) -> f64 {
        1.0 / (1.0 + (-x).exp())
    }

    /// x̂ and the root of each value.
    fn standard(norm: &GroupNorm, x: &[f64]) -> Vec<(f64, f64)> {
        let mut out = vec![(0.0, 0.0); x.len()];
        let share = norm.channels / norm.groups;
        for (row, group) in (0..norm.rows * norm.groups).map(|i| (i / norm.groups, i % norm.groups))
        {
            let places = (0..norm.positions * share).map(|i| {
                let position = row * norm.positions + i / share;
                position * norm.channels + group * share + i % share
            });
            let count = (norm.positions * share) as f64;
            let mean = places.clone().map(|i| x[i]).sum::<f64>() / count;
            let variance = places.clone().map(|i| (x[i] - mean).powi(2)).sum::<f64>() / count;
            let root = 1.0 / (variance + norm.epsilon).sqrt();
            places.for_each(|i| out[i] = ((x[i] - mean) * root, root));
        }
        out
    }

    fn forward(norm: &GroupNorm, x: &[f64], gamma: &[f64], beta: &[f64]) -> Vec<f64> {
        let value = |(i, (x, _)): (usize, (f64, f64))| {
            let z = gamma[i % norm.channels] * x + beta[i % norm.channels];
            if norm.silu { z * sigmoid(z) } else { z }
        };
        standard(norm, x).into_iter().enumerate().map(value).collect()
    }

    fn gradients(norm: &GroupNorm, [x, gamma, beta, dy]: &[Vec<f64>; 4]) -> [Vec<f64>; 3] {
        let channels = norm.channels;
        let standard = standard(norm, x);
        let (mut dgamma, mut dbeta) = (vec![0.0; channels], vec![0.0; channels]);
        let mut g = dy.clone();
        for (i, g) in g.iter_mut().enumerate() {
            let (c, x) = (i % channels, standard[i].0);
            let z = gamma[c] * x + beta[c];
            let slope = sigmoid(z) * (1.0 + z * (1.0 - sigmoid(z)));
            *g *= if norm.silu { slope } else { 1.0 };
            dgamma[c] += *g * x;
            dbeta[c] += *g;
        }
        // Σ over the group of i, by brute force.
        let share = channels / norm.groups;
        let place = |i: usize| (i / channels / norm.positions, i % channels / share);
        let mean = |i: usize, f: &dyn Fn(usize) -> f64| {
            let same = (0..x.len()).filter(|j| place(*j) == place(i));
            same.map(f).sum::<f64>() / (share * norm.positions) as f64
        };
        let scaled = |j: usize| gamma[j % channels] * g[j];
        let dx = (0..x.len()).map(|i| {
            let (x, root) = standard[i];
            let along = mean(i, &|j| scaled(j) * standard[j].0);
            root * (scaled(i) - mean(i, &scaled) - x * along)
        });
        [dx.collect(), dgamma, dbeta]
    }

    fn cases() -> impl Iterator<Item = (GroupNorm, [Vec<f32>; 4])> {
        let shapes = [(2, 6, 6, 2), (3, 16, 20, 5), (2, 9, 32, 32), (1, 25, 33, 1)];
        let both = shapes.into_iter().flat_map(|shape| [(shape, false), (shape, true)]);
        both.map(|((rows, positions, channels, groups), silu)| {
            let norm = GroupNorm { rows, positions, channels, groups, epsilon: 1e-5, silu };
            let size = rows * positions * channels;
            let x = wave(size, 0.1).into_iter().map(|x| 2.0 * x + 0.5).collect();
            (norm, [x, wave(channels, 0.2), wave(channels, 0.3), wave(size, 0.4)])
        })
    }

    fn computed(norm: &GroupNorm, [x, gamma, beta, dy]: &[Vec<f32>; 4]) -> [Vec<f32>; 4] {
        let mut standard = vec![f32::NAN; 2 * norm.rows * norm.channels];
        let [mut y, mut dx] = [x.len(); 2].map(|n| vec![f32::NAN; n]);
        let [mut dgamma, mut dbeta] = [norm.channels; 2].map(|n| vec![f32::NAN; n]);
        norm.forward(x, gamma, beta, &mut standard, &mut y);
        let (of_gamma, of_beta) = (&mut dgamma, &mut dbeta);
        norm.backward(x, gamma, beta, &standard, dy, &mut dx, of_gamma, of_beta);
        [y, dx, dgamma, dbeta]
    }

    #[test]
    fn the_reference_is_the_gradient_of_the_formula() {
        for (norm, values) in cases() {
            let values = values.map(|values| to_f64(&values));
            let [dx, dgamma, dbeta] = gradients(&norm, &values);
            let [x, gamma, beta, dy] = &values;
            let loss =
                |x: &[f64], gamma: &[f64], beta: &[f64]| dot(&forward(&norm, x, gamma, beta), dy);
            assert_is_gradient("dx", &dx, x, |x| loss(x, gamma, beta));
            assert_is_gradient("dγ", &dgamma, gamma, |gamma| loss(x, gamma, beta));
            assert_is_gradient("dβ", &dbeta, beta, |beta| loss(x, gamma, beta));
        }
    }

    #[test]
    fn values_and_gradients_are_those_of_the_reference() {
        for (norm, values) in cases() {
            let found = computed(&norm, &values);
            let values = values.map(|values| to_f64(&values));
            let [dx, dgamma, dbeta] = gradients(&norm, &values);
            let [x, gamma, beta, _] = &values;
            let expected = [forward(&norm, x, gamma, beta), dx, dgamma, dbeta];
            for ((what, found), expected) in
                ["y", "dx", "dγ", "dβ"].iter().zip(&found).zip(&expected)
            {
                assert_near(&format!("{what} {norm:?}"), found, expected, 3e-6);
            }
        }
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        for (norm, values) in cases() {
            let run = || computed(&norm, &values).concat();
            assert_same_for_any_threads(&format!("{norm:?}"), run);
        }
    }
}
