//! The Fréchet distance of the Gaussians that have the moments of the rows.

use nalgebra::DMatrix;
use rayon::join;

use crate::{MetricError, Moments};

/// A Fréchet distance and its parts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrechetDistance {
    /// The distance, 0 or more, in squared units of the values.
    pub distance: f64,
    /// The part of the means, |m_a − m_b|².
    pub means: f64,
    /// The part of the covariances.
    pub covariances: f64,
    /// A set with too few rows for its covariance, if there is one.
    pub warning: Option<FewRows>,
}

/// A set with no more rows than a row has values. Its covariance is singular, and the distance is biased
/// upwards: compare it only with distances of sets of the same size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FewRows {
    /// The rows of the smaller set.
    pub rows: usize,
    /// The values of a row.
    pub dimensions: usize,
}

/// The Fréchet distance: the squared 2-Wasserstein distance of the Gaussians with these means and
/// covariances. It depends on these moments alone. In the pool3 features of InceptionV3 it is the FID.
///
/// # Formula
/// ```text
/// |m_a − m_b|² + tr(C_a + C_b − 2 (C_a^½ C_b C_a^½)^½)
/// ```
/// with unbiased covariances C. For few rows it is biased upwards: compare sets of equal size.
///
/// # Numerics
/// In f64. With factors C_a = L Lᵀ and C_b = M Mᵀ, the trace of the root is the sum of the singular
/// values of Lᵀ M. The factors are Cholesky's with pivots (Higham 2002, §10.3), which singular
/// covariances have as well, so no root is taken of a number that rounding made negative, and nothing
/// is added to the diagonal.
///
/// # Source
/// Dowson and Landau 1982, doi:10.1016/0047-259X(82)90077-X; of features: Heusel et al. 2017,
/// arXiv:1706.08500.
///
/// # Errors
/// [`MetricError::RowLengths`] if the rows differ in length.
///
/// # Example
/// ```
/// use ancestral_metrics::{Moments, Rows, frechet_distance};
///
/// // Means 1 and 4, variances 2 and 8: 3² + (√8 − √2)².
/// let a = Moments::of(Rows::new(&[0.0, 2.0], 1)?)?;
/// let b = Moments::of(Rows::new(&[2.0, 6.0], 1)?)?;
/// let found = frechet_distance(&a, &b)?;
/// assert!((found.distance - 11.0).abs() < 1e-12 && found.warning.is_none());
/// # Ok::<(), ancestral_metrics::MetricError>(())
/// ```
pub fn frechet_distance(a: &Moments, b: &Moments) -> Result<FrechetDistance, MetricError> {
    let (first, second) = (a.dimensions(), b.dimensions());
    if first != second {
        return Err(MetricError::RowLengths { first, second });
    }
    let means = a.mean.iter().zip(&b.mean).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
    let (left, right) = join(|| factor(a), || factor(b));
    let product = left.tr_mul(&right);
    // Each factor has 8 d² bytes.
    drop((left, right));
    let cross: f64 = product.svd_unordered(false, false).singular_values.iter().sum();
    let traces = trace(a) + trace(b);
    // Rounding alone makes this negative.
    let covariances = (traces - 2.0 * cross).max(0.0);
    let smaller = a.rows.into_iter().chain(b.rows).min().filter(|&rows| rows <= first);
    let warning = smaller.map(|rows| FewRows { rows, dimensions: first });
    Ok(FrechetDistance { distance: means + covariances, means, covariances, warning })
}

fn trace(moments: &Moments) -> f64 {
    let d = moments.dimensions();
    (0..d).map(|i| moments.covariance[i * d + i]).sum()
}

