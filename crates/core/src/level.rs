//! A noise level: how much of a sample is data and how much is noise.

use thiserror::Error;

/// One variance-preserving noise level, `x = α x₀ + σ ε` with `α² + σ² = 1`.
///
/// It is held by its half log-SNR `λ = ln(α/σ)`, in which nothing is lost at either end:
/// `λ = +∞` is clean data, `λ = −∞` is pure noise. Greater is cleaner.
///
/// # Source
/// Kingma et al. 2021, arXiv:2107.00630, section 3.1; λ as in Lu et al. 2022, arXiv:2206.00927.
///
/// # Example
/// ```
/// use ancestral::Level;
/// let level = Level::from_alpha_bar(0.25)?;
/// assert!((level.alpha() - 0.5).abs() < 1e-15);
/// assert!((level.snr() - 1.0 / 3.0).abs() < 1e-15);
/// assert!(Level::NOISE < level && level < Level::CLEAN);
/// # Ok::<(), ancestral::level::LevelError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Level {
    lambda: f64,
}

/// A number that is no noise level.
#[derive(Clone, Copy, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum LevelError {
    /// `lambda` is NaN.
    #[error("lambda {0} is not a half log-SNR")]
    Lambda(f64),
    /// `alpha_bar` is outside [0, 1] or NaN.
    #[error("alpha_bar {0} is outside [0, 1]")]
    AlphaBar(f64),
}

impl Level {
    /// Clean data: `α = 1`, `σ = 0`, `λ = +∞`.
    pub const CLEAN: Self = Self { lambda: f64::INFINITY };
    /// Pure noise (zero terminal SNR): `α = 0`, `σ = 1`, `λ = −∞`.
    pub const NOISE: Self = Self { lambda: f64::NEG_INFINITY };

    /// The level with half log-SNR `lambda`; both infinities are levels.
    ///
    /// # Errors
    /// [`LevelError::Lambda`] for NaN.
    pub fn from_lambda(lambda: f64) -> Result<Self, LevelError> {
        if lambda.is_nan() { Err(LevelError::Lambda(lambda)) } else { Ok(Self { lambda }) }
    }

    /// The level with signal variance `alpha_bar` in [0, 1].
    ///
    /// Close to 1 the number itself has few digits of `1 − ᾱ` left: build schedules with
    /// [`Level::from_log_alpha_bar`].
    ///
    /// # Errors
    /// [`LevelError::AlphaBar`] outside [0, 1].
    pub fn from_alpha_bar(alpha_bar: f64) -> Result<Self, LevelError> {
        if !(0.0..=1.0).contains(&alpha_bar) {
            return Err(LevelError::AlphaBar(alpha_bar));
        }
        Ok(Self { lambda: 0.5 * (alpha_bar / (1.0 - alpha_bar)).ln() })
    }

    /// The level with `ln ᾱ = log_alpha_bar` ≤ 0: `λ = ½ (ln ᾱ − ln(1 − ᾱ))`, with `1 − ᾱ` by
    /// `exp_m1`, so that levels near clean data keep all their digits.
    ///
    /// # Errors
    /// [`LevelError::AlphaBar`] if it is positive or NaN.
    pub fn from_log_alpha_bar(log_alpha_bar: f64) -> Result<Self, LevelError> {
        if log_alpha_bar.is_nan() || log_alpha_bar > 0.0 {
            return Err(LevelError::AlphaBar(log_alpha_bar.exp()));
        }
        Ok(Self { lambda: 0.5 * (log_alpha_bar - (-log_alpha_bar.exp_m1()).ln()) })
    }

    /// Half log-SNR, `λ = ln(α/σ)`.
    #[must_use]
    pub fn lambda(self) -> f64 {
        self.lambda
    }

    /// Signal scale, `α = √ᾱ`, in [0, 1]. Where ᾱ is below the least f64, α is not.
    #[must_use]
    pub fn alpha(self) -> f64 {
        scale(self.lambda)
    }

