//! The configs of a model folder within a request: as the objects that are their files.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// The file of a config as an object.
fn to_object<S: Serializer>(file: &str) -> Result<Value, S::Error> {
    serde_json::from_str(file).map_err(serde::ser::Error::custom)
}

/// Refuses keys that mean nothing.
fn known<T, E: serde::de::Error>(config: T, unknown: &[String]) -> Result<T, E> {
    match unknown {
        [] => Ok(config),
        _ => Err(E::custom(format_args!("unknown keys: {}", unknown.join(", ")))),
    }
}

/// The text of an object.
fn to_text<'de, D: Deserializer<'de>>(value: &impl Serialize) -> Result<Vec<u8>, D::Error> {
    serde_json::to_vec(value).map_err(D::Error::custom)
}

/// `{"unet": {…}}` or `{"mlp": {…}}`.
pub(super) mod network {
    use std::collections::BTreeMap;

    use ancestral_format::{NetworkConfig, NetworkKind};

    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(
        config: &NetworkConfig,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let object = to_object::<S>(&config.to_json())?;
        BTreeMap::from([(config.kind().name(), object)]).serialize(to)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<NetworkConfig, D::Error> {
        let map = BTreeMap::<String, Value>::deserialize(from)?;
        let mut entries = map.iter();
        let (Some((name, object)), None) = (entries.next(), entries.next()) else {
            return Err(D::Error::custom("expected one network"));
        };
        let kind = NetworkKind::from_name(name)
            .ok_or_else(|| D::Error::unknown_variant(name, NetworkKind::NAMES))?;
        let parsed = NetworkConfig::from_json(kind, &to_text::<D>(object)?);
        let parsed = parsed.map_err(D::Error::custom)?;
        known(parsed.config, &parsed.unknown)
    }
}

/// As `scheduler_config.json`.
pub(super) mod scheduler {
    use ancestral_format::SchedulerConfig;

    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(
        config: &SchedulerConfig,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to_object::<S>(&config.to_json())?.serialize(to)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<SchedulerConfig, D::Error> {
        let object = Value::deserialize(from)?;
        let parsed = SchedulerConfig::from_json(&to_text::<D>(&object)?);
        let parsed = parsed.map_err(D::Error::custom)?;
        known(parsed.config, &parsed.unknown)
    }
}
