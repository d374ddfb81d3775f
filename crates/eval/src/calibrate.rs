//! The optimal variance of a model, measured with data.

use ancestral::likelihood::Estimate;
use ancestral::noise::SampleNoise;
use ancestral::variance::NoiseNorms;
use ancestral::{Grid, Spacing};
use ancestral_format::AboutCalibration;
use ancestral_pipeline::{Pipeline, Settings};

use crate::likelihood::{batch, failed, streams};
use crate::reference::RowBatch;
use crate::{EvalError, Progress, Reference};

/// Levels that are measured, unless the settings say so.
const LEVELS: usize = 100;

/// What was measured for the optimal variance of a model.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Calibration {
    /// As it is kept in `ancestral.json`.
    pub about: AboutCalibration,
    /// The largest standard error of a value, as a part of it.
    pub largest_error: f64,
}

/// Measures the mean squared noise that a model predicts on data, by level: its optimal variance follows
/// from that. Of the settings `steps` (the number of levels), `clip`, `seed` and `batch` count.
///
/// # Source
/// Bao et al. 2022 (Analytic-DPM), arXiv:2201.06503.
///
/// # Errors
/// If a setting is invalid, or the network fails.
pub fn calibrate(
    pipeline: &Pipeline,
    settings: &Settings,
    data: &Reference,
    progress: Progress<'_>,
) -> Result<Calibration, EvalError> {
    let schedule = pipeline.model().schedule();
    let levels = settings.steps.unwrap_or(LEVELS).min(schedule.len());
    // This spacing has the first timestep and the last.
    let grid = Grid::new(schedule, Spacing::Linspace, levels)?;
    let (rows, batch) = (data.rows.rows(), batch(pipeline, settings));
    let mut norms = NoiseNorms::new(&grid);
    let levels = norms.points().len();
    let total = (rows.div_ceil(batch) * levels) as u64;
    let mut done = 0;
    for RowBatch { x0, labels, indices } in data.batches(0..rows, batch) {
        let first = indices.start;
        let mut noise = SampleNoise::of_streams(streams(settings), indices);
        let measured = pipeline.with_denoiser(settings, labels, |denoiser| {
            (0..levels).try_for_each(|index| {
                norms.measure(index, &x0, denoiser, &mut noise)?;
                done += 1;
                progress(done, total, &format!("{first} of {rows} rows"));
                Ok(())
            })
        })?;
        measured.map_err(|source| failed(pipeline, source))?;
    }
    let error =
        |norm: &Estimate| norm.standard_error().map_or(f64::INFINITY, |error| error / norm.mean());
    let largest_error = norms.norms().iter().map(error).fold(0.0, f64::max);
    let optimal = norms.optimal()?;
    let (lambda, squared_noise) =
        optimal.norms().iter().map(|(level, norm)| (level.lambda(), *norm)).unzip();
    let about =
        AboutCalibration { data: data.name.clone(), rows: rows as u64, lambda, squared_noise };
    Ok(Calibration { about, largest_error })
}
