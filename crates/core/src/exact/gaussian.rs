//! The exact denoiser of a Gaussian.

use std::convert::Infallible;

use crate::denoiser::{Denoised, Denoiser};
use crate::grid::Point;
use crate::level::Level;
use crate::sample::Elementwise;

/// The exact denoiser of data N(mean, std²), independent in every dimension.
///
/// # Formula
/// ```text
/// E[x₀ | x_t] = m + α s²/(α² s² + σ²) (x_t − α m)
/// ```
/// # Example
/// ```
/// use ancestral::{Denoiser, Level, Point};
/// use ancestral::exact::Gaussian;
/// let mut data = Gaussian { mean: 0.3, std: 0.2 };
/// // At pure noise the best guess is the mean.
/// let Ok(guess) = data.denoise(&1.7, Point::off_grid(Level::NOISE));
/// assert_eq!(guess.x0, 0.3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gaussian {
    /// Mean of every dimension.
    pub mean: f64,
    /// Standard deviation of every dimension, not negative; 0 is a single point.
    pub std: f64,
}

impl Gaussian {
    /// The standard deviation of x_t: `√(α² s² + σ²)`.
    #[must_use]
    pub fn std_at(&self, level: Level) -> f64 {
        level.alpha().mul_add(level.alpha() * self.std * self.std, level.sigma_squared()).sqrt()
    }

    /// Where the probability flow takes `x` from level `from` to level `to`, exactly.
    ///
    /// # Formula
    /// ```text
    /// x_s = α_s m + std_s/std_t (x_t − α_t m)
    /// ```
    #[must_use]
    pub fn flow(&self, x: f64, from: Level, to: Level) -> f64 {
        let ratio = self.std_at(to) / self.std_at(from);
        to.alpha() * self.mean + ratio * (x - from.alpha() * self.mean)
    }
}

impl<X: Elementwise> Denoiser<X> for Gaussian {
    type Error = Infallible;

    fn denoise(&mut self, x: &X, at: Point) -> Result<Denoised<X>, Infallible> {
        let Self { mean, std } = *self;
        let alpha = at.level.alpha();
        let gain = alpha * std * std / self.std_at(at.level).powi(2);
        let x0 = x.clone().map(|value| mean + gain * (value - alpha * mean));
        Ok(Denoised { x0, raw_variance: None })
    }
}
