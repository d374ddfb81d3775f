//! What a multistep sampler remembers of the hops behind.

/// How many times longer than those behind a hop may be to be taken by extrapolation.
///
/// The hop to timestep 0, with which grids end that go there evenly in time (linspace, leading), is 3
/// to 5 times as long in λ as the one before it, for 5 to 100 steps of the linear schedule. A
/// parabola followed that far ends further from the flow than no polynomial at all, and so may a line,
/// which the published remedy (a lower order on the last hops of a short run) still takes. On grids
/// like trailing, Karras and uniform λ no hop is more than 1.7 times as long.
const REACH: f64 = 2.5;

/// Values at the last few points of a run, newest first, each with the place of its point in the
/// measure that the sampler interpolates in.
#[derive(Clone, Debug)]
pub struct History<X> {
    length: usize,
    values: Vec<(f64, X)>,
}

impl<X> History<X> {
    /// Room for `length` values.
    pub(crate) fn new(length: usize) -> Self {
        Self { length, values: Vec::with_capacity(length + 1) }
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// Remembers the `value` at `place`, and forgets the oldest if there is no room.
    pub(crate) fn push(&mut self, place: f64, value: X) {
        self.values.insert(0, (place, value));
        self.values.truncate(self.length);
    }

    /// The places as shares of the way from the newest to `end`: 0, then negative ones.
    pub(crate) fn nodes(&self, end: f64) -> Vec<f64> {
        let newest = self.values.first().map_or(0.0, |(place, _)| *place);
        let length = end - newest;
        self.values.iter().map(|(place, _)| (place - newest) / length).collect()
    }

    /// Those of [`Self::nodes`] from which a polynomial may be followed all the way to `end`: while
    /// the hop is not more than [`REACH`] times as long as the hops behind are in the mean.
    pub(crate) fn reaching(&self, end: f64) -> Vec<f64> {
        let reaches = |(behind, node): &(usize, f64)| -node * REACH >= *behind as f64;
        let nodes = self.nodes(end).into_iter().enumerate().take_while(reaches);
        nodes.map(|(_, node)| node).collect()
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
        assert_eq!(history.reaching(4.0), [0.0, -0.5]);
        let all: Vec<_> = history.weighted(vec![0.7, 0.3]).collect();
        assert_eq!(all, [(0.7, &'c'), (0.3, &'b')]);
    }

    #[test]
    fn a_hop_much_longer_than_those_behind_uses_fewer() {
        let mut history = History::new(3);
        for place in [0.0, 2.0, 3.0] {
            history.push(place, ());
        }
        // 1 and 2 behind: 2.5 · 1 for a line, 2.5 · (1 + 2)/2 for a parabola.
        let count = |length: f64| history.reaching(3.0 + length).len();
        assert_eq!([2.4, 2.5, 2.6, 3.7, 9.0].map(count), [3, 3, 1, 1, 1]);
        let mut history = History::new(3);
        for place in [0.0, 1.0, 3.0] {
            history.push(place, ());
        }
        let count = |length: f64| history.reaching(3.0 + length).len();
        assert_eq!([3.7, 3.8, 4.9, 5.1].map(count), [3, 2, 2, 1]);
    }
}
