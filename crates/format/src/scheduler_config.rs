//! The config of the noise schedule and the reverse process: `scheduler/scheduler_config.json`.

mod theory;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::bounds::{OutOfRange, check};
use crate::config::{self, ConfigError, Parsed};
use crate::names::names;

const CLASS: &str = "DDPMScheduler";
const MOST_TIMESTEPS: usize = 1_000_000;

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

/// The config of a `DDPMScheduler`, with the key names of the peer.
///
/// Missing keys take the defaults of the class, which are those of [`Default`]. What the peer
/// knows but we do not support is refused by name when it is read.
///
/// # Source
/// `diffusers` 0.42.1, `schedulers/scheduling_ddpm.py`.
///
/// # Example
/// ```
/// use ancestral_format::{PredictionType, SchedulerConfig};
///
/// let json = br#"{"_class_name": "DDPMScheduler", "prediction_type": "v_prediction"}"#;
/// let config = SchedulerConfig::from_json(json)?.config;
/// assert_eq!(config.prediction_type, PredictionType::VPrediction);
/// assert_eq!(config.num_train_timesteps, 1000);
/// # Ok::<(), ancestral_format::SchedulerConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SchedulerConfig {
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
}

impl Default for SchedulerConfig {
    fn default() -> Self {
        Self {
            num_train_timesteps: 1000,
            beta_start: 1e-4,
            beta_end: 0.02,
            beta_schedule: BetaSchedule::Linear,
            trained_betas: None,
            variance_type: VarianceType::FixedSmall,
            clip_sample: true,
            prediction_type: PredictionType::Epsilon,
            thresholding: false,
            dynamic_thresholding_ratio: 0.995,
            clip_sample_range: 1.0,
            sample_max_value: 1.0,
            timestep_spacing: TimestepSpacing::Leading,
            steps_offset: 0,
            rescale_betas_zero_snr: false,
        }
    }
}

impl SchedulerConfig {
    /// Reads `scheduler/scheduler_config.json`.
    ///
    /// # Errors
    /// If it is not the JSON config of a `DDPMScheduler`, if a value is of the wrong type or not
    /// supported, or if [`validate`](Self::validate) refuses it.
    pub fn from_json(json: &[u8]) -> Result<Parsed<Self>, SchedulerConfigError> {
        let parsed: Parsed<Self> = config::from_json(json, &[CLASS])?;
        parsed.config.validate()?;
        Ok(parsed)
    }

    /// The text of `scheduler/scheduler_config.json`.
    #[must_use]
    pub fn to_json(&self) -> String {
        config::to_json(self, CLASS)
    }

    /// Checks the ranges of the numbers. The betas themselves are checked where a schedule is made.
    ///
    /// # Errors
    /// If there are no timesteps or more than a million, if `trained_betas` are not as many as the
    /// timesteps, if the offset of the steps is more than a million, if a beta is not finite, or if
    /// a limit of a clip that is switched on is out of range.
    pub fn validate(&self) -> Result<(), SchedulerConfigError> {
        let timesteps = self.num_train_timesteps;
        if !(1..=MOST_TIMESTEPS).contains(&timesteps) {
            return Err(SchedulerConfigError::Timesteps { found: timesteps });
        }
        match &self.trained_betas {
            Some(betas) if betas.len() != timesteps => {
                return Err(SchedulerConfigError::TrainedBetas { found: betas.len(), timesteps });
            }
            _ => {}
        }
        let offset = self.steps_offset;
        check(offset <= MOST_TIMESTEPS, "steps_offset", offset, "at most 1000000")?;
        for (key, beta) in [("beta_start", self.beta_start), ("beta_end", self.beta_end)] {
            check(beta.is_finite(), key, beta, "finite")?;
        }
        let ratio = self.dynamic_thresholding_ratio;
        let allowed = !self.thresholding || (0.0..=1.0).contains(&ratio);
        check(allowed, "dynamic_thresholding_ratio", ratio, "in [0, 1]")?;
        let range = self.clip_sample_range;
        check(!self.clip_sample || range > 0.0, "clip_sample_range", range, "positive")?;
        let largest = self.sample_max_value;
        check(!self.thresholding || largest > 0.0, "sample_max_value", largest, "positive")?;
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
    /// There are no timesteps, or too many for any memory.
    #[error("num_train_timesteps {found} must be 1 to {MOST_TIMESTEPS}")]
    Timesteps {
        /// How many.
        found: usize,
    },
    /// There are not as many betas as timesteps.
    #[error("trained_betas has {found} values, but num_train_timesteps is {timesteps}")]
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
