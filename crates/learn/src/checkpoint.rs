//! Training on disk.
//!
//! ```text
//! checkpoints/
//! └── step-500/
//!     ├── model_index.json, …        a model folder: averaged weights, and the raw ones beside them
//!     ├── moment_1.safetensors       the optimiser's moments, by the names of the parameters
//!     ├── moment_2.safetensors
//!     ├── timestep_losses.safetensors   if timesteps are drawn by their losses
//!     └── training.json              the counters, the request, and checksums of the data and files
//! ```
//!
//! A checkpoint is a model folder, so it can be sampled from. Nothing in it is random: equal runs
//! have equal files.

mod error;
mod store;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ancestral_format::{ModelFolder, Weights, safetensors, write_file};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use error::CheckpointError;
pub use store::{Checkpoints, Newest};

use crate::{Request, TrainState};

/// The version of `training.json` that we write and read.
const FORMAT: u32 = 2;
const TRAINING: &str = "training.json";
const TIMESTEP_LOSSES: &str = "timestep_losses.safetensors";
const MOMENTS: [&str; 2] = ["moment_1.safetensors", "moment_2.safetensors"];

/// All that is needed to resume a training in another process.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// The model so far: the averaged weights and, as `raw_weights`, those as trained.
    pub model: ModelFolder,
    /// First and second moments of the optimiser.
    pub moments: [Weights; 2],
    /// The last losses of each timestep, by which timesteps are drawn; empty if all are drawn alike.
    pub timestep_losses: Weights,
    /// The counters of the training.
    pub counters: Counters,
    /// What is trained, and how.
    pub request: Request,
    /// A checksum of the data: [`TrainingSet::sha256`](crate::TrainingSet::sha256).
    pub data_sha256: String,
}

/// The counters of a [`TrainState`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counters {
    /// How many steps were made.
    pub steps: u64,
    /// How many updates were made.
    pub updates: u64,
    /// How many steps in a row were skipped, up to the last one.
    pub skipped_in_a_row: u32,
}

/// The content of `training.json`, with parts of it borrowed or owned.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrainingFile<R, S> {
    format: u32,
    counters: Counters,
    request: R,
    data_sha256: S,
    /// SHA-256 of every other file.
    files: BTreeMap<String, String>,
}

/// The one key that is read before anything else.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl TrainingFile<Request, String> {
    fn read(at: &Path) -> Result<Self, CheckpointError> {
        let json = read(at)?;
        let damaged = |error| CheckpointError::damaged(at.to_owned(), &error);
        let Format { format } = serde_json::from_slice(&json).map_err(damaged)?;
        if format != FORMAT {
            let reason = format!("format {format} is not supported (supported: {FORMAT})");
            return Err(CheckpointError::damaged(at.to_owned(), &reason));
        }
        serde_json::from_slice(&json).map_err(damaged)
    }
}

impl Checkpoint {
    /// Reads the checkpoint in `folder`.
    ///
    /// # Errors
    /// If a file is missing, was changed, or cannot be understood.
    pub fn read(folder: &Path) -> Result<Self, CheckpointError> {
        let file = TrainingFile::read(&folder.join(TRAINING))?;
        for (name, expected) in &file.files {
            let path = folder.join(name);
            if sha256(&read(&path)?) != *expected {
                return Err(CheckpointError::damaged(path, &"its checksum has changed"));
            }
        }
        let model = ModelFolder::read(folder)?.model;
        if model.raw_weights.is_none() {
            return Err(CheckpointError::damaged(folder.to_owned(), &"there are no raw weights"));
        }
        let tensors = |name: &str| {
            let path = folder.join(name);
            safetensors::from_bytes(&read(&path)?)
                .map_err(|error| CheckpointError::damaged(path, &error))
        };
        let moments = [tensors(MOMENTS[0])?, tensors(MOMENTS[1])?];
        let timestep_losses = if file.files.contains_key(TIMESTEP_LOSSES) {
            tensors(TIMESTEP_LOSSES)?
        } else {
            Weights::default()
        };
        let TrainingFile { counters, request, data_sha256, .. } = file;
        Ok(Self { model, moments, timestep_losses, counters, request, data_sha256 })
    }

    /// The state of the training.
    ///
    /// # Panics
    /// If the model has no raw weights, as those of [`read`](Self::read) always have.
    #[must_use]
    pub fn into_state(self) -> TrainState {
        let Counters { steps, updates, skipped_in_a_row } = self.counters;
        TrainState {
            steps,
            updates,
            skipped_in_a_row,
            weights: self.model.raw_weights.expect("a checkpoint has raw weights"),
            average: self.model.weights,
            moments: self.moments,
            timestep_losses: self.timestep_losses,
        }
    }

    /// Writes it into an empty folder.
    fn write(&self, folder: &Path) -> Result<(), CheckpointError> {
        self.model.write(folder)?;
        for (name, tensors) in self.tensors() {
            let path = folder.join(name);
            let bytes = safetensors::to_bytes(tensors)
                .map_err(|error| CheckpointError::damaged(path.clone(), &error))?;
            write(&path, &bytes)?;
        }
        let mut files = BTreeMap::new();
        checksums(folder, "", &mut files)?;
        let Self { counters, ref request, ref data_sha256, .. } = *self;
        let file = TrainingFile { format: FORMAT, counters, request, data_sha256, files };
        let mut json = serde_json::to_vec_pretty(&file).expect("text and numbers are JSON");
        json.push(b'\n');
        write(&folder.join(TRAINING), &json)
    }

    /// The files of tensors beside the model.
    fn tensors(&self) -> impl Iterator<Item = (&'static str, &Weights)> {
        let losses = Some(&self.timestep_losses).filter(|losses| !losses.is_empty());
        let losses = losses.map(|losses| (TIMESTEP_LOSSES, losses));
        MOMENTS.into_iter().zip(&self.moments).chain(losses)
    }

    /// How many bytes its files take on a disk, or a few more.
    fn byte_size(&self) -> Result<u64, CheckpointError> {
        /// More than `training.json` takes, and the rounding of each file to whole blocks.
        const REST: u64 = 65_536;
        let mut size = self.model.byte_size()? + REST;
        for (name, tensors) in self.tensors() {
            size += safetensors::byte_size(tensors)
                .map_err(|error| CheckpointError::damaged(name.into(), &error))?;
        }
        Ok(size)
    }
}

/// SHA-256 of every file below `folder`, under its name with `/` between the parts.
fn checksums(
    folder: &Path,
    prefix: &str,
    files: &mut BTreeMap<String, String>,
) -> Result<(), CheckpointError> {
    for entry in
        fs::read_dir(folder).map_err(|reason| CheckpointError::io("read", folder, reason))?
    {
        let entry = entry.map_err(|reason| CheckpointError::io("read", folder, reason))?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            checksums(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.insert(name, sha256(&read(&entry.path())?));
        }
    }
    Ok(())
}

fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

fn read(path: &Path) -> Result<Vec<u8>, CheckpointError> {
    fs::read(path).map_err(|reason| CheckpointError::io("read", path, reason))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), CheckpointError> {
    write_file(path, bytes).map_err(|reason| CheckpointError::io("write", path, reason))
}

#[cfg(test)]
mod tests;
