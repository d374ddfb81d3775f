//! Comparison of a model's samples with real data.

use std::sync::Arc;

use ancestral_data::{
    BUILTIN, Channels, Column, Columns, Loaded, PictureOptions, ReadOptions, frechet_distance,
    open, open_builtin, sliced_wasserstein,
};
use ancestral_format::counted;
use ancestral_pipeline::{Batch, Model, Pipeline, Process, Settings};
use anyhow::{Context, Result, bail};

use super::Named;
use super::report::{Block, Cell, Report, Row};
use crate::args::CompareArgs;
use crate::commands::joined;
use crate::findings::Findings;
use crate::flags::flagged;
use crate::open::{Wanted, engine};
use crate::progress::Progress;

/// Default number of samples for each seed.
const COUNT: usize = 800;
/// Default number of seeds.
const SEEDS: usize = 5;
/// Above so many dimensions the moments of samples are mostly noise.
const MOST_MOMENTS: usize = 256;

/// The mean distance over seeds of each sampler's samples to the data, and of a long run of `ddpm`.
pub fn compare(args: &CompareArgs, samplers: &[Named], calls: &[usize]) -> Result<Report> {
    let engine = engine(&args.compute)?;
    let quiet = args.compute.quiet;
    let (path, variant) = (args.model.as_deref(), args.variant.as_deref());
    let wanted = Wanted { path, variant, size: None, quiet };
    let model = wanted.model()?;
    let data = data(args, &model, wanted.is_built_in(), quiet)?;
    let source = args.data.as_deref().unwrap_or(BUILTIN[0]);
    let count = args.count.unwrap_or(COUNT);
    let rows = runs(args, samplers, calls, &model, count)?;
    let total: usize = rows.iter().flat_map(|(_, runs)| runs).map(|run| run.made).sum();
    let pipeline = Pipeline::new(model, &engine).map_err(flagged)?;
    let model = Arc::clone(pipeline.model());
    let trial = Trial {
        pipeline: &pipeline,
        measure: Measure::of(&model, &data, count),
        data: &data,
        seeds: args.seeds.unwrap_or(SEEDS),
    };
    let mut progress = Progress::new("comparing", 0..(total * trial.seeds) as u64, quiet);
    let mut done = 0;
    let mut found = Vec::new();
    for (name, runs) in rows {
        let mut cells = Vec::new();
        for run in runs {
            cells.push(trial.cell(&run, || {
                done += run.made;
                progress.at(done as u64, || format!("{name}, {} calls", run.made));
            })?);
        }
        found.push(Row { sampler: name, order: None, cells });
    }
    let about = format!(
        "{}: {} of {} to the {} of {source}, {}, by network calls",
        model.name(),
        trial.measure.about(),
        counted(count, "sample"),
        counted(data.rows(), "row"),
        match trial.seeds {
            1 => "of 1 seed".to_owned(),
            seeds => format!("mean and standard error over {seeds} seeds"),
        }
    );
    let title = format!("{}: {} to {source}", model.name(), counted(count, "sample"));
    let measure = trial.measure.name();
    Ok(Report { title, blocks: vec![Block { measure, about, rows: found }] })
}

/// The data of `--data`, or the data of the built-in model, in model space.
fn data(args: &CompareArgs, model: &Model, is_built_in: bool, quiet: bool) -> Result<Batch> {
    let shape = model.shape().map_err(flagged)?;
    let pictures = match shape[..] {
        [channels, height, width] => PictureOptions {
            channels: Channels::from_count(channels),
            size: Some([height, width]),
            ..PictureOptions::default()
        },
        _ => PictureOptions::default(),
    };
    let options = ReadOptions { pictures, ..ReadOptions::default() };
    let (source, read) = match &args.data {
        Some(source) => (source.as_str(), open(source, &options).map(Some)),
        // The built-in data, even if a file has that name.
        None if is_built_in => (BUILTIN[0], open_builtin(BUILTIN[0], &options)),
        None => {
            bail!("--data: name the data to compare the samples of model {} with", model.name())
        }
    };
    let Loaded { data, columns, decided, skipped, left_out, .. } =
        read.context("--data")?.context("no built-in data")?;
    Findings { skipped: &skipped, left_out: &left_out, decided: &decided }.print(source, quiet);
    if data.shape() != shape {
        let [found, expected] = [data.shape(), &shape].map(|shape| joined(shape, "x"));
        bail!("--data {source}: rows of {found}, expected {expected} as of model {}", model.name());
    }
    let rows = match (model.columns(), &columns) {
        (Some(ours), Some(theirs)) => {
            check_names(source, ours, theirs, model)?;
            ours.to_model_rows(&theirs.from_model_rows(data.rows()))
        }
        _ => data.rows().to_vec(),
    };
    Ok(Batch::new(shape, rows))
}

