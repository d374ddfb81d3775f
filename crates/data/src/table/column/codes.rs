//! One of several states, in model space.

use super::ColumnError;

/// More states than this are written in bits.
const MOST_AXES: usize = 64;
/// A bit of a smaller deviation is not stretched to deviation 1: rare states would be too far out.
const LEAST_DEVIATION: f64 = 0.05;

/// One of several states, such as the values of a category, as numbers in model space.
///
/// # Formula
/// ```text
/// up to 64 states:  one-hot, x_i = s (δ_i − p_i),     s² Σ p_i (1 − p_i) = ⌈log₂ k⌉
/// 2, and above 64:  analog bits, x_b = (bit_b − m_b)/d_b,   mean m_b and deviation d_b of the bit
/// ```
/// p are the shares of the states. Both have as much variance in all as ⌈log₂ k⌉ standardised
/// numbers, so that noise hides a category about when it hides its information. They are decoded
/// by the largest p_i + x_i/s, and by the nearest code in use.
///
/// One-hot states are equally far apart, so a network needs no correlations between bits to tell them
/// apart; but they take a dimension each.
/// # Source
/// Analog bits: Chen et al. 2022, arXiv:2208.04202. Differs from the paper: bits are standardised.
/// # Example
/// ```
/// use ancestral_data::Codes;
///
/// let codes = Codes::new(vec![0.5, 0.25, 0.25])?;
/// let mut model = Vec::new();
/// codes.encode(2, &mut model);
/// assert_eq!((codes.width(), codes.decode(&model)), (3, 2));
/// assert_eq!(Codes::new(vec![0.001; 1000])?.width(), 10);
/// # Ok::<(), ancestral_data::ColumnError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Codes {
    shares: Vec<f64>,
    layout: Layout,
}

#[derive(Debug, Clone, PartialEq)]
enum Layout {
    /// A dimension a state, stretched by `scale`.
    Axes { scale: f64 },
    /// A dimension a bit: mean and deviation of each, the lowest first.
    Bits(Vec<[f64; 2]>),
}

impl Codes {
    /// The states that have these shares of all rows. A single state takes no dimension.
    ///
    /// # Errors
    /// [`ColumnError::Shares`] if there are none, one is not above 0, or their sum is not 1.
    pub fn new(shares: Vec<f64>) -> Result<Self, ColumnError> {
        let sum: f64 = shares.iter().sum();
        let are_shares = shares.iter().all(|share| *share > 0.0 && *share <= 1.0);
        if shares.is_empty() || !are_shares || (sum - 1.0).abs() > 1e-6 {
            return Err(ColumnError::Shares { shares });
        }
        let layout = match shares.len() {
            3..=MOST_AXES => Layout::Axes { scale: scale(&shares) },
            _ => Layout::Bits((0..bits(shares.len())).map(|bit| moments(&shares, bit)).collect()),
        };
        Ok(Self { shares, layout })
    }

    /// The states of which so many rows were counted, each at least once.
    pub(crate) fn of_counts(counts: &[usize]) -> Self {
        let all = counts.iter().sum::<usize>() as f64;
        let shares = counts.iter().map(|count| *count as f64 / all).collect();
        Self::new(shares).expect("counts above 0, divided by their sum")
    }

    /// The share of each state.
    #[must_use]
    pub fn shares(&self) -> &[f64] {
        &self.shares
    }

    /// The number of dimensions.
    #[must_use]
    pub fn width(&self) -> usize {
        match &self.layout {
            Layout::Axes { .. } => self.shares.len(),
            Layout::Bits(bits) => bits.len(),
        }
    }

    /// What each dimension is where it is off and on. One-hot states have one dimension on; bits, several or none.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "model space is f32")]
    pub fn off_on(&self) -> Vec<[f32; 2]> {
        let pair = |mean: f64, scale: f64| [0.0, 1.0].map(|x| ((x - mean) * scale) as f32);
        match &self.layout {
            Layout::Axes { scale } => self.shares.iter().map(|mean| pair(*mean, *scale)).collect(),
            Layout::Bits(bits) => bits.iter().map(|bit| pair(bit[0], 1.0 / bit[1])).collect(),
        }
    }

