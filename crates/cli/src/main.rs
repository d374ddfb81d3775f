//! `ancestral`: learn the reverse process of some data, and run it.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    ancestral_cli::run(std::env::args_os()).into()
}
