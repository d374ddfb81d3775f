//! What the JSON configs of a model folder have in common.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::listed::shown;

/// The version of `diffusers` whose layout we write.
pub const DIFFUSERS_VERSION: &str = "0.42.1";

/// Why a JSON config cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file is not JSON, or its top level is not an object.
    #[error("not a JSON object: {}", plain(reason))]
    Json {
        /// What is wrong, and where.
        reason: serde_json::Error,
    },
    /// The config belongs to another class.
    #[error(
        "_class_name {} is not supported (supported: {})",
        shown_class(found.as_deref()),
        supported.join(", ")
    )]
    ClassName {
        /// What it names, as JSON, if it names something.
        found: Option<String>,
        /// The classes that are read here.
        supported: &'static [&'static str],
    },
    /// A value cannot be used.
    #[error("{key}: {}", plain(reason))]
    Value {
        /// The key.
        key: String,
        /// The value found and what was expected.
        reason: serde_json::Error,
    },
}

/// What is wrong with JSON, with names in quotes as in the file: backticks are for settings.
pub(crate) fn plain(error: &serde_json::Error) -> String {
    error.to_string().replace('`', "\"")
}

/// What a `_class_name` is, in JSON.
pub(crate) fn shown_class(found: Option<&str>) -> String {
    found.map_or_else(|| "(missing)".to_owned(), shown)
}

/// A config, and the keys that its class does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed<T> {
    /// What was read; missing keys have the defaults of the class.
    pub config: T,
    /// Keys that were found but mean nothing to the class, in alphabetical order.
    pub unknown: Vec<String>,
}

impl<T> Parsed<T> {
    /// The same with another config made of it.
    pub(crate) fn map<U>(self, make: impl FnOnce(T) -> U) -> Parsed<U> {
        Parsed { config: make(self.config), unknown: self.unknown }
    }
}

/// Reads the config of one of `classes`; `T` must be `#[serde(default)]`.
pub(crate) fn from_json<T>(
    json: &[u8],
    classes: &'static [&'static str],
) -> Result<Parsed<T>, ConfigError>
where
    T: Default + Serialize + DeserializeOwned,
{
    let ((), found) = of_class(json, classes, |name| classes.contains(&name).then_some(()))?;
    let defaults = to_map(&T::default());
    over(&defaults, found, |key| defaults.contains_key(key))
}

/// Which of `classes` a config belongs to, and its keys.
pub(crate) fn of_class<C>(
    json: &[u8],
    classes: &'static [&'static str],
    from_name: impl Fn(&str) -> Option<C>,
) -> Result<(C, Map<String, Value>), ConfigError> {
    let mut found: Map<String, Value> =
        serde_json::from_slice(json).map_err(|reason| ConfigError::Json { reason })?;
    let name = found.get("_class_name").and_then(Value::as_str);
    let class = name.and_then(from_name).ok_or_else(|| ConfigError::ClassName {
        found: found.get("_class_name").map(Value::to_string),
        supported: classes,
    })?;
    // Keys with an underscore are diffusers' notes to itself, such as its version.
    found.retain(|key, _| !key.starts_with('_'));
    Ok((class, found))
}

/// The keys of `found` that are `known` in place of `defaults`; `T` must be `#[serde(default)]`.
pub(crate) fn over<T: DeserializeOwned>(
    defaults: &Map<String, Value>,
    mut found: Map<String, Value>,
    known: impl Fn(&str) -> bool,
) -> Result<Parsed<T>, ConfigError> {
    let unknown: Vec<String> = found.keys().filter(|key| !known(key)).cloned().collect();
    found.retain(|key, _| known(key));

    // One key at a time first, so that an error can name its key.
    for (key, value) in &found {
        let alone = Map::from_iter([(key.clone(), value.clone())]);
        serde_json::from_value::<T>(Value::Object(alone))
            .map_err(|reason| ConfigError::Value { key: key.clone(), reason })?;
    }
    let mut all = defaults.clone();
    all.extend(found);
    let config = serde_json::from_value(Value::Object(all))
        .map_err(|reason| ConfigError::Json { reason })?;
    Ok(Parsed { config, unknown })
}

/// A config as JSON, key by key.
pub(crate) fn to_map<T: Serialize>(config: &T) -> Map<String, Value> {
    match serde_json::to_value(config) {
        Ok(Value::Object(map)) => map,
        other => panic!("a config must be an object: {other:?}"),
    }
}

#[derive(Serialize)]
struct WithClass<'a, T> {
    #[serde(rename = "_class_name")]
    class: &'a str,
    #[serde(rename = "_diffusers_version")]
    version: &'a str,
    #[serde(flatten)]
    rest: &'a T,
}

/// The config of `class` as a JSON file.
pub(crate) fn to_json<T: Serialize>(config: &T, class: &str) -> String {
    pretty(&WithClass { class, version: DIFFUSERS_VERSION, rest: config })
}

/// Indented JSON with a final newline.
pub(crate) fn pretty<T: Serialize>(value: &T) -> String {
    let json = serde_json::to_string_pretty(value).expect("our types are plain JSON");
    json + "\n"
}

/// A list of one or two numbers as diffusers spells it: a number if both are equal.
pub(crate) mod size {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged, expecting = "expected null, a number or [height, width]")]
    enum Size {
        Square(usize),
        Rectangle([usize; 2]),
    }

    #[expect(clippy::ref_option, reason = "the signature is serde's")]
    pub(crate) fn serialize<S: Serializer>(
        size: &Option<[usize; 2]>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let spelled = size.map(|[height, width]| {
            if height == width { Size::Square(height) } else { Size::Rectangle([height, width]) }
        });
        spelled.serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<[usize; 2]>, D::Error> {
        let spelled = Option::<Size>::deserialize(from)?;
        Ok(spelled.map(|size| match size {
            Size::Square(side) => [side; 2],
            Size::Rectangle(size) => size,
        }))
    }
}
