//! The text of `scheduler/scheduler_config.json`.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::{SchedulerClass, SchedulerConfig, SchedulerConfigError};
use crate::config::{self, Parsed};

impl SchedulerConfig {
    /// Reads `scheduler/scheduler_config.json`.
    ///
    /// Its `_class_name` decides which keys are known and what the missing ones are. What Python
    /// does not tell apart may be mixed up: null is false where the class wants a truth value, and
    /// a missing key elsewhere; a whole number may end in `.0`.
    ///
    /// # Errors
    /// If it is not the JSON config of one of the [classes](SchedulerClass), if a value is of the
    /// wrong type or not supported, or if [`validate`](Self::validate) refuses it.
    pub fn from_json(json: &[u8]) -> Result<Parsed<Self>, SchedulerConfigError> {
        let (class, found) =
            config::of_class(json, SchedulerClass::NAMES, SchedulerClass::from_name)?;
        let defaults = config::to_map(&class.defaults());
        let known = |key: &str| class.keys().contains(&key);
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
        parsed.config.validate()?;
        Ok(parsed)
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
