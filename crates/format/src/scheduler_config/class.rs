//! The classes of schedulers: which keys each has, and what it takes for those that are missing.

mod ddim;
mod ddpm;
mod deis;
mod dpm_multistep;
mod dpm_singlestep;
mod euler;
mod euler_ancestral;
mod heun;
mod kdpm2;
mod kdpm2_ancestral;
mod lcm;
mod lms;
mod pndm;
mod unipc;

use std::ops::RangeInclusive;

use super::{AlgorithmType, BetaSchedule, SchedulerConfig, SolverType};
use crate::names::names;

names! {
    /// The class of a scheduler. The name is the `_class_name` of its config.
    pub enum SchedulerClass {
        /// Ancestral sampling.
        Ddpm = "DDPMScheduler",
        /// The deterministic hops of DDIM, or any part of the ancestral noise.
        Ddim = "DDIMScheduler",
        /// DPM-Solver and DPM-Solver++, multistep.
        DpmMultistep = "DPMSolverMultistepScheduler",
        /// The same, singlestep.
        DpmSinglestep = "DPMSolverSinglestepScheduler",
        /// UniPC.
        UniPc = "UniPCMultistepScheduler",
        /// DEIS.
        Deis = "DEISMultistepScheduler",
        /// Euler's method.
        Euler = "EulerDiscreteScheduler",
        /// Euler's method, with fresh noise.
        EulerAncestral = "EulerAncestralDiscreteScheduler",
        /// Heun's method.
        Heun = "HeunDiscreteScheduler",
        /// The midpoint method.
        Kdpm2 = "KDPM2DiscreteScheduler",
        /// The midpoint method, with fresh noise.
        Kdpm2Ancestral = "KDPM2AncestralDiscreteScheduler",
        /// The linear multistep method.
        Lms = "LMSDiscreteScheduler",
        /// Pseudo-numerical methods.
        Pndm = "PNDMScheduler",
        /// Latent consistency models.
        Lcm = "LCMScheduler",
    }
}

/// The curves that all classes know.
const BETAS_OF_MOST: &[BetaSchedule] =
    &[BetaSchedule::Linear, BetaSchedule::ScaledLinear, BetaSchedule::SquaredCosine];

/// All that a class says about its configs; one class a file.
struct Entry {
    pipeline: &'static str,
    keys: &'static [&'static str],
    schedules: &'static [BetaSchedule],
    /// Of the solver, where it can be chosen.
    orders: RangeInclusive<usize>,
    algorithms: &'static [AlgorithmType],
    solvers: &'static [SolverType],
    defaults: fn() -> SchedulerConfig,
}

impl Entry {
    /// A class that has no choice of a solver.
    const OF_NO_SOLVER: Self = Self {
        pipeline: "DDPMPipeline",
        keys: &[],
        schedules: BETAS_OF_MOST,
        orders: 0..=usize::MAX,
        algorithms: &[],
        solvers: &[],
        defaults: ddpm::defaults,
    };
}

impl SchedulerClass {
    /// The class of the peer's pipeline that is made for this scheduler: the `_class_name` of
    /// `model_index.json`.
    #[must_use]
    pub const fn pipeline(self) -> &'static str {
        self.entry().pipeline
    }

    /// The keys of the class, in the order in which they are written.
    #[must_use]
    pub const fn keys(self) -> &'static [&'static str] {
        self.entry().keys
    }

    /// The curves of the betas that the class knows.
    #[must_use]
    pub const fn schedules(self) -> &'static [BetaSchedule] {
        self.entry().schedules
    }

    /// The config of the class with nothing said. What the class has no key for has the value that
    /// says what the class does.
    #[must_use]
    pub fn defaults(self) -> SchedulerConfig {
        (self.entry().defaults)()
    }

    /// The orders that its solver has.
    pub(super) const fn orders(self) -> &'static RangeInclusive<usize> {
        &self.entry().orders
    }

    /// The algorithms that it has; none if there is no choice.
    pub(super) const fn algorithms(self) -> &'static [AlgorithmType] {
        self.entry().algorithms
    }

    /// The types of solver that it has; none if there is no choice.
    pub(super) const fn solvers(self) -> &'static [SolverType] {
        self.entry().solvers
    }

    const fn entry(self) -> &'static Entry {
        match self {
            Self::Ddpm => &ddpm::ENTRY,
            Self::Ddim => &ddim::ENTRY,
            Self::DpmMultistep => &dpm_multistep::ENTRY,
            Self::DpmSinglestep => &dpm_singlestep::ENTRY,
            Self::UniPc => &unipc::ENTRY,
            Self::Deis => &deis::ENTRY,
            Self::Euler => &euler::ENTRY,
            Self::EulerAncestral => &euler_ancestral::ENTRY,
            Self::Heun => &heun::ENTRY,
            Self::Kdpm2 => &kdpm2::ENTRY,
            Self::Kdpm2Ancestral => &kdpm2_ancestral::ENTRY,
            Self::Lms => &lms::ENTRY,
            Self::Pndm => &pndm::ENTRY,
            Self::Lcm => &lcm::ENTRY,
        }
    }
}
