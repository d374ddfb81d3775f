#![doc = include_str!("../README.md")]

use std::fmt;
use std::panic;

use ancestral_cluster::{Cluster, ClusterError, Transport};
use mpi::Threading;
use mpi::environment::Universe;
use mpi::point_to_point::{Status, send_receive_into};
use mpi::topology::{Process, SimpleCommunicator};
use mpi::traits::{Communicator, Destination, Equivalence, Source};
use thiserror::Error;

/// Bytes of a message at the most; MPI counts in 32 bits.
const MOST: usize = 1 << 30;
/// The exit code of a rank that panics, as of any program in Rust.
const PANICKED: i32 = 101;

/// Why there are no ranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MpiError {
    /// MPI can be begun once in a process.
    #[error("MPI was begun before in this process")]
    Begun,
    /// MPI has to be called from the thread that trains.
    #[error("this MPI can't be called from other threads than the first")]
    Threads,
}

/// The ranks that `mpirun` started, until this is dropped: that waits for all of them.
pub struct World {
    _universe: Universe,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").finish_non_exhaustive()
    }
}

impl World {
    /// Begins MPI. From now on a panic of any thread ends all ranks, after its message and the number of
    /// the rank.
    ///
    /// Without `mpirun` there is one rank.
    ///
    /// # Errors
    /// If MPI was begun before, or can't be called from several threads in turn.
    pub fn join() -> Result<Self, MpiError> {
        // Pools of threads compute, and the one that does the training is the one that sends.
        let begun = mpi::initialize_with_threading(Threading::Serialized);
        let (universe, provided) = begun.ok_or(MpiError::Begun)?;
        if provided < Threading::Serialized {
            return Err(MpiError::Threads);
        }
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            usual(info);
            eprintln!("rank {} panicked: all ranks end", world().rank());
            abort(PANICKED)
        }));
        Ok(Self { _universe: universe })
    }

    /// All of its ranks.
    #[must_use]
    pub fn cluster(&self) -> Cluster {
        Cluster::new(Messages)
    }
}

/// Ends all ranks with an exit code.
pub fn abort(code: i32) -> ! {
    world().abort(code)
}

fn world() -> SimpleCommunicator {
    SimpleCommunicator::world()
}

/// Messages between the ranks of the world.
#[derive(Debug)]
struct Messages;

impl Transport for Messages {
    fn rank(&self) -> usize {
        usize::try_from(world().rank()).expect("ranks count from 0")
    }

    fn size(&self) -> usize {
        usize::try_from(world().size()).expect("there is this rank")
    }

    fn send(&self, to: usize, message: &[u8]) -> Result<(), ClusterError> {
        let world = world();
        for part in message.chunks(MOST) {
            process(&world, to).send(part);
        }
        Ok(())
    }

    fn receive(&self, from: usize, message: &mut [u8]) -> Result<(), ClusterError> {
        let world = world();
        message.chunks_mut(MOST).try_for_each(|part| {
            let status = process(&world, from).receive_into(part);
            check(from, &status, part)
        })
    }

    fn exchange(
        &self,
        to: usize,
        sent: &[u8],
        from: usize,
        received: &mut [u8],
    ) -> Result<(), ClusterError> {
        let world = world();
        let (mut sent, mut received) = (sent.chunks(MOST), received.chunks_mut(MOST));
        loop {
            match (sent.next(), received.next()) {
                (Some(out), Some(part)) => {
                    let (to, source) = (process(&world, to), process(&world, from));
                    check(from, &send_receive_into(out, &to, part, &source), part)?;
                }
                (Some(out), None) => self.send(to, out)?,
                (None, Some(part)) => self.receive(from, part)?,
                (None, None) => return Ok(()),
            }
        }
    }
}

fn process(world: &SimpleCommunicator, rank: usize) -> Process<'_> {
    world.process_at_rank(i32::try_from(rank).expect("a rank of the world"))
}

/// A longer message than expected ends the program in MPI; a shorter one is found here.
fn check(from: usize, status: &Status, part: &[u8]) -> Result<(), ClusterError> {
    let found = usize::try_from(status.count(u8::equivalent_datatype())).unwrap_or(0);
    if found == part.len() {
        return Ok(());
    }
    Err(ClusterError::Length { from, found, expected: part.len() })
}
