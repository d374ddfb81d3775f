//! The sliced Wasserstein distance: of all projections on a line.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use crate::rows::check;
use crate::{MetricError, Rows};

/// The projections that are compared.
const DIRECTIONS: usize = 256;

/// The sliced 2-Wasserstein distance between two sets of rows. It is in the units of the values, and
/// depends on the whole shape of a distribution.
///
/// # Formula
/// ```text
/// √( mean over u of ∫₀¹ (F_a⁻¹(q; u) − F_b⁻¹(q; u))² dq ),     F(·; u) of the rows' products with u
/// ```
/// over 256 directions u, always the same ones, uniform on the sphere. For few rows it is biased
/// upwards: compare sets of equal size.
///
/// # Numerics
/// In f64; the integral is exact, also where the sets differ in size.
///
/// # Source
/// Bonneel et al. 2015, doi:10.1007/s10851-014-0506-3.
///
/// # Errors
/// [`MetricError`] if the rows differ in length.
///
/// # Example
/// ```
/// use ancestral_metrics::{Rows, sliced_wasserstein};
///
/// // On a line there is one direction.
/// assert_eq!(sliced_wasserstein(Rows::new(&[0.0, 1.0], 1)?, Rows::new(&[4.0, 3.0], 1)?)?, 3.0);
/// # Ok::<(), ancestral_metrics::MetricError>(())
/// ```
pub fn sliced_wasserstein<T: Copy + Into<f64> + Sync>(
    a: Rows<T>,
    b: Rows<T>,
) -> Result<f64, MetricError> {
    check(&a, &b, 1)?;
    let square = |u: Vec<f64>| line_distance(&projected(a, &u), &projected(b, &u));
    let squares: Vec<f64> = directions(a.row_len()).into_par_iter().map(square).collect();
    Ok((squares.iter().sum::<f64>() / DIRECTIONS as f64).sqrt())
}

/// Directions that depend on nothing but the dimension.
fn directions(dimensions: usize) -> Vec<Vec<f64>> {
    let mut key = [0; 32];
    key[..6].copy_from_slice(b"slices");
    let mut rng = ChaCha8Rng::from_seed(key);
    let mut direction = || -> Vec<f64> {
        let normals: Vec<f64> = (0..dimensions).map(|_| StandardNormal.sample(&mut rng)).collect();
        let length = normals.iter().map(|x: &f64| x * x).sum::<f64>().sqrt();
        normals.into_iter().map(|x| x / length).collect()
    };
    (0..DIRECTIONS).map(|_| direction()).collect()
}

/// The rows' products with `direction`, sorted.
fn projected<T: Copy + Into<f64>>(rows: Rows<T>, direction: &[f64]) -> Vec<f64> {
    let product = |row: &[T]| std::iter::zip(row, direction).map(|(&x, u)| x.into() * u).sum();
    let mut products: Vec<f64> = rows.values().chunks_exact(direction.len()).map(product).collect();
    products.sort_unstable_by(f64::total_cmp);
    products
}

/// The squared 2-Wasserstein distance of sorted numbers: their quantile functions are steps, which
/// change together at the multiples of 1/|a| and 1/|b|.
fn line_distance(a: &[f64], b: &[f64]) -> f64 {
    let (mut i, mut j, mut from, mut sum) = (0, 0, 0, 0.0);
    // Shares in units of 1/(|a| |b|).
    while i < a.len() && j < b.len() {
        let (end_a, end_b) = ((i + 1) * b.len(), (j + 1) * a.len());
        let to = end_a.min(end_b);
        sum += (to - from) as f64 * (a[i] - b[j]).powi(2);
        i += usize::from(to == end_a);
        j += usize::from(to == end_b);
        from = to;
    }
    sum / (a.len() as f64 * b.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_other_sizes_are_compared_by_their_quantiles() {
        // Twice each is the same distribution.
        assert_eq!(line_distance(&[0.0, 3.0], &[0.0, 0.0, 3.0, 3.0]), 0.0);
        // Thirds and halves: |F⁻¹ − G⁻¹| is 0, then 1 over [1/3, 1/2], 1 over [1/2, 2/3], then 0.
        let found = line_distance(&[0.0, 1.0, 2.0], &[0.0, 2.0]);
        assert!((found - 1.0 / 3.0).abs() < 1e-15, "{found}");
    }

    #[test]
    fn a_shift_is_its_mean_projection() {
        // The mean of (s·u)² over the sphere is |s|²/d: 25/2 for 3, 4 in the plane, whose 256
        // directions have a standard error of |s|²/√(8·256) = 0.55.
        let a = [0.3, 1.0, -2.0, 0.5, 1.1, 0.0];
        let b: Vec<f64> = a.iter().zip([3.0, 4.0].iter().cycle()).map(|(x, s)| x + s).collect();
        let rows = |values| Rows::new(values, 2).unwrap();
        let found = sliced_wasserstein(rows(&a), rows(&b)).unwrap();
        assert!((found.powi(2) - 12.5).abs() < 3.0 * 0.56, "{found}");
        assert_eq!(Ok(found), sliced_wasserstein(rows(&b), rows(&a)));
        assert_eq!(sliced_wasserstein(rows(&a), rows(&a)), Ok(0.0));
    }
}
