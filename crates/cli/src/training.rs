//! Trainings of other fronts than the terminal, with the settings of `ancestral train`.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use ancestral_cluster::Cluster;
use ancestral_run::{Front, Outcome};
use clap::{CommandFactory as _, Parser as _};

use crate::args::TrainArgs;
use crate::commands::train;
use crate::failure::Failed;
use crate::open::on_threads;

pub use crate::commands::train::command;

/// How a training ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ended {
    /// The run folder.
    pub folder: PathBuf,
    /// What has become of it.
    pub outcome: Outcome,
}

/// Why a training can't begin, or has failed. Settings in its text are flags.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrainError {
    /// The text.
    pub text: String,
    /// Whether it is an error of the input, not one that came later.
    pub is_of_input: bool,
}

impl fmt::Display for TrainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for TrainError {}

/// Trains with the arguments of `ancestral train`, the data first, and the front of the caller, which
/// is called on the threads that train. One process: `--mpi` is of the program.
///
/// # Errors
/// As the command; nothing is printed.
pub fn train(
    arguments: impl IntoIterator<Item = OsString>,
    front: &mut (dyn Front + Send),
) -> Result<Ended, TrainError> {
    let words = std::iter::once("train".into()).chain(arguments);
    let args = TrainArgs::try_parse_from(words).map_err(|error| {
        let text = error.to_string();
        let text = text.split("\n\n").next().unwrap_or_default();
        let text = text.strip_prefix("error: ").unwrap_or(text).to_owned();
        TrainError { text, is_of_input: true }
    })?;
    if args.ranks.mpi {
        let text = "--mpi: only `mpirun … ancestral train` trains on several processes".to_owned();
        return Err(TrainError { text, is_of_input: true });
    }
    let trained = on_threads(&args.compute, || {
        let run = train::begin(&args, Cluster::alone(), front)?;
        let outcome = run.run(front).map_err(crate::flags::raised)?;
        Ok(Ended { folder: run.folder().path().to_owned(), outcome })
    });
    trained.map_err(|error| TrainError {
        text: format!("{error:#}"),
        is_of_input: !error.is::<Failed>(),
    })
}

/// The names of all settings of a training: the flags of the command, with underscores, but for those
/// of the terminal.
///
/// # Panics
/// Never: `train` is a command of the program.
#[must_use]
pub fn settings_of_training() -> Vec<String> {
    let command = TrainArgs::command();
    let flags = command.get_arguments().filter_map(clap::Arg::get_long);
    let flags = flags.filter(|flag| !["quiet", "show", "help", "mpi"].contains(flag));
    flags.map(|flag| flag.replace('-', "_")).collect()
}

#[cfg(test)]
mod tests {
    use ancestral_run::Silent;

    use super::*;

    fn refused(words: &[&str]) -> String {
        let error = train(words.iter().map(OsString::from), &mut Silent).unwrap_err();
        assert!(error.is_of_input, "{error}");
        error.text
    }

    #[test]
    fn errors_of_the_input_are_texts_with_flags() {
        let text = refused(&["digits", "--batch", "0"]);
        assert_eq!(
            text,
            "invalid value '0' for '--batch <N>': expected a whole number from 1 to 65536"
        );
        let text = refused(&["moons", "--flip"]);
        assert!(text.starts_with("--flip: "), "{text}");
        assert!(refused(&["--stpes", "3"]).contains("--stpes"));
    }

    #[test]
    fn settings_are_named_as_in_python() {
        let names = settings_of_training();
        assert!(["steps", "label_dropout", "output"].iter().all(|n| names.iter().any(|m| m == n)));
        assert!(!names.iter().any(|name| name == "quiet"), "{names:?}");
    }
}
