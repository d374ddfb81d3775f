//! `model_index.json`: library and class of each part of a model.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::config::{self, ConfigError, Parsed};
use crate::network_config::NetworkKind;

const PIPELINES: &[&str] = &[pipeline(NetworkKind::UNet), pipeline(NetworkKind::Mlp)];

/// The class of the whole. Of a network that the peer lacks it is none of the peer's, so that the
/// peer refuses the folder at once.
const fn pipeline(kind: NetworkKind) -> &'static str {
    match kind {
        NetworkKind::UNet => "DDPMPipeline",
        NetworkKind::Mlp => "AncestralPipeline",
    }
}

const fn library(kind: NetworkKind) -> &'static str {
    match kind {
        NetworkKind::UNet => "diffusers",
        NetworkKind::Mlp => "ancestral",
    }
}

/// The file, as it is read.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Index {
    /// Only a note: the `_class_name` in the scheduler's own config decides.
    scheduler: Option<Part>,
    unet: Option<Part>,
    mlp: Option<Part>,
}

/// Library and class.
type Part = (String, String);

/// Which network the model has.
pub(super) fn from_json(json: &[u8]) -> Result<Parsed<NetworkKind>, IndexError> {
    let parsed: Parsed<Index> = config::from_json(json, PIPELINES)?;
    let (kind, class) = match (&parsed.config.unet, &parsed.config.mlp) {
        (Some((_, class)), None) => (NetworkKind::UNet, class),
        (None, Some((_, class))) => (NetworkKind::Mlp, class),
        (None, None) => return Err(IndexError::Networks { found: "neither" }),
        (Some(_), Some(_)) => return Err(IndexError::Networks { found: "both" }),
    };
    if class != kind.class() {
        return Err(IndexError::Class { kind, found: class.clone() });
    }
    Ok(parsed.map(|_| kind))
}

/// The text of the file.
pub(super) fn to_json(kind: NetworkKind) -> String {
    let parts = BTreeMap::from([
        ("scheduler", ("diffusers", "DDPMScheduler")),
        (kind.name(), (library(kind), kind.class())),
    ]);
    config::to_json(&parts, pipeline(kind))
}

/// Why `model_index.json` is refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IndexError {
    /// It cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It does not name one network.
    #[error("expected one network, \"unet\" or \"mlp\", but found {found}")]
    Networks {
        /// `"neither"` or `"both"`.
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
}
