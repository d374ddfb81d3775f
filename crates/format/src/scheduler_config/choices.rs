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
        /// β̃, too: diffusers keeps its logarithm.
        FixedSmallLog = "fixed_small_log",
        /// β.
        FixedLarge = "fixed_large",
        /// β by its logarithm. (In diffusers this gives NaN.)
        FixedLargeLog = "fixed_large_log",
        /// The network's second half is the log-variance. (Diffusers takes the root of it as it is,
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

names! {
    /// What a solver extrapolates, and whether it adds noise.
    pub enum AlgorithmType {
        /// DPM-Solver: ε.
        DpmSolver = "dpmsolver",
        /// DPM-Solver++: x₀.
        DpmSolverPlusPlus = "dpmsolver++",
        /// DPM-Solver with noise.
        SdeDpmSolver = "sde-dpmsolver",
        /// DPM-Solver++ with noise.
        SdeDpmSolverPlusPlus = "sde-dpmsolver++",
        /// DEIS: ε.
        Deis = "deis",
    }
}

names! {
    /// How a solver weighs the differences of what it extrapolates.
    pub enum SolverType {
        /// DPM-Solver's second order as the midpoint method has it.
        Midpoint = "midpoint",
        /// DPM-Solver's second order with a slope integrated exactly.
        Heun = "heun",
        /// UniPC with B(h) = h.
        Bh1 = "bh1",
        /// UniPC with B(h) = e^h − 1.
        Bh2 = "bh2",
        /// DEIS, polynomials in ln ρ.
        LogRho = "logrho",
    }
}

names! {
    /// Where a run ends.
    pub enum FinalSigmasType {
        /// At clean data.
        Zero = "zero",
        /// At the cleanest level of training.
        SigmaMin = "sigma_min",
    }
}

names! {
    /// How levels between those of training are found.
    pub enum InterpolationType {
        /// At the timesteps, linear in σ.
        Linear = "linear",
        /// Even in ln σ.
        LogLinear = "log_linear",
    }
}

names! {
    /// The time that a network gets.
    pub enum TimestepType {
        /// The timestep.
        Discrete = "discrete",
        /// ¼ ln σ, if it predicts v.
        Continuous = "continuous",
    }
}

names! {
    /// How levels of a flow are shifted; of no effect on levels of a diffusion.
    pub enum TimeShiftType {
        /// By e^μ.
        Exponential = "exponential",
        /// By μ.
        Linear = "linear",
    }
}

names! {
    /// A scheduler within a scheduler: none is supported.
    pub enum InnerScheduler {}
}
