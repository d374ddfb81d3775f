//! `ancestral`: learn the reverse process of some data, and run it.

mod args;
mod commands;
mod failure;
mod model;
mod output;
mod progress;
mod recipe;
mod sampling;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};

fn main() -> ExitCode {
    let result = match Args::parse().command {
        Command::Train(args) => commands::train::run(&args),
        Command::Sample(args) => commands::sample::run(&args),
        Command::Inspect(args) => commands::inspect::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::report(&error),
    }
}