/// L of the covariance L Lᵀ: a column for each direction in which rows vary, and at least one.
fn factor(moments: &Moments) -> DMatrix<f64> {
    let d = moments.dimensions();
    let column = |i: usize| &moments.covariance[i * d..][..d];
    let mut left: Vec<f64> = (0..d).map(|i| column(i)[i]).collect();
    let least = d as f64 * f64::EPSILON * left.iter().copied().fold(0.0, f64::max);
    let mut columns: Vec<f64> = Vec::with_capacity(d * d);
    for _ in 0..d {
        let (pivot, &largest) = left
            .iter()
            .enumerate()
            .max_by(|a, b| a.1.total_cmp(b.1))
            .expect("a row has at least one value");
        if largest <= least {
            break;
        }
        let mut next = column(pivot).to_vec();
        for known in columns.chunks_exact(d) {
            let factor = known[pivot];
            next.iter_mut().zip(known).for_each(|(x, known)| *x -= factor * known);
        }
        let root = largest.sqrt();
        for (x, left) in next.iter_mut().zip(&mut left) {
            // What earlier pivots explain has no variance left.
            *x = if *left == f64::NEG_INFINITY { 0.0 } else { *x / root };
            *left -= *x * *x;
        }
        next[pivot] = root;
        left[pivot] = f64::NEG_INFINITY;
        columns.extend(next);
    }
    if columns.is_empty() {
        columns.resize(d, 0.0);
    }
    DMatrix::from_vec(d, columns.len() / d, columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rows;
    use crate::testing::normals;

    fn distance(a: &[f64], b: &[f64], row_len: usize) -> FrechetDistance {
        let moments = |rows| Moments::of(Rows::new(rows, row_len).unwrap()).unwrap();
        frechet_distance(&moments(a), &moments(b)).unwrap()
    }

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
        let found = distance(&a, &b, 2);
        assert!((found.covariances - 2.0 / 3.0 * (1.0 + 9.0)).abs() < 1e-12, "{found:?}");
        assert!((found.means - 5.0).abs() < 1e-14 && found.warning.is_none());
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
        let found = distance(&cross(zero, p, q), &cross(zero, r, s), 2).distance;
        assert!((found - truth).abs() < 1e-12, "{found} is not {truth}");
    }

    #[test]
    fn singular_covariances_have_a_distance() {
        // Variances 2 along two axes at right angles, means 1 along each: 2 + 2 + 2.
        let (a, b) = ([0.0, 0.0, 0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 2.0, 0.0]);
        let found = distance(&a, &b, 3);
        assert!((found.distance - 6.0).abs() < 1e-14, "{found:?}");
        assert_eq!(found.warning, Some(FewRows { rows: 2, dimensions: 3 }));
        assert_eq!(distance(&a, &a, 3).distance, 0.0);
        // Rows that do not vary.
        assert_eq!(distance(&[1.0; 6], &[2.0; 6], 3).distance, 3.0);
    }

    #[test]
    fn a_set_is_at_no_distance_from_itself() {
        for (rows, row_len) in [(100, 30), (20, 50)] {
            let wide: Vec<f64> = normals(7, rows * row_len)
                .iter()
                .enumerate()
                // Variances from 1 to 1e-10.
                .map(|(i, &x)| {
                    f64::from(x) * 10_f64.powf(-5.0 * (i % row_len) as f64 / row_len as f64)
                })
                .collect();
            let found = distance(&wide, &wide, row_len);
            let rows = Rows::new(&wide, row_len).unwrap();
            let scale = trace(&Moments::of(rows).unwrap());
            assert!(found.distance < 1e-12 * scale, "{found:?} of {scale}");
        }
    }

    #[test]
    fn few_rows_have_the_trace_of_their_gram_matrix() {
        // C = Xᵀ X/(n − 1), so Lᵀ M may be X_a X_bᵀ: another matrix with the same singular values.
        let (a, b) = (normals(1, 6 * 40), normals(2, 9 * 40));
        let wide = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
        let (a, b) = (wide(&a), wide(&b));
        let centred = |values: &[f64]| {
            let mut rows = DMatrix::from_column_slice(40, values.len() / 40, values);
            let mean = rows.column_mean();
            rows.column_iter_mut().for_each(|mut row| row -= &mean);
            let scale = ((rows.ncols() - 1) as f64).sqrt();
            rows / scale
        };
        let (x, y) = (centred(&a), centred(&b));
        let traces = x.norm_squared() + y.norm_squared();
        let cross: f64 = x.tr_mul(&y).singular_values().iter().sum();
        let found = distance(&a, &b, 40);
        assert!((found.covariances - (traces - 2.0 * cross)).abs() < 1e-11 * traces, "{found:?}");
        assert_eq!(found.warning, Some(FewRows { rows: 6, dimensions: 40 }));
    }

    #[test]
    fn moments_of_other_rows_are_refused() {
        let moments = |row_len| Moments::of(Rows::new(&[1.0; 12], row_len).unwrap()).unwrap();
        let error = Err(MetricError::RowLengths { first: 3, second: 4 });
        assert_eq!(frechet_distance(&moments(3), &moments(4)), error);
    }
}
