//! Samples of a table beside data, column by column and pair by pair.

mod cut;
mod page;
mod picture;
mod report;

use std::collections::HashSet;

use ancestral_data::{Column, ColumnKind, Columns};
use ancestral_metrics::{
    Cells, Rows, association, forest_score, forest_two_sample, kolmogorov_smirnov, total_variation,
};
use ancestral_pipeline::Batch;

use crate::EvalError;
use cut::Cut;

pub use report::{ColumnReport, PairReport, TableReport, Usefulness};

/// Rows of each set that forests and associations see: more change little, and take long.
const MOST_ROWS: usize = 4000;
/// Pairs of columns that are listed.
const PAIRS: usize = 10;

/// Samples of a table beside data.
#[derive(Debug)]
pub struct TableComparison<'a> {
    columns: &'a Columns,
    real: Cut,
    drawn: Cut,
    training: Option<Cut>,
}

impl<'a> TableComparison<'a> {
    /// Compares sets of samples with real rows, both in model space. `training` are the rows that were learned,
    /// if the real ones were held out.
    #[must_use]
    pub fn new(
        columns: &'a Columns,
        real: &Batch,
        samples: &[Batch],
        training: Option<&Batch>,
    ) -> Self {
        let cut = |batches: &[Batch]| Cut::new(columns, batches);
        let training = training.map(|training| cut(std::slice::from_ref(training)));
        Self { columns, real: cut(std::slice::from_ref(real)), drawn: cut(samples), training }
    }

    /// The measures; with a `target`, also how well a model that learned the samples predicts that column of
    /// the real rows.
    ///
    /// # Errors
    /// If there are too few rows, or there is no such column.
    pub fn report(&self, target: Option<&str>) -> Result<TableReport, EvalError> {
        let columns = self.columns.as_slice().iter().enumerate();
        let columns =
            columns.filter(|(_, column)| !matches!(column.kind(), ColumnKind::Constant(_)));
        let columns: Vec<ColumnReport> =
            columns.map(|(place, column)| self.column(place, column)).collect();
        let count = columns.len().max(1) as f64;
        let mut pairs = self.pairs();
        let size = |pair: &PairReport| (pair.samples - pair.data).abs();
        let pair_error = pairs.iter().map(size).sum::<f64>() / pairs.len().max(1) as f64;
        pairs.sort_by(|a, b| size(b).total_cmp(&size(a)));
        pairs.truncate(PAIRS);
        let all: Vec<usize> = (0..self.columns.len()).collect();
        let [real, drawn] = [&self.real, &self.drawn].map(|cut| cut.features(MOST_ROWS, &all));
        let told = forest_two_sample(Rows::new(&real, all.len())?, Rows::new(&drawn, all.len())?)?;
        let learned = self.training.as_ref().unwrap_or(&self.real);
        let known: HashSet<Vec<u64>> = (0..learned.rows()).map(|row| learned.bits(row)).collect();
        let copied = (0..self.drawn.rows()).filter(|row| known.contains(&self.drawn.bits(*row)));
        Ok(TableReport {
            samples: self.drawn.rows(),
            rows: self.real.rows(),
            column_distance: columns.iter().map(|column| column.distance).sum::<f64>() / count,
            columns,
            pair_error,
            pairs,
            told_apart: told.value,
            told_apart_error: told.standard_error,
            copies: copied.count() as f64 / self.drawn.rows() as f64,
            repeated: 1.0 - known.len() as f64 / learned.rows() as f64,
            usefulness: target.map(|target| self.usefulness(target)).transpose()?,
        })
    }

    fn column(&self, place: usize, column: &Column) -> ColumnReport {
        let (real, drawn) = (self.real.present(place), self.drawn.present(place));
        let holes = [&self.real, &self.drawn].map(|cut| cut.share_of_holes(place));
        let is_label = states(column).is_some();
        let distance = if real.is_empty() || drawn.is_empty() {
            (holes[0] - holes[1]).abs()
        } else if is_label {
            let states = self.states(place);
            let counts = |values| counted(&states, values);
            total_variation(&counts(&self.real.0[place]), &counts(&self.drawn.0[place]))
        } else {
            kolmogorov_smirnov(&real, &drawn)
        };
        let low = real.iter().copied().fold(f64::INFINITY, f64::min);
        let high = real.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let extremes =
            [&self.real, &self.drawn].map(|cut| cut.share(place, |x| x <= low || x >= high));
        ColumnReport {
            name: column.name().to_owned(),
            measure: if is_label { "total_variation" } else { "kolmogorov_smirnov" },
            distance,
            holes: column.hole().map(|_| holes),
            extremes: (!is_label).then_some(extremes),
        }
    }

    /// The values of a column of labels that occur, ascending; a hole is the last one.
    fn states(&self, place: usize) -> Vec<f64> {
        let mut all = [&self.real.0[place][..], &self.drawn.0[place]].concat();
        all.sort_by(f64::total_cmp);
        all.dedup_by(|a, b| a == b || a.is_nan() && b.is_nan());
        all
    }

