//! The keys of diffusers for the theory's types, and back.

use ancestral::schedule::{Cosine, Laplace, Linear, ScaledLinear, ScheduleError, Sigmoid};
use ancestral::{AnySchedule, Prediction, Schedule, Spacing, Variance, compat};

use super::{BetaSchedule, PredictionType, SchedulerConfig, TimestepSpacing, VarianceType};

impl SchedulerConfig {
    /// The config of a network trained on `timesteps` levels of `family` to predict `prediction`,
    /// for a `DDPMScheduler`.
    ///
    /// A family that diffusers has no name for is written as its betas. The other keys have the
    /// defaults of the class; the caller sets those that differ for a model.
    ///
    /// # Example
    /// ```
    /// use ancestral::{AnySchedule, Prediction, Spacing, Variance};
    /// use ancestral_format::{BetaSchedule, SchedulerConfig};
    ///
    /// let cosine = AnySchedule::parse("cosine", 1000)?;
    /// let (v, small) = (Prediction::V, Variance::FixedSmall);
    /// let config = SchedulerConfig::of(&cosine, 1000, v, small, Spacing::Trailing)?;
    /// assert_eq!(config.beta_schedule, BetaSchedule::SquaredCosine);
    /// assert_eq!(config.schedule()?, cosine.schedule(1000)?);
    /// # Ok::<(), ancestral::schedule::ScheduleError>(())
    /// ```
    ///
    /// # Errors
    /// If the betas of the family are not a valid schedule.
    pub fn of(
        family: &AnySchedule,
        timesteps: usize,
        prediction: Prediction,
        variance: Variance,
        spacing: Spacing,
    ) -> Result<Self, ScheduleError> {
        let (timestep_spacing, steps_offset) = spelled(spacing);
        let config = Self {
            num_train_timesteps: timesteps,
            variance_type: variance.into(),
            prediction_type: prediction.into(),
            timestep_spacing,
            steps_offset,
            ..Self::default()
        };
        Ok(config.with_betas(family, &family.schedule(timesteps)?))
    }

    /// The family of betas that is named. `trained_betas` are of none, and take its place.
    #[must_use]
    pub fn family(&self) -> AnySchedule {
        let (start, end) = (self.beta_start, self.beta_end);
        match self.beta_schedule {
            BetaSchedule::Linear => AnySchedule::Linear(Linear { start, end }),
            BetaSchedule::ScaledLinear => AnySchedule::ScaledLinear(ScaledLinear { start, end }),
            BetaSchedule::SquaredCosine => AnySchedule::Cosine(Cosine::default()),
            BetaSchedule::Sigmoid => AnySchedule::Sigmoid(Sigmoid { start, end }),
            BetaSchedule::Laplace => AnySchedule::Laplace(Laplace::default()),
        }
    }

    /// The noise levels of the training timesteps.
    ///
    /// # Errors
    /// If a beta is outside (0, 1).
    pub fn schedule(&self) -> Result<Schedule, ScheduleError> {
        let trained = match &self.trained_betas {
            Some(betas) => Schedule::from_betas(betas),
            None => self.family().schedule(self.num_train_timesteps),
        }?;
        if self.rescale_betas_zero_snr { trained.rescale_zero_terminal_snr() } else { Ok(trained) }
    }

    /// What the network predicts.
    #[must_use]
    pub fn prediction(&self) -> Prediction {
        self.prediction_type.into()
    }

    /// The variance of the reverse transition. Types that name a logarithm mean the variance it
    /// is the logarithm of. Where the class has no such key, it is the posterior's: DDIM takes the
    /// part η of it.
    #[must_use]
    pub fn variance(&self) -> Variance {
        if self.class.keys().contains(&"variance_type") {
            self.variance_type.into()
        } else {
            Variance::FixedSmall
        }
    }

    /// Which timesteps a run visits.
    #[must_use]
    pub fn spacing(&self) -> Spacing {
        match self.timestep_spacing {
            TimestepSpacing::Leading => Spacing::Leading { offset: self.steps_offset },
            TimestepSpacing::Linspace => Spacing::Linspace,
            TimestepSpacing::Trailing => Spacing::Trailing,
        }
    }

