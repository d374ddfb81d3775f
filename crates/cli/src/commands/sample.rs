//! `ancestral sample`: noise → data.

use std::num::NonZeroUsize;

use ancestral::{Batch, compat};
use ancestral_data::read_npy;
use ancestral_format::counted;
use anyhow::{Context, Result, bail};

use crate::args::{CompatArg, SampleArgs};
use crate::engine::Engine;
use crate::failure::{Failed, note};
use crate::memory;
use crate::model::Model;
use crate::output::Output;
use crate::process::Process;
use crate::randomness::Randomness;
use crate::sampling::Plan;

/// What the user need not say.
#[derive(Clone, Copy, Debug)]
pub struct Defaults {
    /// Enough for every sampler to be good.
    pub steps: usize,
    pub count: usize,
    /// Samples in one network call.
    pub batch: usize,
}

impl Defaults {
    /// Those for pictures, or for rows: they are cheap, and their spread is seen.
    pub fn of(are_pictures: bool) -> Self {
        if are_pictures {
            Self { steps: 100, count: 64, batch: 64 }
        } else {
            Self { steps: 250, count: 1000, batch: 1024 }
        }
    }
}

pub fn run(args: &SampleArgs) -> Result<()> {
    let output = Output::new(&args.output, args.trajectory)?;
    let engine = Engine::new(&args.compute)?;
    let quiet = args.compute.quiet;
    let mut model = Model::read(args.model.as_deref(), args.variant.as_deref(), quiet)?;
    let process = match args.compat {
        None => Process::own(&args.process, &model, quiet)?,
        Some(CompatArg::Diffusers) => Process::peer(&args.process, &model)?,
    };
    let start = start(args, &model)?;
    let Defaults { count, batch, .. } = Defaults::of(model.columns.is_none());
    let count = start.as_ref().map_or(args.count.unwrap_or(count), Batch::rows);
    let indices = indices(args, count)?;
    let moments = output.moments().min(process.hops());
    memory::check(&model, count, moments, args.batch.unwrap_or(batch))?;
    output.check(&model, indices.clone(), process.hops(), args.force)?;
    let plan = Plan {
        process: &process,
        label: model.label(args.class.as_deref())?,
        seed: args.seed,
        randomness: args.rng,
        batch: NonZeroUsize::new(args.batch.unwrap_or(batch)).context("--batch 0")?,
        moments: output.moments(),
        quiet,
    };
    say_differences(args, &process, &model);
    // Before the weights are gone; and not for nothing: the checksum of a large model takes its time.
    let common = if output.has_metadata() { plan.metadata(&model) } else { Vec::new() };
    let network = model.take_network(&engine)?;
    let metadata = |index: Option<u64>| {
        let of_samples = match index {
            Some(index) if args.rng.is_of_all() => {
                vec![("index", index.to_string()), ("count", count.to_string())]
            }
            Some(index) => vec![("index", index.to_string())],
            None => vec![("first", args.first.to_string()), ("count", count.to_string())],
        };
        let class = args.class.clone().map(|class| ("class", class));
        let init = args.init.as_ref().map(|path| ("init", path.display().to_string()));
        let own = of_samples.into_iter().chain(class).chain(init);
        common.iter().cloned().chain(own.map(|(key, value)| (key.to_owned(), value))).collect()
    };
    let write = |samples: &_| {
        output.write(samples, &model, &metadata).map_err(|error| anyhow::Error::new(Failed(error)))
    };
    if output.is_by_batch() {
        return plan.run_batches(&model, &network, indices, start.as_ref(), |batch| write(&batch));
    }
    write(&plan.run(&model, &network, indices, start.as_ref())?)
}

/// Says where the peer would differ, of models that were not made here; where the peer's way is
/// gone, what of it cannot be the peer's.
fn say_differences(args: &SampleArgs, process: &Process, model: &Model) {
    let quiet = args.compute.quiet;
    match process {
        Process::Peer { scheduler, .. } => {
            let differences = scheduler.differences().into_iter();
            for difference in differences.filter(compat::Difference::stays_in_compat) {
                note(quiet, format_args!("warning: {difference}"));
            }
        }
        Process::Own { .. } if model.folder.about.is_none() => {
            // Where the peer would refuse, there is nothing to differ from.
            let mut differences = process.differences(&args.process, model).unwrap_or_default();
            differences.retain(|found| !matches!(found, compat::Difference::NotCompared { .. }));
            for difference in &differences {
                note(quiet, format_args!("note: {difference}"));
            }
            // Where it has no number there is no way to go.
            match differences.iter().filter(|found| found.stays_in_compat()).count() {
                stays if stays == differences.len() => {}
                0 => note(quiet, "note: --compat diffusers goes its way"),
                _ => note(quiet, "note: --compat diffusers goes its way, but for NaN"),
            }
        }
        Process::Own { .. } => {}
    }
}

fn start(args: &SampleArgs, model: &Model) -> Result<Option<Batch>> {
    let Some(path) = &args.init else { return Ok(None) };
    let (shape, data) = read_npy(path).context("--init")?.into_parts();
    let expected = model.shape()?;
    if shape.len() != expected.len() + 1 || shape[1..] != expected {
        let expected = super::joined(&expected, ", ");
        bail!("--init {}: shape {shape:?}, expected [n, {expected}]", path.display());
    }
    if let Some(bad) = data.iter().position(|x| !x.is_finite()) {
        bail!("--init {}: value {bad} is {}, expected a finite number", path.display(), data[bad]);
    }
    if let Some(count) = args.count.filter(|count| *count != shape[0]) {
        bail!("-n {count}: --init {} has {}", path.display(), counted(shape[0], "row"));
    }
    if shape[0] == 0 {
        bail!("--init {}: no rows", path.display());
    }
    let data = match &model.columns {
        None => data,
        // As in every array of rows, these are in the data's own units.
        Some(columns) => {
            columns.to_model_rows(&data.into_iter().map(f64::from).collect::<Vec<_>>())
        }
    };
    Ok(Some(Batch::new(expected, data)))
}

fn indices(args: &SampleArgs, count: usize) -> Result<std::ops::Range<u64>> {
    let first = args.first;
    if args.rng.is_of_all() && first != 0 {
        bail!(
            "--first {first}: --rng torch draws the noise of all samples as one, from the first; \
             take --rng torch-each"
        );
    }
    let end = first.checked_add(count as u64);
    let end = end.with_context(|| {
        let samples = counted(count, "sample");
        format!("--first {first}: the last of {samples} would be above {}", u64::MAX - 1)
    })?;
    if args.rng == Randomness::TorchEach && args.seed.checked_add(end.saturating_sub(1)).is_none() {
        bail!(
            "--seed {}: --rng torch-each seeds sample {} with the sum of both, expected at most {}",
            args.seed,
            end - 1,
            u64::MAX
        );
    }
    Ok(first..end)
}
