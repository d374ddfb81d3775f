//! What training makes small, with its slopes.

mod bound;
mod squared;

use ancestral::Schedule;
use rayon::prelude::*;

use crate::micro_batch::Row;
use crate::{Loss, Request, TrainError, TrainingSet};
use bound::{Bound, Trained};
use squared::squared_error;

/// λ of the hybrid loss.
const HYBRID: f64 = 0.001;

/// What training makes small.
#[derive(Clone, Debug)]
pub(crate) enum Objective {
    Simple,
    Hybrid(Bound),
    Vlb(Bound),
}

/// What a row costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct RowLoss {
    /// The mean squared error of the prediction.
    pub error: f64,
    /// The loss, whatever the row counts.
    pub loss: f64,
}

impl Objective {
    /// That of a training.
    ///
    /// # Errors
    /// If the loss does not go with the variance or with the loss weight, or the schedule with the
    /// prediction.
    pub(crate) fn new(
        request: &Request,
        schedule: &Schedule,
        data: &TrainingSet,
    ) -> Result<Self, TrainError> {
        let (variance, training) = (request.scheduler.variance(), &request.training);
        training.loss.check(variance, training.loss_weight)?;
        let prediction = request.scheduler.prediction();
        let bound = || Bound::new(schedule, prediction, variance, data.is_pictures());
        Ok(match training.loss {
            Loss::Simple => Self::Simple,
            Loss::Hybrid => Self::Hybrid(bound()?),
            Loss::Vlb => Self::Vlb(bound()?),
        })
    }

    /// The losses of some rows, and the slopes of their sum over `total`, the rows of the whole update.
    ///
    /// # Formula
    /// ```text
    /// slope = d (Σ_rows counts loss/total) / d output
    /// ```
    /// # Shapes
    /// `output`, `slopes`: as many values for each row as it has, or twice as many with a variance
    /// half.
    /// # Numerics
    /// Losses are summed in f64, each row on its own: they do not depend on the other rows.
    pub(crate) fn losses(
        &self,
        rows: &[Row<'_>],
        total: usize,
        output: &[f32],
        slopes: &mut [f32],
    ) -> Vec<RowLoss> {
        let length = output.len().div_euclid(rows.len());
        assert_eq!([output.len(), slopes.len()], [rows.len() * length; 2], "values of all rows");
        let outputs = output.par_chunks_exact(length).zip(slopes.par_chunks_exact_mut(length));
        let rows = outputs.zip(rows);
        rows.map(|((output, slopes), row)| self.row(row, total, output, slopes)).collect()
    }

    fn row(&self, row: &Row<'_>, total: usize, output: &[f32], slopes: &mut [f32]) -> RowLoss {
        let (length, weight, total) = (row.target.len() as f64, row.weight, total as f64);
        let factor = to_f32(2.0 * (weight * row.counts) / (length * total));
        let prediction = &output[..row.target.len()];
        let sum = squared_error(prediction, row.target, factor, slopes);
        let simple = weight * sum / length;
        let bound = |bound: &Bound, trained, share: f64, slopes: &mut [f32]| {
            let factor = share * bound.timesteps();
            let trained = (trained, factor * row.counts / total);
            factor * bound.term(row, output, trained, slopes)
        };
        let loss = match self {
            Self::Simple => simple,
            Self::Hybrid(terms) => simple + bound(terms, Trained::Variance, HYBRID, slopes),
            Self::Vlb(terms) => bound(terms, Trained::All, 1.0, slopes),
        };
        RowLoss { error: sum / length, loss }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is what is wanted")]
fn to_f32(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests;
