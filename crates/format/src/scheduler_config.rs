//! The config of the noise schedule and the reverse process: `scheduler/scheduler_config.json`.

mod choices;
mod class;
mod json;
mod theory;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::bounds::{OutOfRange, check};
use crate::config::ConfigError;
use crate::listed::{counted, short};

pub use choices::{BetaSchedule, PredictionType, TimestepSpacing, VarianceType};
pub use class::SchedulerClass;

const MOST_TIMESTEPS: usize = 1_000_000;

/// The config of a scheduler, with the key names of the peer.
///
/// It has the keys of all classes; [`SchedulerClass::keys`] says which of them count for its own.
/// Missing keys take the defaults of the class, [`SchedulerClass::defaults`]. What the peer knows
/// but we do not support is refused by name when it is read.
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
#[expect(clippy::struct_excessive_bools, reason = "the keys are the peer's")]
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
    /// The keys that a file left out: [`as_class`](Self::as_class) gives them the defaults of the
    /// other class, unless they were changed since. Writing says them all.
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
    /// ([`unset`](Self::unset)), have the defaults of the other class. A schedule that it lacks
    /// stays, and is refused by [`validate`](Self::validate).
    ///
    /// # Source
    /// `OTHER.from_config(scheduler.config)` in `diffusers` 0.42.1. Differs: that also keeps the
    /// keys that the other class lacks, and takes them up again on the way back.
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
            ($($key:ident)*) => {
                // So that no key is forgotten.
                let Self { class: _, unset: _, $($key: _),* } = self;
                $(
                    let key = stringify!($key);
                    let shared = [self.class, class].iter().all(|c| c.keys().contains(&key));
                    if shared && (!self.unset.contains(&key) || self.$key != before.$key) {
                        to.$key.clone_from(&self.$key);
                        to.unset.retain(|unset| *unset != key);
                    }
                )*
            };
        }
        carry!(
            num_train_timesteps beta_start beta_end beta_schedule trained_betas variance_type
            clip_sample prediction_type thresholding dynamic_thresholding_ratio clip_sample_range
            sample_max_value timestep_spacing steps_offset rescale_betas_zero_snr set_alpha_to_one
        );
        to
    }

    /// Checks the ranges of the numbers. The betas themselves are checked where a schedule is made.
    ///
    /// # Errors
    /// If there are no timesteps or more than a million, if the class lacks the `beta_schedule` or
    /// `trained_betas` are not as many as the timesteps, if the offset of the steps is more than a
    /// million, if a beta is not finite, or if a limit of a clip that is switched on is out of range.
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
        Ok(())
    }
}

/// Why the config of a scheduler is refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SchedulerConfigError {
    /// It cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A key is null that says something.
    #[error("{key} is null: expected a value, or no such key")]
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
