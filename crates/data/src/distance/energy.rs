//! The energy distance: of pairs within and across.

use rayon::prelude::*;

use super::{DistanceError, values};

/// The energy distance between two sets of rows of `row_len` values each, one row after the other. It
/// is in the units of the values, and 0 for equal distributions alone.
///
/// # Formula
/// ```text
/// 2 E|a − b| − E|a − a'| − E|b − b'|
/// ```
/// over pairs of different rows: of few rows it is scattered, but not biased, so that it can be below
/// 0, and sets of any size can be compared.
///
/// # Numerics
/// In f64.
///
/// # Source
/// Székely and Rizzo 2013, doi:10.1016/j.jspi.2013.03.018.
///
/// # Errors
/// [`DistanceError`] if a set has fewer than 2 rows, or a value is not finite.
///
/// # Panics
/// If the values do not fill whole rows.
///
/// # Example
/// ```
/// use ancestral_data::energy_distance;
///
/// // Across: (2 + 4 + 1 + 3)/4 = 2.5; within: 1 and 2.
/// assert_eq!(energy_distance(&[0.0, 1.0], &[2.0, 4.0], 1)?, 2.0);
/// # Ok::<(), ancestral_data::DistanceError>(())
/// ```
pub fn energy_distance<T: Copy + Into<f64>>(
    a: &[T],
    b: &[T],
    row_len: usize,
) -> Result<f64, DistanceError> {
    let (a, b) = (values(a, row_len, 2)?, values(b, row_len, 2)?);
    let (n, m) = (a.len() / row_len, b.len() / row_len);
    let across = sum(&a, &b, row_len) / (n * m) as f64;
    let within = |rows: &[f64], n: usize| sum(rows, rows, row_len) / (n * (n - 1)) as f64;
    Ok(2.0 * across - within(&a, n) - within(&b, m))
}

/// The distances of all pairs.
fn sum(a: &[f64], b: &[f64], row_len: usize) -> f64 {
    let to_all = |a: &[f64]| b.chunks_exact(row_len).map(|b| distance(a, b)).sum::<f64>();
    // Row by row, and then in order: the sum does not depend on the number of threads.
    a.par_chunks_exact(row_len).map(to_all).collect::<Vec<_>>().iter().sum()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;
    use rand_distr::{Distribution, StandardNormal};

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
        let found = energy_distance(&normals(1, 4000, 0.0), &normals(2, 4000, 2.0), 1).unwrap();
        // The deviation of a mean over 4000 rows is about 2/√4000 = 0.03.
        assert!((found - truth).abs() < 0.12, "{found}, {truth}");
    }

    #[test]
    fn of_one_distribution_it_is_0_on_average_however_few_the_rows() {
        let mut all = Vec::new();
        for seed in 0..400 {
            let (a, b) = (normals(2 * seed, 3 * 6, 0.5), normals(2 * seed + 1, 3 * 9, 0.5));
            all.push(energy_distance(&a, &b, 3).unwrap());
        }
        let mean = all.iter().sum::<f64>() / 400.0;
        let deviation = (all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 399.0).sqrt();
        assert!(mean.abs() < 4.0 * deviation / 20.0, "{mean}, {deviation}");
    }

    #[test]
    fn it_needs_two_rows_of_finite_values() {
        assert_eq!(
            energy_distance(&[1.0], &[1.0, 2.0], 1),
            Err(DistanceError::Rows { found: 1, least: 2 })
        );
        assert!(energy_distance(&[1.0, f64::NAN], &[1.0, 2.0], 1).is_err());
    }
}
