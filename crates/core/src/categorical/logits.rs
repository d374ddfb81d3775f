//! Categories in the Gaussian process, of which a network predicts how probable each state is.

use std::ops::Range;
use std::sync::Arc;

use thiserror::Error;

use crate::batch::Batch;

/// A category among the numbers of a row. It takes a number for each state (one-hot, of which one is on), or a
/// single one that is on or off.
///
/// The numbers are noised and denoised as all others; but of the network's output for them this takes logits, and
/// the clean estimate is the mean over the states, which lies between them:
/// # Formula
/// ```text
/// p = softmax(logits), or 1/(1 + e^−logit)      x̂₀ = off + p (on − off)
/// loss = −ln p of the state that is on          ∂ loss/∂ logits = p − (1 where it is on, else 0)
/// ```
/// # Source
/// Dieleman et al. 2022, arXiv:2211.15089, section 3.1 (score interpolation); for tables Mueller et al. 2023,
/// arXiv:2312.10431. Differs from them: the codes of the states are fixed, and noise is that of all other numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Category {
    first: usize,
    off_on: Vec<[f32; 2]>,
}

/// The categories of a row, in order. Copies share them.
///
/// # Example
/// ```
/// use ancestral::Batch;
/// use ancestral::categorical::{Categories, Category};
///
/// // A row of a number, and a category of three states.
/// let category = Category::new(1, vec![[-1.0, 1.0]; 3])?;
/// let categories = Categories::new(vec![category])?;
/// let logits = Batch::new(vec![4], vec![0.0, 2.0_f32.ln(), 0.0, 0.0]);
/// let mut x0 = Batch::new(vec![4], vec![0.3_f32, 9.0, 9.0, 9.0]);
/// categories.estimate(&logits, &mut x0);
/// assert_eq!(x0.data(), [0.3, 0.0, -0.5, -0.5]); // p is 1/2, 1/4, 1/4
/// # Ok::<(), ancestral::categorical::CategoryError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Categories(Arc<[Category]>);

/// Categories that cannot be.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum CategoryError {
    /// A category without a number, or one that is not a number or the same on and off.
    #[error(
        "a category takes 1 number or more, each finite and not the same on as off, found {off_on:?}"
    )]
    Numbers {
        /// What each is, off and on.
        off_on: Vec<[f32; 2]>,
    },
    /// A category begins before the one before it ends.
    #[error(
        "a category begins at number {found} of a row, where number {free} is the first free one"
    )]
    Overlap {
        /// Where it begins.
        found: usize,
        /// Where it may.
        free: usize,
    },
}

impl Category {
    /// The category whose numbers begin at `first` in a row, and have these values off and on.
    ///
    /// # Errors
    /// [`CategoryError::Numbers`] if there is none, or one is not finite or the same off and on.
    pub fn new(first: usize, off_on: Vec<[f32; 2]>) -> Result<Self, CategoryError> {
        let is_pair = |[off, on]: &[f32; 2]| off.is_finite() && on.is_finite() && off != on;
        if off_on.is_empty() || !off_on.iter().all(is_pair) {
            return Err(CategoryError::Numbers { off_on });
        }
        Ok(Self { first, off_on })
    }

    /// Where its numbers are in a row.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.first..self.first + self.off_on.len()
    }

    /// The largest logit; a single number stands beside a logit of 0, which is off.
    fn most(&self, logits: &[f32]) -> f32 {
        let off = if self.off_on.len() == 1 { 0.0 } else { f32::NEG_INFINITY };
        logits[self.range()].iter().copied().fold(off, f32::max)
    }

    /// What off counts beside exponentials of logits less the largest.
    fn off(&self, logits: &[f32]) -> f32 {
        if self.off_on.len() == 1 { exp(-self.most(logits)) } else { 0.0 }
    }
}

