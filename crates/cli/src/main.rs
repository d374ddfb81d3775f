//! `ancestral`: learn the reverse process of some data, and run it.

#![cfg_attr(not(feature = "train"), allow(dead_code, reason = "what only training needs"))]

mod args;
mod classes;
mod columns;
mod commands;
#[cfg(feature = "train")]
mod data;
mod engine;
mod failure;
mod findings;
#[cfg(feature = "train")]
mod interrupt;
#[cfg(feature = "train")]
mod lock;
#[cfg(feature = "train")]
mod looks;
mod memory;
mod model;
mod output;
mod process;
mod progress;
mod randomness;
mod rows;
#[cfg(feature = "train")]
mod run_folder;
mod sampling;
mod show;
mod start;
mod steering;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};

fn main() -> ExitCode {
    let result = match Args::parse().command {
        Command::Train(args) => commands::train::run(&args),
        Command::Sample(args) => commands::sample::run(&args),
        Command::Invert(args) => commands::invert::run(&args),
        Command::Compare(args) => commands::compare::run(&args),
        Command::Inspect(args) => commands::inspect::run(&args),
        Command::Convert(args) => commands::convert::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::report(&error),
    }
}
