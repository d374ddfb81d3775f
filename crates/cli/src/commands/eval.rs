//! `ancestral eval`: how good a model is.

mod likelihood;
mod quality;

use std::path::Path;

use ancestral_eval::Reference;
use ancestral_pipeline::{Model, Settings};
use anyhow::Result;
use serde::Serialize;

use crate::args::EvalArgs;
use crate::failure::note;
use crate::flags::evaluated;
use crate::open::Wanted;

pub fn run(args: &EvalArgs) -> Result<()> {
    let asks_for_likelihood = args.likelihood.likelihood || args.likelihood.flow;
    if asks_for_likelihood { likelihood::run(args) } else { quality::run(args) }
}

/// The model, if it is one, with the data.
fn opened(args: &EvalArgs) -> Result<(Model, Reference)> {
    let quiet = args.compute.quiet;
    let (path, variant) = (Some(args.model.as_path()), args.variant.as_deref());
    let wanted = Wanted { path, variant, size: None, quiet };
    let model = wanted.model()?;
    let (data, tell) = (args.data.as_deref(), |line| note(quiet, line));
    let data = Reference::read(data, &model, wanted.is_built_in(), tell).map_err(evaluated)?;
    Ok((model, data))
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
