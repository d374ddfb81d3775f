//! Going on with a run: its settings, and what may be said anew.

use std::path::Path;

use ancestral_nn::train::{Checkpoint, Newest};
use anyhow::{Context, Result, anyhow, bail};
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, Parser};

use crate::args::{Args, Command, TrainArgs};
use crate::data;
use crate::failure::note;
use crate::run_folder::RunFolder;

/// What changes no result, or only how long the run is: it may be said anew.
const FREE: [&str; 14] = [
    "data",
    "output",
    "resume",
    "steps",
    "time",
    "stop_at",
    "preview_every",
    "checkpoint_every",
    "keep",
    "device",
    "engine",
    "threads",
    "quiet",
    "skip_bad",
];

/// A run that is to go on.
#[derive(Debug)]
pub struct Resumed {
    pub folder: RunFolder,
    /// Its own arguments, with what was said anew.
    pub args: TrainArgs,
    pub checkpoint: Checkpoint,
}

impl Resumed {
    /// The run that `args` name, at its newest checkpoint that is whole.
    pub fn new(args: &TrainArgs, matches: &ArgMatches) -> Result<Self> {
        let folder = RunFolder::new(match (&args.resume, &args.output, &args.data) {
            (Some(Some(run)), None, _) => run.clone(),
            (Some(Some(run)), Some(output), _) if run == output => run.clone(),
            (Some(Some(run)), Some(output), _) => {
                bail!(
                    "--resume {}: the run is in the folder of -o, {}; name one of them",
                    run.display(),
                    output.display()
                )
            }
            (_, Some(output), _) => output.clone(),
            (_, None, data) => {
                Path::new("runs").join(data.as_deref().map(data::name).unwrap_or_default())
            }
        });
        let at = folder.path().display();
        if !folder.path().is_dir() {
            bail!("--resume: there is no run folder {at}");
        }
        // Before the checkpoint is read: another process may be about to write a newer one.
        folder.hold(args.compute.quiet).context("--resume")?;
        let newest = folder.checkpoints(1).newest().context("--resume")?;
        let Some(Newest { path, checkpoint, passed_over }) = newest else {
            bail!("--resume: no checkpoint in {at}: expected checkpoints/step-N in a run folder");
        };
        for (path, error) in passed_over {
            note(
                args.compute.quiet,
                format_args!("warning: {} is not whole: {error}", path.display()),
            );
        }
        let context = || format!("--resume {}", path.display());
        let args = merged(&checkpoint.run.arguments, args, matches).with_context(context)?;
        Ok(Self { folder, args, checkpoint })
    }
}

/// The arguments of a run, with those that were said anew.
fn merged(stored: &[String], new: &TrainArgs, matches: &ArgMatches) -> Result<TrainArgs> {
    let of_run = parse(stored, &[])?;
    for (flag, text) in said(matches) {
        if parse(stored, std::slice::from_ref(&text))? != of_run {
            bail!(
                "{text}: the run was begun with another --{flag} ({}); begin a new one, or leave \
                 it out",
                stored.join(" ")
            );
        }
    }
    let mut args = of_run;
    args.data = new.data.clone().or(args.data);
    args.output.clone_from(&new.output);
    args.resume.clone_from(&new.resume);
    args.budget.steps = match new.budget.time {
        None => new.budget.steps.or(args.budget.steps),
        Some(_) => None,
    };
    args.budget.time = new.budget.time;
    args.budget.stop_at = new.budget.stop_at;
    let saving = &mut args.saving;
    saving.preview_every = new.saving.preview_every.or(saving.preview_every);
    saving.checkpoint_every = new.saving.checkpoint_every.or(saving.checkpoint_every);
    if is_said(matches, "keep") {
        saving.keep = new.saving.keep;
    }
    args.reading.skip_bad |= new.reading.skip_bad;
    args.compute = new.compute.clone();
    Ok(args)
}

/// The arguments of a run, and one more.
fn parse(stored: &[String], more: &[String]) -> Result<TrainArgs> {
    let words = std::iter::once("ancestral").chain(stored.iter().chain(more).map(String::as_str));
    match Args::try_parse_from(words).map(|args| args.command) {
        Ok(Command::Train(args)) => Ok(args),
        Ok(_) => Err(anyhow!("its arguments, {stored:?}, are not those of a training")),
        Err(error) => Err(anyhow!("its arguments, {stored:?}, are not understood: {error}")),
    }
}

/// The flags on the command line that are not free to be said anew: name, and flag with value.
fn said(matches: &ArgMatches) -> Vec<(String, String)> {
    let command = TrainArgs::command();
    let flags = command.get_arguments().filter(|arg| {
        let id = arg.get_id().as_str();
        !FREE.contains(&id) && is_said(matches, id)
    });
    let text = |arg: &clap::Arg| {
        let name = arg.get_long()?.to_owned();
        if !arg.get_action().takes_values() {
            return Some((name.clone(), format!("--{name}")));
        }
        let values = matches.get_raw(arg.get_id().as_str())?;
        let values: Vec<_> = values.map(|value| value.to_string_lossy()).collect();
        Some((name.clone(), format!("--{name}={}", values.join(","))))
    };
    flags.filter_map(text).collect()
}

fn is_said(matches: &ArgMatches, id: &str) -> bool {
    matches.value_source(id) == Some(ValueSource::CommandLine)
}
