//! Ranks that are threads of one process.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::{Cluster, ClusterError, Transport};

/// Runs `work` on so many ranks, each a thread of this process, and returns what each of them returns.
/// Where one ends early, the others get [`ClusterError::Gone`].
///
/// # Panics
/// If a rank panics, when all have ended.
pub fn on_threads<T: Send>(ranks: usize, work: impl Fn(Cluster) -> T + Sync) -> Vec<T> {
    let work = &work;
    let clusters: Vec<_> = connected(ranks).into_iter().map(Cluster::new).collect();
    let ended: Vec<_> = thread::scope(|scope| {
        let ranks: Vec<_> =
            clusters.into_iter().map(|cluster| scope.spawn(move || work(cluster))).collect();
        ranks.into_iter().map(thread::ScopedJoinHandle::join).collect()
    });
    let of_rank =
        |ended: thread::Result<T>| ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    ended.into_iter().map(of_rank).collect()
}

/// One rank of several, which are threads of one process.
#[derive(Debug)]
struct Threads {
    rank: usize,
    to: Vec<Sender<Vec<u8>>>,
    from: Vec<Mutex<Receiver<Vec<u8>>>>,
}

/// All ranks, each connected with each.
fn connected(ranks: usize) -> Vec<Threads> {
    let rank = |rank| Threads { rank, to: Vec::new(), from: Vec::new() };
    let mut all: Vec<_> = (0..ranks).map(rank).collect();
    for sender in 0..ranks {
        for receiver in 0..ranks {
            let (to, from) = channel();
            all[sender].to.push(to);
            all[receiver].from.push(Mutex::new(from));
        }
    }
    all
}

impl Transport for Threads {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.to.len()
    }

    fn send(&self, to: usize, message: &[u8]) -> Result<(), ClusterError> {
        self.to[to].send(message.to_vec()).map_err(|_| ClusterError::Gone { rank: to })
    }

    fn receive(&self, from: usize, message: &mut [u8]) -> Result<(), ClusterError> {
        let receiver = self.from[from].lock().unwrap_or_else(PoisonError::into_inner);
        let found = receiver.recv().map_err(|_| ClusterError::Gone { rank: from })?;
        if found.len() != message.len() {
            let (found, expected) = (found.len(), message.len());
            return Err(ClusterError::Length { from, found, expected });
        }
        message.copy_from_slice(&found);
        Ok(())
    }

    fn exchange(
        &self,
        to: usize,
        sent: &[u8],
        from: usize,
        received: &mut [u8],
    ) -> Result<(), ClusterError> {
        self.send(to, sent)?;
        self.receive(from, received)
    }
}
