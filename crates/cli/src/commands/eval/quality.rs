//! Samples beside real data.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ancestral_cluster::Cluster;
use ancestral_data::{GridLayout, Pictures, encode_png, grid};
use ancestral_eval::{EvalError, Features, Quality, Real, Reference, draw_sets};
use ancestral_pipeline::{Batch, Pipeline};
use anyhow::{Context, Result, bail};

use super::{is_samples, opened, print, settings, wanted};
use crate::args::{EvalArgs, QualityArgs};
use crate::failure::{Failed, note};
use crate::flags::{flagged, measured, spelled};
use crate::open::engine;
use crate::output::save;
use crate::progress::{Progress, shown};

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
    let features = features(&args.quality)?;
    let quiet = args.compute.quiet;
    let (origin, name, real) =
        if is_samples(&args.model) { given(args)? } else { model(args, cluster)? };
    let output = output(args, &name, &real)?;
    let [sets, count] = match &origin {
        Origin::Given(samples) => [1, samples.rows()],
        Origin::Model(_) => [
            args.quality.sets.unwrap_or(Quality::SETS),
            args.count.unwrap_or(Quality::count(real.rows.rows())),
        ],
    };
    let amounts = [sets, count, real.training.as_ref().map_or(0, Batch::rows)];
    let time = Quality::time(&real.rows, &features, amounts).map_err(measured)?;
    if time > LONG {
        note(quiet, format_args!("comparing takes about {} s", time.as_secs()));
    }
    let neighbours = args.quality.neighbours.unwrap_or(Quality::NEIGHBOURS);
    // The data are read before, and those of pictures are gone when samples are drawn.
    let quality = Quality::new(real, count, &features, neighbours).map_err(measured)?;
    let sets = match origin {
        Origin::Given(samples) => vec![samples],
        Origin::Model(pipeline) => drawn(args, &pipeline, agreed(cluster, [sets, count])?)?,
    };
    let mut progress = shown("comparing", quiet);
    let mut report = quality.compare(&sets, &mut progress).map_err(measured)?;
    drop(progress);
    let table = quality.table(&sets);
    if let Some(table) = &table {
        report.table = Some(table.report(args.quality.target.as_deref()).map_err(measured)?);
    }
    for warning in &report.warnings {
        note(quiet, spelled(&format!("warning: {warning}")));
    }
    if let Some(path) = output {
        match (&table, &report.table) {
            (Some(table), Some(report)) => {
                let subject = format!("{} beside {name}", args.model.display());
                write_file(&path, table.page(report, &subject).as_bytes())?;
            }
            _ => write_neighbours(&path, &quality.neighbours_of(&sets[0]).map_err(measured)?)?,
        }
    }
    print(&report, args.json, || report.text())
}

/// Checks what is about tables, and returns the file to write, if one is wanted.
fn output(args: &EvalArgs, name: &str, real: &Real) -> Result<Option<PathBuf>> {
    let is_table = real.columns.is_some();
    if args.quality.target.is_some() && !is_table {
        bail!("--target: {name} is no table");
    }
    let Some(output) = &args.output else { return Ok(None) };
    let is_page = output.extension().is_some_and(|extension| extension == "html");
    if is_table && !is_page {
        bail!("-o {}: expected NAME.html, for the page of a table", output.display());
    }
    let path = if is_table { output.clone() } else { output.join(PICTURE) };
    if path.exists() && !args.force {
        bail!("{} already exists: replace it with --force", path.display());
    }
    Ok(Some(path))
}

/// Where samples come from.
enum Origin {
    Given(Batch),
    Model(Box<Pipeline>),
}

/// Samples in files, and the name and the rows of what they are compared with.
fn given(args: &EvalArgs) -> Result<(Origin, String, Real)> {
    refuse_process(args)?;
    let tell = |line| note(args.compute.quiet, line);
    let samples = args.model.display().to_string();
    let data = args.data.as_deref();
    let data = data.with_context(|| format!("{samples}: name the data to compare with"))?;
    let samples = Reference::plain(&args.model, tell).map_err(measured)?;
    let data = samples.like(data, tell).map_err(measured)?;
    let training = args.quality.training.as_deref();
    let training = training.map(|name| data.like(name, tell).map_err(measured)).transpose()?;
    // Samples have the words that were learned, some of which may not be among the rows held out.
    let like_learned = |rows: Reference| match &training {
        Some(training) => rows.in_columns_of(training).map_err(measured),
        None => Ok(rows),
    };
    let data = like_learned(data)?;
    let samples = samples.in_columns_of(&data).map_err(measured)?;
    let columns = data.columns().cloned();
    let training = training.map(|training| training.rows);
    Ok((Origin::Given(samples.rows), data.name, Real { rows: data.rows, training, columns }))
}

