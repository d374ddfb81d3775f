//! What a random forest learns from rows: whether two sets can be told apart, and how useful one is.

use rayon::join;
use smartcore::ensemble::random_forest_classifier::{
    RandomForestClassifier, RandomForestClassifierParameters,
};
use smartcore::ensemble::random_forest_regressor::{
    RandomForestRegressor, RandomForestRegressorParameters,
};
use smartcore::linalg::basic::matrix::DenseMatrix;

use crate::rows::check;
use crate::{Cells, Estimate, MetricError, Rows};

/// Trees of a forest, and the least rows of a leaf: smaller ones only learn noise.
const TREES: u16 = 100;
const LEAF: usize = 3;

/// How well a random forest that learned one set of rows tells apart real and drawn rows that it has not seen.
///
/// Of each set as many rows are used as the smaller one has; every other one is learned, and the others are
/// told apart, and the other way round. It sees what single columns and pairs of them show, where neighbours
/// in all columns at once ([`two_sample`](crate::two_sample)) see little of many columns.
/// # Numerics
/// Two forests of 100 trees, from fixed seeds. Time grows as n log n.
/// # Source
/// Lopez-Paz and Oquab 2017, arXiv:1610.06545; Breiman 2001, doi:10.1023/A:1010933404324.
///
/// # Errors
/// [`MetricError`] if the rows differ in length, or a set has fewer than 4 rows.
///
/// # Example
/// ```
/// use ancestral_metrics::{Rows, forest_two_sample};
///
/// let real: Vec<f64> = (0..40).map(f64::from).collect();
/// let drawn: Vec<f64> = real.iter().map(|x| x + 100.0).collect();
/// let found = forest_two_sample(Rows::new(&real, 1)?, Rows::new(&drawn, 1)?)?;
/// assert_eq!(found.value, 1.0);
/// # Ok::<(), ancestral_metrics::MetricError>(())
/// ```
pub fn forest_two_sample(real: Rows<f64>, drawn: Rows<f64>) -> Result<Estimate, MetricError> {
    check(&real, &drawn, 4)?;
    // Even, so that both halves have as many of each.
    let count = real.count().min(drawn.count()) / 2 * 2;
    let half = |odd: usize| {
        let places = (odd..count).step_by(2);
        let rows: Vec<f64> = [real, drawn]
            .iter()
            .flat_map(|rows| places.clone().flat_map(|i| rows.row(i)).copied())
            .collect();
        let labels: Vec<usize> = (0..count).map(|i| usize::from(i >= count / 2)).collect();
        (rows, labels)
    };
    let (first, second) = (half(0), half(1));
    let right = |(learned, labels): &(Vec<f64>, Vec<usize>),
                 (seen, truth): &(Vec<f64>, Vec<usize>)| {
        let found = classes(learned, labels, seen, real.row_len());
        found.iter().zip(truth).filter(|(found, truth)| found == truth).count()
    };
    let (a, b) = join(|| right(&first, &second), || right(&second, &first));
    Ok(Estimate::of_share((a + b) as f64, 2 * count))
}

/// How well a random forest that learned `rows` with their `target` predicts the `truth` of other rows: the
/// accuracy for labels, R² for numbers.
///
/// # Formula
/// ```text
/// R² = 1 − Σ (predicted − truth)²/Σ (truth − mean of the truth)²
/// ```
/// # Errors
/// [`MetricError`] if the rows differ in length.
///
/// # Panics
/// If there is not a cell a row, or one target is of numbers and the other of labels.
///
/// # Example
/// ```
/// use ancestral_metrics::{Cells, Rows, forest_score};
///
/// let rows: Vec<f64> = (0..60).map(f64::from).collect();
/// let labels: Vec<usize> = (0..60).map(|i| i / 30).collect();
/// let (rows, labels) = (Rows::new(&rows, 1)?, Cells::Labels(&labels));
/// assert_eq!(forest_score(rows, labels, rows, labels)?, 1.0);
/// # Ok::<(), ancestral_metrics::MetricError>(())
/// ```
pub fn forest_score(
    rows: Rows<f64>,
    target: Cells,
    others: Rows<f64>,
    truth: Cells,
) -> Result<f64, MetricError> {
    check(&rows, &others, 1)?;
    assert_eq!([rows.count(), others.count()], [target.len(), truth.len()], "cells");
    let (learned, seen, length) = (rows.values(), others.values(), rows.row_len());
    Ok(match (target, truth) {
        (Cells::Labels(labels), Cells::Labels(truth)) => {
            let found = classes(learned, labels, seen, length);
            let right = found.iter().zip(truth).filter(|(found, truth)| found == truth).count();
            right as f64 / truth.len() as f64
        }
        (Cells::Numbers(numbers), Cells::Numbers(truth)) => {
            let found = predicted(learned, numbers, seen, length);
            let mean = truth.iter().sum::<f64>() / truth.len() as f64;
            let all: f64 = truth.iter().map(|truth| (truth - mean).powi(2)).sum();
            let off: f64 =
                found.iter().zip(truth).map(|(found, truth)| (found - truth).powi(2)).sum();
            1.0 - off / all
        }
        (Cells::Labels(_), Cells::Numbers(_)) | (Cells::Numbers(_), Cells::Labels(_)) => {
            panic!("numbers are compared with labels")
        }
    })
}

