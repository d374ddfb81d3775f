//! How a network is trained.

use ancestral::LossWeight;
use ancestral_cpu::Precision;
use serde::{Deserialize, Serialize};

use crate::{LearningRate, Loss, Optimizer, TimestepSampler, TrainError};

/// How a network is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Updates of the weights.
    pub steps: u64,
    /// The precision of the network's large products on the CPU.
    #[serde(with = "precision")]
    pub precision: Precision,
    /// Samples in one pass through the network.
    pub batch: usize,
    /// Passes of an update, whose samples are `batch` · `accumulate`.
    pub accumulate: usize,
    /// What of the network's output is made small. By default the simple one, as in requests from
    /// before there were others.
    #[serde(default)]
    pub loss: Loss,
    /// How much a squared error at each noise level counts.
    #[serde(with = "loss_weight")]
    pub loss_weight: LossWeight,
    /// How timesteps are drawn. By default all alike, as in requests from before there was a choice.
    #[serde(default)]
    pub timestep_sampler: TimestepSampler,
    /// The optimizer.
    pub optimizer: Optimizer,
    /// The learning rate of each update; Muon's is ten times that.
    pub learning_rate: LearningRate,
    /// How slowly the first and second moment of the gradients are averaged.
    pub betas: [f32; 2],
    /// What is added to the root of the second moment.
    pub epsilon: f32,
    /// The share of a weight that decays at each update, times the learning rate.
    pub weight_decay: f32,
    /// The largest norm of the gradient of all parameters together; longer ones are shortened.
    /// `None`: any.
    #[serde(deserialize_with = "Option::deserialize")] // a missing key is an error
    pub clip_norm: Option<f64>,
    /// The share that the averaged weights keep at an update, in the long run.
    pub ema_decay: f64,
    /// The share of labels that are hidden, so that the network also learns to predict without a label.
    pub label_dropout: f64,
    /// The share of the data that is held out to measure the loss.
    pub hold_out: f64,
    /// The requested number of groups of similar pictures, used as classes for data without classes; 0: no
    /// groups.
    pub groups: usize,
    /// Whether pictures are mirrored left to right with probability one half.
    pub flip: bool,
    /// The seed of everything random.
    pub seed: u64,
}

impl Settings {
    /// Samples of one update.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.batch * self.accumulate
    }

    /// Whether every setting is in its range.
    ///
    /// # Errors
    /// [`TrainError::Setting`] for the first that is not.
    pub fn check(&self) -> Result<(), TrainError> {
        let unit = "in [0, 1)";
        let [beta_1, beta_2] = self.betas.map(f64::from);
        let clip_norm = self.clip_norm.unwrap_or(1.0);
        let ranges = [
            ("steps", self.steps as f64, "at least 1", self.steps >= 1),
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
            ("hold-out", self.hold_out, unit, (0.0..1.0).contains(&self.hold_out)),
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

/// A loss weight, as written in text.
mod loss_weight {
    use ancestral::LossWeight;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(weight: &LossWeight, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(weight)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<LossWeight, D::Error> {
        String::deserialize(from)?.parse().map_err(Error::custom)
    }
}

/// A precision by its name.
mod precision {
    use ancestral_cpu::Precision;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Name {
        F32,
        Bf16,
        F16,
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
    pub(super) fn serialize<S: Serializer>(
        precision: &Precision,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match precision {
            Precision::F32 => Name::F32,
            Precision::Bf16 => Name::Bf16,
            Precision::F16 => Name::F16,
        }
        .serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Precision, D::Error> {
        Ok(match Name::deserialize(from)? {
            Name::F32 => Precision::F32,
            Name::Bf16 => Precision::Bf16,
            Name::F16 => Precision::F16,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::toy;

    #[test]
    fn the_first_setting_out_of_range_is_named() {
        let message = |change: fn(&mut super::Settings)| {
            let mut settings = toy::settings();
            change(&mut settings);
            settings.check().unwrap_err().to_string()
        };
        assert!(toy::settings().check().is_ok());
        assert_eq!(message(|settings| settings.batch = 0), "batch must be at least 1, not 0");
        assert_eq!(
            message(|settings| settings.ema_decay = 1.0),
            "EMA decay must be in [0, 1), not 1"
        );
        assert_eq!(
            message(|settings| settings.clip_norm = Some(f64::NAN)),
            "clip norm must be positive and finite, not NaN"
        );
    }
}
