//! What carries messages between ranks.

use std::fmt;

use crate::ClusterError;

/// What carries messages between ranks.
///
/// Messages from one rank to another arrive in the order in which they were sent, and the receiver knows
/// their lengths. One thread of a rank uses it at a time.
pub trait Transport: fmt::Debug + Send + Sync {
    /// The number of this rank, from 0.
    fn rank(&self) -> usize;

    /// How many ranks there are.
    fn size(&self) -> usize;

    /// Sends a message. It may wait until the other rank receives it.
    ///
    /// # Errors
    /// If the other rank has ended.
    fn send(&self, to: usize, message: &[u8]) -> Result<(), ClusterError>;

    /// Waits for the next message of a rank.
    ///
    /// # Errors
    /// If the other rank has ended, or the message has another length.
    fn receive(&self, from: usize, message: &mut [u8]) -> Result<(), ClusterError>;

    /// Sends one message and receives another at the same time: ranks that send in a circle do not wait for
    /// each other.
    ///
    /// # Errors
    /// As [`send`](Self::send) and [`receive`](Self::receive).
    fn exchange(
        &self,
        to: usize,
        sent: &[u8],
        from: usize,
        received: &mut [u8],
    ) -> Result<(), ClusterError>;
}

/// A process without others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Alone;

impl Transport for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn send(&self, to: usize, _: &[u8]) -> Result<(), ClusterError> {
        Err(ClusterError::Gone { rank: to })
    }

    fn receive(&self, from: usize, _: &mut [u8]) -> Result<(), ClusterError> {
        Err(ClusterError::Gone { rank: from })
    }

    fn exchange(&self, to: usize, sent: &[u8], _: usize, _: &mut [u8]) -> Result<(), ClusterError> {
        self.send(to, sent)
    }
}