    /// Noise scale, `σ = √(1 − ᾱ)`, in [0, 1]. Where σ² is below the least f64, σ is not.
    #[must_use]
    pub fn sigma(self) -> f64 {
        scale(-self.lambda)
    }

    /// Signal variance, `ᾱ = 1/(1 + e^(−2λ))`.
    #[must_use]
    pub fn alpha_bar(self) -> f64 {
        1.0 / (1.0 + (-2.0 * self.lambda).exp())
    }

    /// Noise variance, `σ² = 1 − ᾱ = 1/(1 + e^(2λ))`, without the subtraction.
    #[must_use]
    pub fn sigma_squared(self) -> f64 {
        1.0 / (1.0 + (2.0 * self.lambda).exp())
    }

    /// Signal-to-noise ratio, `α²/σ² = e^(2λ)`.
    #[must_use]
    pub fn snr(self) -> f64 {
        (2.0 * self.lambda).exp()
    }

    /// Noise scale of the variance-exploding form, `σ/α = e^(−λ)` (Karras et al. 2022).
    #[must_use]
    pub fn karras_sigma(self) -> f64 {
        (-self.lambda).exp()
    }
}

/// `1/√(1 + e^(−2λ))`, which is `e^λ/√(1 + e^(2λ))` where `e^(−2λ)` would overflow.
fn scale(lambda: f64) -> f64 {
    if lambda < 0.0 {
        lambda.exp() / (1.0 + (2.0 * lambda).exp()).sqrt()
    } else {
        1.0 / (1.0 + (-2.0 * lambda).exp()).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_ends() {
        assert_eq!((Level::CLEAN.alpha(), Level::CLEAN.sigma()), (1.0, 0.0));
        assert_eq!((Level::NOISE.alpha(), Level::NOISE.sigma()), (0.0, 1.0));
        assert_eq!(Level::from_alpha_bar(1.0), Ok(Level::CLEAN));
        assert_eq!(Level::from_alpha_bar(0.0), Ok(Level::NOISE));
        assert_eq!(Level::from_log_alpha_bar(0.0), Ok(Level::CLEAN));
    }

    #[test]
    fn near_clean_data_no_digit_is_lost() {
        // 1 − ᾱ = 1e-12 to first order in ln ᾱ = −1e-12: −expm1(−1e-12) = 1e-12 − 5e-25.
        let level = Level::from_log_alpha_bar(-1e-12).unwrap();
        assert!((level.sigma_squared() / (1e-12 - 5e-25) - 1.0).abs() < 1e-14);
    }

    #[test]
    fn scales_far_out_are_lost_later_than_their_squares() {
        // e^-400 and e^-700; their squares are below the least f64.
        for (lambda, small) in
            [(400.0, 1.915_169_596_714_005_7e-174), (700.0, 9.859_676_543_759_77e-305)]
        {
            let (noisy, clean) = (Level { lambda: -lambda }, Level { lambda });
            assert!((noisy.alpha() / small - 1.0).abs() < 1e-13, "{}", noisy.alpha());
            assert!((clean.sigma() / small - 1.0).abs() < 1e-13, "{}", clean.sigma());
            assert_eq!((noisy.sigma(), clean.alpha()), (1.0, 1.0));
        }
        for lambda in [-30.0, -2.5, -1e-9, 0.0, 0.7, 18.0] {
            let level = Level { lambda };
            assert!((level.alpha().powi(2) / level.alpha_bar() - 1.0).abs() < 1e-15);
            assert!((level.sigma().powi(2) / level.sigma_squared() - 1.0).abs() < 1e-15);
        }
    }

    #[test]
    fn nonsense_is_refused_with_its_value() {
        assert!(Level::from_lambda(f64::NAN).is_err());
        assert_eq!(
            Level::from_alpha_bar(1.5).unwrap_err().to_string(),
            "alpha_bar 1.5 is outside [0, 1]"
        );
        assert!(Level::from_alpha_bar(f64::NAN).is_err());
        assert!(Level::from_log_alpha_bar(0.1).is_err());
    }
}
