//! One update of weights: shortening of gradients, AdamW, and the average of the weights.

use pulp::{Simd, WithSimd};

use crate::arch::arch;
use crate::round::to_f32;
use crate::simd::{load, mul_add, store};
use crate::threads::prelude::*;

/// Values that are one piece of work, and one of [`squares_of_pieces`].
pub const PIECE: usize = 16_384;

/// Σ x².
///
/// # Numerics
/// The sum of [`squares_of_pieces`] in f64, in their order.
#[must_use]
pub fn sum_of_squares(x: &[f32]) -> f64 {
    squares_of_pieces(x).into_iter().map(f64::from).sum()
}

/// Σ x² of each [`PIECE`] of values.
///
/// # Numerics
/// f32, a sum a lane: values above 1e19 give a sum that is not finite.
#[must_use]
pub fn squares_of_pieces(x: &[f32]) -> Vec<f32> {
    x.par_chunks(PIECE).map(|x| arch().dispatch(Squares(x))).collect()
}

/// One update by AdamW, and of an exponential moving average.
///
/// # Formula
/// ```text
/// g ← factor · gradient
/// m ← β₁ m + (1 − β₁) g,     v ← β₂ v + (1 − β₂) g²
/// w ← w (1 − rate · decay) − rate · m̂/(√v̂ + ε),     m̂ = m/(1 − β₁ᵏ), v̂ = v/(1 − β₂ᵏ)
/// average ← average + share (w − average)
/// ```
/// # Source
/// Loshchilov and Hutter 2019, arXiv:1711.05101.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Update {
    /// What gradients are multiplied by first.
    pub factor: f64,
    /// The learning rate.
    pub rate: f64,
    /// β₁ and β₂.
    pub betas: [f32; 2],
    /// ε.
    pub epsilon: f32,
    /// The share of a weight that decays, times the rate.
    pub weight_decay: f32,
    /// k, the number of the update, counted from 1.
    pub number: usize,
    /// The share of the new weights in the average; 1 copies them.
    pub share: f64,
}

/// What is kept of one parameter, and its gradient: all of one length.
#[derive(Debug)]
pub struct Slot<'a> {
    /// w.
    pub weight: &'a mut [f32],
    /// Before it is multiplied by the factor.
    pub gradient: &'a [f32],
    /// m.
    pub first: &'a mut [f32],
    /// v.
    pub second: &'a mut [f32],
    /// The average of w.
    pub average: &'a mut [f32],
}

impl Update {
    /// Updates one parameter.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn apply(&self, slot: Slot<'_>) {
        let Slot { weight, gradient, first, second, average } = slot;
        let lengths = [gradient.len(), first.len(), second.len(), average.len()];
        assert_eq!(lengths, [weight.len(); 4], "values of weight, gradient, moments and average");
        let moments = first.par_chunks_mut(PIECE).zip(second.par_chunks_mut(PIECE));
        let weights = weight.par_chunks_mut(PIECE).zip(average.par_chunks_mut(PIECE));
        let pieces = weights.zip(moments).zip(gradient.par_chunks(PIECE));
        pieces.for_each(|(((weight, average), (first, second)), gradient)| {
            let slot = Slot { weight, gradient, first, second, average };
            arch().dispatch(Piece { factors: self.factors(), slot });
        });
    }

    fn factors(&self) -> Factors {
        let power = i32::try_from(self.number).unwrap_or(i32::MAX);
        let [unbiased_1, unbiased_2] =
            self.betas.map(|beta| 1.0 / (1.0 - f64::from(beta).powi(power)));
        Factors {
            gradient: to_f32(self.factor),
            betas: self.betas,
            step: to_f32(-self.rate * unbiased_1),
            unbiased_2: to_f32(unbiased_2),
            epsilon: self.epsilon,
            kept: to_f32(1.0 - self.rate * f64::from(self.weight_decay)),
            share: to_f32(self.share),
        }
    }
}

#[derive(Clone, Copy)]
struct Factors {
    gradient: f32,
    betas: [f32; 2],
    step: f32,
    unbiased_2: f32,
    epsilon: f32,
    kept: f32,
    share: f32,
}

struct Piece<'a> {
    factors: Factors,
    slot: Slot<'a>,
}

