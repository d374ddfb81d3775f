//! A handle to the ranks, with what is built of messages.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytemuck::Pod;

use crate::transport::Alone;
use crate::{ClusterError, Transport};

/// The ranks that compute together, as one of them sees them. Clones are the same rank.
///
/// All ranks call the methods that exchange values, in the same order.
#[derive(Clone, Debug)]
pub struct Cluster {
    transport: Arc<dyn Transport>,
    sent: Arc<Counters>,
}

/// What a rank has sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Messages.
    pub messages: u64,
    /// Bytes of all of them.
    pub bytes: u64,
}

#[derive(Debug, Default)]
struct Counters {
    messages: AtomicU64,
    bytes: AtomicU64,
}

impl Cluster {
    /// The ranks of a transport.
    pub fn new(transport: impl Transport + 'static) -> Self {
        Self { transport: Arc::new(transport), sent: Arc::default() }
    }

    /// A process without others.
    #[must_use]
    pub fn alone() -> Self {
        Self::new(Alone)
    }

    /// The number of this rank, from 0.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.transport.rank()
    }

    /// How many ranks there are.
    #[must_use]
    pub fn size(&self) -> usize {
        self.transport.size()
    }

    /// Whether there is only this rank.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.size() == 1
    }

    /// Whether this is rank 0, which decides, prints and writes.
    #[must_use]
    pub fn leads(&self) -> bool {
        self.rank() == 0
    }

    /// What this rank has sent so far.
    #[must_use]
    pub fn sent(&self) -> Traffic {
        let Counters { messages, bytes } = &*self.sent;
        let [messages, bytes] = [messages, bytes].map(|count| count.load(Ordering::Relaxed));
        Traffic { messages, bytes }
    }

    /// `count` things in as many ranges as there are ranks, of equal lengths or with one more. Some are
    /// empty if there are fewer things than ranks.
    ///
    /// # Example
    /// ```
    /// # ancestral_cluster::on_threads(3, |cluster| {
    /// assert_eq!(cluster.shares(8), [0..3, 3..6, 6..8]); // of three ranks
    /// # });
    /// ```
    #[must_use]
    pub fn shares(&self, count: usize) -> Vec<Range<usize>> {
        let size = self.size();
        let (each, more) = (count / size, count % size);
        let from = |rank: usize| rank * each + rank.min(more);
        (0..size).map(|rank| from(rank)..from(rank + 1)).collect()
    }

    /// The ranks to send to and to receive from, one pair after the other: in turn each rank meets each
    /// other one, and never two at once.
    pub fn turns(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (rank, size) = (self.rank(), self.size());
        (1..size).map(move |turn| ((rank + turn) % size, (rank + size - turn) % size))
    }

    /// Sends values to one rank while those of another arrive. Nothing is no message.
    ///
    /// # Errors
    /// If a rank has ended.
    pub fn exchange<T: Pod>(
        &self,
        to: usize,
        sent: &[T],
        from: usize,
        received: &mut [T],
    ) -> Result<(), ClusterError> {
        if received.is_empty() {
            return self.send(to, sent);
        }
        if sent.is_empty() {
            return self.receive(from, received);
        }
        let sent = bytemuck::cast_slice(sent);
        self.count(sent);
        self.transport.exchange(to, sent, from, bytemuck::cast_slice_mut(received))
    }

    /// Completes `values`, of which each rank has the part with its number.
    ///
    /// # Errors
    /// If a rank has ended.
    ///
    /// # Panics
    /// If there is not one part for each rank, or parts overlap or are outside of the values.
    pub fn all_gather<T: Pod>(
        &self,
        values: &mut [T],
        parts: &[Range<usize>],
    ) -> Result<(), ClusterError> {
        assert_eq!(parts.len(), self.size(), "a part for each rank");
        for (to, from) in self.turns() {
            let own_and_other = [parts[self.rank()].clone(), parts[from].clone()];
            let [own, other] =
                values.get_disjoint_mut(own_and_other).expect("parts of all, which do not overlap");
            self.exchange(to, own, from, other)?;
        }
        Ok(())
    }

    /// Replaces the values of all ranks by those of rank 0.
    ///
    /// # Errors
    /// If a rank has ended.
    pub fn broadcast<T: Pod>(&self, values: &mut [T]) -> Result<(), ClusterError> {
        if !self.leads() {
            return self.receive(0, values);
        }
        (1..self.size()).try_for_each(|rank| self.send(rank, values))
    }

    /// The bytes of rank 0, whose number the others need not know.
    ///
    /// # Errors
    /// If a rank has ended.
    ///
    /// # Panics
    /// If they are more than this machine has addresses.
    pub fn broadcast_bytes(&self, bytes: Vec<u8>) -> Result<Vec<u8>, ClusterError> {
        let mut bytes = bytes;
        let mut length = [bytes.len() as u64];
        self.broadcast(&mut length)?;
        let length = usize::try_from(length[0]).expect("ranks of one width of addresses");
        bytes.resize(length, 0);
        self.broadcast(&mut bytes)?;
        Ok(bytes)
    }

    /// Cuts the values of rank 0 into a part for each rank, and returns this rank's. Those of other ranks
    /// are not looked at.
    ///
    /// # Errors
    /// If a rank has ended.
    pub fn scatter<T: Pod>(
        &self,
        values: &[T],
        parts: &[Range<usize>],
    ) -> Result<Vec<T>, ClusterError> {
        if self.leads() {
            for (rank, part) in parts.iter().enumerate().skip(1) {
                self.send(rank, &values[part.clone()])?;
            }
            return Ok(values[parts[0].clone()].to_vec());
        }
        let mut own = vec![T::zeroed(); parts[self.rank()].len()];
        self.receive(0, &mut own)?;
        Ok(own)
    }

    /// The result of this rank if all ranks have one. So no rank waits for a part that another could not
    /// make, and all can go on with something else.
    ///
    /// # Errors
    /// The error of this rank; [`ClusterError::Failed`] if another has one.
    pub fn agree<T, E: From<ClusterError>>(&self, own: Result<T, E>) -> Result<T, E> {
        let mut failed = vec![0_u8; self.size()];
        failed[self.rank()] = own.is_err().into();
        self.all_gather(&mut failed, &self.shares(self.size()))?;
        let own = own?;
        match failed.iter().position(|failed| *failed == 1) {
            None => Ok(own),
            Some(rank) => Err(ClusterError::Failed { rank }.into()),
        }
    }

    /// Sends values to a rank. Nothing is no message.
    ///
    /// # Errors
    /// If it has ended.
    pub fn send<T: Pod>(&self, to: usize, values: &[T]) -> Result<(), ClusterError> {
        if values.is_empty() {
            return Ok(());
        }
        let bytes = bytemuck::cast_slice(values);
        self.count(bytes);
        self.transport.send(to, bytes)
    }

    /// Waits for the next values of a rank.
    ///
    /// # Errors
    /// If it has ended, or sends another number of values.
    pub fn receive<T: Pod>(&self, from: usize, values: &mut [T]) -> Result<(), ClusterError> {
        if values.is_empty() {
            return Ok(());
        }
        self.transport.receive(from, bytemuck::cast_slice_mut(values))
    }

    fn count(&self, bytes: &[u8]) {
        self.sent.messages.fetch_add(1, Ordering::Relaxed);
        self.sent.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::on_threads;

    #[test]
    fn shares_cover_everything_in_order_and_differ_by_one_at_most() {
        for ranks in 1..6 {
            for count in [0, 1, 2, 5, 16, 1000] {
                for shares in on_threads(ranks, |cluster| cluster.shares(count)) {
                    assert!(shares.iter().cloned().flatten().eq(0..count), "{ranks}, {count}");
                    let lengths = shares.iter().map(ExactSizeIterator::len);
                    let (least, most) = (lengths.clone().min(), lengths.max());
                    assert!(most.unwrap() - least.unwrap() <= 1, "{ranks}, {count}");
                }
            }
        }
    }

    #[test]
    fn all_ranks_have_all_parts_though_some_are_empty() {
        for (ranks, count) in [(1, 3), (2, 7), (3, 2), (5, 3), (5, 11)] {
            let gathered = on_threads(ranks, |cluster| {
                let parts = cluster.shares(count);
                let own = parts[cluster.rank()].clone();
                let mut values = vec![f64::NAN; count];
                own.for_each(|i| values[i] = i as f64);
                cluster.all_gather(&mut values, &parts).unwrap();
                values
            });
            let all: Vec<_> = (0..count).map(|i| i as f64).collect();
            assert!(gathered.iter().all(|values| *values == all), "{ranks} ranks, {gathered:?}");
        }
    }

    #[test]
    fn what_rank_0_has_reaches_all_and_is_cut_among_them() {
        let found = on_threads(3, |cluster| {
            let lead = |text: &str| if cluster.leads() { text.into() } else { Vec::new() };
            let text = cluster.broadcast_bytes(lead("of rank 0")).unwrap();
            let values: Vec<u32> = if cluster.leads() { (0..4).collect() } else { Vec::new() };
            (text, cluster.scatter(&values, &[0..2, 2..2, 2..4]).unwrap())
        });
        let texts = found.iter().map(|(text, _)| text.as_slice());
        assert!(texts.eq([b"of rank 0"; 3]));
        let parts: Vec<_> = found.into_iter().map(|(_, part)| part).collect();
        assert_eq!(parts, [vec![0, 1], vec![], vec![2, 3]]);
    }

    #[test]
    fn all_ranks_fail_together_and_go_on_together() {
        let results = on_threads(3, |cluster| {
            let own = if cluster.rank() == 1 { Err("of 1".to_owned()) } else { Ok(cluster.rank()) };
            let first = cluster.agree(own.map_err(Either::Own));
            (first, cluster.agree(Ok::<_, Either>(cluster.rank())))
        });
        let failed = || Err(Either::Others(ClusterError::Failed { rank: 1 }));
        assert_eq!(results[0], (failed(), Ok(0)));
        assert_eq!(results[1], (Err(Either::Own("of 1".to_owned())), Ok(1)));
        assert_eq!(results[2], (failed(), Ok(2)));
    }

    #[derive(Debug, PartialEq)]
    enum Either {
        Own(String),
        Others(ClusterError),
    }

    impl From<ClusterError> for Either {
        fn from(error: ClusterError) -> Self {
            Self::Others(error)
        }
    }

    #[test]
    fn each_rank_counts_what_it_sends() {
        let sent = on_threads(3, |cluster| {
            let parts = cluster.shares(6);
            cluster.all_gather(&mut [0.0_f32; 6], &parts).unwrap();
            cluster.sent()
        });
        assert_eq!(sent, [Traffic { messages: 2, bytes: 16 }; 3]);
    }

    #[test]
    fn the_end_of_a_rank_and_a_wrong_length_are_errors_of_the_others() {
        let ended = on_threads(2, |cluster| {
            if cluster.rank() == 1 {
                return Ok(());
            }
            cluster.receive(1, &mut [0_u8])
        });
        assert_eq!(ended, [Err(ClusterError::Gone { rank: 1 }), Ok(())]);
        let wrong = on_threads(2, |cluster| match cluster.rank() {
            0 => cluster.receive(1, &mut [0_u8; 3]),
            _ => cluster.send(0, b"four"),
        });
        assert_eq!(wrong[0], Err(ClusterError::Length { from: 1, found: 4, expected: 3 }));
        let alone = Cluster::alone();
        assert_eq!(alone.send(1, &[0_u8]), Err(ClusterError::Gone { rank: 1 }));
        alone.all_gather(&mut [1_u8, 2], &alone.shares(2)).unwrap();
    }
}
