//! diffusers' variance types.

use super::elementwise::{exp, ln, zip};
use crate::batch::Batch;

/// `variance_type` of a `DDPMScheduler`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum VarianceType {
    /// `fixed_small`: β̃, at least 1e-20.
    #[default]
    FixedSmall,
    /// `fixed_small_log`: the same by way of its logarithm.
    FixedSmallLog,
    /// `fixed_large`: β.
    FixedLarge,
    /// `fixed_large_log`: β by way of its logarithm, where diffusers has no number.
    FixedLargeLog,
    /// `learned`: the network's second half is the log-variance, where diffusers has no number.
    Learned,
    /// `learned_range`: the network's second half, −1 to 1, goes from ln β̃ to ln β.
    LearnedRange,
}

impl VarianceType {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::FixedSmall,
        Self::FixedSmallLog,
        Self::FixedLarge,
        Self::FixedLargeLog,
        Self::Learned,
        Self::LearnedRange,
    ];

    /// Its name in diffusers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FixedSmall => "fixed_small",
            Self::FixedSmallLog => "fixed_small_log",
            Self::FixedLarge => "fixed_large",
            Self::FixedLargeLog => "fixed_large_log",
            Self::Learned => "learned",
            Self::LearnedRange => "learned_range",
        }
    }

    /// Whether the network has to predict it.
    #[must_use]
    pub fn is_learned(self) -> bool {
        match self {
            Self::Learned | Self::LearnedRange => true,
            Self::FixedSmall | Self::FixedSmallLog | Self::FixedLarge | Self::FixedLargeLog => {
                false
            }
        }
    }
}

/// The two fixed variances of a hop, from ᾱ at its ends.
#[derive(Clone, Copy, Debug)]
pub(in crate::compat) struct Variances {
    /// β̃, at least 1e-20.
    pub(in crate::compat) small: f32,
    /// β.
    pub(in crate::compat) large: f32,
}

/// How the noise of a hop is scaled.
#[derive(Clone, Copy, Debug)]
pub(in crate::compat) enum Scale {
    /// By a standard deviation.
    Std(f32),
    /// By `exp(½ f)`, with f the network's variance half.
    HalfExp,
    /// By `exp(½ (w ln β + (1 − w) ln β̃))`, w = (f + 1)/2.
    Range {
        /// ln β̃.
        small: f32,
        /// ln β.
        large: f32,
    },
}

impl Variances {
    pub(in crate::compat) fn of(alpha_bar: f32, alpha_bar_to: f32) -> Self {
        let large = 1.0 - alpha_bar / alpha_bar_to;
        let small = (1.0 - alpha_bar_to) / (1.0 - alpha_bar) * large;
        Self { small: small.max(1e-20), large }
    }

    pub(in crate::compat) fn scale(self, variance: VarianceType) -> Scale {
        let Self { small, large } = self;
        match variance {
            VarianceType::FixedSmall => Scale::Std(small.sqrt()),
            VarianceType::FixedSmallLog => Scale::Std(exp(0.5 * ln(small))),
            VarianceType::FixedLarge => Scale::Std(large.sqrt()),
            VarianceType::FixedLargeLog => Scale::Std(exp(0.5 * ln(large))),
            VarianceType::Learned => Scale::HalfExp,
            VarianceType::LearnedRange => Scale::Range { small: ln(small), large: ln(large) },
        }
    }
}

impl Scale {
    /// `noise` scaled, by way of the variance `half` if it is learned.
    ///
    /// # Panics
    /// If it is learned and there is no half.
    pub(in crate::compat) fn apply(self, half: Option<&Batch>, noise: &Batch) -> Batch {
        const MISSING: &str = "a learned variance needs a network that predicts it";
        match self {
            Self::Std(std) => zip(noise, noise, |z, _| std * z),
            Self::HalfExp => zip(half.expect(MISSING), noise, |f, z| exp(0.5 * f) * z),
            Self::Range { small, large } => zip(half.expect(MISSING), noise, |f, z| {
                let weight = 0.5 * (f + 1.0);
                exp(0.5 * (weight * large + (1.0 - weight) * small)) * z
            }),
        }
    }
}