impl WithSimd for Piece<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Slot { weight, gradient, first, second, average } = self.slot;
        let Factors { gradient: factor, betas: [beta_1, beta_2], share, .. } = self.factors;
        macro_rules! splat {
            ($value:expr) => {
                simd.splat_f32s($value)
            };
        }
        let (factor, step) = (splat!(factor), splat!(self.factors.step));
        let (unbiased_2, epsilon) = (splat!(self.factors.unbiased_2), splat!(self.factors.epsilon));
        let (kept, copies) = (splat!(self.factors.kept), share == 1.0);
        let lanes = S::F32_LANES;
        let moments = first.chunks_mut(lanes).zip(second.chunks_mut(lanes));
        let weights = weight.chunks_mut(lanes).zip(average.chunks_mut(lanes));
        for (((w, a), (m, v)), g) in weights.zip(moments).zip(gradient.chunks(lanes)) {
            let g = simd.mul_f32s(load(simd, g), factor);
            let first = simd.mul_f32s(g, splat!(1.0 - beta_1));
            let first = mul_add(simd, load(simd, m), splat!(beta_1), first);
            let second = simd.mul_f32s(simd.mul_f32s(g, g), splat!(1.0 - beta_2));
            let second = mul_add(simd, load(simd, v), splat!(beta_2), second);
            let root = simd.sqrt_f32s(simd.mul_f32s(second, unbiased_2));
            let change = simd.div_f32s(simd.mul_f32s(first, step), simd.add_f32s(root, epsilon));
            let weight = mul_add(simd, load(simd, w), kept, change);
            let old = load(simd, a);
            let average = mul_add(simd, simd.sub_f32s(weight, old), splat!(share), old);
            store(simd, m, first);
            store(simd, v, second);
            store(simd, w, weight);
            // A share of 1 must copy exactly, also what the subtraction would round.
            store(simd, a, if copies { weight } else { average });
        }
    }
}

struct Squares<'a>(&'a [f32]);

impl WithSimd for Squares<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let mut sums = [simd.splat_f32s(0.0); 4];
        let lanes = S::F32_LANES;
        for x in self.0.chunks(4 * lanes) {
            for (sum, x) in sums.iter_mut().zip(x.chunks(lanes)) {
                let x = load(simd, x);
                *sum = mul_add(simd, x, x, *sum);
            }
        }
        let [a, b, c, d] = sums;
        simd.reduce_sum_f32s(simd.add_f32s(simd.add_f32s(a, b), simd.add_f32s(c, d)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::check::{assert_near, assert_same_for_any_threads, to_f64, wave};

    const UPDATE: Update = Update {
        factor: 0.7,
        rate: 1e-2,
        betas: [0.9, 0.999],
        epsilon: 1e-8,
        weight_decay: 0.1,
        number: 3,
        share: 0.25,
    };

    fn state(count: usize) -> [Vec<f32>; 5] {
        let squares = wave(count, 0.4).into_iter().map(|v| v * v).collect();
        [wave(count, 0.1), wave(count, 0.2), wave(count, 0.3), squares, wave(count, 0.5)]
    }

    fn updated(update: &Update, count: usize) -> [Vec<f32>; 4] {
        let [mut w, g, mut m, mut v, mut a] = state(count);
        update.apply(Slot {
            weight: &mut w,
            gradient: &g,
            first: &mut m,
            second: &mut v,
            average: &mut a,
        });
        [w, m, v, a]
    }

    #[test]
    fn an_update_is_that_of_the_formula() {
        let found = updated(&UPDATE, 100);
        let [w, g, m, v, a] = state(100).map(|values| to_f64(&values));
        let mut expected = [w, m, v, a];
        let [w, m, v, a] = &mut expected;
        let [beta_1, beta_2] = UPDATE.betas.map(f64::from);
        for (i, g) in g.into_iter().map(|g| g * 0.7).enumerate() {
            m[i] = beta_1 * m[i] + (1.0 - beta_1) * g;
            v[i] = beta_2 * v[i] + (1.0 - beta_2) * g * g;
            let (m, v) = (m[i] / (1.0 - beta_1.powi(3)), v[i] / (1.0 - beta_2.powi(3)));
            w[i] = w[i] * (1.0 - 1e-2 * 0.1) - 1e-2 * m / (v.sqrt() + 1e-8);
            a[i] += 0.25 * (w[i] - a[i]);
        }
        for ((what, found), expected) in ["w", "m", "v", "a"].iter().zip(&found).zip(&expected) {
            assert_near(what, found, expected, 5e-7);
        }
        let [w, .., average] = updated(&Update { share: 1.0, ..UPDATE }, 100);
        assert_eq!(w, average);
    }

    #[test]
    fn squares_are_summed_and_what_is_not_finite_shows() {
        let mut x = wave(50_000, 0.1);
        let expected: f64 = to_f64(&x).iter().map(|x| x * x).sum();
        assert!((sum_of_squares(&x) - expected).abs() < 1e-6 * expected);
        x[40_000] = f32::NAN;
        assert!(sum_of_squares(&x).is_nan());
        x[40_000] = 1e20;
        assert!(sum_of_squares(&x).is_infinite());
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        assert_same_for_any_threads("update", || updated(&UPDATE, 70_001).concat());
    }
}
