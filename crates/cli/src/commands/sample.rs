//! `ancestral sample`: noise → data.

use std::num::NonZeroUsize;

use ancestral::{Known, compat};
use ancestral_format::counted;
use anyhow::{Context, Result, bail};

use crate::args::{CompatArg, SampleArgs};
use crate::classes::Classes;
use crate::engine::Engine;
use crate::failure::{Failed, note};
use crate::memory;
use crate::model::Model;
use crate::output::Output;
use crate::process::Process;
use crate::randomness::Randomness;
use crate::sampling::Plan;
use crate::start::Start;
use crate::steering::{self, Steering};

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
    let is_row = args.steering.interpolate.is_some();
    let output = Output::new(&args.output, args.trajectory)?.in_a_row(is_row);
    let engine = Engine::new(&args.compute)?;
    let quiet = args.compute.quiet;
    let mut model = Model::read(args.model.as_deref(), args.variant.as_deref(), quiet)?;
    let mut process = process(args, &model)?;
    let steering = Steering::new(&args.steering, &model, quiet)?;
    let start = Start::new(args, &model, &mut process)?;
    let classes = classes(args, &model, &start)?;
    let Defaults { count, batch, .. } = Defaults::of(model.columns.is_none());
    let count = rows_given(args, &start, &steering)?.or(args.count).unwrap_or(count);
    let indices = indices(args, count)?;
    let moments = output.moments().min(process.hops());
    memory::check(&model, count, moments, args.batch.unwrap_or(batch))?;
    output.check(&model, indices.clone(), process.hops(), args.force)?;
    let plan = Plan {
        process: &process,
        classes,
        start: &start,
        steering: &steering,
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
        let drawn = || index.and_then(|index| model.class_name(&plan.classes, index));
        let class = args.class.clone().or_else(drawn).map(|class| ("class", class));
        let init = args.init.as_ref().map(|path| ("init", path.display().to_string()));
        let own = of_samples.into_iter().chain(class).chain(init);
        let own = own.chain(steering::metadata(&args.steering));
        common.iter().cloned().chain(own.map(|(key, value)| (key.to_owned(), value))).collect()
    };
    let write = |samples: &_| {
        output.write(samples, &model, &metadata).map_err(|error| anyhow::Error::new(Failed(error)))
    };
    if output.is_by_batch() {
        return plan.run_batches(&model, &network, indices, |batch| write(&batch));
    }
    write(&plan.run(&model, &network, indices)?)
}

/// Of which class each sample is. What is not drawn out of fresh noise of ours alone may be of any.
fn classes(args: &SampleArgs, model: &Model, start: &Start) -> Result<Classes> {
    let is_drawn = matches!(start, Start::Noise) && args.steering.inpaint.is_none();
    let is_ours = args.compat.is_none() && args.rng == Randomness::Ancestral;
    if args.class.is_none() && is_drawn && is_ours {
        return model.classes(args.seed);
    }
    if let (None, Some(weight)) = (&args.class, args.steering.guidance) {
        bail!("--guidance {weight}: towards which class? name it with --class");
    }
    model.one_class(args.class.as_deref())
}

/// The way that the flags name. Between two x_T it is one that follows from x_T alone.
fn process(args: &SampleArgs, model: &Model) -> Result<Process> {
    let quiet = args.compute.quiet;
    match (args.compat, args.steering.interpolate) {
        (Some(CompatArg::Diffusers), _) => Process::peer(&args.process, model),
        (None, None) => Process::own(&args.process, model, quiet),
        (None, Some(between)) => {
            let mut flags = args.process.clone();
            if flags.eta.is_none() {
                flags.sampler.get_or_insert_with(|| "ddim".to_owned());
            }
            let process = Process::own(&flags, model, quiet)?;
            if process.is_stochastic() {
                bail!(
                    "--interpolate {between}: {} draws noise on the way, so that x_T is not all \
                     that samples follow from: take a sampler that draws none, such as ddim",
                    process.sampler()
                );
            }
            Ok(process)
        }
    }
}

/// How many samples what is given is for, if not for any number.
fn rows_given(args: &SampleArgs, start: &Start, steering: &Steering) -> Result<Option<usize>> {
    let flag = if args.steering.from.is_some() { "--from" } else { "--init" };
    let path = args.steering.from.as_ref().or(args.init.as_ref());
    let known = steering.known.as_ref().and_then(Known::rows);
    let given = [(flag, path, start.rows()), ("--inpaint", args.steering.inpaint.as_ref(), known)];
    let mut given = given.into_iter().filter_map(|(flag, path, rows)| {
        let path = path.map(|path| format!(" {}", path.display())).unwrap_or_default();
        Some((format!("{flag}{path}"), rows?))
    });
    let Some((what, rows)) = given.next() else { return Ok(None) };
    if let Some((other, found)) = given.find(|(_, found)| *found != rows) {
        bail!("{other} has {}, {what} has {rows}", counted(found, "row"));
    }
    if let Some(count) = args.count.filter(|count| *count != rows) {
        bail!("-n {count}: {what} has {}", counted(rows, "row"));
    }
    Ok(Some(rows))
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
