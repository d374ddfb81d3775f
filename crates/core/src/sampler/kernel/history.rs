//! What a multistep sampler remembers of the hops behind.

use std::collections::VecDeque;

/// Values at the last few points of a run, newest first, each with the place of its point in the
/// measure that the sampler interpolates in.
#[derive(Clone, Debug)]
pub struct History<X> {
    length: usize,
    values: VecDeque<(f64, X)>,
}

impl<X> History<X> {
    /// Room for `length` values.
    pub(crate) fn new(length: usize) -> Self {
        Self { length, values: VecDeque::with_capacity(length + 1) }
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// Remembers the `value` at `place`, and forgets the oldest if there is no room.
    pub(crate) fn push(&mut self, place: f64, value: X) {
        self.values.push_front((place, value));
        self.values.truncate(self.length);
    }

    /// The places as shares of the way from the newest to `end`: 0, then negative ones.
    pub(crate) fn nodes(&self, end: f64) -> Vec<f64> {
        let newest = self.values.front().map_or(0.0, |(place, _)| *place);
        let length = end - newest;
        self.values.iter().map(|(place, _)| (place - newest) / length).collect()
    }

    /// Each value with its weight, newest first.
    pub(crate) fn weighted(&self, weights: Vec<f64>) -> impl Iterator<Item = (f64, &X)> {
        std::iter::zip(weights, self.values.iter().map(|(_, value)| value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_shares_of_the_hop_and_old_values_go() {
        let mut history = History::new(2);
        for (place, value) in [(-3.0, 'a'), (-2.0, 'b'), (0.0, 'c')] {
            history.push(place, value);
        }
        assert_eq!(history.nodes(4.0), [0.0, -0.5]);
        let all: Vec<_> = history.weighted(vec![0.7, 0.3]).collect();
        assert_eq!(all, [(0.7, &'c'), (0.3, &'b')]);
    }
}
