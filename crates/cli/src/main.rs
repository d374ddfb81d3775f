//! `ancestral`: learn the reverse process of some data, and run it.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(feature = "train"),
    allow(dead_code, unused_imports, reason = "what only training needs")
)]

mod args;
mod commands;
mod failure;
mod flags;
#[cfg(any(feature = "train", feature = "serve"))]
mod interrupt;
mod open;
mod output;
mod progress;
mod report;
mod rows;
mod screen;
mod settings;

use std::process::ExitCode;

use args::{Args, Command};

fn main() -> ExitCode {
    let result = match Args::read().command {
        Command::Train(args) => commands::train::run(&args),
        Command::Sample(args) => commands::sample::run(&args),
        Command::Invert(args) => commands::invert::run(&args),
        Command::Eval(args) => commands::eval::run(&args),
        Command::Calibrate(args) => commands::calibrate::run(&args),
        Command::Compare(args) => commands::compare::run(&args),
        Command::Explain(args) => commands::explain::run(&args),
        Command::Inspect(args) => commands::inspect::run(&args),
        Command::Convert(args) => commands::convert::run(&args),
        Command::Serve(args) => commands::serve::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::report(&error),
    }
}
