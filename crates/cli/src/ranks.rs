//! The processes that do a command together.

use ancestral_cluster::Cluster;
use anyhow::Result;

use crate::args::RanksArgs;

/// Runs a command on the ranks that the flags name: this process alone, or with those that `mpirun`
/// started. If one of them fails, all end.
pub fn on_ranks(args: RanksArgs, work: impl FnOnce(Cluster) -> Result<()>) -> Result<()> {
    if args.mpi { mpi::run(work) } else { work(Cluster::alone()) }
}

/// Prepares work on rank 0 first: what it refuses no other rank begins, and what is wrong is said once.
pub fn after_the_first<T>(cluster: &Cluster, prepare: impl FnOnce() -> Result<T>) -> Result<T> {
    if !cluster.leads() {
        cluster.broadcast(&mut [0_u8])?;
        return prepare();
    }
    let prepared = prepare()?;
    cluster.broadcast(&mut [0_u8])?;
    Ok(prepared)
}

#[cfg(feature = "mpi")]
mod mpi {
    use ancestral_cluster::Cluster;
    use ancestral_mpi::World;
    use anyhow::{Context, Result};

    use crate::failure::{self, Interrupted};

    pub fn run(work: impl FnOnce(Cluster) -> Result<()>) -> Result<()> {
        let world = World::join().context("--mpi")?;
        let cluster = world.cluster();
        let (rank, is_alone) = (cluster.rank(), cluster.is_alone());
        let Err(error) = work(cluster) else { return Ok(()) };
        // After an interruption all ranks are at the end of their work.
        if is_alone || error.is::<Interrupted>() {
            return Err(error);
        }
        match failure::report(&error.context(format!("rank {rank}"))) {
            // A reader that closed our output: there is nothing to end.
            0 => Ok(()),
            code => ancestral_mpi::abort(code.into()),
        }
    }
}

#[cfg(not(feature = "mpi"))]
mod mpi {
    use ancestral_cluster::Cluster;
    use anyhow::{Result, bail};

    pub fn run(_: impl FnOnce(Cluster) -> Result<()>) -> Result<()> {
        bail!(
            "--mpi: not in this build: build it with `--features mpi`, which needs Open MPI or MPICH (Debian: \
             libopenmpi-dev, openmpi-bin and libclang-dev)"
        )
    }
}
