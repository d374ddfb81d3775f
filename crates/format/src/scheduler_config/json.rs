//! The text of `scheduler/scheduler_config.json`.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::{
    BetaSchedule, SchedulerClass, SchedulerConfig, SchedulerConfigError, TimestepSpacing, infinity,
};
use crate::config::{self, Parsed};

impl SchedulerConfig {
    /// Reads `scheduler/scheduler_config.json`.
    ///
    /// Its `_class_name` decides the known keys and the defaults of missing keys. Values that Python
    /// does not distinguish are accepted for each other: null is false for a truth value, and counts as
    /// missing where diffusers never reads the key; a whole number may end in `.0`. Diffusers writes −∞
    /// as `-Infinity`, which is not valid JSON; it is read, but not written: a missing key means the
    /// same.
    ///
    /// If the named solver exists only in other classes, the solver of this class is used, as diffusers
    /// does with a config of another class.
    ///
    /// # Errors
    /// If it is not the JSON config of one of the [classes](SchedulerClass), if a value is of the
    /// wrong type or not supported, or if [`validate`](Self::validate) refuses it.
    pub fn from_json(json: &[u8]) -> Result<Parsed<Self>, SchedulerConfigError> {
        let json = infinity::quoted(json);
        let (class, found) =
            config::of_class(&json, SchedulerClass::NAMES, SchedulerClass::from_name)?;
        let defaults = config::to_map(&class.defaults());
        let known = |key: &str| class.keys().contains(&key);
        let has_value = |key: &str| defaults.get(key).is_some_and(|default| !default.is_null());
        let null = |key: &&String| known(key) && found[*key].is_null() && has_value(key);
        let nulls: Vec<String> = found.keys().filter(null).cloned().collect();
        let found: Map<_, _> = found
            .into_iter()
            .filter_map(|(key, value)| {
                let default = defaults.get(&key).filter(|_| known(&key));
                let value =
                    if let Some(default) = default { tolerated(value, default)? } else { value };
                Some((key, value))
            })
            .collect();
        let unset = class.keys().iter().copied().filter(|key| !found.contains_key(*key)).collect();
        let parsed: Parsed<Self> = config::over(&defaults, found, known)?;
        let parsed = parsed.map(|config| Self { class, unset, ..config }.settled());
        match nulls.into_iter().find(|key| parsed.config.counts(key)) {
            Some(key) => return Err(SchedulerConfigError::Null { key }),
            None => parsed.config.validate()?,
        }
        Ok(parsed)
    }

    /// Whether diffusers reads this key, given the other keys, so that it refuses null. Not for truth
    /// values.
    fn counts(&self, key: &str) -> bool {
        let is_named = self.trained_betas.is_none();
        match key {
            "timestep_spacing" | "steps_offset" if self.class == SchedulerClass::Lcm => false,
            "num_train_timesteps"
            | "prediction_type"
            | "timestep_spacing"
            | "solver_order"
            | "algorithm_type"
            | "solver_type"
            | "disable_corrector"
            | "final_sigmas_type"
            | "interpolation_type"
            | "original_inference_steps"
            | "timestep_scaling" => true,
            "beta_schedule" => is_named,
            "beta_start" | "beta_end" => {
                let without_ends = [BetaSchedule::SquaredCosine, BetaSchedule::Laplace];
                is_named && !without_ends.contains(&self.beta_schedule)
            }
            "dynamic_thresholding_ratio" | "sample_max_value" => self.thresholding,
            "clip_sample_range" => self.clip_sample && !self.thresholding,
            "steps_offset" => self.timestep_spacing == TimestepSpacing::Leading,
            // A null variance type is DDPM's default.
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
        let Self(config) = self;
        let mut all = config::to_map(*config);
        let keys = config.class.keys().iter();
        // A solver may do without a variance.
        if config.class != SchedulerClass::Ddpm && config.unset.contains(&"variance_type") {
            all.insert("variance_type".to_owned(), Value::Null);
        }
        // What has no value has no key.
        to.collect_map(keys.filter_map(|key| all.get(*key).map(|value| (key, value))))
    }
}