/// Draws this rank's share of the samples that rank 0 compares.
pub fn follow(args: &EvalArgs, cluster: &Cluster) -> Result<()> {
    if is_samples(&args.model) {
        return Ok(()); // rank 0 has all of them
    }
    let amounts = agreed(cluster, [0, 0])?;
    let engine = engine(&args.compute)?.in_cluster(cluster.clone());
    let pipeline = Pipeline::new(wanted(args, true).model()?, &engine).map_err(flagged)?;
    drawn(args, &pipeline, amounts).map(drop)
}

/// A model, and the name and the rows of what its samples are compared with.
fn model(args: &EvalArgs, cluster: &Cluster) -> Result<(Origin, String, Real)> {
    let quiet = args.compute.quiet;
    let engine = engine(&args.compute)?.in_cluster(cluster.clone());
    let (model, data, learned) = opened(args, quiet)?;
    let training = args.quality.training.as_deref().map(|name| {
        let tell = |line| note(quiet, line);
        Reference::read(Some(name), &model, false, args.null_label, tell).map_err(measured)
    });
    let training = training.transpose()?.or(learned).map(|training| training.rows);
    let columns = model.columns().cloned();
    let pipeline = Box::new(Pipeline::new(model, &engine).map_err(flagged)?);
    Ok((Origin::Model(pipeline), data.name, Real { rows: data.rows, training, columns }))
}

/// How many sets of how many samples rank 0 wants, once it has refused nothing.
fn agreed(cluster: &Cluster, amounts: [usize; 2]) -> Result<[usize; 2]> {
    let mut amounts = amounts.map(|amount| amount as u64);
    cluster.broadcast(&mut amounts)?;
    Ok(amounts.map(|amount| usize::try_from(amount).unwrap_or(usize::MAX)))
}

/// Sets of a model's samples, on rank 0.
fn drawn(args: &EvalArgs, pipeline: &Pipeline, amounts: [usize; 2]) -> Result<Vec<Batch>> {
    let quiet = args.compute.quiet || !pipeline.cluster().leads();
    let mut settings = settings(args);
    settings.sampler.clone_from(&args.quality.sampler);
    let (mut progress, sets) = (None, amounts[0]);
    let drawn = draw_sets(pipeline, &settings, amounts, |done, total, set| {
        let bar = progress.get_or_insert_with(|| Progress::new("sampling", 0..total, quiet));
        bar.at(done, || format!("set {set} of {sets}"));
        Ok::<_, EvalError>(())
    });
    drawn.map_err(measured)
}

/// Refuses flags that are about drawing where samples are given.
fn refuse_process(args: &EvalArgs) -> Result<()> {
    let QualityArgs { sets, sampler, .. } = &args.quality;
    if args.holdout.is_some() {
        let samples = args.model.display();
        bail!("--holdout: {samples} holds samples, of which it is not known what was held out");
    }
    for (flag, is_given) in [
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
    let name = args.features.as_deref().unwrap_or(Path::new("values"));
    Features::named(name, args.resize).map_err(measured)
}

/// Writes samples, each with its neighbours beside it.
fn write_neighbours(path: &Path, rows: &Batch) -> Result<()> {
    let shape = rows.row_shape();
    if shape.len() != 3 {
        bail!("-o: rows of {shape:?} are not pictures, of which {PICTURE} consists");
    }
    let layout = GridLayout { columns: Some(PICTURED), ..GridLayout::default() };
    let picture = grid(&Pictures::new(rows.data(), shape)?, &layout)?;
    write_file(path, &encode_png(&picture, &[])?)
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    make_folder_of(path)?;
    save(path, bytes).map_err(|error| Failed(error).into())
}

fn make_folder_of(path: &Path) -> Result<()> {
    match path.parent() {
        Some(folder) => {
            std::fs::create_dir_all(folder).with_context(|| format!("output {}", folder.display()))
        }
        None => Ok(()),
    }
}
