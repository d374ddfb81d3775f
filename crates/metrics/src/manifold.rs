//! Precision, recall, density and coverage: sets as balls about their rows.

use crate::estimate::Estimate;
use crate::neighbours::nearest_others;
use crate::pairs::{Bounds, Fold, fold_pairs};
use crate::rows::{check, squared_distance};
use crate::{MetricError, Neighbour, Rows};

/// How drawn rows and real rows cover each other.
///
/// Standard errors hold the balls fixed: they are those of counting rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Manifold {
    /// The share of drawn rows within a ball about a real row: fidelity.
    pub precision: Estimate,
    /// The share of real rows within a ball about a drawn row: diversity.
    pub recall: Estimate,
    /// In how many balls about real rows a drawn row is, over k: 1 on average for draws of the same
    /// distribution, and not bounded by it.
    pub density: Estimate,
    /// The share of real rows whose ball contains a drawn row.
    pub coverage: Estimate,
}

/// Precision and recall, density and coverage of drawn rows. The ball about a row has its k-th
/// nearest other row of the same set on its surface.
///
/// # Formula
/// ```text
/// B(x) = { y : |y − x| ≤ |x − NN_k(x)| }
/// precision = mean over drawn y of [y in some B(real)]
/// recall    = mean over real x of [x in some B(drawn)]
/// density   = mean over drawn y of #{real x : y in B(x)} / k
/// coverage  = mean over real x of [some drawn y in B(x)]
/// ```
/// k = 3 is usual for precision and recall, 5 for density and coverage.
///
/// # Numerics
/// Every comparison is made in f64. The surface belongs to a ball, as in the paper of 2019; `prdc`
/// leaves it out, which differs only if rows are exactly as far apart as a radius.
///
/// # Source
/// Kynkäänniemi et al. 2019, arXiv:1904.06991, eq. 1 and 2; Naeem et al. 2020, arXiv:2002.09797,
/// eq. 4 and 5.
///
/// # Errors
/// [`MetricError`] if the rows differ in length, or `k` is 0, or one of the sets does not have more
/// than `k` rows.
///
/// # Example
/// ```
/// use ancestral_metrics::{Rows, manifold};
///
/// // A collapsed model: all its samples are near 2.
/// let real = Rows::new(&[0.0, 1.0, 2.0, 3.0, 4.0], 1)?;
/// let drawn = Rows::new(&[2.0, 2.1, 2.2], 1)?;
/// let found = manifold(real, drawn, 1)?;
/// assert_eq!((found.precision.value, found.recall.value), (1.0, 0.2));
/// # Ok::<(), ancestral_metrics::MetricError>(())
/// ```
pub fn manifold(real: Rows, drawn: Rows, k: usize) -> Result<Manifold, MetricError> {
    check(&real, &drawn, 1)?;
    let of_real = squared_radii(real, &nearest_others(real, k)?);
    let of_drawn = squared_radii(drawn, &nearest_others(drawn, k)?);
    let balls = Balls { queries: drawn, others: real, own: &of_drawn, of_others: &of_real };
    let drawn_rows = fold_pairs(drawn, real, &balls);
    let balls = Balls { queries: real, others: drawn, own: &of_real, of_others: &of_drawn };
    let real_rows = fold_pairs(real, drawn, &balls);
    let share = |rows: &[Place], is: fn(&Place) -> bool| {
        Estimate::of_share(rows.iter().filter(|place| is(place)).count() as f64, rows.len())
    };
    let densities: Vec<f64> = drawn_rows.iter().map(|p| p.balls as f64 / k as f64).collect();
    Ok(Manifold {
        precision: share(&drawn_rows, |place| place.balls > 0),
        recall: share(&real_rows, |place| place.balls > 0),
        density: Estimate::of_mean(&densities),
        coverage: share(&real_rows, |place| place.is_covered),
    })
}

/// The squared distances to the last neighbours: without the rounding of a root.
fn squared_radii(rows: Rows, neighbours: &[Vec<Neighbour>]) -> Vec<f64> {
    let radius = |(row, neighbours): (usize, &Vec<Neighbour>)| {
        let last = neighbours[neighbours.len() - 1].index;
        squared_distance(rows.row(row), rows.row(last))
    };
    neighbours.iter().enumerate().map(radius).collect()
}

/// Where a row is among the balls.
#[derive(Default)]
struct Place {
    /// How many balls of the other set it is in.
    balls: usize,
    /// Whether its own ball contains a row of the other set.
    is_covered: bool,
}

struct Balls<'a> {
    queries: Rows<'a>,
    others: Rows<'a>,
    /// The squared radii of the balls about the queries.
    own: &'a [f64],
    of_others: &'a [f64],
}

impl Fold for Balls<'_> {
    type State = Place;
    type Output = Place;

    fn start(&self) -> Place {
        Place::default()
    }

    fn see(&self, place: &mut Place, query: usize, other: usize, squared: Bounds) {
        let (own, others) = (self.own[query], self.of_others[other]);
        let is_open = |radius: f64| squared.low <= radius && radius < squared.high;
        let squared = if is_open(others) || (!place.is_covered && is_open(own)) {
            squared_distance(self.queries.row(query), self.others.row(other))
        } else {
            squared.high
        };
        place.balls += usize::from(squared <= others);
        place.is_covered |= squared <= own;
    }

    fn finish(&self, place: Place, _: usize) -> Place {
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(real: &[f32], drawn: &[f32], row_len: usize, k: usize) -> [f64; 4] {
        let rows = |values| Rows::new(values, row_len).unwrap();
        let found = manifold(rows(real), rows(drawn), k).unwrap();
        [found.precision, found.recall, found.density, found.coverage].map(|found| found.value)
    }

    #[test]
    fn a_collapsed_model_is_precise_and_recalls_little() {
        let (real, drawn) = ([0.0, 1.0, 2.0, 3.0, 4.0], [2.0, 2.1, 2.2]);
        // Radii of real rows: 1. 2.0 is in the balls about 1, 2, 3; 2.1 and 2.2 in those about 2, 3.
        // Drawn rows are in the balls about 1, 2, 3.
        assert_eq!(values(&real, &drawn, 1, 1), [1.0, 0.2, 7.0 / 3.0, 0.6]);
        // Exchanged: 2.0 is in the balls about 2.0 and 2.1, on the surface of the second.
        assert_eq!(values(&drawn, &real, 1, 1), [0.2, 1.0, 0.4, 2.0 / 3.0]);
    }

    #[test]
    fn four_samples_of_two_clusters() {
        let real = [0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 4.0, 4.0, 5.0, 4.0];
        let drawn = [0.5, 0.5, 0.6, 0.4, 4.5, 4.2, 9.0, 9.0];
        assert_eq!(values(&real, &drawn, 2, 1)[..2], [0.75, 0.4]);
        assert_eq!(values(&real, &drawn, 2, 2)[..2], [0.75, 1.0]);
    }

    #[test]
    fn copies_are_on_the_surface_of_balls_without_extent() {
        assert_eq!(values(&[1.0, 1.0, 5.0, 5.0], &[5.0, 5.0, 5.0], 1, 1), [1.0, 0.5, 2.0, 0.5]);
    }

    #[test]
    fn as_many_neighbours_as_rows_are_refused() {
        let (five, two) = (Rows::new(&[1.0; 5], 1).unwrap(), Rows::new(&[1.0; 2], 1).unwrap());
        let error = Err(MetricError::Neighbours { k: 2, rows: 2 });
        assert_eq!(manifold(five, two, 2), error);
        assert_eq!(manifold(two, five, 2), error);
        assert!(manifold(five, two, 1).is_ok());
    }
}
