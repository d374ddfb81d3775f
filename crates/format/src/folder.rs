//! A whole model folder.
//!
//! ```text
//! model/
//! ├── model_index.json                            which classes the parts are
//! ├── ancestral.json                              ours: data, training; absent in imported folders
//! ├── scheduler/
//! │   └── scheduler_config.json                   noise schedule and reverse process
//! └── unet/
//!     ├── config.json                             the network
//!     ├── diffusion_pytorch_model.safetensors     averaged (EMA) weights: the main ones
//!     └── diffusion_pytorch_model.raw.safetensors the weights as trained; may be absent
//! ```
//!
//! All but `ancestral.json` and the raw weights is what `diffusers` reads and writes.

mod error;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use serde::{Deserialize, Serialize};

pub use error::FolderError;

use crate::about::About;
use crate::config::{self, Parsed};
use crate::files::{self, Directory, Files, Memory};
use crate::safetensors;
use crate::scheduler_config::SchedulerConfig;
use crate::unet_config::UNetConfig;
use crate::weights::Weights;

const INDEX: &str = "model_index.json";
const ABOUT: &str = "ancestral.json";
const SCHEDULER: &str = "scheduler/scheduler_config.json";
const UNET: &str = "unet/config.json";
const WEIGHTS: &str = "unet/diffusion_pytorch_model.safetensors";
const RAW_WEIGHTS: &str = "unet/diffusion_pytorch_model.raw.safetensors";

const PIPELINE: &str = "DDPMPipeline";

/// A model as it lies on disk: see the [module](self) for the files.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelFolder {
    /// What the network looks like.
    pub unet: UNetConfig,
    /// The noise schedule that it was trained on, and how to run it backwards.
    pub scheduler: SchedulerConfig,
    /// The main weights; of a model that we trained, the averaged (EMA) ones.
    pub weights: Weights,
    /// The weights as trained, without averaging.
    pub raw_weights: Option<Weights>,
    /// What the layout has no place for.
    pub about: Option<About>,
}

/// A model that was read, and what was passed over on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The model.
    pub model: ModelFolder,
    /// Keys of the peer's configs that mean nothing to us: worth a warning each.
    pub unknown: Vec<UnknownKey>,
}

/// A key of a config that means nothing to its class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownKey {
    /// The file.
    pub path: PathBuf,
    /// The key.
    pub key: String,
}

impl fmt::Display for UnknownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} is not a known key", self.path.display(), self.key)
    }
}

impl ModelFolder {
    /// Reads the model folder at `path`.
    ///
    /// # Errors
    /// If a file that must be there is not, or one that is there cannot be understood; the error
    /// names the file and what was expected of it.
    pub fn read(path: &Path) -> Result<Loaded, FolderError> {
        Reader::new(&Directory(path)).model()
    }

    /// Reads a model folder whose files are in memory, such as one compiled into a program: pairs
    /// of a name inside the folder, with `/`, and the content.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn from_files(files: &[(&str, &[u8])]) -> Result<Loaded, FolderError> {
        Reader::new(&Memory(files)).model()
    }

    /// Writes the model folder at `path`, over the one that may be there.
    ///
    /// Each file is whole or untouched at every moment. `model_index.json` is removed first, unless
    /// nothing is to change, and comes last: a folder that has one never mixes two models.
    ///
    /// # Errors
    /// If a config is not valid, or a file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), FolderError> {
        let at = |name| path.join(name);
        self.unet.validate().map_err(|reason| FolderError::UNet { path: at(UNET), reason })?;
        self.scheduler
            .validate()
            .map_err(|reason| FolderError::Scheduler { path: at(SCHEDULER), reason })?;

        let weights = |name, weights| match safetensors::to_bytes(weights) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(reason) => Err(FolderError::Weights { path: at(name), reason }),
        };
        let parts = [
            (SCHEDULER, Some(self.scheduler.to_json().into_bytes())),
            (UNET, Some(self.unet.to_json().into_bytes())),
            (WEIGHTS, weights(WEIGHTS, &self.weights)?),
            (RAW_WEIGHTS, self.raw_weights.as_ref().map_or(Ok(None), |w| weights(RAW_WEIGHTS, w))?),
            (ABOUT, self.about.as_ref().map(|about| about.to_json().into_bytes())),
        ];
        if !parts.iter().all(|(name, bytes)| holds(&at(name), bytes.as_deref())) {
            remove(at(INDEX))?;
        }
        for (name, bytes) in parts {
            match bytes {
                Some(bytes) => put(at(name), &bytes)?,
                None => remove(at(name))?,
            }
        }
        put(at(INDEX), config::to_json(&Index::default(), PIPELINE).as_bytes())
    }
}

