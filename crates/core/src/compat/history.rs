//! What a run remembers from one call of the network to the next.

use crate::batch::Batch;

/// What a run of one of diffusers' schedulers remembers; at its start, nothing.
///
/// A scheduler itself never changes: what a step needs of the calls before it is here. What is kept
/// is the scheduler's affair, as estimates of x₀, of ε or slopes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Of the calls before, the latest last.
    pub(super) estimates: Vec<Batch>,
    /// Where the step began that takes several calls, or the one before.
    pub(super) start: Option<Batch>,
    /// What the calls of one step have added up to.
    pub(super) sum: Option<Batch>,
    /// Calls so far.
    pub(super) calls: usize,
    /// The order of the step before.
    pub(super) order: usize,
}

impl History {
    /// Keeps `estimate` and those before it, `most` in all.
    pub(super) fn remember(&mut self, estimate: Batch, most: usize) {
        self.estimates.push(estimate);
        let excess = self.estimates.len().saturating_sub(most);
        self.estimates.drain(..excess);
    }

    /// The estimate of `age` calls ago; 0 is the latest.
    pub(super) fn estimate(&self, age: usize) -> &Batch {
        &self.estimates[self.estimates.len() - 1 - age]
    }
}
