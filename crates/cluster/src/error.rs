//! Why ranks can't go on together.

use thiserror::Error;

/// Why ranks can't go on together.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// Another rank has ended.
    #[error("rank {rank} has ended")]
    Gone {
        /// That rank.
        rank: usize,
    },
    /// Another rank could not do its part, and says why.
    #[error("rank {rank} failed")]
    Failed {
        /// That rank.
        rank: usize,
    },
    /// A message is not the one that was expected: the ranks are not at the same place.
    #[error("a message of {found} bytes from rank {from}, expected {expected}")]
    Length {
        /// The rank that sent it.
        from: usize,
        /// Its bytes.
        found: usize,
        /// The bytes that were expected.
        expected: usize,
    },
}
