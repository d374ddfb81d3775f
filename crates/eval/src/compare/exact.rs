//! Comparison with the exact flow, on data with an exact denoiser.

use std::convert::Infallible;

use ancestral::exact::{Mixture, REFERENCE_MIXTURES, probability_flow, reference_mixture};
use ancestral::grid::GridError;
use ancestral::{
    AnySampler, AnySpacing, Batch, Denoiser, Grid, Level, Noise, SampleNoise, Sampler, Schedule,
};
use ancestral_metrics::{Rows, sliced_wasserstein};

use super::report::{Block, Cell, Report, Row};
use super::{Comparison, Named};
use crate::{EvalError, Progress};

/// Where runs without a spacing are compared: λ before the hop into clean data, which adds an error
/// of its own.
const END: f64 = 3.0;
/// λ at which data count as clean.
const CLEAN: f64 = 12.0;
/// Default number of starts.
const STARTS: usize = 2000;
/// Runge–Kutta steps of the flow; its error is below 1e-8.
const FLOW_STEPS: usize = 2000;
/// The seed of the starts, and the seed of a second, independent set.
const SEEDS: [u64; 2] = [2026, 2027];

impl Comparison {
    /// Compares the samplers on a mixture with an exact denoiser, one of [`REFERENCE_MIXTURES`] (by
    /// default the first): deterministic samplers by the distance of each end to the end of the exact
    /// flow, stochastic ones by the distance between the two sets of ends.
    ///
    /// # Errors
    /// If there is no such mixture or spacing, or no number of calls suffices for one step.
    pub fn with_exact(
        &self,
        mixture: Option<&str>,
        progress: Progress<'_>,
    ) -> Result<Report, EvalError> {
        Self::checked(compare(self, mixture.unwrap_or(REFERENCE_MIXTURES[0]), progress)?)
    }
}

fn compare(
    comparison: &Comparison,
    name: &str,
    progress: Progress<'_>,
) -> Result<Report, EvalError> {
    let Comparison { samplers, calls, count, spacing } = comparison;
    let mut data =
        reference_mixture(name).ok_or_else(|| EvalError::Mixture { name: name.to_owned() })?;
    let count = count.unwrap_or(STARTS);
    let stretch = Stretch::new(spacing.as_deref())?;
    let (drawing, still): (Vec<_>, Vec<_>) =
        samplers.iter().partition(|(_, sampler)| sampler.info().stochastic);
    let total = (samplers.len() * calls.len()) as u64;
    let mut done = 0;
    let mut rows = |chosen: &[&Named], data: &mut Mixture, distance: &Distance<'_>| {
        let mut rows = Vec::new();
        for (name, sampler) in chosen.iter().copied() {
            let mut cells = Vec::new();
            for &calls in calls {
                cells.extend(stretch.cell(sampler, calls, count, data, distance)?);
                done += 1;
                progress(done, total, name);
            }
            let has_order = !sampler.info().stochastic && stretch.spacing.is_none();
            let order = Some(sampler.info().order).filter(|_| has_order);
            rows.extend((!cells.is_empty()).then(|| Row { sampler: name.clone(), order, cells }));
        }
        Ok::<_, EvalError>(rows)
    };
    let (hops, end) = stretch.words();
    let truth = stretch.flow(&mut data, SEEDS[0], count)?;
    let mut blocks = vec![Block {
        measure: "RMS distance to the exact flow",
        about: format!(
            "{name}: RMS distance to the exact flow {end}, over {count} starts, by network calls until \
             there, on {hops}"
        ),
        rows: rows(&still, &mut data, &|x| Ok(rms(x, &truth)))?,
    }];
    if !drawing.is_empty() {
        let others = stretch.flow(&mut data, SEEDS[1], count)?;
        let others = Rows::new(others.data(), 2)?;
        let apart = |x: &Batch<f64>| Ok(sliced_wasserstein(Rows::new(x.data(), 2)?, others)?);
        let least = apart(&truth)?;
        blocks.push(Block {
            measure: "sliced Wasserstein distance to exact draws",
            about: format!(
                "{name}: stochastic samplers: sliced 2-Wasserstein distance of {count} samples {end} \
                 to as many exact ones; two sets of exact samples are {least:.4} apart, and smaller \
                 distances do not show the order"
            ),
            rows: rows(&drawing, &mut data, &apart)?,
        });
    }
    Ok(Report { title: format!("{name}: {count} starts, {hops}"), blocks })
}

