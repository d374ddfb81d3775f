//! The command line of `ancestral`, as a library: for programs that bring the command along, and for
//! other fronts of a training, which take the same settings.

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
mod ranks;
mod report;
mod rows;
mod screen;
mod settings;
#[cfg(feature = "train")]
mod training;

use std::ffi::OsString;

use args::{Args, Command};

#[cfg(feature = "train")]
pub use training::{Ended, TrainError, command, settings_of_training, train};

/// Runs the program with its arguments, of which the first is its name, and returns the exit code. What
/// it prints goes to stdout and stderr; signals end the process as they do with any program.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let command = match Args::of(arguments) {
        Ok(args) => args.command,
        Err(error) => {
            // If stdout or stderr is closed, there is nothing to do.
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(failure::USAGE);
        }
    };
    let result = match command {
        #[cfg(feature = "train")]
        Command::Train(args) => commands::train::run(&args),
        #[cfg(not(feature = "train"))]
        Command::Train(_) => commands::absent("train", "train"),
        Command::Sample(args) => commands::sample::run(&args),
        Command::Invert(args) => commands::invert::run(&args),
        #[cfg(feature = "pictures")]
        Command::Eval(args) => commands::eval::run(&args),
        #[cfg(not(feature = "pictures"))]
        Command::Eval(_) => commands::absent("eval", "pictures"),
        #[cfg(feature = "pictures")]
        Command::Calibrate(args) => commands::calibrate::run(&args),
        #[cfg(not(feature = "pictures"))]
        Command::Calibrate(_) => commands::absent("calibrate", "pictures"),
        Command::Compare(args) => commands::compare::run(&args),
        #[cfg(feature = "pictures")]
        Command::Explain(args) => commands::explain::run(&args),
        #[cfg(not(feature = "pictures"))]
        Command::Explain(_) => commands::absent("explain", "pictures"),
        Command::Inspect(args) => commands::inspect::run(&args),
        Command::Convert(args) => commands::convert::run(&args),
        #[cfg(feature = "serve")]
        Command::Serve(args) => commands::serve::run(&args),
        #[cfg(not(feature = "serve"))]
        Command::Serve(_) => commands::absent("serve", "serve"),
    };
    result.map_or_else(|error| failure::report(&error), |()| 0)
}
