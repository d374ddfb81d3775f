//! Whether drawn rows are nearer to the training rows than new rows are.

use crate::estimate::Estimate;
use crate::neighbours::nearest;
use crate::{MetricError, Neighbour, Rows};

/// How near drawn rows are to the training rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Memorisation {
    /// The share of pairs of a drawn and a held-out row in which the drawn one is nearer to the
    /// training rows: 0.5 for new rows of the data's distribution, 1 for copies.
    pub nearer: Estimate,
    /// The number of drawn rows that are exact copies of training rows.
    pub copies: usize,
    /// Distances of the drawn rows to their nearest training rows.
    pub drawn: Quantiles,
    /// Distances of the held-out rows to their nearest training rows.
    pub held_out: Quantiles,
    /// The nearest training row of each drawn row.
    pub neighbours: Vec<Neighbour>,
}

/// Quantiles of distances, linear between the sorted values as NumPy's default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantiles {
    /// The smallest.
    pub least: f64,
    /// A tenth is below.
    pub tenth: f64,
    /// The median.
    pub median: f64,
    /// Nine tenths are below.
    pub nine_tenths: f64,
    /// The largest.
    pub largest: f64,
}

/// Compares the distances from drawn rows to the training rows with those from held-out rows, which
/// have the same distribution as the training rows and were not learned from.
///
/// # Formula
/// ```text
/// nearer = mean over drawn y and held-out z of [d(y) < d(z)] + [d(y) = d(z)]/2,
///          d(x) = |x − nearest training row|
/// ```
/// # Numerics
/// The standard error is DeLong's: from the variances of both sets' shares.
///
/// # Source
/// Meehan, Chaudhuri and Dasgupta 2020, arXiv:2004.05675, eq. 1 (the Mann-Whitney statistic, here
/// as a share); the error: DeLong, DeLong and Clarke-Pearson 1988, doi:10.2307/2531595.
///
/// # Errors
/// [`MetricError`] if the rows differ in length.
///
/// # Example
/// ```
/// use ancestral_metrics::{Rows, memorisation};
///
/// let (training, held_out) = ([0.0, 10.0, 20.0], [3.0, 11.0]);
/// // A copy of the second training row; 2 from the first; 4 from the third.
/// let drawn = [10.0, 2.0, 24.0];
/// let row = |values| Rows::new(values, 1);
/// let found = memorisation(row(&training)?, row(&drawn)?, row(&held_out)?)?;
/// // Held-out rows are 3 and 1 away: nearer are 0 < 3, 0 < 1, 2 < 3.
/// assert_eq!((found.nearer.value, found.copies), (0.5, 1));
/// assert_eq!(found.neighbours[2].index, 2);
/// # Ok::<(), ancestral_metrics::MetricError>(())
/// ```
pub fn memorisation(
    training: Rows,
    drawn: Rows,
    held_out: Rows,
) -> Result<Memorisation, MetricError> {
    let first = |all: Vec<Vec<Neighbour>>| -> Vec<Neighbour> {
        all.into_iter().map(|neighbours| neighbours[0]).collect()
    };
    let neighbours = first(nearest(drawn, training, 1)?);
    let new = first(nearest(held_out, training, 1)?);
    let (of_drawn, of_held_out) = (sorted(&neighbours), sorted(&new));
    Ok(Memorisation {
        nearer: nearer(&of_drawn, &of_held_out),
        copies: of_drawn.partition_point(|&distance| distance == 0.0),
        drawn: Quantiles::of(&of_drawn),
        held_out: Quantiles::of(&of_held_out),
        neighbours,
    })
}

fn sorted(neighbours: &[Neighbour]) -> Vec<f64> {
    let mut distances: Vec<f64> = neighbours.iter().map(|neighbour| neighbour.distance).collect();
    distances.sort_unstable_by(f64::total_cmp);
    distances
}

