//! The config of the noise schedule and the reverse process: `scheduler/scheduler_config.json`.

mod choices;
mod class;
pub(crate) mod infinity;
mod json;
mod solver;
mod theory;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::bounds::{OutOfRange, check, check_count};
use crate::config::ConfigError;
use crate::listed::{counted, short};

pub use choices::{
    AlgorithmType, BetaSchedule, FinalSigmasType, InnerScheduler, InterpolationType,
    PredictionType, SolverType, TimeShiftType, TimestepSpacing, TimestepType, VarianceType,
};
pub use class::SchedulerClass;
pub use solver::SolverKeys;

const MOST_TIMESTEPS: usize = 1_000_000;

/// The config of a scheduler, with the key names of diffusers.
///
/// It has the keys of all classes; [`SchedulerClass::keys`] lists those of its own class. Missing keys
/// take the defaults of the class, [`SchedulerClass::defaults`]. Values that diffusers supports and we
/// do not are refused by name when they are read.
///
/// # Source
/// `diffusers` 0.42.1, `schedulers/`.
///
/// # Example
/// ```
/// use ancestral_format::{PredictionType, SchedulerClass, SchedulerConfig};
///
/// let json = br#"{"_class_name": "DDIMScheduler", "prediction_type": "v_prediction"}"#;
/// let config = SchedulerConfig::from_json(json)?.config;
/// assert_eq!(config.class, SchedulerClass::Ddim);
/// assert_eq!(config.prediction_type, PredictionType::VPrediction);
/// assert_eq!(config.num_train_timesteps, 1000);
/// # Ok::<(), ancestral_format::SchedulerConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "the keys are diffusers'")]
pub struct SchedulerConfig {
    /// Which scheduler it is for.
    #[serde(skip)]
    pub class: SchedulerClass,
    /// T: how many timesteps the network was trained on.
    pub num_train_timesteps: usize,
    /// The first beta.
    pub beta_start: f64,
    /// The last beta.
    pub beta_end: f64,
    /// The curve between them.
    pub beta_schedule: BetaSchedule,
    /// All T betas; if given, the three keys above have no effect.
    pub trained_betas: Option<Vec<f64>>,
    /// The variance of the noise that an ancestral step adds.
    pub variance_type: VarianceType,
    /// Whether x̂₀ is clipped to ±`clip_sample_range`.
    pub clip_sample: bool,
    /// What the network predicts.
    pub prediction_type: PredictionType,
    /// Whether x̂₀ is clipped to a quantile of its own values, and divided by it.
    pub thresholding: bool,
    /// That quantile.
    pub dynamic_thresholding_ratio: f64,
    /// The limit of a clip.
    pub clip_sample_range: f64,
    /// The largest value that the quantile may take.
    pub sample_max_value: f64,
    /// Which timesteps a run visits.
    pub timestep_spacing: TimestepSpacing,
    /// Added to every timestep of the spacing `leading`.
    pub steps_offset: usize,
    /// Whether the betas are rescaled so that the last ᾱ is 0.
    pub rescale_betas_zero_snr: bool,
    /// Whether the last hop ends at clean data; if not, at the level of timestep 0.
    pub set_alpha_to_one: bool,
    /// The keys of solvers.
    #[serde(flatten)]
    pub solver: SolverKeys,
    /// The keys that a file left out: [`as_class`](Self::as_class) gives them the defaults of the
    /// other class, unless they were changed since. All keys are written.
    #[serde(skip)]
    pub unset: Vec<&'static str>,
}

impl Default for SchedulerConfig {
    /// That of a `DDPMScheduler`.
    fn default() -> Self {
        SchedulerClass::Ddpm.defaults()
    }
}

