//! Samples beside real data.

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use ancestral_cluster::Cluster;
use ancestral_data::{GridLayout, Pictures, grid, write_png};
use ancestral_eval::{Features, Quality, Reference, Resize};
use ancestral_pipeline::{Batch, Pipeline, collect};
use anyhow::{Context, Result, bail};

use super::{is_samples, opened, print, settings, wanted};
use crate::args::{EvalArgs, QualityArgs, ResizeArg};
use crate::failure::{Failed, note};
use crate::flags::{flagged, measured, spelled};
use crate::open::engine;
use crate::progress::{Progress, shown};

/// Samples in a set, and sets, by default.
const COUNT: usize = 1000;
const SETS: usize = 3;
/// The radius of balls, in neighbours.
const NEIGHBOURS: usize = 5;
/// The name of the built-in network, unless a file has that name.
const SMALL: &str = "small";
/// A comparison that takes longer is announced.
const LONG: Duration = Duration::from_secs(10);
/// The picture of samples and their neighbours, which has so many in a row.
const PICTURE: &str = "neighbours.png";
const PICTURED: NonZeroUsize = NonZeroUsize::new(8).expect("not 0");

pub fn run(args: &EvalArgs, cluster: &Cluster) -> Result<()> {
    for (flag, is_given) in
        [("--bins", args.likelihood.bins.is_some()), ("--density", args.likelihood.density)]
    {
        if is_given {
            bail!("{flag}: only with --likelihood or --flow");
        }
    }
    let quiet = args.compute.quiet;
    let picture = args.output.as_deref().map(|folder| folder.join(PICTURE));
    if let Some(taken) = picture.as_deref().filter(|path| path.exists() && !args.force) {
        bail!("{} already exists: replace it with --force", taken.display());
    }
    let features = features(&args.quality)?;
    let tell = |line| note(quiet, line);
    let neighbours = args.quality.neighbours.unwrap_or(NEIGHBOURS);
    let compared = |real: Batch, sets, count, training: Option<Batch>| -> Result<Quality<'_>> {
        if !features.are_values() && real.row_shape().len() != 3 {
            bail!("--features: rows of shape {:?} are not pictures", real.row_shape());
        }
        let amounts = [sets, count, training.as_ref().map_or(0, Batch::rows)];
        let time = Quality::time(&real, &features, amounts).map_err(measured)?;
        if time > LONG {
            note(quiet, format_args!("comparing takes about {} s", time.as_secs()));
        }
        let quality = Quality::new(real, count, &features, neighbours).map_err(measured)?;
        Ok(match training {
            None => quality,
            Some(training) => quality.with_training(training),
        })
    };
    let (quality, sets) = if is_samples(&args.model) {
        refuse_process(args)?;
        let samples = args.model.display().to_string();
        let data = args.data.as_deref();
        let data = data.with_context(|| format!("{samples}: name the data to compare with"))?;
        let samples = Reference::plain(&samples, tell).map_err(measured)?;
        let data = samples.like(data, tell).map_err(measured)?;
        let samples = samples.in_columns_of(&data).map_err(measured)?;
        let training = args.quality.training.as_deref();
        let like_data = |name: &str| data.like(name, tell)?.in_columns_of(&data);
        let training = training.map(|name| like_data(name).map_err(measured));
        let training = training.transpose()?.map(|training| training.rows);
        (compared(data.rows, 1, samples.rows.rows(), training)?, vec![samples.rows])
    } else {
        let Origin { pipeline, data, training } = origin(args, cluster)?;
        let count = args.count.unwrap_or(COUNT.min(data.rows().div_ceil(2)));
        // The data are read before, and are gone when samples are drawn.
        let sets = args.quality.sets.unwrap_or(SETS);
        let quality = compared(data, sets, count, training)?;
        (quality, drawn(args, &pipeline, amounts(cluster, [sets, count])?)?)
    };
    let mut progress = shown("comparing", quiet);
    let report = quality.compare(&sets, &mut progress).map_err(measured)?;
    drop(progress);
    for warning in &report.warnings {
        note(quiet, spelled(&format!("warning: {warning}")));
    }
    if let Some(path) = picture {
        write_neighbours(&path, &quality.neighbours_of(&sets[0]).map_err(measured)?)?;
    }
    print(&report, args.json, || report.text())
}

/// Draws this rank's share of the samples that rank 0 compares.
pub fn follow(args: &EvalArgs, cluster: &Cluster) -> Result<()> {
    if is_samples(&args.model) {
        return Ok(()); // rank 0 has all of them
    }
    let amounts = amounts(cluster, [0, 0])?;
    let engine = engine(&args.compute)?.in_cluster(cluster.clone());
    let pipeline = Pipeline::new(wanted(args, true).model()?, &engine).map_err(flagged)?;
    drawn(args, &pipeline, amounts).map(drop)
}