/// The exponential of a number that is not above 0, within two units in the last place; below −87, e⁻⁸⁷.
///
/// Without branches and calls, so that a loop of it fills the lanes of a processor.
/// # Formula
/// ```text
/// x = n ln 2 + r,  |r| ≤ ln 2/2:     eˣ = 2ⁿ Σ rᵏ/k!
/// ```
fn exp(x: f32) -> f32 {
    /// Added to a small number, it leaves the nearest integer in the lowest bits.
    const TO_INTEGER: f32 = 12_582_912.0; // 1.5 · 2²³
    /// ln 2 in two parts, of which the first has few enough digits that n times it is exact.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    let x = if x < -87.0 { -87.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + TO_INTEGER;
    let n = shifted - TO_INTEGER;
    let r = x - n * LN_2[0] - n * LN_2[1];
    let series = [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];
    let sum = series.into_iter().fold(0.0, |sum, term| sum * r + term);
    sum * f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23))
}

impl Categories {
    /// These categories.
    ///
    /// # Errors
    /// [`CategoryError::Overlap`] if they are not in the order of a row's numbers.
    pub fn new(categories: Vec<Category>) -> Result<Self, CategoryError> {
        let mut free = 0;
        for category in &categories {
            let Range { start, end } = category.range();
            if start < free {
                return Err(CategoryError::Overlap { found: start, free });
            }
            free = end;
        }
        Ok(Self(categories.into()))
    }

    /// Each of them.
    #[must_use]
    pub fn as_slice(&self) -> &[Category] {
        &self.0
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Where the last of them ends in a row.
    #[must_use]
    pub fn end(&self) -> usize {
        self.0.last().map_or(0, |category| category.range().end)
    }

    /// Where the numbers of a row of `length` are that belong to no category.
    pub fn others(&self, length: usize) -> impl Iterator<Item = Range<usize>> + '_ {
        let ends = std::iter::once(0).chain(self.0.iter().map(|category| category.range().end));
        let starts = self.0.iter().map(Category::range).map(|range| range.start);
        ends.zip(starts.chain([length])).map(|(end, start)| end..start)
    }

    /// Puts the clean estimates that `logits` stand for in their places in `x0`.
    ///
    /// # Panics
    /// If the rows differ in number or in length, or are shorter than the categories.
    pub fn estimate(&self, logits: &Batch, x0: &mut Batch) {
        assert_eq!([logits.rows(), logits.row_len()], [x0.rows(), x0.row_len()], "rows of x0");
        let mut shares = vec![0.0; logits.row_len()];
        for (logits, x0) in logits.iter_rows().zip(x0.iter_rows_mut()) {
            self.shares(logits, &mut shares);
            for category in &*self.0 {
                let range = category.range();
                let places = x0[range.clone()].iter_mut().zip(&shares[range]);
                for ((x0, share), [off, on]) in places.zip(&category.off_on) {
                    *x0 = off + share * (on - off);
                }
            }
        }
    }

    /// The probabilities that the logits of a row stand for, in the places of the categories; elsewhere is
    /// anything.
    fn shares(&self, logits: &[f32], shares: &mut [f32]) {
        // All exponentials together: most categories are too short for the lanes of a processor.
        for category in &*self.0 {
            let most = category.most(logits);
            let range = category.range();
            let places = shares[range.clone()].iter_mut().zip(&logits[range]);
            places.for_each(|(share, logit)| *share = logit - most);
        }
        for share in shares.iter_mut() {
            *share = exp(*share);
        }
        for category in &*self.0 {
            let off = category.off(logits);
            let shares = &mut shares[category.range()];
            let scale = 1.0 / (shares.iter().sum::<f32>() + off);
            for share in shares {
                *share *= scale;
            }
        }
    }

    /// The sum of the losses of a row, in nats, with their slopes where its categories are: `x0` is the clean row.
    ///
    /// # Panics
    /// If a row is shorter than the categories.
    pub fn loss(&self, x0: &[f32], logits: &[f32], slopes: &mut [f32]) -> f64 {
        let (mut shares, mut loss) = (vec![0.0; self.end()], 0.0);
        self.shares(logits, &mut shares);
        for category in &*self.0 {
            let range = category.range();
            let most = f64::from(category.most(logits));
            let of_one = |logit: &f32| (f64::from(*logit) - most).exp();
            let sum: f64 = logits[range.clone()].iter().map(of_one).sum();
            loss += most + (sum + f64::from(category.off(logits))).ln();
            let places = logits[range.clone()].iter().zip(&x0[range.clone()]);
            let places = places.zip(&mut slopes[range.clone()]).zip(&shares[range]);
            for ((((logit, x0), slope), share), [off, on]) in places.zip(&category.off_on) {
                let is_on = (x0 - off) / (on - off);
                loss -= f64::from(is_on) * f64::from(*logit);
                *slope = share - is_on;
            }
        }
        loss
    }

