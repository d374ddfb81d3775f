//! From the files of a model folder to its parts.

use std::borrow::Cow;

use super::{
    ABOUT, CONFIG, FolderError, INDEX, Loaded, ModelFolder, RAW_WEIGHTS, SCHEDULER, UnknownKey,
    WEIGHTS, index, inside,
};
use crate::about::About;
use crate::config::Parsed;
use crate::files::Files;
use crate::network_config::{NetworkConfig, NetworkKind};
use crate::safetensors;
use crate::scheduler_config::SchedulerConfig;
use crate::weights::Weights;

/// Reads the parts of a folder, wherever its files are.
pub(super) struct Reader<'a> {
    files: &'a dyn Files,
    unknown: Vec<UnknownKey>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(files: &'a dyn Files) -> Self {
        Self { files, unknown: Vec::new() }
    }

    pub(super) fn model(mut self) -> Result<Loaded, FolderError> {
        let kind = self.index()?;
        let scheduler = self.scheduler()?;
        let network = self.network(kind)?;
        let (name, raw_name) = (inside(kind, WEIGHTS), inside(kind, RAW_WEIGHTS));
        let weights = self.weights(&name, &self.required("weights", &name)?)?;
        let raw = self.optional(&raw_name)?;
        let raw_weights = raw.map(|bytes| self.weights(&raw_name, &bytes)).transpose()?;
        let about = self.about()?;
        let model = ModelFolder { network, scheduler, weights, raw_weights, about };
        Ok(Loaded { model, unknown: self.unknown })
    }

    fn index(&mut self) -> Result<NetworkKind, FolderError> {
        let json = self.required("model index", INDEX)?;
        let parsed = index::from_json(&json)
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

    fn network(&mut self, kind: NetworkKind) -> Result<NetworkConfig, FolderError> {
        let name = inside(kind, CONFIG);
        let json = self.required("network config", &name)?;
        let parsed = NetworkConfig::from_json(kind, &json)
            .map_err(|reason| FolderError::Network { path: self.files.path(&name), reason })?;
        Ok(self.note(&name, parsed))
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
