//! The text of `scheduler/scheduler_config.json`.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::{BetaSchedule, SchedulerClass, SchedulerConfig, SchedulerConfigError, TimestepSpacing};
use crate::config::{self, Parsed};

impl SchedulerConfig {
    /// Reads `scheduler/scheduler_config.json`.
    ///
    /// Its `_class_name` decides which keys are known and what the missing ones are. What Python
    /// does not tell apart may be mixed up: null is false where the class wants a truth value, and
    /// as good as missing where the peer never looks at the key; a whole number may end in `.0`.
    ///
    /// # Errors
    /// If it is not the JSON config of one of the [classes](SchedulerClass), if a value is of the
    /// wrong type or not supported, or if [`validate`](Self::validate) refuses it.
    pub fn from_json(json: &[u8]) -> Result<Parsed<Self>, SchedulerConfigError> {
        let (class, found) =
            config::of_class(json, SchedulerClass::NAMES, SchedulerClass::from_name)?;
        let defaults = config::to_map(&class.defaults());
        let known = |key: &str| class.keys().contains(&key);
        let null = |key: &&String| known(key) && found[*key].is_null() && !defaults[*key].is_null();
        let nulls: Vec<String> = found.keys().filter(null).cloned().collect();
        let found: Map<_, _> = found
            .into_iter()
            .filter_map(|(key, value)| {
                let value = if known(&key) { tolerated(value, &defaults[&key])? } else { value };
                Some((key, value))
            })
            .collect();
        let unset = class.keys().iter().copied().filter(|key| !found.contains_key(*key)).collect();
        let parsed: Parsed<Self> = config::over(&defaults, found, known)?;
        let parsed = parsed.map(|config| Self { class, unset, ..config });
        match nulls.into_iter().find(|key| parsed.config.counts(key)) {
            Some(key) => return Err(SchedulerConfigError::Null { key }),
            None => parsed.config.validate()?,
        }
        Ok(parsed)
    }

    /// Whether the peer looks at the value of a key that is no truth value, the others being as they
    /// are: then it refuses null.
    fn counts(&self, key: &str) -> bool {
        let is_named = self.trained_betas.is_none();
        match key {
            "num_train_timesteps" | "prediction_type" | "timestep_spacing" => true,
            "beta_schedule" => is_named,
            "beta_start" | "beta_end" => {
                let without_ends = [BetaSchedule::SquaredCosine, BetaSchedule::Laplace];
                is_named && !without_ends.contains(&self.beta_schedule)
            }
            "dynamic_thresholding_ratio" | "sample_max_value" => self.thresholding,
            "clip_sample_range" => self.clip_sample && !self.thresholding,
            "steps_offset" => self.timestep_spacing == TimestepSpacing::Leading,
            // A variance type that is none is the one of DDPM's default.
            _ => false,
        }
    }

    /// The text of `scheduler/scheduler_config.json`: the keys of its class.
    #[must_use]
    pub fn to_json(&self) -> String {
        config::to_json(&OfClass(self), self.class.name())
    }
}

/// `value` in the type of the `default` of its key; none if it is as good as missing.
fn tolerated(value: Value, default: &Value) -> Option<Value> {
    if value.is_null() && !default.is_null() {
        return default.is_boolean().then(|| false.into());
    }
    if let (true, Some(number)) = (value.is_f64() && default.is_u64(), value.as_f64()) {
        // 1000.0 is displayed as 1000.
        let whole = number.to_string().parse::<u64>();
        return Some(whole.map_or(value, Value::from));
    }
    Some(value)
}

/// The keys that count, in the order of the class.
struct OfClass<'a>(&'a SchedulerConfig);

impl Serialize for OfClass<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let all = config::to_map(self.0);
        to.collect_map(self.0.class.keys().iter().map(|key| (key, &all[*key])))
    }
}