impl SchedulerConfig {
    /// The same schedule and options for another class of scheduler.
    ///
    /// Keys that both classes have are carried over. The others, and those that the file left out
    /// ([`unset`](Self::unset)), have the defaults of the other class. A schedule that the
    /// other class lacks stays, and is refused by [`validate`](Self::validate).
    ///
    /// # Source
    /// `OTHER.from_config(scheduler.config)` in `diffusers` 0.42.1. Differs: diffusers also
    /// keeps the keys that the other class lacks, and restores them for the first class.
    ///
    /// # Example
    /// ```
    /// use ancestral_format::{SchedulerClass, SchedulerConfig};
    ///
    /// let ddpm = SchedulerConfig { num_train_timesteps: 200, ..SchedulerConfig::default() };
    /// let ddim = ddpm.as_class(SchedulerClass::Ddim);
    /// assert_eq!((ddim.num_train_timesteps, ddim.set_alpha_to_one), (200, true));
    /// ```
    #[must_use]
    pub fn as_class(&self, class: SchedulerClass) -> Self {
        let before = self.class.defaults();
        let mut to = class.defaults();
        to.unset = class.keys().to_vec();
        macro_rules! carry {
            ($Keys:ident of $old:expr, $before:expr => $new:expr; [$($other:ident)*] $($key:ident)*) => {
                // So that no key is forgotten.
                let $Keys { $($other: _,)* $($key: _),* } = &$old;
                $(
                    let key = stringify!($key);
                    let shared = [self.class, class].iter().all(|c| c.keys().contains(&key));
                    if shared && (!self.unset.contains(&key) || $old.$key != $before.$key) {
                        $new.$key.clone_from(&$old.$key);
                        to.unset.retain(|unset| *unset != key);
                    }
                )*
            };
        }
        carry!(
            Self of *self, before => to; [class unset solver]
            num_train_timesteps beta_start beta_end beta_schedule trained_betas variance_type
            clip_sample prediction_type thresholding dynamic_thresholding_ratio clip_sample_range
            sample_max_value timestep_spacing steps_offset rescale_betas_zero_snr set_alpha_to_one
        );
        carry!(
            SolverKeys of self.solver, before.solver => to.solver; []
            solver_order algorithm_type solver_type lower_order_final euler_at_final predict_x0
            disable_corrector solver_p use_karras_sigmas use_exponential_sigmas use_beta_sigmas
            use_lu_lambdas use_flow_sigmas flow_shift use_dynamic_shifting time_shift_type
            final_sigmas_type lambda_min_clipped sigma_min sigma_max shift_terminal
            interpolation_type timestep_type skip_prk_steps original_inference_steps
            timestep_scaling
        );
        to.settled()
    }

    /// The same, with the defaults of the class where a solver is named that another class has.
    fn settled(mut self) -> Self {
        let default = self.class.defaults().solver;
        let (algorithms, solvers) = (self.class.algorithms(), self.class.solvers());
        let solver = &mut self.solver;
        let sde = [AlgorithmType::SdeDpmSolver, AlgorithmType::SdeDpmSolverPlusPlus];
        let foreign = !algorithms.contains(&solver.algorithm_type);
        if foreign && !sde.contains(&solver.algorithm_type) {
            solver.algorithm_type = default.algorithm_type;
        }
        if !solvers.contains(&solver.solver_type) {
            solver.solver_type = default.solver_type;
        }
        self
    }