    /// How much columns say about each other, of all pairs.
    fn pairs(&self) -> Vec<PairReport> {
        let rows = self.real.rows().min(self.drawn.rows()).min(MOST_ROWS);
        let columns = self.columns.as_slice();
        let varies = |place: &usize| !matches!(columns[*place].kind(), ColumnKind::Constant(_));
        let places: Vec<usize> = (0..columns.len()).filter(varies).collect();
        let states: Vec<Option<Vec<f64>>> = (0..columns.len())
            .map(|place| states(&columns[place]).map(|()| self.states(place)))
            .collect();
        let of = |cut: &Cut, [a, b]: [usize; 2]| {
            let features = cut.features(rows, &[a, b]);
            let both = features.chunks_exact(2).filter(|row| row.iter().all(|x| *x > f64::MIN));
            let (first, second): (Vec<f64>, Vec<f64>) = both.map(|row| (row[0], row[1])).unzip();
            let labels = |place: usize, values: &[f64]| -> Option<Vec<usize>> {
                let states = states[place].as_ref()?;
                Some(values.iter().map(|x| state(states, *x)).collect())
            };
            let (of_a, of_b) = (labels(a, &first), labels(b, &second));
            association(
                of_a.as_deref().map_or(Cells::Numbers(&first), Cells::Labels),
                of_b.as_deref().map_or(Cells::Numbers(&second), Cells::Labels),
            )
        };
        let pair = |a: usize, b: usize| PairReport {
            columns: [a, b].map(|place| columns[place].name().to_owned()),
            data: of(&self.real, [a, b]),
            samples: of(&self.drawn, [a, b]),
        };
        let pairs = places.iter().enumerate();
        pairs
            .flat_map(|(i, a)| places[i + 1..].iter().map(move |b| (*a, *b)))
            .map(|(a, b)| pair(a, b))
            .collect()
    }

    /// How well forests predict a column of the real rows: one that learned the samples, and one that learned
    /// the training rows.
    fn usefulness(&self, target: &str) -> Result<Usefulness, EvalError> {
        let names = || self.columns.as_slice().iter().map(Column::name);
        let place = names().position(|name| name == target);
        let place = place.ok_or_else(|| EvalError::Target {
            found: target.to_owned(),
            expected: names().map(str::to_owned).collect(),
        })?;
        if matches!(self.columns.as_slice()[place].kind(), ColumnKind::Constant(_)) {
            return Err(EvalError::ConstantTarget { column: target.to_owned() });
        }
        let others: Vec<usize> = (0..self.columns.len()).filter(|other| *other != place).collect();
        if others.is_empty() {
            return Err(EvalError::OnlyTarget { column: target.to_owned() });
        }
        let states = states(&self.columns.as_slice()[place]).map(|()| {
            let mut all = self.states(place);
            all.extend(self.training.iter().flat_map(|cut| cut.present(place)));
            all.retain(|value| !value.is_nan());
            all.sort_by(f64::total_cmp);
            all.dedup();
            all
        });
        let score = |learned: &Cut| self.score(learned, place, &others, states.as_deref());
        Ok(Usefulness {
            target: target.to_owned(),
            measure: if states.is_some() { "accuracy" } else { "r_squared" },
            samples: score(&self.drawn)?,
            data: self.training.as_ref().map(score).transpose()?,
        })
    }

    /// How well a forest that learned these rows predicts a column of the real ones.
    fn score(
        &self,
        learned: &Cut,
        target: usize,
        others: &[usize],
        states: Option<&[f64]>,
    ) -> Result<f64, EvalError> {
        let (rows, targets) = learned.predictable(MOST_ROWS, others, target);
        let (tested, truth) = self.real.predictable(MOST_ROWS, others, target);
        let [rows, tested] = [&rows, &tested].map(|rows| Rows::new(rows, others.len()));
        let (rows, tested) = (rows?, tested?);
        let Some(states) = states else {
            let (targets, truth) = (Cells::Numbers(&targets), Cells::Numbers(&truth));
            return Ok(forest_score(rows, targets, tested, truth)?);
        };
        let labels = |values: &[f64]| values.iter().map(|x| state(states, *x)).collect::<Vec<_>>();
        let (targets, truth) = (labels(&targets), labels(&truth));
        Ok(forest_score(rows, Cells::Labels(&targets), tested, Cells::Labels(&truth))?)
    }
}

/// Whether cells of the column are labels, not numbers.
fn states(column: &Column) -> Option<()> {
    matches!(column.kind(), ColumnKind::Category(_)).then_some(())
}

/// The place of a value among the states of its column.
fn state(states: &[f64], value: f64) -> usize {
    let last = states.len() - 1;
    if value.is_nan() { last } else { states.partition_point(|state| *state < value).min(last) }
}

fn counted(states: &[f64], values: &[f64]) -> Vec<usize> {
    let mut counts = vec![0; states.len()];
    for value in values {
        counts[state(states, *value)] += 1;
    }
    counts
}

#[cfg(test)]
mod tests;
