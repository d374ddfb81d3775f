//! The likelihood by the probability flow.

use ancestral::likelihood::{Decoder, Divergence, Estimate, FlowLikelihood, bits_per_dimension};
use ancestral_pipeline::{Pipeline, Settings};
use serde::Serialize;

use super::{Units, batch, batches_of_share, failed, streams};
use crate::reference::RowBatch;
use crate::shares::in_shares;
use crate::{EvalError, Progress, Reference};

/// The draw of a row's stream that dequantises it; probes have the first ones.
const DEQUANTISATION: u32 = u32::MAX;

/// How the flow is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Steps in λ, of fourth order.
    pub steps: usize,
    /// Random directions for the divergence; `None`: it is exact, by as many calls as a row has values.
    pub probes: Option<u32>,
}

impl Flow {
    /// Up to this many values of a row the divergence is exact by default.
    const FEW: usize = 16;

    /// 60 steps; the exact divergence of rows of up to 16 values, else one probe.
    #[must_use]
    pub fn of(row_len: usize) -> Self {
        Self { steps: 60, probes: (row_len > Self::FEW).then_some(1) }
    }

    /// Calls of the network for a row.
    #[must_use]
    pub fn calls(self, row_len: usize) -> usize {
        let directions = self.probes.map_or(row_len, |probes| probes as usize);
        4 * self.steps * (1 + 2 * directions)
    }
}

/// The likelihood of data by the probability flow.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct FlowReport {
    /// The model.
    pub model: String,
    /// The data.
    pub data: String,
    /// Rows of the data.
    pub rows: u64,
    /// What bits are counted of.
    pub units: Units,
    /// Steps of the flow.
    pub steps: usize,
    /// Probes of the divergence; 0: it is exact.
    pub probes: u32,
    /// Bits per dimension: the mean over rows.
    pub bits: f64,
    /// Its standard error over rows, which includes that of the probes.
    pub standard_error: Option<f64>,
    /// The part of it that more probes would take away; `None` for fewer than two.
    pub error_of_probes: Option<f64>,
}

/// The likelihood of all rows by the probability flow, from data to noise. Evenly spaced values are
/// dequantised: each is drawn uniformly within its bin, and the bits are those of the bins, from above. The ranks
/// of the pipeline take the rows among them, and the report of rank 0 is of all.
///
/// # Errors
/// If a setting is invalid, the schedule has too few levels, or the network fails.
pub fn flow_likelihood(
    pipeline: &Pipeline,
    settings: &Settings,
    data: &Reference,
    decoder: Decoder,
    flow: Flow,
    progress: Progress<'_>,
) -> Result<FlowReport, EvalError> {
    let divergence = match flow.probes {
        None => Divergence::Exact,
        Some(count) => Divergence::Probes { count, seed: settings.seed },
    };
    let estimator = FlowLikelihood::new(pipeline.model().schedule(), flow.steps, divergence)?;
    let (rows, batch) = (data.rows.rows(), batch(pipeline, settings));
    let total = (batches_of_share(pipeline, rows, batch) * flow.steps) as u64;
    let (mut done, mut bits, mut squares) = (0, Estimate::default(), Estimate::default());
    // Of each row the bits and their error; NaN if there is none.
    let measure = |RowBatch { x0, labels, indices }: RowBatch| {
        let first = indices.start;
        let indices: Vec<u64> = indices.collect();
        let x0 = match decoder {
            Decoder::Density => x0,
            Decoder::Bins(bins) => {
                bins.dequantised(&x0, &streams(settings), &indices, DEQUANTISATION)
            }
        };
        let densities = pipeline.with_denoiser(settings, labels, |denoiser| {
            let mut run = estimator.run(&x0, &indices, denoiser);
            for hop in &mut run {
                hop?;
                done += 1;
                progress(done, total, &format!("{first} of {rows} rows"));
            }
            Ok(run.densities())
        })?;
        let densities = densities.map_err(|source| failed(pipeline, source))?;
        let of_row = |density: &Estimate| {
            let bits = match decoder {
                Decoder::Density => bits_per_dimension(-density.mean(), x0.row_len()),
                Decoder::Bins(bins) => bins.bits(density.mean(), x0.row_len()),
            };
            let error = density.standard_error();
            [bits, error.map_or(f64::NAN, |error| bits_per_dimension(error, x0.row_len()))]
        };
        Ok(densities.iter().flatten().flat_map(of_row).collect())
    };
    let take = |found: &[f64]| {
        for of_row in found.chunks_exact(2) {
            bits.add(of_row[0]);
            squares.extend(Some(of_row[1].powi(2)).filter(|square| !square.is_nan()));
        }
    };
    in_shares(pipeline.cluster(), data, batch, measure, take)?;
    let error_of_probes = (squares.count() > 0).then(|| (squares.mean() / rows as f64).sqrt());
    Ok(FlowReport {
        model: pipeline.model().name().to_owned(),
        data: data.name.clone(),
        rows: bits.count(),
        units: decoder.into(),
        steps: flow.steps,
        probes: flow.probes.unwrap_or(0),
        bits: bits.mean(),
        standard_error: bits.standard_error(),
        error_of_probes,
    })
}

impl FlowReport {
    /// As text for a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { model, data, rows, units, steps, probes, bits, standard_error, .. } = self;
        let error = standard_error.map_or_else(String::new, |error| format!(" ± {error:.4}"));
        let divergence = match (probes, self.error_of_probes) {
            (0, _) => "exact divergence".to_owned(),
            (1, _) => "1 probe for each row".to_owned(),
            (probes, None) => format!("{probes} probes for each row"),
            (probes, Some(error)) => {
                format!("{probes} probes for each row, which cause {error:.4} of the error")
            }
        };
        format!(
            "{model} on {data}, {rows} rows: {bits:.4}{error} bits per dimension by the probability \
             flow ({units}; {steps} steps, {divergence})\n"
        )
    }
}
