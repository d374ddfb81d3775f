//! What of a prediction training makes small.

use std::fmt;

use ancestral::{LossWeight, Variance};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What of a network's output training makes small.
///
/// # Formula
/// ```text
/// simple    w_t mean (prediction − target)²,     of a category the cross-entropy of its logits instead
/// hybrid    simple + 0.001 T L_t,    the mean of L_t held fixed
/// vlb       T L_t
/// ```
/// with L_t the term of the variational bound at timestep t, in bits for each value of a sample: the
/// divergence of the reverse transition from the posterior; at t = 0 how unlikely the clean sample is,
/// of pictures as bytes.
///
/// # Source
/// simple: Ho et al. 2020, arXiv:2006.11239, eq. 14. The others: Nichol & Dhariwal 2021,
/// arXiv:2102.09672, eq. 4 and 16; in bits and scaled by T as `RESCALED_MSE` and `RESCALED_KL` of
/// openai/guided-diffusion. The factor 0.001 T is 1 for the usual 1000 timesteps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// The squared error of the prediction, and the cross-entropy of categories: for a fixed variance.
    #[default]
    Simple,
    /// The same, and the variational bound, which trains the variance alone.
    Hybrid,
    /// The variational bound, which trains the prediction as well.
    Vlb,
}

impl Loss {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Hybrid => "hybrid",
            Self::Vlb => "vlb",
        }
    }

    /// The one that trains all outputs of a network with this variance, and does it best.
    #[must_use]
    pub fn of(variance: Variance) -> Self {
        if variance.is_learned() { Self::Hybrid } else { Self::Simple }
    }

    /// Whether it trains all outputs of a network with this variance, and can weigh levels like this.
    ///
    /// # Errors
    /// If a learned variance would not be trained, if a fixed one would, and if the bound, which
    /// weighs noise levels itself, has another weight.
    pub fn check(self, variance: Variance, weight: LossWeight) -> Result<(), LossError> {
        if variance.is_learned() != (self != Self::Simple) {
            return Err(LossError::Variance { loss: self, variance });
        }
        if self == Self::Vlb && weight != LossWeight::Uniform {
            return Err(LossError::Weight { weight });
        }
        Ok(())
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a loss is refused.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum LossError {
    /// It is not for this variance.
    #[error(
        "loss {loss} does not go with variance {variance}: expected {}",
        if variance.is_learned() { "hybrid or vlb" } else { "simple, or a learned variance" }
    )]
    Variance {
        /// The loss.
        loss: Loss,
        /// The variance.
        variance: Variance,
    },
    /// The bound has its own weights.
    #[error("loss weight {weight} does not go with loss vlb: expected uniform")]
    Weight {
        /// The weight.
        weight: LossWeight,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_for_its_variances_and_weights() {
        let min_snr = LossWeight::MinSnr { gamma: 5.0 };
        for variance in Variance::ALL {
            assert_eq!(Loss::of(variance).check(variance, min_snr), Ok(()));
        }
        let message = |loss: Loss, variance: Variance, weight: LossWeight| {
            loss.check(variance, weight).unwrap_err().to_string()
        };
        assert_eq!(
            message(Loss::Simple, Variance::LearnedRange, LossWeight::Uniform),
            "loss simple does not go with variance learned-range: expected hybrid or vlb"
        );
        assert_eq!(
            message(Loss::Vlb, Variance::FixedLarge, LossWeight::Uniform),
            "loss vlb does not go with variance fixed-large: expected simple, or a learned variance"
        );
        assert_eq!(
            message(Loss::Vlb, Variance::Learned, min_snr),
            "loss weight min-snr:gamma=5 does not go with loss vlb: expected uniform"
        );
        assert_eq!(Loss::Vlb.check(Variance::Learned, LossWeight::Uniform), Ok(()));
    }
}
