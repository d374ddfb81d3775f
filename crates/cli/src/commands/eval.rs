//! `ancestral eval`: how good a model is.

mod likelihood;
mod quality;

use std::path::Path;

use ancestral_eval::Reference;
use ancestral_pipeline::{Model, Settings};
#[cfg_attr(not(feature = "train"), expect(unused_imports, reason = "for what training does"))]
use anyhow::{Context, Result};
use serde::Serialize;

use crate::args::EvalArgs;
use crate::failure::note;
use crate::flags::measured;
use crate::open::Wanted;
use crate::ranks::on_ranks;

pub fn run(args: &EvalArgs) -> Result<()> {
    let asks_for_likelihood = args.likelihood.likelihood || args.likelihood.flow;
    on_ranks(args.ranks, |cluster| match (asks_for_likelihood, cluster.leads()) {
        (true, _) => likelihood::run(args, &cluster),
        (false, true) => quality::run(args, &cluster),
        (false, false) => quality::follow(args, &cluster),
    })
}

/// The model, with the data to measure with, and those of its training if they are known.
fn opened(args: &EvalArgs, quiet: bool) -> Result<(Model, Reference, Option<Reference>)> {
    let wanted = wanted(args, quiet);
    let model = wanted.model()?;
    let (data, tell) = (args.data.as_deref(), |line| note(quiet, line));
    let data = Reference::read(data, &model, wanted.is_built_in(), args.null_label, tell)
        .map_err(measured)?;
    let Some(share) = args.holdout.filter(|share| *share > 0.0) else {
        return Ok((model, data, None));
    };
    let training = model.folder().about.as_ref().and_then(|about| about.training.as_ref());
    let seed = training.map_or(0, |training| training.seed);
    if let Some(held_out) =
        training.map(|training| training.holdout.unwrap_or(0.0)).filter(|own| *own != share)
    {
        note(
            quiet,
            format_args!(
                "warning: --holdout {share}: the training held out {held_out} of its data; if these are the \
                 same, rows that it learned are measured as if held out"
            ),
        );
    }
    let [learned, held_out] = hold_out(data.rows.rows(), share, seed)?;
    Ok((model, data.some(&held_out), Some(data.some(&learned))))
}

#[cfg(feature = "train")]
fn hold_out(rows: usize, share: f64, seed: u64) -> Result<[Vec<usize>; 2]> {
    ancestral_learn::hold_out(rows, share, seed).context("--holdout")
}

#[cfg(not(feature = "train"))]
fn hold_out(_: usize, _: f64, _: u64) -> Result<[Vec<usize>; 2]> {
    anyhow::bail!("--holdout: not in this build: build with `--features train`")
}

/// The model that is to be opened.
fn wanted(args: &EvalArgs, quiet: bool) -> Wanted<'_> {
    let (path, variant) = (Some(args.model.as_path()), args.variant.as_deref());
    Wanted { path, variant, size: None, quiet }
}

/// Whether a path holds samples, not a model.
fn is_samples(path: &Path) -> bool {
    path.is_file()
        || path.is_dir() && !path.join("model_index.json").exists() && holds_no_model(path)
}

/// Whether no file of a folder is one of a model's.
fn holds_no_model(folder: &Path) -> bool {
    !["config.json", "scheduler", "unet", "checkpoints", "snapshots"]
        .iter()
        .any(|name| folder.join(name).exists())
}

/// The settings of all kinds of evaluation.
fn settings(args: &EvalArgs) -> Settings {
    let mut settings = Settings::new();
    settings.steps = args.steps;
    settings.spacing.clone_from(&args.spacing);
    settings.variance.clone_from(&args.variance);
    settings.clip = (args.clip || args.no_clip).then_some(args.clip);
    (settings.seed, settings.batch) = (args.seed.unwrap_or_default(), args.batch);
    settings
}

fn print(report: &impl Serialize, as_json: bool, text: impl FnOnce() -> String) -> Result<()> {
    super::print(&if as_json { serde_json::to_string_pretty(report)? + "\n" } else { text() })
}