/// A model, with the data to compare its samples with, and those of its training if they are known.
struct Origin {
    pipeline: Pipeline,
    data: Batch,
    training: Option<Batch>,
}

fn origin(args: &EvalArgs, cluster: &Cluster) -> Result<Origin> {
    let quiet = args.compute.quiet;
    let engine = engine(&args.compute)?.in_cluster(cluster.clone());
    let (model, data, learned) = opened(args, quiet)?;
    let training = args.quality.training.as_deref().map(|name| {
        let tell = |line| note(quiet, line);
        Reference::read(Some(name), &model, false, args.null_label, tell).map_err(measured)
    });
    let training = training.transpose()?.or(learned).map(|training| training.rows);
    let pipeline = Pipeline::new(model, &engine).map_err(flagged)?;
    Ok(Origin { pipeline, data: data.rows, training })
}

/// How many sets of how many samples rank 0 wants, once it has refused nothing.
fn amounts(cluster: &Cluster, amounts: [usize; 2]) -> Result<[usize; 2]> {
    let mut amounts = amounts.map(|amount| amount as u64);
    cluster.broadcast(&mut amounts)?;
    Ok(amounts.map(|amount| usize::try_from(amount).unwrap_or(usize::MAX)))
}

/// Sets of a model's samples, on rank 0.
fn drawn(args: &EvalArgs, pipeline: &Pipeline, [sets, count]: [usize; 2]) -> Result<Vec<Batch>> {
    let cluster = pipeline.cluster();
    let quiet = args.compute.quiet || !cluster.leads();
    let mut settings = settings(args);
    settings.sampler.clone_from(&args.quality.sampler);
    settings.count = Some(count);
    let mut progress = None;
    let mut drawn = Vec::new();
    for set in 0..sets as u64 {
        let settings = settings.clone().seed(settings.seed + set);
        let plan = pipeline.plan(&settings).map_err(flagged)?;
        let mut steps = pipeline.run_share(plan.clone()).map_err(flagged)?;
        let total = steps.total() as u64;
        let bar = progress
            .get_or_insert_with(|| Progress::new("sampling", 0..sets as u64 * total, quiet));
        for (step, done) in steps.by_ref().zip(1..) {
            step.map_err(flagged)?;
            bar.at(set * total + done, || format!("set {} of {sets}", set + 1));
        }
        let mut found = Vec::new();
        collect(cluster, &plan, Ok(steps.finished()), |samples| {
            found.push(samples.x);
            anyhow::Ok(())
        })?;
        if cluster.leads() {
            drawn.push(Batch::stack(&found));
        }
    }
    Ok(drawn)
}

/// Refuses flags that are about drawing where samples are given.
fn refuse_process(args: &EvalArgs) -> Result<()> {
    let QualityArgs { sets, sampler, .. } = &args.quality;
    for (flag, is_given) in [
        ("--holdout", args.holdout.is_some()),
        ("--count", args.count.is_some()),
        ("--sets", sets.is_some()),
        ("--sampler", sampler.is_some()),
        ("--steps", args.steps.is_some()),
        ("--spacing", args.spacing.is_some()),
        ("--variance", args.variance.is_some()),
        ("--variant", args.variant.is_some()),
        ("--clip", args.clip),
        ("--no-clip", args.no_clip),
        ("--null-label", args.null_label.is_some()),
    ] {
        if is_given {
            bail!("{flag}: {} holds samples, which are not drawn again", args.model.display());
        }
    }
    Ok(())
}

fn features(args: &QualityArgs) -> Result<Features> {
    let resize = match args.resize {
        None | Some(ResizeArg::Clean) => Resize::Clean,
        Some(ResizeArg::Pytorch) => Resize::Pytorch,
    };
    match args.features.as_deref() {
        None => Ok(Features::Values),
        Some(path) if path == Path::new(SMALL) && !path.exists() => {
            if args.resize.is_some() {
                bail!("--resize: the small network takes pictures as they are");
            }
            Ok(Features::Small(Box::default()))
        }
        Some(path) => Features::inception(path, resize).map_err(measured),
    }
}

/// Writes samples, each with its neighbours beside it.
fn write_neighbours(path: &Path, rows: &Batch) -> Result<()> {
    let shape = rows.row_shape();
    if shape.len() != 3 {
        bail!("-o: rows of {shape:?} are not pictures, of which {PICTURE} consists");
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("output {}", folder.display()))?;
    }
    let layout = GridLayout { columns: Some(PICTURED), ..GridLayout::default() };
    let picture = grid(&Pictures::new(rows.data(), shape)?, &layout)?;
    write_png(path, &picture, &[]).map_err(|error| Failed(error.into()).into())
}
