//! From a model to the files of its folder.

use std::fs;
use std::path::{Path, PathBuf};

use super::layout::{ABOUT, CONFIG, INDEX, RAW_WEIGHTS, SCHEDULER, UNFINISHED, WEIGHTS, inside};
use super::reader::{LONGEST_ABOUT, LONGEST_CONFIG};
use super::{FolderError, ModelFolder, index};
use crate::about::About;
use crate::files;
use crate::network_config::NetworkKind;
use crate::safetensors::{self, SafetensorsError};
use crate::weights::Weights;

impl ModelFolder {
    /// Writes the model folder at `path`, over the one that may be there.
    ///
    /// Each file is whole or untouched at every moment. `model_index.json` is removed first, unless
    /// nothing is to change, and comes last; in between a mark says so, and the folder is not read:
    /// two models are never mixed. On return all of it is on disk.
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
            put(path.join(UNFINISHED), b"")?;
            remove(path.join(INDEX))?;
        }
        for (path, bytes) in files {
            match bytes {
                Some(bytes) => put(path, &bytes)?,
                None => remove(path)?,
            }
        }
        remove(path.join(UNFINISHED))?;
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
            .map_err(|reason| FolderError::About { path: path.join(ABOUT), reason })?;
        self.contents().into_iter().try_for_each(|(name, content)| match content {
            Some(Content::Text(text)) => check_length(path.join(&name), &name, &text),
            Some(Content::Weights(_)) | None => Ok(()),
        })
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
        let index = index::to_json(kind, &self.scheduler);
        contents.push((INDEX.to_owned(), Some(Content::Text(index))));
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

/// Refuses a text that would not be read back.
fn check_length(path: PathBuf, name: &str, text: &str) -> Result<(), FolderError> {
    let limit = if name == ABOUT { LONGEST_ABOUT } else { LONGEST_CONFIG };
    match text.len() as u64 {
        found if found > limit => Err(FolderError::Length { path, found, limit }),
        _ => Ok(()),
    }
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
