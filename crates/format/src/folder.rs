//! A whole model folder.
//!
//! ```text
//! model/
//! ├── model_index.json                            which classes the parts are
//! ├── ancestral.json                              ours: data, training; absent in imported folders
//! ├── scheduler/
//! │   └── scheduler_config.json                   noise schedule and reverse process
//! └── unet/                                       or mlp/
//!     ├── config.json                             the network
//!     ├── diffusion_pytorch_model.safetensors     averaged (EMA) weights: the main ones
//!     └── diffusion_pytorch_model.raw.safetensors the weights as trained; may be absent
//! ```
//!
//! All but `ancestral.json` and the raw weights is what `diffusers` reads and writes. It has no
//! multilayer perceptron; a folder with one looks the same.

mod error;
mod index;
mod reader;

use std::path::{Path, PathBuf};
use std::{fmt, fs};

pub use error::FolderError;
pub use index::IndexError;
use reader::Reader;

use crate::about::About;
use crate::files::{self, Directory, Memory};
use crate::network_config::{NetworkConfig, NetworkKind};
use crate::safetensors::{self, SafetensorsError};
use crate::scheduler_config::SchedulerConfig;
use crate::weights::Weights;

const INDEX: &str = "model_index.json";
const ABOUT: &str = "ancestral.json";
const SCHEDULER: &str = "scheduler/scheduler_config.json";

// In the folder of the network:
const CONFIG: &str = "config.json";
const WEIGHTS: &str = "diffusion_pytorch_model.safetensors";
const RAW_WEIGHTS: &str = "diffusion_pytorch_model.raw.safetensors";

/// A model as it lies on disk: see the [module](self) for the files.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelFolder {
    /// What the network looks like.
    pub network: NetworkConfig,
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
    /// nothing is to change, and comes last: a folder that has one never mixes two models. On
    /// return all of it is on disk.
    ///
    /// # Errors
    /// If a config is not valid, or a file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), FolderError> {
        self.validate(path)?;
        let files = self.contents().into_iter().map(|(name, content)| {
            let path = path.join(name);
            match content.map(Content::into_bytes).transpose() {
                Ok(bytes) => Ok((path, bytes)),
                Err(reason) => Err(FolderError::Weights { path, reason }),
            }
        });
        let files = files.collect::<Result<Vec<_>, _>>()?;
        if !files.iter().all(|(path, bytes)| holds(path, bytes.as_deref())) {
            remove(path.join(INDEX))?;
        }
        for (path, bytes) in files {
            match bytes {
                Some(bytes) => put(path, &bytes)?,
                None => remove(path)?,
            }
        }
        other_networks(self.network.kind())
            .try_for_each(|other| remove_empty_folder(path.join(other.name())))
    }

    /// How many bytes the files of the folder take, without making them.
    ///
    /// Writing over a folder takes the room of the largest file on top: one that is replaced stays
    /// until the new one is complete.
    ///
    /// # Errors
    /// If there are too many arrays for a weight file; the error names it.
    pub fn byte_size(&self) -> Result<u64, FolderError> {
        let sizes = self.contents().into_iter().map(|(name, content)| {
            content
                .map_or(Ok(0), |content| content.byte_size())
                .map_err(|reason| FolderError::Weights { path: name.into(), reason })
        });
        sizes.sum()
    }

    fn validate(&self, path: &Path) -> Result<(), FolderError> {
        self.network.validate().map_err(|reason| {
            let path = path.join(inside(self.network.kind(), CONFIG));
            FolderError::Network { path, reason }
        })?;
        self.scheduler
            .validate()
            .map_err(|reason| FolderError::Scheduler { path: path.join(SCHEDULER), reason })?;
        self.about
            .as_ref()
            .map_or(Ok(()), About::validate)
            .map_err(|reason| FolderError::About { path: path.join(ABOUT), reason })
    }

    /// Every file that belongs to a model folder, by name; without content: one that must not be
    /// there. The index comes last.
    fn contents(&self) -> Vec<(String, Option<Content<'_>>)> {
        let kind = self.network.kind();
        let mut contents = vec![
            (SCHEDULER.to_owned(), Some(Content::Text(self.scheduler.to_json()))),
            (inside(kind, CONFIG), Some(Content::Text(self.network.to_json()))),
            (inside(kind, WEIGHTS), Some(Content::Weights(&self.weights))),
            (inside(kind, RAW_WEIGHTS), self.raw_weights.as_ref().map(Content::Weights)),
            (ABOUT.to_owned(), self.about.as_ref().map(|about| Content::Text(about.to_json()))),
        ];
        for other in other_networks(kind) {
            contents.extend([CONFIG, WEIGHTS, RAW_WEIGHTS].map(|file| (inside(other, file), None)));
        }
        contents.push((INDEX.to_owned(), Some(Content::Text(index::to_json(kind)))));
        contents
    }
}

/// What a file is to hold.
enum Content<'a> {
    Text(String),
    Weights(&'a Weights),
}

impl Content<'_> {
    fn into_bytes(self) -> Result<Vec<u8>, SafetensorsError> {
        match self {
            Self::Text(text) => Ok(text.into_bytes()),
            Self::Weights(weights) => safetensors::to_bytes(weights),
        }
    }

    fn byte_size(&self) -> Result<u64, SafetensorsError> {
        match self {
            Self::Text(text) => Ok(text.len() as u64),
            Self::Weights(weights) => safetensors::byte_size(weights),
        }
    }
}

/// The name of a file in the folder of a network.
fn inside(kind: NetworkKind, file: &str) -> String {
    format!("{kind}/{file}")
}

fn other_networks(kind: NetworkKind) -> impl Iterator<Item = NetworkKind> {
    NetworkKind::ALL.iter().copied().filter(move |other| *other != kind)
}

/// Whether the file at `path` has this content already; `None` is no file.
fn holds(path: &Path, content: Option<&[u8]>) -> bool {
    fs::read(path).ok().as_deref() == content
}

fn put(path: PathBuf, bytes: &[u8]) -> Result<(), FolderError> {
    files::write_file(&path, bytes).map_err(|reason| FolderError::Io {
        verb: "write",
        path,
        reason,
    })
}

fn remove(path: PathBuf) -> Result<(), FolderError> {
    files::remove(&path).map_err(|reason| FolderError::Io { verb: "remove", path, reason })
}

fn remove_empty_folder(path: PathBuf) -> Result<(), FolderError> {
    files::remove_empty_folder(&path).map_err(|reason| FolderError::Io {
        verb: "remove",
        path,
        reason,
    })
}

#[cfg(test)]
mod tests;
