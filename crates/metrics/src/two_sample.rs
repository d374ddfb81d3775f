//! Whether two sets can be told apart by their nearest neighbours.

use rayon::join;

use crate::estimate::Estimate;
use crate::neighbours::{nearest, nearest_others};
use crate::rows::check;
use crate::{MetricError, Neighbour, Rows};

/// How often a 1-nearest-neighbour classifier recognises which set a row is from.
///
/// The errors count rows as independent. Rows that are each other's neighbours are right or wrong
/// together, so over repeated draws the values scatter up to about 1.5 times as much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TwoSample {
    /// The mean of both shares: 0.5 for two draws of the same distribution, 1 if the sets are apart,
    /// below 0.5 if drawn rows are nearly copies of real ones.
    pub accuracy: Estimate,
    /// The share of real rows whose nearest other row is real. Low if drawn rows surround real ones.
    pub real: Estimate,
    /// The share of drawn rows whose nearest other row is drawn. High for a collapsed model.
    pub drawn: Estimate,
}

/// The leave-one-out accuracy of a 1-nearest-neighbour classifier between real and drawn rows.
///
/// # Formula
/// ```text
/// accuracy = (mean over x of [x nearer to another real row than to any drawn one]
///           + mean over y of [y nearer to another drawn row than to any real one]) / 2
/// ```
/// Of two rows that are equally near, each counts a half. For one distribution and sets of any size
/// the expectation is (N − 2)/(2 (N − 1)), where N is the number of all rows, since a row is not its
/// own neighbour.
///
/// # Source
/// Lopez-Paz and Oquab 2017, arXiv:1610.06545; leave-one-out with one neighbour as in Xu et al. 2018,
/// arXiv:1806.07755.
///
/// # Errors
/// [`MetricError`] if the rows differ in length, or a set has fewer than 2 rows.
///
/// # Example
/// ```
/// use ancestral_metrics::{Rows, two_sample};
///
/// // Only the drawn row at 5 is nearer to the other set: 3 from the real row at 2, 4 from 9.
/// let found = two_sample(Rows::new(&[0.0, 1.0, 2.0], 1)?, Rows::new(&[5.0, 9.0], 1)?)?;
/// assert_eq!((found.real.value, found.drawn.value, found.accuracy.value), (1.0, 0.5, 0.75));
/// # Ok::<(), ancestral_metrics::MetricError>(())
/// ```
pub fn two_sample(real: Rows, drawn: Rows) -> Result<TwoSample, MetricError> {
    check(&real, &drawn, 2)?;
    let (real, drawn) = join(|| recognised(real, drawn), || recognised(drawn, real));
    let (real, drawn) = (real?, drawn?);
    let standard_error = real.standard_error.hypot(drawn.standard_error) / 2.0;
    let value = f64::midpoint(real.value, drawn.value);
    Ok(TwoSample { accuracy: Estimate { value, standard_error }, real, drawn })
}

/// The share of rows that are nearer to a row of their own set than to the other set.
fn recognised(own: Rows, other: Rows) -> Result<Estimate, MetricError> {
    let (within, across) = (nearest_others(own, 1)?, nearest(own, other, 1)?);
    let score = |(within, across): (&Vec<Neighbour>, &Vec<Neighbour>)| match within[0]
        .distance
        .total_cmp(&across[0].distance)
    {
        std::cmp::Ordering::Less => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Greater => 0.0,
    };
    let right = within.iter().zip(&across).map(score).sum();
    Ok(Estimate::of_share(right, own.count()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::normals;

    #[test]
    fn draws_of_one_distribution_are_told_apart_by_chance() {
        let (a, b) = (normals(1, 3 * 2000), normals(2, 3 * 1500));
        let found = two_sample(Rows::new(&a, 3).unwrap(), Rows::new(&b, 3).unwrap()).unwrap();
        let Estimate { value, standard_error } = found.accuracy;
        assert!((value - 0.5).abs() < 4.0 * standard_error, "{value} ± {standard_error}");
        // √(0.25/2000 + 0.25/1500)/2, about.
        assert!((standard_error - 0.00854).abs() < 2e-4, "{standard_error}");
    }

    #[test]
    fn a_collapsed_model_is_recognised_by_its_drawn_rows() {
        let (real, drawn) = ([0.0, 1.0, 2.0, 3.0, 4.0], [2.0, 2.1, 2.15]);
        let rows = |values| Rows::new(values, 1).unwrap();
        let found = two_sample(rows(&real), rows(&drawn)).unwrap();
        // The real row at 2 has a copy, that at 3 is 0.85 from 2.15; those at 1 (1 to 0, 2 and 2.0: a
        // tie), 0 and 4 (to 3) are recognised. 2.0 is nearest to the real row at 2.
        assert_eq!((found.real.value, found.drawn.value), (0.5, 2.0 / 3.0));
        let exchanged = two_sample(rows(&drawn), rows(&real)).unwrap();
        assert_eq!((exchanged.real.value, exchanged.drawn.value), (2.0 / 3.0, 0.5));
    }

    #[test]
    fn copies_are_below_chance() {
        let rows = normals(3, 2 * 50);
        let rows = Rows::new(&rows, 2).unwrap();
        assert_eq!(two_sample(rows, rows).unwrap().accuracy.value, 0.0);
    }

    #[test]
    fn a_single_row_has_no_neighbour() {
        let rows = |values| Rows::new(values, 1).unwrap();
        let error = Err(MetricError::Rows { found: 1, least: 2 });
        assert_eq!(two_sample(rows(&[1.0]), rows(&[1.0, 2.0])), error);
    }
}
