//! The energy distance: of pairs within sets and across.

use rayon::prelude::*;

use crate::rows::{check, squared_distance};
use crate::{MetricError, Rows};

/// The energy distance between two sets of rows. It is in the units of the values, and 0 only for equal
/// distributions.
///
/// # Formula
/// ```text
/// 2 E|a − b| − E|a − a'| − E|b − b'|
/// ```
/// over pairs of different rows. For few rows it scatters but has no bias, so it can be below 0, and
/// sets of any size can be compared.
///
/// # Numerics
/// In f64, pair by pair.
///
/// # Source
/// Székely and Rizzo 2013, doi:10.1016/j.jspi.2013.03.018.
///
/// # Errors
/// [`MetricError`] if the rows differ in length, or a set has fewer than 2 rows.
///
/// # Example
/// ```
/// use ancestral_metrics::{Rows, energy_distance};
///
/// // Across: (2 + 4 + 1 + 3)/4 = 2.5; within: 1 and 2.
/// assert_eq!(energy_distance(Rows::new(&[0.0, 1.0], 1)?, Rows::new(&[2.0, 4.0], 1)?)?, 2.0);
/// # Ok::<(), ancestral_metrics::MetricError>(())
/// ```
pub fn energy_distance<T: Copy + Into<f64> + Sync>(
    a: Rows<T>,
    b: Rows<T>,
) -> Result<f64, MetricError> {
    check(&a, &b, 2)?;
    let (n, m) = (a.count(), b.count());
    let across = sum(a, b) / (n * m) as f64;
    let within = |rows, n: usize| sum(rows, rows) / (n * (n - 1)) as f64;
    Ok(2.0 * across - within(a, n) - within(b, m))
}

/// The distances of all pairs.
fn sum<T: Copy + Into<f64> + Sync>(a: Rows<T>, b: Rows<T>) -> f64 {
    let to_all = |a: &[T]| {
        b.values().chunks_exact(b.row_len()).map(|b| squared_distance(a, b).sqrt()).sum::<f64>()
    };
    // Row by row, and then in order: the sum does not depend on the number of threads.
    let sums = a.values().par_chunks_exact(a.row_len()).map(to_all);
    sums.collect::<Vec<_>>().iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;
    use rand_distr::{Distribution, StandardNormal};

    fn distance(a: &[f64], b: &[f64], row_len: usize) -> Result<f64, MetricError> {
        energy_distance(Rows::new(a, row_len)?, Rows::new(b, row_len)?)
    }

    fn normals(seed: u64, count: usize, mean: f64) -> Vec<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..count).map(|_| mean + Distribution::<f64>::sample(&StandardNormal, &mut rng)).collect()
    }

    #[test]
    fn gaussians_on_a_line_have_a_closed_form() {
        // E|X| of N(δ, 2) is 2/√π exp(−δ²/4) + δ erf(δ/2); with δ = 2, erf(1) = 0.842700792949715.
        let pi = std::f64::consts::PI;
        let across = 2.0 / pi.sqrt() * (-1.0_f64).exp() + 2.0 * 0.842_700_792_949_715;
        let truth = 2.0 * across - 4.0 / pi.sqrt();
        let found = distance(&normals(1, 4000, 0.0), &normals(2, 4000, 2.0), 1).unwrap();
        // The deviation of a mean over 4000 rows is about 2/√4000 = 0.03.
        assert!((found - truth).abs() < 0.12, "{found}, {truth}");
    }

    #[test]
    fn of_one_distribution_it_is_0_on_average_however_few_the_rows() {
        let mut all = Vec::new();
        for seed in 0..400 {
            let (a, b) = (normals(2 * seed, 3 * 6, 0.5), normals(2 * seed + 1, 3 * 9, 0.5));
            all.push(distance(&a, &b, 3).unwrap());
        }
        let mean = all.iter().sum::<f64>() / 400.0;
        let deviation = (all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 399.0).sqrt();
        assert!(mean.abs() < 4.0 * deviation / 20.0, "{mean}, {deviation}");
    }

    #[test]
    fn it_needs_two_rows() {
        let error = Err(MetricError::Rows { found: 1, least: 2 });
        assert_eq!(distance(&[1.0], &[1.0, 2.0], 1), error);
    }
}
