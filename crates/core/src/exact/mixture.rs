//! The exact denoiser of a Gaussian mixture, and of a finite data set.

use std::convert::Infallible;

use thiserror::Error;

use crate::batch::{Batch, Scalar};
use crate::denoiser::{Denoised, Denoiser};
use crate::grid::Point;
use crate::level::Level;

/// One component of a [`Mixture`]: an isotropic Gaussian.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// Its share, positive; shares need not sum to 1.
    pub weight: f64,
    /// Its mean, one value an element of a row.
    pub mean: Vec<f64>,
    /// Its standard deviation in every dimension, not negative; 0 is a single point.
    pub std: f64,
}

impl Component {
    /// The variance v of its share of x_t in every dimension.
    fn variance(&self, alpha: f64, sigma_squared: f64) -> f64 {
        sigma_squared + (alpha * self.std) * (alpha * self.std)
    }
}

/// A mixture that cannot be.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum MixtureError {
    /// No component at all.
    #[error("a mixture has at least one component, found none")]
    Empty,
    /// A component's weight or standard deviation is out of range.
    #[error("component {index} has weight {weight} and std {std}: expected > 0 and >= 0")]
    Component {
        /// Which component.
        index: usize,
        /// Its weight.
        weight: f64,
        /// Its standard deviation.
        std: f64,
    },
    /// Components of different dimension.
    #[error("component {index} has {found} dimensions, the first has {expected}")]
    Dimension {
        /// Which component.
        index: usize,
        /// Its dimensions.
        found: usize,
        /// Those of the first.
        expected: usize,
    },
}

/// The exact denoiser of a mixture of isotropic Gaussians; with all standard deviations 0, of a
/// finite data set.
///
/// # Formula
/// ```text
/// E[x₀ | x_t] = Σ r_k (m_k + g_k (x_t − α m_k)),     g_k = α s_k²/v_k,    v_k = α² s_k² + σ²
/// r_k ∝ w_k v_k^(−d/2) exp(−|x_t − α m_k|²/(2 v_k))
/// ```
/// # Numerics
/// Responsibilities r by log-sum-exp in f64: finite for thousands of far-away points at any level
/// with σ > 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    components: Vec<Component>,
}

impl Mixture {
    /// A mixture of `components`.
    ///
    /// # Errors
    /// If there is none, they differ in dimension, or a weight or std is out of range.
    pub fn new(components: Vec<Component>) -> Result<Self, MixtureError> {
        let expected = components.first().ok_or(MixtureError::Empty)?.mean.len();
        for (index, Component { weight, mean, std }) in components.iter().enumerate() {
            let (weight, std) = (*weight, *std);
            if !(weight > 0.0 && weight.is_finite() && std >= 0.0 && std.is_finite()) {
                return Err(MixtureError::Component { index, weight, std });
            }
            if mean.len() != expected {
                return Err(MixtureError::Dimension { index, found: mean.len(), expected });
            }
        }
        Ok(Self { components })
    }

    /// A finite data set, every row as likely as any other.
    ///
    /// # Errors
    /// If there is no row.
    pub fn data_set<T: Scalar>(rows: &Batch<T>) -> Result<Self, MixtureError> {
        let point = |row: &[T]| Component {
            weight: 1.0,
            mean: row.iter().map(|value| value.to_f64()).collect(),
            std: 0.0,
        };
        Self::new(rows.iter_rows().map(point).collect())
    }

    /// The components.
    #[must_use]
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// The share of each component in the estimate E\[x₀ | x_t = x\] of one row: the probability that x_t
    /// comes from it. The shares sum to 1.
    ///
    /// # Panics
    /// If `x` and the components differ in dimension.
    ///
    /// # Example
    /// ```
    /// use ancestral::exact::Mixture;
    /// use ancestral::{Batch, Level};
    /// let points = Mixture::data_set(&Batch::new(vec![1], vec![-1.0, 1.0]))?;
    /// // At pure noise x_t does not matter.
    /// assert_eq!(points.responsibilities(&[0.4], Level::NOISE), [0.5, 0.5]);
    /// # Ok::<(), ancestral::exact::MixtureError>(())
    /// ```
    #[must_use]
    pub fn responsibilities(&self, x: &[f64], level: Level) -> Vec<f64> {
        assert_eq!(x.len(), self.components[0].mean.len(), "dimensions of x and components");
        let mut shares = self.relative_shares(x, level.alpha(), level.sigma_squared());
        let total: f64 = shares.iter().sum();
        for share in &mut shares {
            *share /= total;
        }
        shares
    }

    /// The responsibilities r of one row, divided by the largest.
    fn relative_shares(&self, x: &[f64], alpha: f64, sigma_squared: f64) -> Vec<f64> {
        let dimensions = x.len() as f64;
        let mut shares: Vec<f64> = self
            .components
            .iter()
            .map(|component| {
                let v = component.variance(alpha, sigma_squared);
                let far = std::iter::zip(x, &component.mean).map(|(x, m)| (x - alpha * m).powi(2));
                component.weight.ln() - 0.5 * (dimensions * v.ln() + far.sum::<f64>() / v)
            })
            .collect();
        let largest = shares.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for share in &mut shares {
            *share = (*share - largest).exp();
        }
        shares
    }

