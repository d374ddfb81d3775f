//! How likely data are under a model's reverse process.

mod flow;
mod report;

use ancestral::likelihood::{Bins, Bound, Decoder, VariationalBound};
use ancestral::noise::{Purpose, SampleNoise, Streams};
use ancestral::variance::ReverseVariance;
use ancestral::{AnySampler, Grid};
use ancestral_pipeline::{Batch, NetworkError, Pipeline, Process, Settings};

use crate::reference::RowBatch;
use crate::shares::in_shares;
use crate::{EvalError, Progress, Reference};

pub use flow::{Flow, FlowReport, flow_likelihood};
pub use report::{HopBits, LikelihoodReport, Units};

/// Numbers of evenly spaced values that data are checked for: bytes, the gray levels of the built-in
/// digits, and 16 bits.
const KNOWN_BINS: [u32; 3] = [256, 17, 65_536];
/// How far a value may be from one of evenly spaced ones, in parts of their distance.
const OFF: f64 = 0.02;

/// The evenly spaced values that all of the data are among, or the density of real numbers.
#[must_use]
pub fn decoder_of(data: &Batch) -> Decoder {
    let mut known = KNOWN_BINS.into_iter().filter_map(|count| Bins::new(count).ok());
    known.find(|bins| is_among(data, *bins)).map_or(Decoder::Density, Decoder::Bins)
}

/// Whether all data are among evenly spaced values.
#[must_use]
pub fn is_among(data: &Batch, bins: Bins) -> bool {
    let steps = 0.5 * f64::from(bins.count() - 1);
    data.data().iter().all(|value| {
        let place = (f64::from(*value) + 1.0) * steps;
        (place - place.round()).abs() < OFF && value.abs() <= 1.0
    })
}

/// The variance and the grid of a reverse process.
pub(crate) fn process(
    pipeline: &Pipeline,
    settings: &Settings,
) -> Result<(ReverseVariance, Grid), EvalError> {
    let settings = settings.clone().sampler("ddpm");
    match Process::new(&settings, pipeline.model())?.value {
        Process::Own { sampler: AnySampler::Ddpm(ddpm), grid, .. } => {
            Ok((ddpm.variance().clone(), grid))
        }
        Process::Own { .. } | Process::Diffusers { .. } | _ => Err(EvalError::NotAncestral),
    }
}

/// The streams of an evaluation.
pub(crate) fn streams(settings: &Settings) -> Streams {
    Streams::new(settings.seed, Purpose::Evaluation)
}

pub(crate) fn failed(pipeline: &Pipeline, source: NetworkError) -> EvalError {
    EvalError::Network { model: pipeline.model().name().to_owned(), source }
}

/// Rows in one call of the network.
pub(crate) fn batch(pipeline: &Pipeline, settings: &Settings) -> usize {
    settings.batch.unwrap_or(pipeline.model().defaults().batch)
}

/// How many batches this rank measures.
pub(crate) fn batches_of_share(pipeline: &Pipeline, rows: usize, batch: usize) -> usize {
    let cluster = pipeline.cluster();
    cluster.shares(rows)[cluster.rank()].len().div_ceil(batch)
}

/// The variational bound of all rows, on the grid and with the variance of the settings; of these
/// `steps`, `spacing`, `variance`, `clip`, `seed` and `batch` count. The ranks of the pipeline take the rows
/// among them, and the report of rank 0 is of all.
///
/// # Errors
/// If a setting is invalid, or the network fails.
pub fn variational_bound(
    pipeline: &Pipeline,
    settings: &Settings,
    data: &Reference,
    decoder: Decoder,
    progress: Progress<'_>,
) -> Result<LikelihoodReport, EvalError> {
    let (variance, grid) = process(pipeline, settings)?;
    let name = variance.name();
    let estimator = VariationalBound::new(&grid, variance, decoder);
    let (rows, batch) = (data.rows.rows(), batch(pipeline, settings));
    let hops = grid.points().len();
    let total = (batches_of_share(pipeline, rows, batch) * hops) as u64;
    let mut done = 0;
    let mut bound = Bound::default();
    let measure = |RowBatch { x0, labels, indices }: RowBatch| {
        let first = indices.start;
        let mut noise = SampleNoise::of_streams(streams(settings), indices);
        let terms = pipeline.with_denoiser(settings, labels, |denoiser| {
            let terms = estimator.run(&x0, denoiser, &mut noise).inspect(|_| {
                done += 1;
                progress(done, total, &format!("{first} of {rows} rows"));
            });
            terms.collect::<Result<Vec<_>, _>>()
        })?;
        let terms = terms.map_err(|source| failed(pipeline, source))?;
        let bits = terms.into_iter().map(|term| term.bits);
        Ok(std::iter::once(estimator.prior(&x0)).chain(bits).flatten().collect())
    };
    // The prior terms of some rows, and then those of each hop.
    let take = |found: &[f64]| {
        let rows = found.len().div_euclid(1 + hops);
        let (prior, terms) = found.split_at(rows);
        bound.add_bits(prior, &terms.chunks_exact(rows).collect::<Vec<_>>());
    };
    in_shares(pipeline.cluster(), data, batch, measure, take)?;
    Ok(LikelihoodReport::new(pipeline.model(), data, decoder, name, &grid, &bound))
}
