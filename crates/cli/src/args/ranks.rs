//! Several processes.

use clap::{ArgAction, Parser};

/// Whether several processes compute together.
#[derive(Clone, Copy, Debug, Parser)]
#[command(next_help_heading = "Computing")]
pub struct RanksArgs {
    /// Compute on all processes that `mpirun` started with this command, in builds with the feature mpi;
    /// affects only speed: files and output are those of one process
    #[arg(long, action = ArgAction::SetTrue)]
    pub mpi: bool,
}