    /// E\[x₀ | x_t = x\] for one row.
    fn denoise_row(&self, x: &[f64], alpha: f64, sigma_squared: f64) -> Vec<f64> {
        let shares = self.relative_shares(x, alpha, sigma_squared);
        let mut x0 = vec![0.0; x.len()];
        let mut total = 0.0;
        for (component, weight) in std::iter::zip(&self.components, shares) {
            if weight == 0.0 {
                continue;
            }
            total += weight;
            let gain =
                alpha * component.std * component.std / component.variance(alpha, sigma_squared);
            for ((x0, x), m) in x0.iter_mut().zip(x).zip(&component.mean) {
                *x0 += weight * (m + gain * (x - alpha * m));
            }
        }
        for value in &mut x0 {
            *value /= total;
        }
        x0
    }
}

impl<T: Scalar> Denoiser<Batch<T>> for Mixture {
    type Error = Infallible;

    /// # Panics
    /// If rows and components differ in dimension.
    fn denoise(&mut self, x: &Batch<T>, at: Point) -> Result<Denoised<Batch<T>>, Infallible> {
        assert_eq!(x.row_len(), self.components[0].mean.len(), "dimensions of rows and components");
        let (alpha, sigma_squared) = (at.level.alpha(), at.level.sigma_squared());
        let mut x0 = Vec::with_capacity(x.data().len());
        for row in x.iter_rows() {
            let row: Vec<f64> = row.iter().map(|value| value.to_f64()).collect();
            x0.extend(self.denoise_row(&row, alpha, sigma_squared).into_iter().map(T::from_f64));
        }
        Ok(Denoised { x0: Batch::new(x.row_shape().to_vec(), x0), raw_variance: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::Gaussian;

    fn at(lambda: f64) -> Point {
        Point::off_grid(Level::from_lambda(lambda).unwrap())
    }

    #[test]
    fn one_component_is_the_gaussian() {
        let mut mixture =
            Mixture::new(vec![Component { weight: 3.0, mean: vec![0.3, 0.3], std: 0.2 }]).unwrap();
        let mut gaussian = Gaussian { mean: 0.3, std: 0.2 };
        let x = Batch::new(vec![2], vec![0.7_f64, -2.0]);
        for lambda in [-6.0, -1.0, 0.5, 4.0] {
            let Ok(ours) = mixture.denoise(&x, at(lambda));
            let Ok(truth) = gaussian.denoise(&x, at(lambda));
            for (a, b) in std::iter::zip(ours.x0.data(), truth.x0.data()) {
                assert!((a - b).abs() < 1e-14, "{a} is not {b}");
            }
        }
    }

    #[test]
    fn two_points_make_a_tanh() {
        // Points ±1: E[x0|x] = tanh(α x/σ²).
        let mut points = Mixture::data_set(&Batch::new(vec![1], vec![-1.0, 1.0])).unwrap();
        for lambda in [-3.0, 0.0, 2.0] {
            let level = Level::from_lambda(lambda).unwrap();
            let Ok(found) = points.denoise(&Batch::new(vec![1], vec![0.4]), at(lambda));
            let truth = (level.alpha() * 0.4 / level.sigma_squared()).tanh();
            assert!((found.x0.data()[0] - truth).abs() < 1e-14);
        }
    }

    #[test]
    fn responsibilities_are_the_weights_of_the_estimate() {
        // Points ±1: the odds are exp(2 α x/σ²).
        let mut points = Mixture::data_set(&Batch::new(vec![1], vec![-1.0, 1.0])).unwrap();
        for lambda in [-3.0, 0.0, 2.0] {
            let level = Level::from_lambda(lambda).unwrap();
            let shares = points.responsibilities(&[0.4], level);
            let odds = (2.0 * level.alpha() * 0.4 / level.sigma_squared()).exp();
            assert!((shares[1] / shares[0] / odds - 1.0).abs() < 1e-13);
            assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-15);
            let Ok(found) = points.denoise(&Batch::new(vec![1], vec![0.4]), at(lambda));
            assert!((found.x0.data()[0] - (shares[1] - shares[0])).abs() < 1e-14);
        }
    }

    #[test]
    fn thousands_of_far_points_at_tiny_noise_stay_finite() {
        let rows: Vec<f64> = (0..4000).map(|i| f64::from(i) * 100.0).collect();
        let mut points = Mixture::data_set(&Batch::new(vec![1], rows)).unwrap();
        let Ok(found) = points.denoise(&Batch::new(vec![1], vec![-5000.0, 200.1]), at(9.0));
        assert_eq!(found.x0.data(), [0.0, 200.0]);
    }

    #[test]
    fn nonsense_is_refused_by_component() {
        let component = |weight, std, n| Component { weight, mean: vec![0.0; n], std };
        assert_eq!(Mixture::new(vec![]), Err(MixtureError::Empty));
        assert!(Mixture::new(vec![component(0.0, 1.0, 1)]).is_err());
        assert!(Mixture::new(vec![component(1.0, f64::NAN, 1)]).is_err());
        let error = Mixture::new(vec![component(1.0, 1.0, 2), component(1.0, 1.0, 3)]).unwrap_err();
        assert_eq!(error.to_string(), "component 1 has 3 dimensions, the first has 2");
    }
}
