//! The settings of training.

use ancestral::Prediction;

use super::{LearningRate, TrainError};

/// The settings of training.
///
/// # Example
/// ```
/// use ancestral_nn::train::TrainConfig;
///
/// let config = TrainConfig { batch: 16, seed: 7, ..TrainConfig::default() };
/// assert!(config.check().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TrainConfig {
    /// Samples in one pass through the network.
    pub batch: usize,
    /// Passes whose gradients are averaged into one update.
    pub accumulate: usize,
    /// What the network learns to predict.
    pub prediction: Prediction,
    /// The learning rate of each update.
    pub learning_rate: LearningRate,
    /// How slowly the first and second moment of the gradients are averaged.
    pub betas: [f32; 2],
    /// What is added to the root of the second moment.
    pub epsilon: f32,
    /// The share of a weight that decays at each update, times the learning rate.
    pub weight_decay: f32,
    /// The largest norm of the gradient of all parameters together; longer ones are shortened.
    /// `None`: any.
    pub clip_norm: Option<f64>,
    /// The share that the averaged weights keep at an update, in the long run.
    pub ema_decay: f64,
    /// How often a label is hidden, so that the network also learns to do without.
    pub label_dropout: f64,
    /// Whether each picture is mirrored, left and right, half of the times that it is seen.
    pub horizontal_flip: bool,
    /// What all randomness follows from.
    pub seed: u64,
}

impl Default for TrainConfig {
    /// Batch 64, no accumulation, ε, a constant rate of 1e-4 after 500 steps of warm-up, betas 0.9
    /// and 0.999, epsilon 1e-8, weight decay 1e-6, clip norm 1, EMA 0.9999, label dropout 0.1,
    /// no flip, seed 0.
    fn default() -> Self {
        Self {
            batch: 64,
            accumulate: 1,
            prediction: Prediction::Epsilon,
            learning_rate: LearningRate::default(),
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            weight_decay: 1e-6,
            clip_norm: Some(1.0),
            ema_decay: 0.9999,
            label_dropout: 0.1,
            horizontal_flip: false,
            seed: 0,
        }
    }
}

impl TrainConfig {
    /// Whether every setting is in its range.
    ///
    /// # Errors
    /// [`TrainError::Setting`] for the first that is not.
    pub fn check(&self) -> Result<(), TrainError> {
        let unit = "in [0, 1)";
        let [beta_1, beta_2] = self.betas.map(f64::from);
        let clip_norm = self.clip_norm.unwrap_or(1.0);
        let ranges = [
            ("batch", self.batch as f64, "at least 1", self.batch >= 1),
            ("accumulate", self.accumulate as f64, "at least 1", self.accumulate >= 1),
            positive("learning rate", self.learning_rate.peak),
            ("beta 1", beta_1, unit, (0.0..1.0).contains(&beta_1)),
            ("beta 2", beta_2, unit, (0.0..1.0).contains(&beta_2)),
            positive("epsilon", f64::from(self.epsilon)),
            not_negative("weight decay", f64::from(self.weight_decay)),
            positive("clip norm", clip_norm),
            ("EMA decay", self.ema_decay, unit, (0.0..1.0).contains(&self.ema_decay)),
            (
                "label dropout",
                self.label_dropout,
                "in [0, 1]",
                (0.0..=1.0).contains(&self.label_dropout),
            ),
        ];
        match ranges.into_iter().find(|(_, _, _, holds)| !holds) {
            Some((key, value, allowed, _)) => Err(TrainError::Setting { key, value, allowed }),
            None => Ok(()),
        }
    }
}

type Range = (&'static str, f64, &'static str, bool);

fn positive(key: &'static str, value: f64) -> Range {
    (key, value, "positive and finite", value > 0.0 && value.is_finite())
}

fn not_negative(key: &'static str, value: f64) -> Range {
    (key, value, "finite and not negative", value >= 0.0 && value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_setting_out_of_range_is_named() {
        let wrong = [
            (TrainConfig { batch: 0, ..TrainConfig::default() }, "batch must be at least 1, not 0"),
            (
                TrainConfig { ema_decay: 1.0, ..TrainConfig::default() },
                "EMA decay must be in [0, 1), not 1",
            ),
            (
                TrainConfig { clip_norm: Some(f64::NAN), ..TrainConfig::default() },
                "clip norm must be positive and finite, not NaN",
            ),
        ];
        for (config, message) in wrong {
            assert_eq!(config.check().unwrap_err().to_string(), message);
        }
    }
}
