//! Samples, and what is kept of the trajectory to them.

use std::ops::Range;

use ancestral::Batch;

/// Samples of one seed, in model space.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Samples {
    /// Index of the first.
    pub first: u64,
    /// The samples.
    pub x: Batch,
    /// Snapshots from x_T to the samples; empty if none were to be kept.
    pub snapshots: Vec<Batch>,
    /// Of tables the cells that were given and are kept, in the data's own units, a row after the other;
    /// empty if none were given.
    pub given: Vec<Option<f64>>,
}

impl Samples {
    /// Their indices.
    #[must_use]
    pub fn indices(&self) -> Range<u64> {
        self.first..self.first + self.x.rows() as u64
    }

    /// All of several batches, at least one, in their order.
    ///
    /// # Panics
    /// If there is no batch, or they are of different shapes.
    #[must_use]
    pub fn joined(batches: &[Self]) -> Self {
        if let [only] = batches {
            return only.clone();
        }
        let join = |part: &dyn Fn(&Self) -> &Batch| Batch::stack(batches.iter().map(part));
        let snapshots = 0..batches[0].snapshots.len();
        Self {
            first: batches[0].first,
            x: join(&|batch| &batch.x),
            snapshots: snapshots.map(|i| join(&|batch| &batch.snapshots[i])).collect(),
            given: batches.iter().flat_map(|batch| &batch.given).copied().collect(),
        }
    }
}
