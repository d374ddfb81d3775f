//! The order in which training visits its data.

use ancestral::noise::{Purpose, Streams};
use rand::Rng;

/// Every sample once an epoch, each epoch in an order of its own.
///
/// The sample at a place depends on the seed, the place and the number of samples
/// alone. The order of the last epoch is kept, since making it takes a pass over all samples.
#[derive(Debug, Clone)]
pub(crate) struct DataOrder {
    streams: Streams,
    len: usize,
    epoch: Option<(u64, Vec<usize>)>,
}

impl DataOrder {
    pub(crate) fn new(seed: u64, len: usize) -> Self {
        Self { streams: Streams::new(seed, Purpose::DataOrder), len, epoch: None }
    }

    /// The sample at a place, counted from the start of training across all epochs.
    pub(crate) fn at(&mut self, place: u64) -> usize {
        let len = self.len as u64;
        let epoch = place / len;
        let position = usize::try_from(place % len).expect("below the number of samples");
        if let Some((known, order)) = &self.epoch
            && *known == epoch
        {
            return order[position];
        }
        let order = self.shuffled(epoch);
        let sample = order[position];
        self.epoch = Some((epoch, order));
        sample
    }

    /// Fisher–Yates.
    fn shuffled(&self, epoch: u64) -> Vec<usize> {
        let mut rng = self.streams.rng(epoch, 0);
        let mut order: Vec<_> = (0..self.len).collect();
        for i in (1..self.len).rev() {
            order.swap(i, below(&mut rng, i + 1));
        }
        order
    }
}

/// A uniform integer in `0..bound`, from one word of 64 bits.
///
/// # Numerics
/// Off from uniform by at most bound · 2⁻⁶⁴.
pub(crate) fn below(rng: &mut impl Rng, bound: usize) -> usize {
    let scaled = (u128::from(rng.next_u64()) * bound as u128) >> 64;
    usize::try_from(scaled).expect("below a usize")
}

/// A uniform number in [0, 1), from one word of 64 bits.
pub(crate) fn unit(rng: &mut impl Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_epoch_has_every_sample_once_in_its_own_order() {
        let mut order = DataOrder::new(3, 50);
        let mut epoch = |e: u64| (0..50).map(|i| order.at(e * 50 + i)).collect::<Vec<_>>();
        let (first, second) = (epoch(0), epoch(1));
        assert_ne!(first, second);
        assert_eq!(first, epoch(0));
        for mut order in [first, second] {
            order.sort_unstable();
            assert_eq!(order, (0..50).collect::<Vec<_>>());
        }
    }

    #[test]
    fn every_sample_is_as_likely_at_the_first_place() {
        // 4000 seeds, 4 samples: 1000 each, standard deviation 27.
        let mut counts = [0; 4];
        for seed in 0..4000 {
            counts[DataOrder::new(seed, 4).at(0)] += 1;
        }
        assert!(counts.iter().all(|n| (890..1110).contains(n)), "{counts:?}");
    }
}
