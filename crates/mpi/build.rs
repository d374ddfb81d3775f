//! Says which package is missing where there is no MPI, before the bindings fail to find it.

use std::env;
use std::process::{Command, Stdio};

/// Where the bindings look for MPI before they look for its compiler.
const ELSEWHERE: [&str; 2] = ["MPI_PKG_CONFIG", "CRAY_MPICH_DIR"];

fn main() {
    for variable in ELSEWHERE.into_iter().chain(["MPICC"]) {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    if ELSEWHERE.iter().any(|variable| env::var_os(variable).is_some()) {
        return;
    }
    let compiler = env::var_os("MPICC").unwrap_or_else(|| "mpicc".into());
    let shown = Command::new(&compiler).arg("-show").stdout(Stdio::null()).status();
    if let Err(error) = shown {
        println!(
            "cargo::error=the feature mpi needs an MPI with its headers, but {} can't be run: {error}. Install Open MPI \
             or MPICH, and libclang; on Debian: apt-get install libopenmpi-dev openmpi-bin libclang-dev",
            compiler.display()
        );
    }
}
