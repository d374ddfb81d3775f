//! The learning rate of each step.

use std::f64::consts::PI;
use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use crate::TrainError;

/// What follows the warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decay {
    /// The peak for ever.
    Constant,
    /// Half a cosine down to zero, which the step after the last one would reach.
    Cosine,
}

/// How many steps at the start have a smaller rate.
///
/// As JSON it is a number, or an object with the keys of a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Warmup {
    /// So many, however many there are in all.
    Steps(u64),
    /// A share of all, which follows when there are to be more of them.
    Share {
        /// The share is one step in so many, rounded up.
        one_in: NonZeroU64,
        /// But no more steps than these.
        at_most: u64,
    },
}

impl Warmup {
    /// Its steps, of `total`.
    fn of(self, total: u64) -> u64 {
        match self {
            Self::Steps(steps) => steps,
            Self::Share { one_in, at_most } => total.div_ceil(one_in.get()).min(at_most),
        }
    }
}

/// The learning rate as a function of the step: a straight warm-up, then the peak or a cosine.
///
/// # Formula
/// ```text
/// rate(k) = peak (k + 1)/(warmup + 1)                                    k < warmup
///         = peak ½ (1 + cos π (k − warmup)/(total − warmup))             then, for a cosine
/// ```
/// Nothing is kept between steps: a plan that is extended half-way continues as if it had been
/// that long from the start. So does its warm-up, if it is a share of all steps.
///
/// # Example
/// ```
/// use ancestral_learn::{Decay, LearningRate, Warmup};
///
/// let plan = LearningRate { peak: 1.0, warmup: Warmup::Steps(3), decay: Decay::Cosine };
/// let rates: Vec<_> = (0..7).map(|k| plan.at(k, 7).unwrap()).collect();
/// assert_eq!(rates[..4], [0.25, 0.5, 0.75, 1.0]);
/// assert!((rates[5] - 0.5).abs() < 1e-15);
/// assert!(plan.at(7, 7).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearningRate {
    /// The largest rate.
    pub peak: f64,
    /// The steps with a smaller rate at the start.
    pub warmup: Warmup,
    /// What follows.
    pub decay: Decay,
}

impl LearningRate {
    /// The rate of a step, counted from 0, of `total` steps; always positive.
    ///
    /// # Errors
    /// [`TrainError::PastTheEnd`] if a cosine has ended before this step.
    pub fn at(&self, step: u64, total: u64) -> Result<f64, TrainError> {
        if self.decay == Decay::Cosine && step >= total {
            return Err(TrainError::PastTheEnd { step: step.saturating_add(1), total });
        }
        let warmup = self.warmup.of(total);
        if step < warmup {
            return Ok(self.peak * (step + 1) as f64 / (warmup + 1) as f64);
        }
        Ok(match self.decay {
            Decay::Constant => self.peak,
            Decay::Cosine => {
                let progress = (step - warmup) as f64 / (total - warmup) as f64;
                self.peak * 0.5 * (1.0 + (PI * progress).cos())
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_by_hand() {
        let plan = LearningRate { peak: 2.0, warmup: Warmup::Steps(4), decay: Decay::Cosine };
        // 2·k/5, then 1 + cos(π j/6): cos 0°, 30°, 60°, 90°, 120°, 150°.
        let root = 3.0_f64.sqrt() / 2.0;
        let expected = [0.4, 0.8, 1.2, 1.6, 2.0, 1.0 + root, 1.5, 1.0, 0.5, 1.0 - root];
        for (k, expected) in expected.into_iter().enumerate() {
            assert!((plan.at(k as u64, 10).unwrap() - expected).abs() < 1e-15, "step {k}");
        }
        assert_eq!(
            plan.at(10, 10).unwrap_err().to_string(),
            "step 11 is past the end of the learning-rate plan of 10 steps"
        );
    }

    #[test]
    fn a_constant_rate_never_ends() {
        let plan = LearningRate { peak: 3.0, warmup: Warmup::Steps(0), decay: Decay::Constant };
        assert_eq!((plan.at(0, 1), plan.at(u64::MAX, 1)), (Ok(3.0), Ok(3.0)));
    }

    #[test]
    fn a_longer_plan_goes_on_where_it_would_have_been() {
        let long = LearningRate { peak: 1.0, warmup: Warmup::Steps(0), decay: Decay::Cosine };
        assert!((long.at(100, 200).unwrap() - 0.5).abs() < 1e-15);
    }

    #[test]
    fn a_warm_up_follows_the_number_of_steps_if_it_is_a_share_of_them() {
        let one_in = NonZeroU64::new(20).unwrap();
        let share = Warmup::Share { one_in, at_most: 500 };
        let steps = [1, 20, 21, 40, 2000, 9_999, 1_000_000].map(|total| share.of(total));
        assert_eq!(steps, [1, 1, 2, 2, 100, 500, 500]);
        assert_eq!([20, 40].map(|total| Warmup::Steps(1).of(total)), [1, 1]);
        let plan = LearningRate { peak: 3.0, warmup: share, decay: Decay::Cosine };
        assert_eq!((plan.at(1, 20), plan.at(1, 40)), (Ok(3.0), Ok(2.0)));
    }

    #[test]
    fn a_warm_up_is_kept_as_a_number_or_a_share() {
        let one_in = NonZeroU64::new(20).unwrap();
        for (warmup, text) in [
            (Warmup::Steps(7), "7"),
            (Warmup::Share { one_in, at_most: 500 }, r#"{"one_in":20,"at_most":500}"#),
        ] {
            assert_eq!(serde_json::to_string(&warmup).unwrap(), text);
            assert_eq!(serde_json::from_str::<Warmup>(text).unwrap(), warmup);
        }
        for text in [r#"{"one_in":0,"at_most":500}"#, r#"{"one_in":20}"#, "null", "-1"] {
            assert!(serde_json::from_str::<Warmup>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_warm_up_longer_than_the_plan_stays_a_warm_up() {
        let plan = LearningRate { peak: 1.0, warmup: Warmup::Steps(9), decay: Decay::Cosine };
        assert_eq!(plan.at(4, 5), Ok(0.5));
        assert!(plan.at(5, 5).is_err());
    }
}
