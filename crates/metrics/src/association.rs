//! How much two columns say about each other, whatever they hold.

/// The cells of a column, for [`association`]. All are present.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cells<'a> {
    /// Numbers.
    Numbers(&'a [f64]),
    /// Which of several labels, counted from 0.
    Labels(&'a [usize]),
}

impl Cells<'_> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Labels(labels) => labels.len(),
        }
    }
}

/// How much two columns say about each other, in the same units for all kinds of columns: 0 for independent
/// ones, 1 if one determines the other; of two columns of numbers with a sign.
///
/// # Formula
/// ```text
/// numbers and numbers:  Spearman's correlation, that of the ranks
/// labels and numbers:   √(variance between labels/variance), of the ranks
/// labels and labels:    Cramér's V = √(χ²/(n (k − 1))),    k the smaller number of labels
/// ```
/// A column that is the same everywhere has 0. The last two are above 0 for few rows even if columns are
/// independent, so compare them for as many rows.
/// # Panics
/// If the columns have not as many cells.
///
/// # Example
/// ```
/// use ancestral_metrics::{Cells, association};
///
/// let sizes = Cells::Numbers(&[1.0, 2.0, 40.0, 80.0]);
/// assert_eq!(association(sizes, Cells::Numbers(&[7.0, 6.0, 5.0, 4.0])), -1.0);
/// // Ranks 1, 2 and 3, 4: the variance is 1.25, and between the means 1.5 and 3.5 it is 1.
/// let found = association(sizes, Cells::Labels(&[0, 0, 1, 1]));
/// assert!((found - 0.8_f64.sqrt()).abs() < 1e-15);
/// ```
#[must_use]
pub fn association(a: Cells, b: Cells) -> f64 {
    assert_eq!(a.len(), b.len(), "cells");
    match (a, b) {
        (Cells::Numbers(a), Cells::Numbers(b)) => correlation(&ranks(a), &ranks(b)),
        (Cells::Labels(labels), Cells::Numbers(numbers))
        | (Cells::Numbers(numbers), Cells::Labels(labels)) => {
            correlation_ratio(labels, &ranks(numbers))
        }
        (Cells::Labels(a), Cells::Labels(b)) => cramers_v(a, b),
    }
}

/// The rank of each number, from 0; of equal ones the middle of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for run in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let rank = first as f64 + (run.len() - 1) as f64 / 2.0;
        for place in run {
            ranks[*place] = rank;
        }
        first += run.len();
    }
    ranks
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let [mut aa, mut ab, mut bb] = [0.0; 3];
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - mean_a, b - mean_b);
        (aa, ab, bb) = (aa + a * a, ab + a * b, bb + b * b);
    }
    if aa * bb > 0.0 { ab / (aa * bb).sqrt() } else { 0.0 }
}

fn correlation_ratio(labels: &[usize], numbers: &[f64]) -> f64 {
    let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
    let mut groups = vec![(0.0, 0.0); states(labels)];
    for (label, number) in labels.iter().zip(numbers) {
        let (count, sum) = &mut groups[*label];
        (*count, *sum) = (*count + 1.0, *sum + (number - mean));
    }
    let all: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
    let present = groups.iter().filter(|(count, _)| *count > 0.0);
    let between: f64 = present.map(|(count, sum)| sum * sum / count).sum();
    if all > 0.0 { (between / all).sqrt().min(1.0) } else { 0.0 }
}

fn cramers_v(a: &[usize], b: &[usize]) -> f64 {
    let (rows, columns) = (states(a), states(b));
    let mut counts = vec![0.0; rows * columns];
    let [mut of_a, mut of_b] = [vec![0.0; rows], vec![0.0; columns]];
    for (a, b) in a.iter().zip(b) {
        counts[a * columns + b] += 1.0;
        of_a[*a] += 1.0;
        of_b[*b] += 1.0;
    }
    // χ²/n = Σ n_ab²/(n_a n_b) − 1
    let sum = |(row, a): (usize, &f64)| -> f64 {
        let cells = counts[row * columns..][..columns].iter().zip(&of_b);
        cells.filter(|(count, _)| **count > 0.0).map(|(count, b)| count * count / (a * b)).sum()
    };
    let squares: f64 = of_a.iter().enumerate().map(sum).sum();
    let used = |counts: &[f64]| counts.iter().filter(|count| **count > 0.0).count();
    let smaller = used(&of_a).min(used(&of_b));
    if smaller < 2 {
        0.0
    } else {
        ((squares - 1.0).max(0.0) / (smaller - 1) as f64).sqrt().min(1.0)
    }
}

fn states(labels: &[usize]) -> usize {
    labels.iter().max().map_or(0, |largest| largest + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::normals;

    #[test]
    fn a_gaussian_has_the_correlation_of_ranks_by_its_formula() {
        let z = normals(1, 40_000);
        let (a, b): (Vec<f64>, Vec<f64>) = z
            .chunks_exact(2)
            .map(|z| (f64::from(z[0]), 0.8 * f64::from(z[0]) + 0.6 * f64::from(z[1])))
            .unzip();
        // 6/π asin(ρ/2)
        let expected = 6.0 / std::f64::consts::PI * 0.4_f64.asin();
        let found = association(Cells::Numbers(&a), Cells::Numbers(&b));
        assert!((found - expected).abs() < 0.01, "{found} {expected}");
        // Ranks are those of any ascending function.
        let exp: Vec<f64> = b.iter().map(|x| x.exp()).collect();
        assert_eq!(association(Cells::Numbers(&a), Cells::Numbers(&exp)), found);
    }

    #[test]
    fn cramers_v_is_that_by_hand() {
        // Counts 30, 10 and 10, 50 of 100: χ² = 100 (30·50 − 10·10)²/(40·60·40·60) = 34.03.
        let counts = [(0, 0, 30), (0, 1, 10), (1, 0, 10), (1, 1, 50)];
        let pairs = counts.iter().flat_map(|(a, b, n)| vec![(*a, *b); *n]);
        let (a, b): (Vec<usize>, Vec<usize>) = pairs.unzip();
        let found = association(Cells::Labels(&a), Cells::Labels(&b));
        assert!((found - 1400.0 / 2400.0).abs() < 1e-12, "{found}");
        assert!((association(Cells::Labels(&a), Cells::Labels(&a)) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn what_is_the_same_everywhere_says_nothing() {
        let (same, others) = ([7.0; 4], [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(association(Cells::Numbers(&same), Cells::Numbers(&others)), 0.0);
        assert_eq!(association(Cells::Labels(&[2; 4]), Cells::Numbers(&others)), 0.0);
        assert_eq!(association(Cells::Labels(&[2; 4]), Cells::Labels(&[0, 1, 0, 1])), 0.0);
        assert_eq!(association(Cells::Numbers(&others), Cells::Labels(&[0, 1, 2, 3])), 1.0);
    }
}