/// The labels that a forest gives to the rows `seen`.
fn classes(learned: &[f64], labels: &[usize], seen: &[f64], length: usize) -> Vec<usize> {
    if labels.iter().all(|label| *label == labels[0]) {
        // There is nothing to decide, which a forest refuses.
        return vec![labels[0]; seen.len() / length];
    }
    let settings = RandomForestClassifierParameters::default()
        .with_n_trees(TREES)
        .with_min_samples_leaf(LEAF)
        .with_seed(0);
    // Labels are looked up by a type of 32 bits.
    let narrow = |label: &usize| u32::try_from(*label).expect("fewer labels than rows");
    let labels: Vec<u32> = labels.iter().map(narrow).collect();
    RandomForestClassifier::fit(&matrix(learned, length), &labels, settings)
        .and_then(|forest| forest.predict(&matrix(seen, length)))
        .expect("rows of one length, and two labels or more")
        .into_iter()
        .map(|label| label as usize)
        .collect()
}

/// The numbers that a forest predicts for the rows `seen`.
fn predicted(learned: &[f64], numbers: &[f64], seen: &[f64], length: usize) -> Vec<f64> {
    let settings = RandomForestRegressorParameters::default()
        .with_n_trees(TREES.into())
        .with_min_samples_leaf(LEAF)
        .with_seed(0);
    RandomForestRegressor::fit(&matrix(learned, length), &numbers.to_vec(), settings)
        .and_then(|forest| forest.predict(&matrix(seen, length)))
        .expect("rows of one length")
}

fn matrix(values: &[f64], length: usize) -> DenseMatrix<f64> {
    DenseMatrix::new(values.len() / length, length, values.to_vec(), false).expect("whole rows")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::normals;

    fn pairs(seed: u64, count: usize, correlation: f64) -> Vec<f64> {
        let rest = (1.0 - correlation * correlation).sqrt();
        let z = normals(seed, 2 * count);
        let pair = |z: &[f32]| {
            let [a, b] = [z[0], z[1]].map(f64::from);
            [a, correlation * a + rest * b]
        };
        z.chunks_exact(2).flat_map(pair).collect()
    }

    #[test]
    fn draws_of_one_distribution_are_told_apart_by_chance() {
        let (a, b) = (pairs(1, 500, 0.8), pairs(2, 400, 0.8));
        let found =
            forest_two_sample(Rows::new(&a, 2).unwrap(), Rows::new(&b, 2).unwrap()).unwrap();
        assert!((found.value - 0.5).abs() < 4.0 * found.standard_error, "{found:?}");
        // √(0.25/800)
        assert!((found.standard_error - 0.0177).abs() < 1e-3, "{found:?}");
    }

    #[test]
    fn a_correlation_that_is_lost_is_seen() {
        let (a, b) = (pairs(1, 500, 0.9), pairs(2, 500, 0.0));
        let found =
            forest_two_sample(Rows::new(&a, 2).unwrap(), Rows::new(&b, 2).unwrap()).unwrap();
        // The best possible accuracy is 0.80: half of the sum of |p − q| over the plane.
        assert!(found.value > 0.7 && found.value < 0.85, "{found:?}");
    }

    #[test]
    fn what_rows_tell_about_a_target_is_predicted() {
        let (learned, seen) = (pairs(1, 600, 0.0), pairs(2, 300, 0.0));
        let sums = |rows: &[f64]| rows.chunks(2).map(|row| row[0] + row[1]).collect::<Vec<f64>>();
        let (a, b) = (sums(&learned), sums(&seen));
        let rows = |values| Rows::new(values, 2).unwrap();
        let score = |target, truth| forest_score(rows(&learned), target, rows(&seen), truth);
        let found = score(Cells::Numbers(&a), Cells::Numbers(&b)).unwrap();
        assert!(found > 0.9 && found < 1.0, "{found}");
        let labels =
            |sums: &[f64]| sums.iter().map(|sum| usize::from(*sum > 0.0)).collect::<Vec<_>>();
        let (a, b) = (labels(&a), labels(&b));
        let found = score(Cells::Labels(&a), Cells::Labels(&b)).unwrap();
        assert!(found > 0.9, "{found}");
        // Of one label nothing is learned, and it is as often right as the label is there.
        let ones = b.iter().sum::<usize>() as f64 / b.len() as f64;
        let found = score(Cells::Labels(&vec![1; a.len()]), Cells::Labels(&b)).unwrap();
        assert!((found - ones).abs() < 1e-12);
    }

    #[test]
    fn few_rows_are_refused() {
        let rows = [0.0, 1.0, 2.0];
        let rows = Rows::new(&rows, 1).unwrap();
        assert_eq!(forest_two_sample(rows, rows), Err(MetricError::Rows { found: 3, least: 4 }));
    }
}