    /// Turns slopes by the clean estimates of a row into slopes by its logits, in place.
    ///
    /// # Panics
    /// If a row is shorter than the categories.
    pub fn pull_back(&self, logits: &[f32], slopes: &mut [f32]) {
        let mut shares = vec![0.0; self.end()];
        self.shares(logits, &mut shares);
        for category in &*self.0 {
            let (shares, slopes) = (&shares[category.range()], &mut slopes[category.range()]);
            for (slope, [off, on]) in slopes.iter_mut().zip(&category.off_on) {
                *slope *= on - off;
            }
            // Of a softmax ∂p_i/∂l_j = p_i (δ_ij − p_j); with "off" beside it also of a single one.
            let mean: f32 = slopes.iter().zip(shares).map(|(slope, share)| slope * share).sum();
            for (slope, share) in slopes.iter_mut().zip(shares) {
                *slope = share * (*slope - mean);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::{Component, Mixture};
    use crate::{Denoiser, Level, Point};

    /// A number, three states, a number, and two.
    fn categories() -> Categories {
        let three = Category::new(1, vec![[-0.5, 2.0], [-1.0, 1.5], [-0.25, 3.0]]).unwrap();
        let two = Category::new(5, vec![[-2.0, 0.5]]).unwrap();
        Categories::new(vec![three, two]).unwrap()
    }

    const LOGITS: [f32; 6] = [7.0, 0.5, -1.0, 0.25, -7.0, 0.75];

    fn estimated(logits: &[f32]) -> Vec<f64> {
        let mut x0 = Batch::zeros(1, vec![6]);
        categories().estimate(&Batch::new(vec![6], logits.to_vec()), &mut x0);
        x0.data().iter().copied().map(f64::from).collect()
    }

    #[test]
    fn what_is_no_category_is_left_alone() {
        let others: Vec<_> = categories().others(7).collect();
        assert_eq!(others, [0..1, 4..5, 6..7]);
        assert_eq!(Categories::default().others(2).collect::<Vec<_>>(), vec![0..2]);
        let estimate = estimated(&LOGITS);
        assert_eq!([estimate[0], estimate[4]], [0.0; 2]);
    }

    /// If the logits are those that x_t says of a category alone, the estimate is that of the exact denoiser.
    #[test]
    fn the_estimate_is_the_exact_one_for_exact_logits() {
        let (shares, level) = ([0.5, 0.2, 0.3], Level::from_alpha_bar(0.4).unwrap());
        let x = [0.7, -0.4, 0.9];
        let states = [[2.0, -1.0, -0.25], [-0.5, 1.5, -0.25], [-0.5, -1.0, 3.0]];
        // ln p(state) − ‖x_t − α c‖²/2σ²
        let logit = |(share, state): (&f64, &[f64; 3])| {
            let far = |(x, c): (&f64, &f64)| (x - level.alpha() * c).powi(2);
            let far: f64 = x.iter().zip(state).map(far).sum();
            share.ln() - far / (2.0 * level.sigma_squared())
        };
        #[expect(clippy::cast_possible_truncation)]
        let logits: Vec<f32> = shares.iter().zip(&states).map(|pair| logit(pair) as f32).collect();
        let found = estimated(&[&[0.0], &logits[..], &[0.0, 0.0]].concat());
        let components = shares.iter().zip(states);
        let component = |(weight, mean): (&f64, [f64; 3])| Component {
            weight: *weight,
            mean: mean.to_vec(),
            std: 0.0,
        };
        let mut exact = Mixture::new(components.map(component).collect()).unwrap();
        let Ok(exact) = exact.denoise(&Batch::new(vec![3], x.to_vec()), Point::off_grid(level));
        for (found, exact) in found[1..4].iter().zip(exact.x0.data()) {
            assert!((found - exact).abs() < 1e-6, "{found} {exact}");
        }
    }

    #[test]
    fn losses_and_slopes_by_hand() {
        // Equal logits: ln 3, and ln 2 of the single number.
        let x0 = [9.0, -0.5, 1.5, -0.25, 9.0, -2.0];
        let mut slopes = [8.0; 6];
        let loss = categories().loss(&x0, &[0.0; 6], &mut slopes);
        assert!((loss - 6.0_f64.ln()).abs() < 1e-12, "{loss}");
        let third = 1.0 / 3.0;
        for (found, expected) in slopes.iter().zip([8.0, third, third - 1.0, third, 8.0, 0.5]) {
            assert!((f64::from(*found) - expected).abs() < 1e-7, "{slopes:?}");
        }
    }

    #[test]
    fn slopes_are_derivatives() {
        let x0 = [9.0, -0.5, 1.5, -0.25, 9.0, 0.5];
        let step = 1.0 / 1024.0; // exact in f32, as are the sums
        let moved = |i: usize, by: f32| {
            let mut logits = LOGITS;
            logits[i] += by;
            logits
        };
        let mut slopes = [0.0; 6];
        categories().loss(&x0, &LOGITS, &mut slopes);
        let weights = [0.0, 0.5, -1.0, 2.0, 0.0, 1.5_f32];
        let mut pulled = weights;
        categories().pull_back(&LOGITS, &mut pulled);
        for i in [1, 2, 3, 5] {
            let loss = |by| categories().loss(&x0, &moved(i, by), &mut [0.0; 6]);
            let along = |by| {
                let x0 = estimated(&moved(i, by));
                x0.iter().zip(weights).map(|(x0, weight)| x0 * f64::from(weight)).sum::<f64>()
            };
            let by = 2.0 * f64::from(step);
            let expected = (loss(step) - loss(-step)) / by;
            assert!((f64::from(slopes[i]) - expected).abs() < 1e-6, "{i}: {slopes:?} {expected}");
            // x̂₀ is rounded to f32, 2⁻²³ of 3, and divided by the steps.
            let expected = (along(step) - along(-step)) / by;
            assert!((f64::from(pulled[i]) - expected).abs() < 1e-3, "{i}: {pulled:?} {expected}");
        }
    }

    #[test]
    fn the_exponential_is_near() {
        for i in 0..60_000_u16 {
            let x = -f32::from(i) * 0.00145;
            let (found, expected) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((found / expected - 1.0).abs() < 2.4e-7, "e^{x}: {found} {expected}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(f32::NEG_INFINITY) < 2e-38 && exp(f32::NAN).is_nan());
    }

    #[test]
    fn large_logits_are_states_and_nan_shows() {
        let estimate = estimated(&[0.0, 3e38, -3e38, 0.0, 0.0, -3e38]);
        assert_eq!(estimate, [0.0, 2.0, -1.0, -0.25, 0.0, -2.0]);
        assert!(estimated(&[0.0, f32::NAN, 0.0, 0.0, 0.0, 0.0])[1..4].iter().all(|x| x.is_nan()));
        let loss = categories().loss(&[0.0; 6], &[f32::NAN; 6], &mut [0.0; 6]);
        assert!(loss.is_nan());
    }

    #[test]
    fn categories_that_cannot_be_are_refused() {
        for off_on in [vec![], vec![[1.0, 1.0]], vec![[0.0, f32::NAN]]] {
            assert!(Category::new(0, off_on).is_err());
        }
        let at = |first| Category::new(first, vec![[0.0, 1.0]; 2]).unwrap();
        let refused = Categories::new(vec![at(3), at(4)]).unwrap_err();
        assert_eq!(refused, CategoryError::Overlap { found: 4, free: 5 });
        assert_eq!(Categories::new(vec![at(3), at(5)]).unwrap().end(), 7);
    }
}
