//! The label of each sample.

use std::ops::Range;

use ancestral::noise::{Purpose, Streams};
use rand::Rng;

/// The label of each sample, for the network.
#[derive(Clone, Debug)]
pub(crate) enum SampleLabels {
    /// The network takes none.
    None,
    /// One for all: a class, or the label that means "none".
    One(u32),
    /// Those of each class as often as the data are.
    Shares(Shares),
}

/// The share of each class.
#[derive(Clone, Debug)]
pub(crate) struct Shares {
    /// Of the classes up to each, that one included: the last is 1.
    ends: Vec<f64>,
    /// Where the samples of the seed begin.
    offset: u64,
}

impl SampleLabels {
    /// The labels of the samples `indices`.
    pub(crate) fn of(&self, indices: Range<u64>) -> Option<Vec<u32>> {
        match self {
            Self::None => None,
            Self::One(label) => Some(indices.map(|_| *label).collect()),
            Self::Shares(shares) => Some(indices.map(|index| shares.label(index)).collect()),
        }
    }

    /// The label of one of them, if they are of several classes.
    pub(crate) fn of_several(&self, index: u64) -> Option<u32> {
        match self {
            Self::None | Self::One(_) => None,
            Self::Shares(shares) => Some(shares.label(index)),
        }
    }
}

impl Shares {
    /// Of classes that have so many rows of the data, with one at least in all.
    pub(crate) fn new(counts: &[u64], seed: u64) -> Self {
        let total: u64 = counts.iter().sum();
        let mut sum = 0;
        let ends = counts.iter().map(|count| {
            sum += count;
            sum as f64 / total as f64
        });
        let offset = Streams::new(seed, Purpose::SampleClass).rng(0, 0).next_u64();
        Self { ends: ends.collect(), offset }
    }

    /// The class of a sample, which follows from seed and index alone.
    ///
    /// # Formula
    /// ```text
    /// label = the class within whose share u lies,     u = frac(u_seed + index/φ),     φ = (1 + √5)/2
    /// ```
    /// Any few samples in a row have nearly the shares of the data: multiples of the golden ratio lie
    /// more evenly in [0, 1) than those of any other number (Knuth, The Art of Computer Programming 3,
    /// section 6.4).
    fn label(&self, index: u64) -> u32 {
        /// 2⁶⁴/φ, odd.
        const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
        let place = self.offset.wrapping_add(index.wrapping_mul(GOLDEN));
        let u = (place >> 11) as f64 / (1_u64 << 53) as f64;
        let label = self.ends.partition_point(|end| *end <= u);
        u32::try_from(label).expect("few classes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(shares: &Shares, indices: Range<u64>) -> Vec<usize> {
        let mut found = vec![0; shares.ends.len()];
        for label in SampleLabels::Shares(shares.clone()).of(indices).unwrap() {
            found[label as usize] += 1;
        }
        found
    }

    #[test]
    fn samples_in_a_row_have_the_shares_of_the_data() {
        for seed in 0..20 {
            let shares = Shares::new(&[10, 0, 50, 40], seed);
            // The discrepancy of n multiples of the golden ratio is below (1 + ln n)/n, roughly.
            for (first, n) in [(0_u64, 100_u32), (77, 100), (0, 1000)] {
                let found = counts(&shares, first..first + u64::from(n));
                assert_eq!(found[1], 0);
                for (class, share) in [(0, 0.1), (2, 0.5), (3, 0.4)] {
                    let off = found[class] as f64 - share * f64::from(n);
                    assert!(off.abs() < 1.0 + f64::from(n).ln(), "{seed}: {found:?} of {n}");
                }
            }
        }
    }

    #[test]
    fn ten_classes_are_all_among_the_first_sixteen() {
        for seed in 0..50 {
            let found = counts(&Shares::new(&[7; 10], seed), 0..16);
            assert!(found.iter().all(|count| *count > 0), "{seed}: {found:?}");
        }
    }

    #[test]
    fn seeds_begin_elsewhere() {
        let first = |seed| Shares::new(&[1; 1000], seed).label(0);
        assert_ne!(first(1), first(2));
        assert_eq!(SampleLabels::One(3).of(5..7), Some(vec![3, 3]));
        assert_eq!(SampleLabels::None.of(0..2), None);
    }
}