    /// Whether each state has a dimension of its own.
    #[must_use]
    pub fn are_one_hot(&self) -> bool {
        matches!(self.layout, Layout::Axes { .. })
    }

    /// Appends what a state is in model space.
    #[allow(clippy::cast_possible_truncation, reason = "model space is f32")]
    pub fn encode(&self, state: usize, model: &mut Vec<f32>) {
        match &self.layout {
            Layout::Axes { scale } => {
                let hot = |(i, share): (usize, &f64)| f64::from(u8::from(i == state)) - share;
                let places = self.shares.iter().enumerate().map(hot);
                model.extend(places.map(|place| (place * scale) as f32));
            }
            Layout::Bits(bits) => model.extend(bits.iter().enumerate().map(|(i, bit)| {
                let set = f64::from(u8::from(state >> i & 1 == 1));
                ((set - bit[0]) / bit[1]) as f32
            })),
        }
    }

    /// The state that model space means. NaN is taken for the smallest number.
    #[must_use]
    pub fn decode(&self, model: &[f32]) -> usize {
        match &self.layout {
            Layout::Axes { scale } => {
                let places = model.iter().zip(&self.shares);
                let places = places.map(|(x, share)| share + f64::from(*x) / scale);
                largest(places.map(|place| if place.is_nan() { f64::NEG_INFINITY } else { place }))
            }
            Layout::Bits(bits) => {
                let soft: Vec<f64> = bits
                    .iter()
                    .zip(model)
                    .map(|(bit, x)| bit[0] + bit[1] * f64::from(*x))
                    .collect();
                let hard = soft.iter().enumerate().filter(|(_, bit)| **bit > 0.5);
                let state = hard.map(|(i, _)| 1 << i).sum();
                if state < self.shares.len() { state } else { self.nearest(&soft) }
            }
        }
    }

    /// The state whose bits are nearest, if the rounded ones are nobody's.
    fn nearest(&self, soft: &[f64]) -> usize {
        // Σ (bit − soft)² is smallest where Σ bit (2 soft − 1) is largest.
        let agreement = |state: usize| -> f64 {
            let set = soft.iter().enumerate().filter(|(i, _)| state >> i & 1 == 1);
            set.map(|(_, soft)| 2.0 * soft.clamp(-1e9, 1e9) - 1.0).sum()
        };
        largest((0..self.shares.len()).map(agreement))
    }

    /// Between the two states, if there are two: 0 is the first, 1 the second.
    pub(super) fn share_of_second(&self, model: &[f32]) -> f64 {
        let Layout::Bits(bits) = &self.layout else { return f64::NAN };
        bits[0][0] + bits[0][1] * f64::from(model[0])
    }

    /// The inverse of [`share_of_second`](Self::share_of_second).
    #[allow(clippy::cast_possible_truncation, reason = "model space is f32")]
    pub(super) fn encode_between(&self, share: f64, model: &mut Vec<f32>) {
        if let Layout::Bits(bits) = &self.layout {
            model.push(((share - bits[0][0]) / bits[0][1]) as f32);
        }
    }
}

/// The index of the largest, the first of equal ones.
fn largest(values: impl Iterator<Item = f64>) -> usize {
    let first = (0, f64::NEG_INFINITY);
    values.enumerate().fold(first, |best, next| if next.1 > best.1 { next } else { best }).0
}

/// How many bits tell so many states apart.
fn bits(states: usize) -> usize {
    (usize::BITS - (states - 1).leading_zeros()) as usize
}

fn scale(shares: &[f64]) -> f64 {
    let variance: f64 = shares.iter().map(|share| share * (1.0 - share)).sum();
    let least = LEAST_DEVIATION * LEAST_DEVIATION;
    (bits(shares.len()) as f64 / variance.max(least)).sqrt()
}