/// Refuses columns whose names differ from the model's, if the model's are known.
fn check_names(source: &str, ours: &Columns, theirs: &Columns, model: &Model) -> Result<()> {
    let names = |columns: &Columns| {
        columns.as_slice().iter().map(Column::name).map(str::to_owned).collect::<Vec<_>>()
    };
    let (ours, theirs) = (names(ours), names(theirs));
    if model.folder().about.is_some() && ours != theirs {
        let [found, expected] = [theirs, ours].map(|names| names.join(", "));
        bail!("--data {source}: columns {found}, expected those of the model, {expected}");
    }
    Ok(())
}

/// One run, with its allowed and its actual number of network calls.
struct Run {
    calls: usize,
    made: usize,
    settings: Settings,
}

/// The runs of one sampler.
type Runs = (String, Vec<Run>);

/// The runs of each sampler, without those whose calls do not suffice for one hop.
fn runs(
    args: &CompareArgs,
    samplers: &[Named],
    calls: &[usize],
    model: &Model,
    count: usize,
) -> Result<Vec<Runs>> {
    let settings = |sampler: &str| {
        let mut settings = Settings::new().sampler(sampler).count(count);
        settings.spacing.clone_from(&args.spacing);
        settings.batch = args.batch;
        settings
    };
    let run = |settings: Settings, calls: usize| -> Result<Run> {
        let settings = settings.calls(calls);
        let made = Process::new(&settings, model).map_err(flagged)?.value.calls();
        Ok(Run { calls, made, settings })
    };
    let mut rows = Vec::new();
    for (name, _) in samplers {
        // An error that no number of calls would cure is reported.
        Process::new(&settings(name), model).map_err(flagged)?;
        let runs: Vec<Run> =
            calls.iter().filter_map(|calls| run(settings(name), *calls).ok()).collect();
        rows.extend((!runs.is_empty()).then(|| (name.clone(), runs)));
    }
    let reference = args.reference.unwrap_or(model.schedule().len());
    if reference > 0 {
        let run = run(settings("ddpm"), reference).context("--reference")?;
        rows.push(("ddpm (reference)".to_owned(), vec![run]));
    }
    Ok(rows)
}

/// What all samplers share.
struct Trial<'a> {
    pipeline: &'a Pipeline,
    measure: Measure,
    data: &'a Batch,
    seeds: usize,
}

impl Trial<'_> {
    /// The mean over the seeds; `each` is called after each.
    fn cell(&self, run: &Run, mut each: impl FnMut()) -> Result<Cell> {
        let Run { calls, made, settings } = run;
        let mut distances = Vec::new();
        for seed in 0..self.seeds as u64 {
            let samples = self.pipeline.sample(&settings.clone().seed(seed)).map_err(flagged)?;
            distances.push(self.measure.distance(&samples.x, self.data)?);
            each();
        }
        let n = distances.len() as f64;
        let mean = distances.iter().sum::<f64>() / n;
        let squares: f64 = distances.iter().map(|x| (x - mean).powi(2)).sum();
        let standard_error = (n > 1.0).then(|| (squares / (n - 1.0) / n).sqrt());
        Ok(Cell { calls: *calls, made: *made, distance: mean, standard_error })
    }
}

/// The distance between samples and data.
#[derive(Clone, Copy, Debug)]
enum Measure {
    Frechet,
    SlicedWasserstein,
}

impl Measure {
    /// Mean and covariance characterise pictures if the dimensions are few and the rows many; points
    /// and tables have shapes that mean and covariance do not capture.
    fn of(model: &Model, data: &Batch, count: usize) -> Self {
        let dimensions = data.row_len();
        let is_known = dimensions < count.min(data.rows()) && dimensions <= MOST_MOMENTS;
        if model.columns().is_none() && is_known { Self::Frechet } else { Self::SlicedWasserstein }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Frechet => "Fréchet distance to the data",
            Self::SlicedWasserstein => "sliced Wasserstein distance to the data",
        }
    }

    fn about(self) -> &'static str {
        match self {
            Self::Frechet => "Fréchet distance in the pixels",
            Self::SlicedWasserstein => "sliced 2-Wasserstein distance in model space",
        }
    }

    fn distance(self, samples: &Batch, data: &Batch) -> Result<f64> {
        let (a, b, row_len) = (samples.data(), data.data(), data.row_len());
        Ok(match self {
            Self::Frechet => frechet_distance(a, b, row_len)?,
            Self::SlicedWasserstein => sliced_wasserstein(a, b, row_len)?,
        })
    }
}
