//! Samples beside real data.

use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ancestral_cluster::Cluster;
use ancestral_data::{Columns, GridLayout, Pictures, encode_png, grid};
use ancestral_eval::{Features, Quality, Reference, Resize, TableComparison};
use ancestral_pipeline::{Batch, Pipeline, collect};
use anyhow::{Context, Result, bail};

use super::{is_samples, opened, print, settings, wanted};
use crate::args::{EvalArgs, QualityArgs};
use crate::failure::{Failed, note};
use crate::flags::{flagged, measured, spelled};
use crate::open::engine;
use crate::output::save;
use crate::progress::{Progress, shown};

/// Samples in a set, and sets, by default.
const COUNT: usize = 1000;
const SETS: usize = 3;
/// The radius of balls, in neighbours.
const NEIGHBOURS: usize = 5;
/// The name of the built-in network, unless a file has that name.
const SMALL: &str = "small";
/// The sides of pictures that it is for.
const SMALL_SIDES: RangeInclusive<usize> = 28..=64;
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
    let (origin, found) =
        if is_samples(&args.model) { given(args)? } else { model(args, cluster)? };
    let output = found.output(args)?;
    let (name, table) = (found.name.clone(), found.table());
    let [sets, count] = match &origin {
        Origin::Given(samples) => [1, samples.rows()],
        Origin::Model(_) => [
            args.quality.sets.unwrap_or(SETS),
            args.count.unwrap_or(COUNT.min(found.real.rows().div_ceil(2))),
        ],
    };
    // The data are read before, and those of pictures are gone when samples are drawn.
    let quality = found.quality(args, &features, [sets, count])?;
    let sets = match origin {
        Origin::Given(samples) => vec![samples],
        Origin::Model(pipeline) => drawn(args, &pipeline, amounts(cluster, [sets, count])?)?,
    };
    let mut progress = shown("comparing", quiet);
    let mut report = quality.compare(&sets, &mut progress).map_err(measured)?;
    drop(progress);
    let table = table.as_ref().map(|table| table.comparison(&sets));
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

/// What samples are compared with.
struct Compared {
    name: String,
    real: Batch,
    /// The rows of the training, if they are known.
    training: Option<Batch>,
    /// Of a table.
    columns: Option<Columns>,
}

impl Compared {
    /// Checks what is about tables, and returns the file to write, if one is wanted.
    fn output(&self, args: &EvalArgs) -> Result<Option<PathBuf>> {
        let is_table = self.columns.is_some();
        if args.quality.target.is_some() && !is_table {
            bail!("--target: {} is no table", self.name);
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

    /// What a comparison of columns needs, if it is a table.
    fn table(&self) -> Option<TableData> {
        let (columns, real, training) =
            (self.columns.clone()?, self.real.clone(), self.training.clone());
        Some(TableData { columns, real, training })
    }

    /// The comparison with so many sets of so many samples.
    fn quality<'a>(
        self,
        args: &EvalArgs,
        features: &'a Features,
        [sets, count]: [usize; 2],
    ) -> Result<Quality<'a>> {
        let Self { real, training, .. } = self;
        if !features.are_values() && real.row_shape().len() != 3 {
            bail!("--features: rows of shape {:?} are not pictures", real.row_shape());
        }
        if let (Features::Small(_), [_, height, width]) = (features, real.row_shape())
            && ![height, width].into_iter().all(|side| SMALL_SIDES.contains(side))
        {
            let quiet = args.compute.quiet;
            let made_for =
                "warning: the small network is for pictures of 28 to 64 pixels, and these have";
            note(quiet, format_args!("{made_for} {height}x{width}"));
        }
        let amounts = [sets, count, training.as_ref().map_or(0, Batch::rows)];
        let time = Quality::time(&real, features, amounts).map_err(measured)?;
        if time > LONG {
            let seconds = time.as_secs();
            note(args.compute.quiet, format_args!("comparing takes about {seconds} s"));
        }
        let neighbours = args.quality.neighbours.unwrap_or(NEIGHBOURS);
        let quality = Quality::new(real, count, features, neighbours).map_err(measured)?;
        Ok(match training {
            None => quality,
            Some(training) => quality.with_training(training),
        })
    }
}

/// A table that samples are compared with, column by column.
struct TableData {
    columns: Columns,
    real: Batch,
    training: Option<Batch>,
}

impl TableData {
    fn comparison(&self, samples: &[Batch]) -> TableComparison<'_> {
        TableComparison::new(&self.columns, &self.real, samples, self.training.as_ref())
    }
}

/// Where samples come from.
enum Origin {
    Given(Batch),
    Model(Box<Pipeline>),
}

/// Samples in files, and what they are compared with.
fn given(args: &EvalArgs) -> Result<(Origin, Compared)> {
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
    let (name, real) = (data.name, data.rows);
    let training = training.map(|training| training.rows);
    let found = Compared { name, real, training, columns };
    Ok((Origin::Given(samples.rows), found))
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

/// A model, and what its samples are compared with.
fn model(args: &EvalArgs, cluster: &Cluster) -> Result<(Origin, Compared)> {
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
    let found = Compared { name: data.name, real: data.rows, training, columns };
    Ok((Origin::Model(pipeline), found))
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
            drawn.push(as_written(pipeline, Batch::stack(&found)));
        }
    }
    Ok(drawn)
}

/// Samples as files have them: of tables with whole words, rounded numbers, and nothing beyond bounds.
fn as_written(pipeline: &Pipeline, samples: Batch) -> Batch {
    let Some(columns) = pipeline.model().columns() else { return samples };
    let rows = columns.to_model_rows(&columns.from_model_rows(samples.data()));
    Batch::new(samples.row_shape().to_vec(), rows)
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
    let resize = args.resize.unwrap_or(Resize::Clean);
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