/// The Mann-Whitney share of sorted numbers.
fn nearer(drawn: &[f64], held_out: &[f64]) -> Estimate {
    // For each drawn row the share of held-out rows further away, and the reverse.
    let of_drawn: Vec<f64> = drawn.iter().map(|&d| 1.0 - share_below(held_out, d)).collect();
    let of_held_out: Vec<f64> = held_out.iter().map(|&d| share_below(drawn, d)).collect();
    let (drawn, held_out) = (Estimate::of_mean(&of_drawn), Estimate::of_mean(&of_held_out));
    let standard_error = drawn.standard_error.hypot(held_out.standard_error);
    Estimate { value: drawn.value, standard_error }
}

/// The share of sorted numbers that are below `limit`; equal ones count a half.
fn share_below(sorted: &[f64], limit: f64) -> f64 {
    let below = sorted.partition_point(|&x| x < limit);
    let up_to = sorted.partition_point(|&x| x <= limit);
    f64::midpoint(below as f64, up_to as f64) / sorted.len() as f64
}

impl Quantiles {
    fn of(sorted: &[f64]) -> Self {
        let at = |tenths: usize| {
            let place = tenths * (sorted.len() - 1);
            let (index, part) = (place / 10, (place % 10) as f64 / 10.0);
            let next = sorted[(index + 1).min(sorted.len() - 1)];
            sorted[index] + part * (next - sorted[index])
        };
        Self { least: at(0), tenth: at(1), median: at(5), nine_tenths: at(9), largest: at(10) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::normals;

    fn rows(values: &[f32]) -> Rows<'_> {
        Rows::new(values, 1).unwrap()
    }

    #[test]
    fn roles_are_not_exchangeable() {
        let (training, drawn, held_out) = ([0.0, 8.0], [0.0, 1.0], [2.0, 3.0, 8.5]);
        let found = memorisation(rows(&training), rows(&drawn), rows(&held_out)).unwrap();
        // Distances 0 and 1 against 2, 3 and 0.5: 3 + 2 of 6 pairs.
        assert!((found.nearer.value - 5.0 / 6.0).abs() < 1e-15);
        // Shares of drawn rows: 1 and 2/3, variance 1/18; of held-out rows: 1, 1, 1/2, variance 1/12.
        let error = (1.0_f64 / 36.0 + 1.0 / 36.0).sqrt();
        assert!((found.nearer.standard_error - error).abs() < 1e-15);
        assert_eq!((found.copies, found.drawn.largest, found.held_out.median), (1, 1.0, 2.0));
        let exchanged = memorisation(rows(&training), rows(&held_out), rows(&drawn)).unwrap();
        assert!((exchanged.nearer.value - 1.0 / 6.0).abs() < 1e-15);
        assert_eq!(exchanged.copies, 0);
        // Drawn rows as training rows: 8 is 7 away from them, 0 is a copy.
        let swapped = memorisation(rows(&drawn), rows(&training), rows(&held_out)).unwrap();
        assert_eq!((swapped.copies, swapped.drawn.largest), (1, 7.0));
    }

    #[test]
    fn new_rows_are_no_nearer_than_held_out_rows() {
        let all = normals(5, 2 * 3000);
        let part = |range: std::ops::Range<usize>| Rows::new(&all[range], 2).unwrap();
        let found = memorisation(part(0..2000), part(2000..4000), part(4000..6000)).unwrap();
        let Estimate { value, standard_error } = found.nearer;
        assert!((value - 0.5).abs() < 3.0 * standard_error, "{value} ± {standard_error}");
        let copied = memorisation(part(0..2000), part(0..2000), part(4000..6000)).unwrap();
        assert_eq!((copied.nearer.value, copied.copies), (1.0, 1000));
    }

    #[test]
    fn quantiles_are_linear_between_values() {
        let found = Quantiles::of(&[0.0, 1.0, 2.0, 4.0]);
        assert!((found.tenth - 0.3).abs() < 1e-15 && found.median == 1.5);
        assert!((found.nine_tenths - 3.4).abs() < 1e-15);
        assert_eq!(Quantiles::of(&[7.0]).nine_tenths, 7.0);
    }
}
