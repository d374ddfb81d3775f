//! From a model to the files of its folder.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::layout::{
    ABOUT, CONFIG, INDEX, RAW_WEIGHTS, ROOT_SCHEDULER, SCHEDULER, WEIGHTS, inside, network_folders,
};
use super::reader::{LONGEST_ABOUT, LONGEST_CONFIG, check_times};
use super::swap::Swap;
use super::{FolderError, ModelFolder, index, weight_files};
use crate::about::About;
use crate::files::{self, Directory, Files};
use crate::network_config::NetworkKind;
use crate::safetensors::{self, SafetensorsError};
use crate::weights::Weights;

impl ModelFolder {
    /// Writes the model folder at `path`, in place of the model that may be there.
    ///
    /// All files are made aside and brought to disk before the first of the old ones is touched, so
    /// that an error, such as a full disk, leaves the folder as it was, or away if it was not there.
    /// All files of the old model are removed, in whatever layout: shards, variants, weights in other
    /// formats, and configs beside `model_index.json`. Files that do not belong to a model stay.
    ///
    /// While files are moved there is no `model_index.json`, but a mark of the unfinished state; such a folder
    /// is not read: two models are never mixed. On return all of it is on disk.
    ///
    /// # Errors
    /// If a config is not valid, or a file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), FolderError> {
        self.validate(path)?;
        let swap = Swap::new(path)?;
        let contents = self.contents();
        for (name, content) in &contents {
            swap.put(name, |file| content.write(file, &path.join(name)))?;
        }
        let new: Vec<_> = contents.into_iter().map(|(name, _)| name).collect();
        swap.commit(&old_files(path), &new)?;
        other_networks(self.network.kind())
            .try_for_each(|other| remove_empty_folder(path.join(other.name())))
    }

    /// How many bytes the files of the folder take, without making them.
    ///
    /// Writing over a folder takes this room on top of what is there: the old files stay until the
    /// new ones are complete.
    ///
    /// # Errors
    /// If there are too many arrays for a weight file; the error names it.
    pub fn byte_size(&self) -> Result<u64, FolderError> {
        let sizes = self.contents().into_iter().map(|(name, content)| {
            content.byte_size().map_err(|reason| FolderError::Weights { path: name.into(), reason })
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
        check_times(&self.network, &self.scheduler, || {
            path.join(inside(self.network.kind(), CONFIG))
        })?;
        self.contents().into_iter().try_for_each(|(name, content)| match content {
            Content::Text(text) => check_length(path.join(&name), &name, &text),
            Content::Weights(_) => Ok(()),
        })
    }

    /// Every file that belongs to the model, by name.
    fn contents(&self) -> Vec<(String, Content<'_>)> {
        let kind = self.network.kind();
        let raw = self.raw_weights.as_ref();
        let about = self.about.as_ref();
        let index = index::to_json(kind, &self.scheduler);
        [
            Some((SCHEDULER.to_owned(), Content::Text(self.scheduler.to_json()))),
            Some((inside(kind, CONFIG), Content::Text(self.network.to_json()))),
            Some((inside(kind, WEIGHTS), Content::Weights(&self.weights))),
            raw.map(|weights| (inside(kind, RAW_WEIGHTS), Content::Weights(weights))),
            about.map(|about| (ABOUT.to_owned(), Content::Text(about.to_json()))),
            Some((INDEX.to_owned(), Content::Text(index))),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// What a file is to hold.
enum Content<'a> {
    Text(String),
    Weights(&'a Weights),
}

impl Content<'_> {
    fn write(&self, file: &mut dyn Write, path: &Path) -> Result<(), FolderError> {
        let path = || path.to_owned();
        let io = |reason| FolderError::Io { verb: "write", path: path(), reason };
        match self {
            Self::Text(text) => file.write_all(text.as_bytes()).map_err(io),
            Self::Weights(weights) => match safetensors::write(weights, file) {
                Ok(()) => Ok(()),
                Err(SafetensorsError::Io { reason }) => Err(io(reason)),
                Err(reason) => Err(FolderError::Weights { path: path(), reason }),
            },
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

/// The files in the folder at `path` that are a model's: ours, or in any layout that is read.
fn old_files(path: &Path) -> Vec<String> {
    let files = Directory(path);
    let own = [INDEX, ABOUT, SCHEDULER].map(str::to_owned);
    let flat = [CONFIG, ROOT_SCHEDULER].into_iter().filter(|name| is_config(&path.join(name)));
    let flat = flat.map(str::to_owned);
    let networks = network_folders(None).into_iter().flat_map(|folder| {
        let weights = files.list(&folder).into_iter().filter(|name| weight_files::is_weights(name));
        let config = (!folder.is_empty()).then(|| CONFIG.to_owned());
        config.into_iter().chain(weights).map(move |name| format!("{folder}{name}"))
    });
    own.into_iter().chain(flat).chain(networks.collect::<Vec<_>>()).collect()
}

/// Whether a file with a name that many programs use is a config of a model.
fn is_config(path: &Path) -> bool {
    let is_short =
        fs::metadata(path).is_ok_and(|data| data.is_file() && data.len() <= LONGEST_CONFIG);
    let json = if is_short { fs::read(path).unwrap_or_default() } else { Vec::new() };
    let json: Option<serde_json::Value> = serde_json::from_slice(&json).ok();
    json.is_some_and(|json| json.get("_class_name").is_some())
}

fn remove_empty_folder(path: PathBuf) -> Result<(), FolderError> {
    files::remove_empty_folder(&path).map_err(|reason| FolderError::Io {
        verb: "remove",
        path,
        reason,
    })
}
