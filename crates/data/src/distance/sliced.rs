//! The sliced Wasserstein distance: of all shadows on a line.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};

use super::{DistanceError, values};

/// The shadows that are compared.
const DIRECTIONS: usize = 256;

/// The sliced 2-Wasserstein distance between two sets of rows of `row_len` values each, one row after
/// the other. It is in the units of the values, and sees the whole shape of a distribution.
///
/// # Formula
/// ```text
/// √( mean over u of ∫₀¹ (F_a⁻¹(q; u) − F_b⁻¹(q; u))² dq ),     F(·; u) of the rows' products with u
/// ```
/// over 256 directions u, always the same ones, evenly distributed on the sphere. Of few rows it is
/// biased upwards: compare sets of equal size.
///
/// # Numerics
/// In f64; the integral is exact, also where the sets differ in size.
///
/// # Source
/// Bonneel et al. 2015, doi:10.1007/s10851-014-0506-3.
///
/// # Errors
/// [`DistanceError`] if a set is empty, or a value is not finite.
///
/// # Panics
/// If the values do not fill whole rows.
///
/// # Example
/// ```
/// use ancestral_data::sliced_wasserstein;
///
/// // On a line there is one direction.
/// assert_eq!(sliced_wasserstein(&[0.0, 1.0], &[4.0, 3.0], 1)?, 3.0);
/// # Ok::<(), ancestral_data::DistanceError>(())
/// ```
pub fn sliced_wasserstein<T: Copy + Into<f64>>(
    a: &[T],
    b: &[T],
    row_len: usize,
) -> Result<f64, DistanceError> {
    let (a, b) = (values(a, row_len, 1)?, values(b, row_len, 1)?);
    let squares = directions(row_len).map(|u| line_distance(&shadow(&a, &u), &shadow(&b, &u)));
    Ok((squares.sum::<f64>() / DIRECTIONS as f64).sqrt())
}

/// Directions that depend on nothing but the dimension.
fn directions(dimensions: usize) -> impl Iterator<Item = Vec<f64>> {
    let mut key = [0; 32];
    key[..6].copy_from_slice(b"slices");
    let mut rng = ChaCha8Rng::from_seed(key);
    let mut direction = move || {
        let normals: Vec<f64> = (0..dimensions).map(|_| StandardNormal.sample(&mut rng)).collect();
        let length = normals.iter().map(|x: &f64| x * x).sum::<f64>().sqrt();
        normals.into_iter().map(|x| x / length).collect()
    };
    (0..DIRECTIONS).map(move |_| direction())
}

/// The rows' products with `direction`, sorted.
fn shadow(rows: &[f64], direction: &[f64]) -> Vec<f64> {
    let product = |row: &[f64]| std::iter::zip(row, direction).map(|(x, u)| x * u).sum();
    let mut shadow: Vec<f64> = rows.chunks_exact(direction.len()).map(product).collect();
    shadow.sort_unstable_by(f64::total_cmp);
    shadow
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
    fn a_shift_is_its_mean_shadow() {
        // The mean of (s·u)² over the sphere is |s|²/d: 25/2 for 3, 4 in the plane, whose 256
        // directions have a standard error of |s|²/√(8·256) = 0.55.
        let a = [0.3, 1.0, -2.0, 0.5, 1.1, 0.0];
        let b: Vec<f64> = a.iter().zip([3.0, 4.0].iter().cycle()).map(|(x, s)| x + s).collect();
        let found = sliced_wasserstein(&a, &b, 2).unwrap().powi(2);
        assert!((found - 12.5).abs() < 3.0 * 0.56, "{found}");
        let there = sliced_wasserstein(&a, &b, 2).unwrap();
        assert_eq!(there, sliced_wasserstein(&b, &a, 2).unwrap());
        assert_eq!(sliced_wasserstein(&a, &a, 2), Ok(0.0));
    }

    #[test]
    fn no_rows_are_refused() {
        let none: [f32; 0] = [];
        let error = DistanceError::Rows { found: 0, least: 1 };
        assert_eq!(sliced_wasserstein(&none, &[1.0], 1), Err(error));
    }
}
