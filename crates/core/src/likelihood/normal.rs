//! The normal distribution of one value: density and Kullback–Leibler divergence.

use super::tails;

/// The normal distribution of one value. A Gaussian with a diagonal covariance is one for each
/// dimension, and what is said here of one value is summed over dimensions.
///
/// # Example
/// ```
/// use ancestral::likelihood::Normal;
/// let (q, p) = (Normal { mean: 1.0, log_variance: 0.0 }, Normal { mean: 0.0, log_variance: 0.0 });
/// assert_eq!(q.divergence(&p), 0.5);
/// assert_eq!(p.divergence(&p), 0.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normal {
    /// Its mean.
    pub mean: f64,
    /// The logarithm of its variance.
    pub log_variance: f64,
}

impl Normal {
    /// KL(self || p) in nats.
    ///
    /// # Formula
    /// ```text
    /// KL(q || p) = ½ (ln σ_p² − ln σ_q² − 1 + σ_q²/σ_p² + (μ_q − μ_p)²/σ_p²)
    /// ```
    /// # Numerics
    /// With `exp_m1` of the log-ratio, so that equal variances leave no rounding error.
    #[must_use]
    pub fn divergence(&self, p: &Self) -> f64 {
        let log_ratio = self.log_variance - p.log_variance;
        let shift = (self.mean - p.mean).powi(2) * (-p.log_variance).exp();
        0.5 * (log_ratio.exp_m1() - log_ratio + shift)
    }

    /// ln p(x) in nats.
    #[must_use]
    pub fn log_density(&self, x: f64) -> f64 {
        tails::log_density(self.standard(x)) - 0.5 * self.log_variance
    }

    /// (x − mean)/std.
    pub(super) fn standard(&self, x: f64) -> f64 {
        (x - self.mean) * (-0.5 * self.log_variance).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divergence_by_hand() {
        // N(1, 4) from N(−1, 9): ln(3/2) + (4 + 4)/18 − ½.
        let q = Normal { mean: 1.0, log_variance: 4_f64.ln() };
        let p = Normal { mean: -1.0, log_variance: 9_f64.ln() };
        let expected = 1.5_f64.ln() + 8.0 / 18.0 - 0.5;
        assert!((q.divergence(&p) - expected).abs() < 1e-15);
    }

    #[test]
    fn nearly_equal_variances_keep_their_digits() {
        // ½ (e^r − 1 − r) = r²/4 to first order.
        let q = Normal { mean: 0.0, log_variance: 1e-5 };
        let p = Normal { mean: 0.0, log_variance: 0.0 };
        assert!((q.divergence(&p) / 0.25e-10 - 1.0).abs() < 1e-5);
    }

    #[test]
    fn density_by_hand() {
        let p = Normal { mean: 1.0, log_variance: 4_f64.ln() };
        let expected = -0.5 - 0.5 * (8.0 * std::f64::consts::PI).ln();
        assert!((p.log_density(3.0) - expected).abs() < 1e-15);
    }
}