/// Whether the file at `path` has this content already; `None` is no file.
fn holds(path: &Path, content: Option<&[u8]>) -> bool {
    fs::read(path).ok().as_deref() == content
}

fn put(path: PathBuf, bytes: &[u8]) -> Result<(), FolderError> {
    files::write_atomically(&path, bytes).map_err(|reason| FolderError::Io {
        verb: "write",
        path,
        reason,
    })
}

fn remove(path: PathBuf) -> Result<(), FolderError> {
    files::remove(&path).map_err(|reason| FolderError::Io { verb: "remove", path, reason })
}

/// `model_index.json`: library and class of each part.
#[derive(Serialize, Deserialize)]
#[serde(default)]
struct Index {
    /// Only a note: the `_class_name` in the scheduler's own config decides.
    scheduler: Option<(String, String)>,
    unet: (String, NetworkClass),
}

#[derive(Serialize, Deserialize)]
enum NetworkClass {
    UNet2DModel,
}

impl Default for Index {
    fn default() -> Self {
        let library = || "diffusers".to_owned();
        Self {
            scheduler: Some((library(), "DDPMScheduler".to_owned())),
            unet: (library(), NetworkClass::UNet2DModel),
        }
    }
}

/// Reads the parts of a folder, wherever its files are.
struct Reader<'a> {
    files: &'a dyn Files,
    unknown: Vec<UnknownKey>,
}

impl<'a> Reader<'a> {
    fn new(files: &'a dyn Files) -> Self {
        Self { files, unknown: Vec::new() }
    }

    fn model(mut self) -> Result<Loaded, FolderError> {
        self.index()?;
        let scheduler = self.scheduler()?;
        let (unet, weights, raw_weights) = self.network()?;
        let about = self.about()?;
        let model = ModelFolder { unet, scheduler, weights, raw_weights, about };
        Ok(Loaded { model, unknown: self.unknown })
    }

    fn index(&mut self) -> Result<Index, FolderError> {
        let json = self.required("model index", INDEX)?;
        let parsed = config::from_json(&json, PIPELINE)
            .map_err(|reason| FolderError::Index { path: self.files.path(INDEX), reason })?;
        Ok(self.note(INDEX, parsed))
    }

    fn scheduler(&mut self) -> Result<SchedulerConfig, FolderError> {
        let json = self.required("scheduler config", SCHEDULER)?;
        let parsed = SchedulerConfig::from_json(&json).map_err(|reason| {
            FolderError::Scheduler { path: self.files.path(SCHEDULER), reason }
        })?;
        Ok(self.note(SCHEDULER, parsed))
    }

    fn network(&mut self) -> Result<(UNetConfig, Weights, Option<Weights>), FolderError> {
        let json = self.required("network config", UNET)?;
        let parsed = UNetConfig::from_json(&json)
            .map_err(|reason| FolderError::UNet { path: self.files.path(UNET), reason })?;
        let weights = self.weights(WEIGHTS, &self.required("weights", WEIGHTS)?)?;
        let raw = self.optional(RAW_WEIGHTS)?;
        let raw_weights = raw.map(|bytes| self.weights(RAW_WEIGHTS, &bytes)).transpose()?;
        Ok((self.note(UNET, parsed), weights, raw_weights))
    }

    fn weights(&self, name: &str, bytes: &[u8]) -> Result<Weights, FolderError> {
        safetensors::from_bytes(bytes)
            .map_err(|reason| FolderError::Weights { path: self.files.path(name), reason })
    }

    fn about(&self) -> Result<Option<About>, FolderError> {
        let json = self.optional(ABOUT)?;
        json.map(|json| About::from_json(&json))
            .transpose()
            .map_err(|reason| FolderError::About { path: self.files.path(ABOUT), reason })
    }

    fn required(&self, what: &'static str, name: &str) -> Result<Cow<'a, [u8]>, FolderError> {
        self.optional(name)?
            .ok_or_else(|| FolderError::Missing { what, looked_for: vec![self.files.path(name)] })
    }

    fn optional(&self, name: &str) -> Result<Option<Cow<'a, [u8]>>, FolderError> {
        let path = || self.files.path(name);
        self.files.get(name).map_err(|reason| FolderError::Io {
            verb: "read",
            path: path(),
            reason,
        })
    }

    fn note<T>(&mut self, name: &str, parsed: Parsed<T>) -> T {
        let path = self.files.path(name);
        let keys = parsed.unknown.into_iter();
        self.unknown.extend(keys.map(|key| UnknownKey { path: path.clone(), key }));
        parsed.config
    }
}

#[cfg(test)]
mod tests;
