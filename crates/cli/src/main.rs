//! `ancestral`: learn the reverse process of some data, and run it.

#![cfg_attr(not(feature = "burn"), allow(dead_code, reason = "what only training needs"))]

mod args;
mod columns;
mod commands;
#[cfg(feature = "burn")]
mod data;
mod engine;
mod failure;
mod findings;
mod interrupt;
mod lock;
// What training draws.
#[cfg(feature = "burn")]
mod log;
mod looks;
mod memory;
mod model;
mod output;
mod process;
mod progress;
mod randomness;
#[cfg(feature = "burn")]
mod recipe;
mod rows;
#[cfg(feature = "burn")]
mod run_folder;
mod sampling;
mod show;
mod start;
mod steering;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use args::{Args, Command};

fn main() -> ExitCode {
    let matches = Args::command().get_matches();
    let args = Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let result = match (args.command, matches.subcommand()) {
        (Command::Train(args), Some((_, matches))) => commands::train::run(&args, matches),
        (Command::Train(_), None) => unreachable!("a command was parsed"),
        (Command::Sample(args), _) => commands::sample::run(&args),
        (Command::Invert(args), _) => commands::invert::run(&args),
        (Command::Compare(args), _) => commands::compare::run(&args),
        (Command::Inspect(args), _) => commands::inspect::run(&args),
        (Command::Convert(args), _) => commands::convert::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::report(&error),
    }
}