    /// The input of diffusers' own arithmetic: the same without our rounding, and with the clipping of
    /// the config.
    #[must_use]
    pub fn compat(&self) -> compat::Config {
        let threshold = compat::Threshold {
            ratio: self.dynamic_thresholding_ratio,
            max: self.sample_max_value,
        };
        compat::Config {
            betas: self.beta_curve(),
            timesteps: self.num_train_timesteps,
            rescale_zero_snr: self.rescale_betas_zero_snr,
            prediction: self.prediction(),
            clip: self.clip_sample.then_some(self.clip_sample_range),
            threshold: self.thresholding.then_some(threshold),
            spacing: self.spacing(),
        }
    }

    fn beta_curve(&self) -> compat::BetaCurve {
        let (start, end) = (self.beta_start, self.beta_end);
        match (&self.trained_betas, self.beta_schedule) {
            (Some(betas), _) => compat::BetaCurve::Given(betas.clone()),
            (None, BetaSchedule::Linear) => compat::BetaCurve::Linear { start, end },
            (None, BetaSchedule::ScaledLinear) => compat::BetaCurve::ScaledLinear { start, end },
            (None, BetaSchedule::SquaredCosine) => compat::BetaCurve::SquaredCosine,
            (None, BetaSchedule::Sigmoid) => compat::BetaCurve::Sigmoid { start, end },
            (None, BetaSchedule::Laplace) => compat::BetaCurve::Laplace,
        }
    }

    fn with_betas(self, family: &AnySchedule, schedule: &Schedule) -> Self {
        let (default_start, default_end) = (self.beta_start, self.beta_end);
        let (beta_schedule, beta_start, beta_end) = match *family {
            AnySchedule::Linear(Linear { start, end }) => (BetaSchedule::Linear, start, end),
            AnySchedule::ScaledLinear(ScaledLinear { start, end }) => {
                (BetaSchedule::ScaledLinear, start, end)
            }
            AnySchedule::Sigmoid(Sigmoid { start, end }) => (BetaSchedule::Sigmoid, start, end),
            AnySchedule::Cosine(_) => (BetaSchedule::SquaredCosine, default_start, default_end),
            AnySchedule::Laplace(_) => (BetaSchedule::Laplace, default_start, default_end),
            _ => {
                let betas = (0..schedule.len()).map(|timestep| schedule.beta(timestep));
                return Self { trained_betas: Some(betas.collect()), ..self };
            }
        };
        Self { beta_start, beta_end, beta_schedule, ..self }
    }
}

/// Diffusers' two keys for a spacing.
fn spelled(spacing: Spacing) -> (TimestepSpacing, usize) {
    match spacing {
        Spacing::Leading { offset } => (TimestepSpacing::Leading, offset),
        Spacing::Linspace => (TimestepSpacing::Linspace, 0),
        Spacing::Trailing => (TimestepSpacing::Trailing, 0),
    }
}

impl From<PredictionType> for Prediction {
    fn from(prediction: PredictionType) -> Self {
        match prediction {
            PredictionType::Epsilon => Self::Epsilon,
            PredictionType::Sample => Self::X0,
            PredictionType::VPrediction => Self::V,
        }
    }
}

impl From<Prediction> for PredictionType {
    fn from(prediction: Prediction) -> Self {
        match prediction {
            Prediction::Epsilon => Self::Epsilon,
            Prediction::X0 => Self::Sample,
            Prediction::V => Self::VPrediction,
        }
    }
}

impl From<VarianceType> for Variance {
    fn from(variance: VarianceType) -> Self {
        match variance {
            VarianceType::FixedSmall | VarianceType::FixedSmallLog => Self::FixedSmall,
            VarianceType::FixedLarge | VarianceType::FixedLargeLog => Self::FixedLarge,
            VarianceType::Learned => Self::Learned,
            VarianceType::LearnedRange => Self::LearnedRange,
        }
    }
}

impl From<VarianceType> for compat::VarianceType {
    fn from(variance: VarianceType) -> Self {
        match variance {
            VarianceType::FixedSmall => Self::FixedSmall,
            VarianceType::FixedSmallLog => Self::FixedSmallLog,
            VarianceType::FixedLarge => Self::FixedLarge,
            VarianceType::FixedLargeLog => Self::FixedLargeLog,
            VarianceType::Learned => Self::Learned,
            VarianceType::LearnedRange => Self::LearnedRange,
        }
    }
}

impl From<Variance> for VarianceType {
    fn from(variance: Variance) -> Self {
        match variance {
            Variance::FixedSmall => Self::FixedSmall,
            Variance::FixedLarge => Self::FixedLarge,
            Variance::Learned => Self::Learned,
            Variance::LearnedRange => Self::LearnedRange,
        }
    }
}

#[cfg(test)]
mod tests;