/// How far samples are from the truth.
type Distance<'a> = dyn Fn(&Batch<f64>) -> Result<f64, EvalError> + 'a;

/// The levels that a run covers, from the noisiest level of the DDPM paper's schedule.
struct Stretch {
    schedule: Schedule,
    /// The spacing of a run into clean data; `None`: a run to [`END`], with hops even in λ.
    spacing: Option<AnySpacing>,
    /// Where the exact flow ends.
    to: Level,
}

impl Stretch {
    fn new(spacing: Option<&str>) -> Result<Self, EvalError> {
        let of = |source| EvalError::Option { setting: "spacing", source };
        let spacing = spacing.map(str::parse).transpose().map_err(of)?;
        let to = Level::from_lambda(if spacing.is_some() { CLEAN } else { END })?;
        Ok(Self { schedule: Schedule::linear_1000(), spacing, to })
    }

    /// The spacing of the hops and where they end, in words.
    fn words(&self) -> (String, String) {
        match self.spacing {
            Some(spacing) => {
                (format!("hops spaced {}", spacing.name()), "in clean data".to_owned())
            }
            None => ("hops even in lambda".to_owned(), format!("at lambda = {END}")),
        }
    }

    fn even(&self, hops: usize) -> Result<Grid, GridError> {
        Grid::even(self.schedule.noisiest(), self.to, hops)
    }

    /// The end of the exact flow from the noise of `seed`.
    fn flow(&self, data: &mut Mixture, seed: u64, count: usize) -> Result<Batch<f64>, EvalError> {
        let grid = self.even(FLOW_STEPS)?;
        let x = SampleNoise::new(seed, 0..count as u64).draw(&Batch::zeros(count, vec![2]));
        let x = unwrap(probability_flow(data, &x, &grid));
        if self.spacing.is_none() {
            return Ok(x);
        }
        let last = grid.points()[grid.points().len() - 1];
        Ok(unwrap(data.denoise(&x, last)).x0)
    }

    /// The error of the sampler with at most so many calls, if they suffice for one hop.
    fn cell(
        &self,
        sampler: &AnySampler,
        calls: usize,
        count: usize,
        data: &mut Mixture,
        distance: &Distance<'_>,
    ) -> Result<Option<Cell>, EvalError> {
        // The hop into clean data takes one call; without a spacing there is no such hop.
        let left_out = usize::from(self.spacing.is_none());
        let grid = |hops| match self.spacing {
            Some(spacing) => Grid::new(&self.schedule, spacing, hops),
            None => self.even(hops),
        };
        let Some(grid) = Grid::within_calls(sampler, calls + left_out, calls, grid) else {
            return Ok(None);
        };
        let mut noise = SampleNoise::new(SEEDS[0], 0..count as u64);
        let x: Batch<f64> = noise.draw(&Batch::zeros(count, vec![2]));
        let hops = grid.points().len() - left_out;
        let end = sampler.run(&grid, x, data, &mut noise).nth(hops - 1);
        let end = unwrap(end.expect("a run makes a step a hop"));
        let distance = distance(&end.x)?;
        let made = sampler.calls(&grid) - left_out;
        Ok(Some(Cell { calls, made, distance, standard_error: None }))
    }
}

fn unwrap<T>(result: Result<T, Infallible>) -> T {
    result.unwrap_or_else(|never| match never {})
}

fn rms(a: &Batch<f64>, b: &Batch<f64>) -> f64 {
    let squares = std::iter::zip(a.data(), b.data()).map(|(a, b)| (a - b).powi(2));
    (squares.sum::<f64>() / a.rows() as f64).sqrt()
}
