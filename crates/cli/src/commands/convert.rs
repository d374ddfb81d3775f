//! `ancestral convert`: any readable model folder → a clean one.

use std::fs;
use std::path::Path;

use ancestral_cpu::CpuNetwork;
use ancestral_files::{is_there, no_folder};
use ancestral_format::ModelFolder;
use anyhow::{Context, Result, bail};

use crate::args::{Choice as _, ConvertArgs};
use crate::failure::Failed;
use crate::open::Wanted;

pub fn run(args: &ConvertArgs) -> Result<()> {
    let (output, model) = (&args.output, &args.model);
    if output.as_os_str() == "-" {
        bail!("output -: a model is a folder, expected a name for it");
    }
    let is_taken = is_taken(output).with_context(|| format!("output {}", output.display()))?;
    if is_taken && !args.force {
        bail!("{} already exists: replace it with --force", output.display());
    }
    if is_taken && is_part(output, model) {
        let (output, model) = (output.display(), model.display());
        bail!("output {output}: inside the model {model}, expected a folder outside it");
    }
    let (path, variant) = (Some(model.as_path()), args.variant.as_deref());
    let opened = Wanted { path, variant, size: None, quiet: args.quiet }.model()?;
    let (name, folder) = (opened.name().to_owned(), opened.folder().clone());
    // A folder whose weights do not fit its network is not worth writing.
    CpuNetwork::check(&folder.network, &folder.weights).with_context(|| format!("model {name}"))?;
    let weights = folder.weights.to_dtype(args.dtype);
    let weights =
        weights.with_context(|| format!("model {name}, --dtype {}", args.dtype.name()))?;
    let folder = ModelFolder { weights, raw_weights: None, ..folder };
    folder.write(output).map_err(|error| anyhow::Error::new(Failed(error.into())))
}

/// Whether the output folder holds anything.
fn is_taken(output: &Path) -> Result<bool> {
    if !is_there(output) {
        return Ok(false);
    }
    if !output.is_dir() {
        bail!("{}, expected a folder", no_folder(output));
    }
    Ok(fs::read_dir(output)?.next().is_some())
}

/// Whether the output is below the folder of the model.
fn is_part(output: &Path, model: &Path) -> bool {
    let (output, model) = (fs::canonicalize(output), fs::canonicalize(model));
    matches!((output, model), (Ok(output), Ok(model)) if output != model && output.starts_with(&model))
}
