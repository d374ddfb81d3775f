//! The closed choices of a scheduler.

use crate::names::names;

names! {
    /// The curve of the betas.
    pub enum BetaSchedule {
        /// From `beta_start` to `beta_end` in equal steps.
        Linear = "linear",
        /// Squares of equal steps between the roots of `beta_start` and `beta_end`.
        ScaledLinear = "scaled_linear",
        /// From the squared-cosine curve of ᾱ; `beta_start` and `beta_end` have no effect.
        SquaredCosine = "squaredcos_cap_v2",
        /// A logistic curve between `beta_start` and `beta_end`.
        Sigmoid = "sigmoid",
        /// From a Laplace distribution of the log-SNR; `beta_start` and `beta_end` have no effect.
        Laplace = "laplace",
    }
}

names! {
    /// The variance of the noise that an ancestral step adds.
    pub enum VarianceType {
        /// The posterior's β̃.
        FixedSmall = "fixed_small",
        /// β̃, too: the peer keeps its logarithm.
        FixedSmallLog = "fixed_small_log",
        /// β.
        FixedLarge = "fixed_large",
        /// β by its logarithm. (In the peer this gives NaN.)
        FixedLargeLog = "fixed_large_log",
        /// The network's second half is the log-variance. (The peer takes the root of it as it is,
        /// which is NaN where it is negative.)
        Learned = "learned",
        /// The network's second half mixes ln β and ln β̃.
        LearnedRange = "learned_range",
    }
}

names! {
    /// What the network predicts.
    pub enum PredictionType {
        /// The noise ε.
        Epsilon = "epsilon",
        /// The clean sample x₀.
        Sample = "sample",
        /// v = √ᾱ·ε − √(1−ᾱ)·x₀.
        VPrediction = "v_prediction",
    }
}

names! {
    /// Which timesteps a run with fewer steps than training visits.
    pub enum TimestepSpacing {
        /// Equal whole strides up from 0.
        Leading = "leading",
        /// Equal parts of 0 to T − 1, both ends included.
        Linspace = "linspace",
        /// Equal strides down from T − 1.
        Trailing = "trailing",
    }
}
