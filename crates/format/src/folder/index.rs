//! `model_index.json`: library and class of each part of a model.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::config::{self, ConfigError, Parsed};
use crate::listed::shown;
use crate::network_config::NetworkKind;
use crate::scheduler_config::SchedulerConfig;

const SCHEDULER: &str = "scheduler";

/// The class of the pipeline. For a network that diffusers lacks it is a class that diffusers does not
/// have, so that diffusers refuses the folder immediately.
const fn pipeline(kind: NetworkKind, scheduler: &SchedulerConfig) -> &'static str {
    match kind {
        NetworkKind::UNet => scheduler.class.pipeline(),
        NetworkKind::Mlp => "AncestralPipeline",
    }
}

const fn library(kind: NetworkKind) -> &'static str {
    match kind {
        NetworkKind::UNet => "diffusers",
        NetworkKind::Mlp => "ancestral",
    }
}

/// Which network the model has.
///
/// The class of the pipeline is only a note, and so is that of the scheduler: the `_class_name` in
/// the scheduler's own config decides. A part that we would have to leave out is refused.
pub(super) fn from_json(json: &[u8]) -> Result<Parsed<NetworkKind>, IndexError> {
    let index: Map<String, Value> = serde_json::from_slice(json)
        .map_err(|reason| IndexError::Config(ConfigError::Json { reason }))?;
    let name = index.get("_class_name").and_then(Value::as_str);
    if !name.is_some_and(|name| name.ends_with("Pipeline")) {
        let found = index.get("_class_name").map(Value::to_string);
        return Err(IndexError::Pipeline { found });
    }
    let kind = network(&index)?;
    let mut unknown = Vec::new();
    for (key, value) in &index {
        match class(value) {
            _ if key.starts_with('_') || key == SCHEDULER || key == kind.name() => {}
            Some(class) => {
                return Err(IndexError::Part { name: key.clone(), class: class.to_owned() });
            }
            None if is_absent(value) => {}
            None => unknown.push(key.clone()),
        }
    }
    Ok(Parsed { config: kind, unknown })
}

fn network(index: &Map<String, Value>) -> Result<NetworkKind, IndexError> {
    let part = |kind: NetworkKind| index.get(kind.name()).filter(|value| !is_absent(value));
    let (kind, value) = match (part(NetworkKind::UNet), part(NetworkKind::Mlp)) {
        (Some(value), None) => (NetworkKind::UNet, value),
        (None, Some(value)) => (NetworkKind::Mlp, value),
        (None, None) => return Err(IndexError::Networks { found: "neither" }),
        (Some(_), Some(_)) => return Err(IndexError::Networks { found: "both" }),
    };
    match class(value) {
        Some(name) if name == kind.class() => Ok(kind),
        Some(name) => Err(IndexError::Class { kind, found: name.to_owned() }),
        None => Err(IndexError::Entry { kind, found: shape_of(value) }),
    }
}

/// The class in an entry `["library", "Class"]`.
fn class(value: &Value) -> Option<&str> {
    match value.as_array().map(Vec::as_slice) {
        Some([Value::String(_), Value::String(class)]) => Some(class),
        _ => None,
    }
}

/// Whether a part was left out; diffusers has two notations for this.
fn is_absent(value: &Value) -> bool {
    let nulls = |parts: &Vec<Value>| parts.iter().all(Value::is_null);
    value.is_null() || value.as_array().is_some_and(nulls)
}

const fn shape_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "another list",
        Value::Object(_) => "an object",
    }
}

/// The text of the file.
pub(super) fn to_json(kind: NetworkKind, scheduler: &SchedulerConfig) -> String {
    let parts = BTreeMap::from([
        (SCHEDULER, ("diffusers", scheduler.class.name())),
        (kind.name(), (library(kind), kind.class())),
    ]);
    config::to_json(&parts, pipeline(kind, scheduler))
}

/// Why `model_index.json` is refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IndexError {
    /// It cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The class is not a pipeline.
    #[error(
        "_class_name {} is not supported (supported: any pipeline of one network)",
        config::shown_class(found.as_deref())
    )]
    Pipeline {
        /// What it names, as JSON, if it names something.
        found: Option<String>,
    },
    /// It does not name one network.
    #[error("expected one network, \"unet\" or \"mlp\", but found {found}")]
    Networks {
        /// `"neither"` or `"both"`.
        found: &'static str,
    },
    /// The entry of the network is empty.
    #[error("{kind}: expected [library, class], found {found}")]
    Entry {
        /// Which network.
        kind: NetworkKind,
        /// What is there.
        found: &'static str,
    },
    /// The network is of another class.
    #[error("{kind}: class {found:?} is not supported (supported: {})", kind.class())]
    Class {
        /// Which network.
        kind: NetworkKind,
        /// The class it names.
        found: String,
    },
    /// The model has a part that we do not run.
    #[error(
        "{}: a part of class {class:?} is not supported (supported: a network and a scheduler)",
        shown(name)
    )]
    Part {
        /// What the pipeline calls it.
        name: String,
        /// Its class.
        class: String,
    },
}
