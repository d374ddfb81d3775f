//! The Fréchet distance of the Gaussians that have the moments of the rows.

use nalgebra::{DMatrix, DVector};

use super::{DistanceError, values};

/// The Fréchet distance between two sets of rows of `row_len` values each, one row after the other:
/// the squared 2-Wasserstein distance of the Gaussians with their means and covariances. It is in
/// squared units of the values, 0 or more but for rounding, and sees no more than those moments.
///
/// # Formula
/// ```text
/// |m_a − m_b|² + tr(C_a + C_b − 2 (C_a^½ C_b C_a^½)^½)
/// ```
/// with unbiased covariances C and symmetric square roots. Of few rows it is biased upwards: compare
/// sets of equal size.
///
/// # Numerics
/// In f64; eigenvalues that rounding makes negative count as 0.
///
/// # Source
/// Dowson and Landau 1982, doi:10.1016/0047-259X(82)90077-X; in pixels what Heusel et al. 2017,
/// arXiv:1706.08500, is in features of a network.
///
/// # Errors
/// [`DistanceError`] if a set has fewer than 2 rows, or a value is not finite.
///
/// # Panics
/// If the values do not fill whole rows.
///
/// # Example
/// ```
/// use ancestral_data::frechet_distance;
///
/// // Means 1 and 4, variances 2 and 8: 3² + (√8 − √2)².
/// let found = frechet_distance(&[0.0, 2.0], &[2.0, 6.0], 1)?;
/// assert!((found - 11.0).abs() < 1e-12);
/// # Ok::<(), ancestral_data::DistanceError>(())
/// ```
pub fn frechet_distance<T: Copy + Into<f64>>(
    a: &[T],
    b: &[T],
    row_len: usize,
) -> Result<f64, DistanceError> {
    let (a, b) = (
        Moments::of(&values(a, row_len, 2)?, row_len),
        Moments::of(&values(b, row_len, 2)?, row_len),
    );
    let root = symmetric_root(&a.covariance);
    let cross = symmetric_root(&(&root * &b.covariance * &root)).trace();
    let traces = a.covariance.trace() + b.covariance.trace();
    Ok((a.mean - b.mean).norm_squared() + traces - 2.0 * cross)
}

struct Moments {
    mean: DVector<f64>,
    covariance: DMatrix<f64>,
}

impl Moments {
    fn of(values: &[f64], row_len: usize) -> Self {
        // A column a row of the set: nalgebra's order.
        let mut rows = DMatrix::from_column_slice(row_len, values.len() / row_len, values);
        let mean = rows.column_mean();
        rows.column_iter_mut().for_each(|mut row| row -= &mean);
        let covariance = &rows * rows.transpose() / (rows.ncols() - 1) as f64;
        Self { mean, covariance }
    }
}

/// The square root of a symmetric matrix without negative eigenvalues.
fn symmetric_root(matrix: &DMatrix<f64>) -> DMatrix<f64> {
    // Products of symmetric matrices are symmetric but for rounding.
    let symmetric = (matrix + matrix.transpose()) / 2.0;
    let mut eigen = symmetric.symmetric_eigen();
    eigen.eigenvalues.apply(|value| *value = value.max(0.0).sqrt());
    eigen.recompose()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four rows m ± p and m ± q: their mean is m, their unbiased covariance 2/3 (p pᵀ + q qᵀ).
    fn cross(m: [f64; 2], p: [f64; 2], q: [f64; 2]) -> Vec<f64> {
        let row = |sign: f64, v: [f64; 2]| [m[0] + sign * v[0], m[1] + sign * v[1]];
        [row(1.0, p), row(-1.0, p), row(1.0, q), row(-1.0, q)].concat()
    }

    #[test]
    fn gaussians_that_commute_have_a_closed_form() {
        // Covariances 2/3 diag(9, 1) and 2/3 diag(4, 16): Σ (√a − √b)².
        let a = cross([0.0, 0.0], [3.0, 0.0], [0.0, 1.0]);
        let b = cross([1.0, -2.0], [2.0, 0.0], [0.0, 4.0]);
        let truth = 5.0 + 2.0 / 3.0 * (1.0 + 9.0);
        let found = frechet_distance(&a, &b, 2).unwrap();
        assert!((found - truth).abs() < 1e-12, "{found} is not {truth}");
    }

    #[test]
    fn in_the_plane_the_root_has_a_closed_form() {
        // tr (C_a^½ C_b C_a^½)^½ = √(tr(C_a C_b) + 2 √(det C_a det C_b)) for 2 × 2 matrices.
        let (p, q) = ([1.0, 0.5], [-0.3, 2.0]);
        let (r, s) = ([0.2, 1.0], [1.5, -0.4]);
        let covariance = |p: [f64; 2], q: [f64; 2]| {
            let entry = |i: usize, j: usize| 2.0 / 3.0 * (p[i] * p[j] + q[i] * q[j]);
            [entry(0, 0), entry(0, 1), entry(1, 1)]
        };
        let (a, b) = (covariance(p, q), covariance(r, s));
        let det = |c: [f64; 3]| c[0] * c[2] - c[1] * c[1];
        let product = a[0] * b[0] + 2.0 * a[1] * b[1] + a[2] * b[2];
        let root = (product + 2.0 * (det(a) * det(b)).sqrt()).sqrt();
        let truth = a[0] + a[2] + b[0] + b[2] - 2.0 * root;
        let zero = [0.0, 0.0];
        let found = frechet_distance(&cross(zero, p, q), &cross(zero, r, s), 2).unwrap();
        assert!((found - truth).abs() < 1e-12, "{found} is not {truth}");
    }

    #[test]
    fn a_set_is_at_no_distance_from_itself() {
        // Of 3 rows in 4 dimensions the covariance is singular.
        let rows = [0.1_f32, 2.0, -1.0, 0.3, 0.7, 0.2, 0.5, -0.9, 1.1, -0.4, 0.0, 0.6];
        assert!(frechet_distance(&rows, &rows, 4).unwrap().abs() < 1e-6);
    }

    #[test]
    fn what_has_no_moments_is_refused() {
        let few = frechet_distance(&[1.0, 2.0], &[1.0, 2.0, 3.0, 4.0], 2);
        assert_eq!(few, Err(DistanceError::Rows { found: 1, least: 2 }));
        let bad = frechet_distance(&[1.0, 2.0], &[1.0, f64::INFINITY], 1);
        assert_eq!(bad, Err(DistanceError::Value { value: f64::INFINITY, row: 1 }));
    }
}
