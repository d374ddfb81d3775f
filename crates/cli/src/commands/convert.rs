//! `ancestral convert`: any readable model folder → a clean one.

use std::fs;
use std::io::ErrorKind;

use ancestral_cpu::CpuNetwork;
use ancestral_format::ModelFolder;
use anyhow::{Context, Result, bail};

use crate::args::ConvertArgs;
use crate::failure::Failed;
use crate::model::Model;

pub fn run(args: &ConvertArgs) -> Result<()> {
    let (output, model) = (&args.output, &args.model);
    let is_taken = is_taken(args).with_context(|| format!("output {}", output.display()))?;
    if is_taken && !args.force {
        bail!("{} is already there: replace it with --force", output.display());
    }
    let Model { name, folder, .. } = Model::read(Some(model), args.variant.as_deref(), args.quiet)?;
    // A folder that no network can be made of is not worth writing.
    CpuNetwork::check(&folder.network, &folder.weights).with_context(|| format!("model {name}"))?;
    let weights = folder.weights.to_dtype(args.dtype.into());
    let weights = weights.with_context(|| format!("model {name}, --dtype {}", args.dtype))?;
    let folder = ModelFolder { weights, raw_weights: None, ..folder };
    folder.write(output).map_err(|error| anyhow::Error::new(Failed(error.into())))?;
    if is_taken && ModelFolder::read(output)?.model.weights != folder.weights {
        bail!(
            "{} holds files of another layout, which are read in place of those written: choose an \
             empty folder",
            output.display()
        );
    }
    Ok(())
}

/// Whether something is in the output folder.
fn is_taken(args: &ConvertArgs) -> std::io::Result<bool> {
    match fs::read_dir(&args.output) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
