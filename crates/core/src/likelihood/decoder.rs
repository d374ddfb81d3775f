//! The decoder: how likely the data are under the last transition, p(x₀ | x_1).

use thiserror::Error;

use super::normal::Normal;
use super::tails::{self, mass_between};

/// What the last transition is a distribution of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoder {
    /// Of evenly spaced values in [−1, 1], as pictures have: the Gaussian's mass in the bin of each.
    Bins(Bins),
    /// Of real numbers, as points and tables are: the Gaussian's density.
    Density,
}

/// Evenly spaced values in [−1, 1], each with the bin of all numbers nearest to it. The outer bins
/// are open, so the bins of any Gaussian sum to 1.
///
/// # Source
/// Ho et al. 2020, arXiv:2006.11239, eq. 13.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bins {
    count: u32,
}

/// A number of bins that is not one.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("{count} bins: expected 2 or more, 256 for pictures of bytes")]
pub struct BinsError {
    /// The number.
    pub count: u32,
}

impl Bins {
    /// Those of bytes: 256.
    pub const BYTES: Self = Self { count: 256 };

    /// `count` values from −1 to 1.
    ///
    /// # Errors
    /// If there are fewer than 2.
    pub fn new(count: u32) -> Result<Self, BinsError> {
        if count < 2 { Err(BinsError { count }) } else { Ok(Self { count }) }
    }

    /// How many there are.
    #[must_use]
    pub fn count(self) -> u32 {
        self.count
    }

    /// The distance from one value to the next, 2/(count − 1).
    #[must_use]
    pub fn width(self) -> f64 {
        2.0 / f64::from(self.count - 1)
    }

    /// Value `index` of them, from 0.
    #[must_use]
    pub fn value(self, index: u32) -> f64 {
        f64::from(index) * self.width() - 1.0
    }

    /// The bin of `x`, from its lower to its upper end.
    fn around(self, x: f64) -> (f64, f64) {
        let last = f64::from(self.count - 1);
        let index = ((x + 1.0) / self.width()).round().clamp(0.0, last);
        let edge = |index: f64| index * self.width() - 1.0;
        let low = if index == 0.0 { f64::NEG_INFINITY } else { edge(index - 0.5) };
        let high = if index == last { f64::INFINITY } else { edge(index + 0.5) };
        (low, high)
    }
}

/// A log-likelihood and how it changes with the Gaussian.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Decoded {
    /// ln p(x₀), in nats.
    pub(super) log_likelihood: f64,
    /// Its derivative with respect to the log-variance.
    pub(super) on_log_variance: f64,
    /// Its derivative with respect to the mean.
    pub(super) on_mean: f64,
}

impl Decoder {
    /// ln p(x₀) in nats, where the last transition is `p`; for [`Bins`], of the bin of `x0`.
    ///
    /// # Numerics
    /// Finite wherever `x0` is, however far out; short bins and far tails keep 12 digits.
    #[must_use]
    pub fn log_likelihood(&self, x0: f64, p: &Normal) -> f64 {
        self.decode(x0, p).log_likelihood
    }

    /// With z = (x₀ − μ)/σ the derivatives are ½ (z² − 1) and z/σ, for a bin the means of these in the
    /// bin.
    pub(super) fn decode(self, x0: f64, p: &Normal) -> Decoded {
        let std = (0.5 * p.log_variance).exp();
        match self {
            Self::Density => {
                let z = p.standard(x0);
                let log_likelihood = tails::log_density(z) - 0.5 * p.log_variance;
                Decoded { log_likelihood, on_log_variance: 0.5 * (z * z - 1.0), on_mean: z / std }
            }
            Self::Bins(bins) => {
                let (low, high) = bins.around(x0);
                let mass = mass_between(p.standard(low), p.standard(high));
                Decoded {
                    log_likelihood: mass.log,
                    on_log_variance: 0.5 * (mass.square - 1.0),
                    on_mean: mass.mean / std,
                }
            }
        }
    }
}
