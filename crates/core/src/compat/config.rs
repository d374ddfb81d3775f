//! What diffusers' schedulers are configured with.

use super::error::CompatError;
use crate::batch::Scalar;
use crate::grid::Spacing;
use crate::prediction::Prediction;

/// Where betas come from (`beta_schedule`, `beta_start`, `beta_end`, `trained_betas`).
///
/// Values are f64, as in a JSON file; they are rounded to f32 where diffusers does.
#[derive(Clone, Debug, PartialEq)]
pub enum BetaCurve {
    /// `linear`: evenly spaced.
    Linear {
        /// β₀.
        start: f64,
        /// β_{T−1}.
        end: f64,
    },
    /// `scaled_linear`: √β evenly spaced.
    ScaledLinear {
        /// β₀.
        start: f64,
        /// β_{T−1}.
        end: f64,
    },
    /// `squaredcos_cap_v2`.
    SquaredCosine,
    /// `sigmoid`.
    Sigmoid {
        /// The lower asymptote.
        start: f64,
        /// The upper asymptote.
        end: f64,
    },
    /// `laplace`.
    Laplace,
    /// `trained_betas`: one a timestep.
    Given(Vec<f64>),
}

impl BetaCurve {
    /// Its name in diffusers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Linear { .. } => "linear",
            Self::ScaledLinear { .. } => "scaled_linear",
            Self::SquaredCosine => "squaredcos_cap_v2",
            Self::Sigmoid { .. } => "sigmoid",
            Self::Laplace => "laplace",
            Self::Given(_) => "trained_betas",
        }
    }
}

/// Dynamic thresholding (`thresholding`): see [`Thresholded`](crate::denoiser::Thresholded).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// `dynamic_thresholding_ratio`: which quantile of |x̂₀|, 0 to 1.
    pub ratio: f64,
    /// `sample_max_value`: the largest scale; below 1 it wins over the least scale, 1.
    pub max: f64,
}

/// What all of diffusers' schedulers are configured with.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where betas come from.
    pub betas: BetaCurve,
    /// Number of timesteps trained, T (`num_train_timesteps`).
    pub timesteps: usize,
    /// Whether betas are rescaled to zero terminal SNR (`rescale_betas_zero_snr`).
    pub rescale_zero_snr: bool,
    /// What the network predicts (`prediction_type`).
    pub prediction: Prediction,
    /// x̂₀ is clipped to ± this (`clip_sample`, `clip_sample_range`).
    pub clip: Option<f64>,
    /// Dynamic thresholding, which wins over a clip.
    pub threshold: Option<Threshold>,
    /// `timestep_spacing`; `steps_offset` is in `leading`, as diffusers ignores it elsewhere.
    pub spacing: Spacing,
}

/// Which settings of a [`Config`] a class has.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "one a setting")]
pub(super) struct Known {
    pub(super) rescale: bool,
    pub(super) clip: bool,
    pub(super) threshold: bool,
    /// Networks that predict x₀.
    pub(super) x0: bool,
}

impl Default for Config {
    /// That of diffusers.
    fn default() -> Self {
        Self {
            betas: BetaCurve::Linear { start: 1e-4, end: 0.02 },
            timesteps: 1000,
            rescale_zero_snr: false,
            prediction: Prediction::Epsilon,
            clip: Some(1.0),
            threshold: None,
            spacing: Spacing::Leading { offset: 0 },
        }
    }
}

impl Config {
    /// Refuses what `class` does not have.
    pub(super) fn check_known(&self, class: &'static str, has: Known) -> Result<(), CompatError> {
        let refuse = |setting, found, expected| {
            Err(CompatError::Unknown { class, setting, found, expected })
        };
        self.check_curve(class)?;
        if self.rescale_zero_snr && !has.rescale {
            return refuse("rescale_betas_zero_snr", "true", "false");
        }
        if self.clip.is_some() && !has.clip {
            return refuse("clip_sample", "true", "false");
        }
        if self.threshold.is_some() && !has.threshold {
            return refuse("thresholding", "true", "false");
        }
        if self.prediction == Prediction::X0 && !has.x0 {
            return refuse("prediction_type", "sample", "epsilon or v_prediction");
        }
        Ok(())
    }

    /// Refuses values that no class can compute with.
    pub(super) fn check_range(&self) -> Result<(), CompatError> {
        // As f32, which is what is computed with.
        let positive = |value: f64| f32::from_f64(value) > 0.0;
        if let Some(found) = self.clip.filter(|range| !positive(*range)) {
            return Err(CompatError::Clip { found });
        }
        match self.threshold {
            Some(Threshold { ratio: found, .. }) if !(0.0..=1.0).contains(&found) => {
                Err(CompatError::Ratio { found })
            }
            Some(Threshold { max: found, .. }) if !positive(found) => {
                Err(CompatError::Max { found })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Refuses the curves that only a `DDPMScheduler` knows.
    pub(super) fn check_curve(&self, class: &'static str) -> Result<(), CompatError> {
        match &self.betas {
            BetaCurve::Linear { .. }
            | BetaCurve::ScaledLinear { .. }
            | BetaCurve::SquaredCosine
            | BetaCurve::Given(_) => Ok(()),
            BetaCurve::Sigmoid { .. } | BetaCurve::Laplace => Err(CompatError::Unknown {
                class,
                setting: "beta_schedule",
                found: self.betas.name(),
                expected: "linear, scaled_linear, squaredcos_cap_v2 or trained_betas",
            }),
        }
    }
}
