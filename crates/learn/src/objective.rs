//! What training makes small, with its slopes.

mod bound;
mod squared;

use ancestral::Schedule;
use ancestral::categorical::Categories;
use rayon::prelude::*;

use crate::micro_batch::Row;
use crate::{Loss, Request, TrainError, TrainingSet};
use bound::{Bound, Trained};
use squared::squared_error;

/// λ of the hybrid loss.
const HYBRID: f64 = 0.001;

/// What training makes small.
#[derive(Clone, Debug)]
pub(crate) struct Objective {
    terms: Terms,
    /// What the network predicts logits of; of all other values it predicts the target.
    categories: Categories,
}

/// The terms of a row's loss.
#[derive(Clone, Debug)]
enum Terms {
    Simple,
    Hybrid(Bound),
    Vlb(Bound),
}

/// What a row costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct RowLoss {
    /// The mean over its values, of the squared error, and over its categories, of the cross-entropy in nats.
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
        let terms = match training.loss {
            Loss::Simple => Terms::Simple,
            Loss::Hybrid => Terms::Hybrid(bound()?),
            Loss::Vlb => Terms::Vlb(bound()?),
        };
        Ok(Self { terms, categories: data.categories().clone() })
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
        let (weight, total) = (row.weight, total as f64);
        let (sum, count) = self.simple(row, total, output, slopes);
        let simple = weight * sum / count;
        let bound = |bound: &Bound, trained, share: f64, slopes: &mut [f32]| {
            let factor = share * bound.timesteps();
            let trained = (trained, factor * row.counts / total);
            factor * bound.term(row, (output, &self.categories), trained, slopes)
        };
        let loss = match &self.terms {
            Terms::Simple => simple,
            Terms::Hybrid(terms) => simple + bound(terms, Trained::Variance, HYBRID, slopes),
            Terms::Vlb(terms) => bound(terms, Trained::All, 1.0, slopes),
        };
        RowLoss { error: sum / count, loss }
    }

    /// The sum of the losses of a row's values and categories, and how many there are. `slopes` become those of
    /// what their mean counts in an update of `total` rows.
    fn simple(&self, row: &Row<'_>, total: f64, output: &[f32], slopes: &mut [f32]) -> (f64, f64) {
        let length = row.target.len();
        let values: usize = self.categories.others(length).map(|part| part.len()).sum();
        let count = (values + self.categories.len()) as f64;
        let (factor, mut sum) = (row.weight * row.counts / (count * total), 0.0);
        for part in self.categories.others(length) {
            let (output, target) = (&output[part.clone()], &row.target[part.clone()]);
            sum += squared_error(output, target, to_f32(2.0 * factor), &mut slopes[part]);
        }
        sum += self.categories.loss(row.clean, output, slopes);
        for category in self.categories.as_slice() {
            for slope in &mut slopes[category.range()] {
                *slope *= to_f32(factor);
            }
        }
        (sum, count)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is what is wanted")]
fn to_f32(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests;
