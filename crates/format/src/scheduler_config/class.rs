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

use ancestral::compat::{self, CompatError, Scheduler, Spread};
use ancestral::grid::LevelSpacing;
use ancestral::{AnySampler, AnySpacing};

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

/// The curves that all classes support.
const BETAS_OF_MOST: &[BetaSchedule] =
    &[BetaSchedule::Linear, BetaSchedule::ScaledLinear, BetaSchedule::SquaredCosine];

/// The facts of a class; one class per file.
struct Entry {
    pipeline: &'static str,
    keys: &'static [&'static str],
    schedules: &'static [BetaSchedule],
    /// Of the solver, where it can be chosen.
    orders: RangeInclusive<usize>,
    algorithms: &'static [AlgorithmType],
    solvers: &'static [SolverType],
    defaults: fn() -> SchedulerConfig,
    /// Our sampler for it.
    sampler: fn(&SchedulerConfig) -> AnySampler,
    /// Our grid for it.
    grid: fn(&SchedulerConfig) -> AnySpacing,
    /// The same scheduler as diffusers computes it, over so many steps.
    scheduler: MakeScheduler,
    /// The default number of steps of a run in diffusers.
    steps: usize,
}

type MakeScheduler =
    fn(compat::Config, &SchedulerConfig, usize) -> Result<Box<dyn Scheduler>, CompatError>;

/// Any scheduler behind one type.
fn boxed<S: Scheduler + 'static>(
    scheduler: Result<S, CompatError>,
) -> Result<Box<dyn Scheduler>, CompatError> {
    Ok(Box::new(scheduler?))
}

/// The grid that the keys of a config name.
fn spaced(config: &SchedulerConfig) -> AnySpacing {
    match config.solver.spread() {
        Spread::Karras => LevelSpacing::Karras { rho: 7.0 }.into(),
        Spread::Exponential | Spread::Lu => LevelSpacing::Exponential.into(),
        Spread::Beta => AnySpacing::Beta,
        Spread::Timesteps => config.spacing().into(),
    }
}

impl Entry {
    /// A class without a choice of solver.
    const OF_NO_SOLVER: Self = Self {
        pipeline: "DDPMPipeline",
        keys: &[],
        schedules: BETAS_OF_MOST,
        orders: 0..=usize::MAX,
        algorithms: &[],
        solvers: &[],
        defaults: ddpm::defaults,
        sampler: ddpm::sampler,
        grid: spaced,
        scheduler: ddpm::scheduler,
        steps: 50,
    };
}

impl SchedulerClass {
    /// The class of diffusers' pipeline that is made for this scheduler: the `_class_name` of
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

    /// The default config of the class. Keys that the class lacks have the value that describes its
    /// behaviour.
    #[must_use]
    pub fn defaults(self) -> SchedulerConfig {
        (self.entry().defaults)()
    }

    /// The default number of steps of a run in diffusers.
    #[must_use]
    pub const fn steps(self) -> usize {
        self.entry().steps
    }

    /// The class for one of our samplers, with the order and the algorithm of its solver if the
    /// sampler determines them; `None` if diffusers has no such class.
    #[must_use]
    pub fn of(sampler: &AnySampler) -> Option<(Self, Option<(usize, AlgorithmType)>)> {
        let (plus_plus, sde) =
            (AlgorithmType::DpmSolverPlusPlus, AlgorithmType::SdeDpmSolverPlusPlus);
        let multistep = |order, algorithm| Some((Self::DpmMultistep, Some((order, algorithm))));
        let class = match sampler {
            AnySampler::Ddpm(_) => Self::Ddpm,
            AnySampler::Ddim(_) => Self::Ddim,
            AnySampler::Euler(_) => Self::Euler,
            AnySampler::EulerAncestral(_) => Self::EulerAncestral,
            AnySampler::Heun(_) => Self::Heun,
            AnySampler::Dpm2(_) => Self::Kdpm2,
            AnySampler::Dpm2Ancestral(_) => Self::Kdpm2Ancestral,
            AnySampler::DpmSolver(_) => Self::DpmSinglestep,
            AnySampler::Dpmpp2m(_) => return multistep(2, plus_plus),
            AnySampler::Dpmpp3m(_) => return multistep(3, plus_plus),
            AnySampler::Dpmpp2mSde(_) => return multistep(2, sde),
            AnySampler::Dpmpp3mSde(_) => return multistep(3, sde),
            AnySampler::Unipc(_) => Self::UniPc,
            AnySampler::Deis(_) => Self::Deis,
            AnySampler::Lms(_) => Self::Lms,
            AnySampler::Pndm(_) => Self::Pndm,
            AnySampler::Lcm(_) => Self::Lcm,
            AnySampler::Dpmpp2sAncestral(_) | AnySampler::DpmppSde(_) | _ => return None,
        };
        Some((class, None))
    }

    /// The orders that its solver has.
    pub(super) const fn orders(self) -> &'static RangeInclusive<usize> {
        &self.entry().orders
    }

    /// The algorithms to choose from; empty if there is no choice.
    pub(super) const fn algorithms(self) -> &'static [AlgorithmType] {
        self.entry().algorithms
    }

    /// The types of solver to choose from; empty if there is no choice.
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

impl SchedulerConfig {
    /// Our sampler for this scheduler, with the options that its config names.
    ///
    /// # Example
    /// ```
    /// use ancestral_format::SchedulerClass;
    ///
    /// let config = SchedulerClass::UniPc.defaults();
    /// assert_eq!(config.sampler().to_string(), "unipc:order=2,variant=bh2,form=data");
    /// assert_eq!(config.grid().to_string(), "linspace");
    /// ```
    #[must_use]
    pub fn sampler(&self) -> AnySampler {
        (self.class.entry().sampler)(self)
    }

    /// Our grid for this scheduler.
    #[must_use]
    pub fn grid(&self) -> AnySpacing {
        (self.class.entry().grid)(self)
    }

    /// The scheduler as diffusers computes it, over `steps` steps, from `config`, which is
    /// [`compat`](Self::compat) or a change of it.
    ///
    /// # Errors
    /// If diffusers has no such run.
    pub fn scheduler(
        &self,
        config: compat::Config,
        steps: usize,
    ) -> Result<Box<dyn Scheduler>, CompatError> {
        (self.class.entry().scheduler)(config, self, steps)
    }

    /// The order of its solver, as far as ours have it: 1 to 3.
    fn order(&self) -> u32 {
        u32::try_from(self.solver.solver_order).unwrap_or(u32::MAX).clamp(1, 3)
    }
}