    /// Checks the ranges of the numbers. The betas themselves are checked where a schedule is made.
    ///
    /// # Errors
    /// If there are no timesteps or more than a million, if the class lacks the `beta_schedule` or
    /// `trained_betas` are not as many as the timesteps, if the offset of the steps is more than a
    /// million, if a beta is not finite, if a limit of a clip that is switched on is out of range, or
    /// if the class lacks the order or the algorithm of the solver, or the requested levels.
    pub fn validate(&self) -> Result<(), SchedulerConfigError> {
        let timesteps = self.num_train_timesteps;
        if !(1..=MOST_TIMESTEPS).contains(&timesteps) {
            return Err(SchedulerConfigError::Timesteps { found: timesteps });
        }
        match &self.trained_betas {
            Some(betas) if betas.len() != timesteps => {
                return Err(SchedulerConfigError::TrainedBetas { found: betas.len(), timesteps });
            }
            None if !self.class.schedules().contains(&self.beta_schedule) => {
                let (found, class) = (self.beta_schedule, self.class);
                return Err(SchedulerConfigError::Schedule { found, class });
            }
            _ => {}
        }
        let offset = self.steps_offset;
        check(offset <= MOST_TIMESTEPS, "steps_offset", offset, "at most 1000000")?;
        for (key, beta) in [("beta_start", self.beta_start), ("beta_end", self.beta_end)] {
            check(beta.is_finite(), key, short(beta), "finite")?;
        }
        let ratio = self.dynamic_thresholding_ratio;
        let allowed = !self.thresholding || (0.0..=1.0).contains(&ratio);
        check(allowed, "dynamic_thresholding_ratio", short(ratio), "in [0, 1]")?;
        let range = self.clip_sample_range;
        let clipped = self.clip_sample && !self.thresholding;
        check(!clipped || range > 0.0, "clip_sample_range", short(range), "positive")?;
        let largest = self.sample_max_value;
        check(!self.thresholding || largest > 0.0, "sample_max_value", short(largest), "positive")?;
        self.validate_solver()
    }

    fn validate_solver(&self) -> Result<(), SchedulerConfigError> {
        let (class, solver) = (self.class, &self.solver);
        if class.keys().contains(&"solver_order") {
            check_count("solver_order", solver.solver_order, class.orders())?;
        }
        let algorithms = class.algorithms();
        if !algorithms.is_empty() && !algorithms.contains(&solver.algorithm_type) {
            let found = solver.algorithm_type;
            return Err(SchedulerConfigError::Algorithm { found, class });
        }
        if class.keys().contains(&"original_inference_steps") {
            let most = 1..=MOST_TIMESTEPS;
            let key = "original_inference_steps";
            check_count(key, solver.original_inference_steps, &most)?;
        }
        if class == SchedulerClass::UniPc {
            for (key, sigma) in [("sigma_min", solver.sigma_min), ("sigma_max", solver.sigma_max)] {
                let found = sigma.unwrap_or_default();
                check(sigma.is_none(), key, short(found), "null in a UniPCMultistepScheduler")?;
            }
        }
        solver.validate()
    }
}

/// Why the config of a scheduler is refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SchedulerConfigError {
    /// It cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A key with an effect is null.
    #[error("{key} is null: give a value, or leave the key out")]
    Null {
        /// The key.
        key: String,
    },
    /// There are no timesteps, or too many for any memory.
    #[error("num_train_timesteps {found} must be 1 to {MOST_TIMESTEPS}")]
    Timesteps {
        /// How many.
        found: usize,
    },
    /// The class lacks the schedule.
    #[error(
        "beta_schedule: \"{found}\" is not supported by {class} (supported: {})",
        class.schedules().iter().map(|schedule| schedule.name()).collect::<Vec<_>>().join(", ")
    )]
    Schedule {
        /// The `beta_schedule`.
        found: BetaSchedule,
        /// The class.
        class: SchedulerClass,
    },
    /// The class lacks the algorithm.
    #[error(
        "algorithm_type: \"{found}\" is not supported by {class} (supported: {})",
        class.algorithms().iter().map(|algorithm| algorithm.name()).collect::<Vec<_>>().join(", ")
    )]
    Algorithm {
        /// The `algorithm_type`.
        found: AlgorithmType,
        /// The class.
        class: SchedulerClass,
    },
    /// Two keys that spread levels.
    #[error("{first} and {second} are both true: set only one of them")]
    Spreads {
        /// One key.
        first: &'static str,
        /// Another.
        second: &'static str,
    },
    /// There are not as many betas as timesteps.
    #[error(
        "trained_betas has {}, but num_train_timesteps is {timesteps}",
        counted(found, "value")
    )]
    TrainedBetas {
        /// The length of `trained_betas`.
        found: usize,
        /// `num_train_timesteps`.
        timesteps: usize,
    },
    /// A value is out of range.
    #[error(transparent)]
    Range(#[from] OutOfRange),
}

#[cfg(test)]
mod tests;