/// Mean and deviation of a bit.
fn moments(shares: &[f64], bit: usize) -> [f64; 2] {
    let set = shares.iter().enumerate().filter(|(state, _)| state >> bit & 1 == 1);
    let mean: f64 = set.map(|(_, share)| share).sum();
    [mean, (mean * (1.0 - mean)).max(0.0).sqrt().max(LEAST_DEVIATION)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(codes: &Codes, state: usize) -> Vec<f32> {
        let mut model = Vec::new();
        codes.encode(state, &mut model);
        model
    }

    #[test]
    fn two_states_are_one_standardised_number() {
        let codes = Codes::new(vec![0.2, 0.8]).unwrap();
        // Mean 0.8, deviation √(0.8 · 0.2) = 0.4.
        assert_eq!([0, 1].map(|state| encoded(&codes, state)), [[-2.0], [0.5]]);
        assert_eq!([-9.0, -0.8, -0.7, 9.0].map(|x| codes.decode(&[x])), [0, 0, 1, 1]);
        assert_eq!(Codes::new(vec![1.0]).unwrap().width(), 0);
    }

    #[test]
    fn the_variance_in_all_is_that_of_the_bits() {
        for k in [2_usize, 3, 5, 8, 64] {
            let counts: Vec<usize> = (1..=k).collect();
            let codes = Codes::of_counts(&counts);
            let squares = (0..k).map(|state| {
                let square: f32 = encoded(&codes, state).iter().map(|x| x * x).sum();
                f64::from(square) * codes.shares()[state]
            });
            assert!((squares.sum::<f64>() - bits(k) as f64).abs() < 1e-5, "{k}");
        }
    }

    #[test]
    fn codes_that_nobody_has_are_decoded_to_the_nearest_in_use() {
        let codes = Codes::new(vec![1.0 / 65.0; 65]).unwrap();
        assert_eq!(codes.width(), 7);
        // 64 is 1000000; 1000001 and 1000011 are not in use.
        let Layout::Bits(bits) = &codes.layout else { panic!("65 states are written in bits") };
        #[allow(clippy::cast_possible_truncation)]
        let model = |soft: [f64; 7]| -> Vec<f32> {
            bits.iter().zip(soft).map(|(bit, soft)| ((soft - bit[0]) / bit[1]) as f32).collect()
        };
        assert_eq!(codes.decode(&model([0.6, 0.1, 0.1, 0.1, 0.1, 0.1, 0.9])), 64);
        assert_eq!(codes.decode(&model([0.9, 0.9, 0.1, 0.1, 0.1, 0.1, 0.6])), 3);
        assert!(codes.decode(&[f32::NAN; 7]) < 65);
        assert!(codes.decode(&[f32::INFINITY; 7]) < 65);
    }

    #[test]
    fn shares_that_cannot_be_are_refused() {
        for shares in [vec![], vec![0.5, 0.6], vec![1.0, 0.0], vec![f64::NAN], vec![2.0, -1.0]] {
            assert!(Codes::new(shares).is_err());
        }
    }

    proptest! {
        #[test]
        fn every_state_comes_back(counts in prop::collection::vec(1_usize..1000, 1..300)) {
            let codes = Codes::of_counts(&counts);
            let off_on = codes.off_on();
            for state in 0..counts.len() {
                let model = encoded(&codes, state);
                prop_assert_eq!((model.len(), codes.decode(&model)), (codes.width(), state));
                for (i, (x, pair)) in model.iter().zip(&off_on).enumerate() {
                    let is_on = if codes.are_one_hot() { i == state } else { state >> i & 1 == 1 };
                    let expected = pair[usize::from(is_on)];
                    prop_assert!((x - expected).abs() <= 1e-6 * expected.abs().max(1.0));
                }
            }
        }
    }
}
