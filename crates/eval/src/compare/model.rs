//! Comparison of a model's samples with real data.

use std::sync::Arc;

use ancestral_format::counted;
use ancestral_metrics::{Moments, Rows, frechet_distance, sliced_wasserstein};
use ancestral_pipeline::{Batch, Model, Pipeline, Process, Settings};

use super::Comparison;
use super::report::{Block, Cell, Report, Row};
use crate::{EvalError, Progress, Reference};

/// Default number of samples for each seed.
const COUNT: usize = 800;
/// Above so many dimensions the moments of samples are mostly noise.
const MOST_MOMENTS: usize = 256;

/// How the samples of a model are compared with data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trials {
    /// Seeds, from 0, that the mean is taken over.
    pub seeds: usize,
    /// Network calls of a long run of `ddpm` beside the others; 0: there is no such run; `None`: one
    /// for each timestep.
    pub reference: Option<usize>,
    /// Samples in one network call.
    pub batch: Option<usize>,
}

impl Default for Trials {
    /// Five seeds, and a reference with a call for each timestep.
    fn default() -> Self {
        Self { seeds: 5, reference: None, batch: None }
    }
}

impl Comparison {
    /// Compares the samples of a model with real data: the mean distance over the seeds, for each
    /// sampler and for a long run of `ddpm`.
    ///
    /// # Errors
    /// If a setting does not fit the model, or no number of calls suffices for one step.
    pub fn with_model(
        &self,
        pipeline: &Pipeline,
        data: &Reference,
        trials: Trials,
        progress: Progress<'_>,
    ) -> Result<Report, EvalError> {
        Self::checked(compare(self, pipeline, data, trials, progress)?)
    }
}

fn compare(
    comparison: &Comparison,
    pipeline: &Pipeline,
    data: &Reference,
    trials: Trials,
    progress: Progress<'_>,
) -> Result<Report, EvalError> {
    let model = Arc::clone(pipeline.model());
    let count = comparison.count.unwrap_or(COUNT);
    let rows = runs(comparison, trials, &model, count)?;
    let calls: usize = rows.iter().flat_map(|(_, runs)| runs).map(|run| run.made).sum();
    let total = (calls * trials.seeds) as u64;
    let Reference { name: source, rows: data, .. } = data;
    let measure = Measure::of(&model, data, count);
    let trial = Trial { pipeline, measure, data, seeds: trials.seeds };
    let mut done = 0;
    let mut found = Vec::new();
    for (name, runs) in rows {
        let mut cells = Vec::new();
        for run in runs {
            cells.push(trial.cell(&run, || {
                done += run.made as u64;
                progress(done, total, &format!("{name}, {} calls", run.made));
            })?);
        }
        found.push(Row { sampler: name, order: None, cells });
    }
    let about = format!(
        "{}: {} of {} to the {} of {source}, {}, by network calls",
        model.name(),
        measure.about(),
        counted(count, "sample"),
        counted(data.rows(), "row"),
        match trial.seeds {
            1 => "of 1 seed".to_owned(),
            seeds => format!("mean and standard error over {seeds} seeds"),
        }
    );
    let title = format!("{}: {} to {source}", model.name(), counted(count, "sample"));
    let measure = measure.name();
    Ok(Report { title, blocks: vec![Block { measure, about, rows: found }] })
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
    comparison: &Comparison,
    trials: Trials,
    model: &Model,
    count: usize,
) -> Result<Vec<Runs>, EvalError> {
    let Comparison { samplers, calls, spacing, .. } = comparison;
    let settings = |sampler: &str| {
        let mut settings = Settings::new().sampler(sampler).count(count);
        settings.spacing.clone_from(spacing);
        settings.batch = trials.batch;
        settings
    };
    let run = |settings: Settings, calls: usize| -> Result<Run, ancestral_pipeline::Error> {
        let settings = settings.calls(calls);
        let made = Process::new(&settings, model)?.value.calls();
        Ok(Run { calls, made, settings })
    };
    let mut rows = Vec::new();
    for (name, _) in samplers {
        // An error that no number of calls would cure is reported.
        Process::new(&settings(name), model)?;
        let runs: Vec<Run> =
            calls.iter().filter_map(|calls| run(settings(name), *calls).ok()).collect();
        rows.extend((!runs.is_empty()).then(|| (name.clone(), runs)));
    }
    let reference = trials.reference.unwrap_or(model.schedule().len());
    if reference > 0 {
        let run = run(settings("ddpm"), reference).map_err(EvalError::Reference)?;
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
    fn cell(&self, run: &Run, mut each: impl FnMut()) -> Result<Cell, EvalError> {
        let Run { calls, made, settings } = run;
        let mut distances = Vec::new();
        for seed in 0..self.seeds as u64 {
            let samples = self.pipeline.sample(&settings.clone().seed(seed))?;
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

    fn distance(self, samples: &Batch, data: &Batch) -> Result<f64, EvalError> {
        let row_len = data.row_len();
        let (samples, data) =
            (Rows::new(samples.data(), row_len)?, Rows::new(data.data(), row_len)?);
        Ok(match self {
            Self::Frechet => {
                frechet_distance(&Moments::of(samples)?, &Moments::of(data)?)?.distance
            }
            Self::SlicedWasserstein => sliced_wasserstein(samples, data)?,
        })
    }
}
