//! From the files of a model folder to its parts.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::layout::{
    ABOUT, CONFIG, INDEX, RAW_WEIGHTS, ROOT_SCHEDULER, SCHEDULER, UNFINISHED, network_folders,
};
use super::{FolderError, Loaded, ModelFolder, Notice, index, old_names, weight_files};
use crate::about::About;
use crate::config::Parsed;
use crate::files::{Files, Opened};
use crate::impostor::Impostor;
use crate::network_config::{NetworkConfig, NetworkKind};
use crate::safetensors::{self, SafetensorsError};
use crate::scheduler_config::{SchedulerConfig, infinity};
use crate::weights::Weights;

/// The longest config that is read: ten thousand betas are shorter. JSON may take 130 times its length
/// in memory, and values are held twice while they are checked.
pub(super) const LONGEST_CONFIG: u64 = 1 << 19;
/// The longest `ancestral.json`: that of a table with as many columns as a network takes is shorter.
pub(super) const LONGEST_ABOUT: u64 = 16 << 20;

/// Reads the parts of a folder, wherever its files are.
pub(super) struct Reader<'a> {
    pub(super) files: &'a dyn Files,
    pub(super) notices: Vec<Notice>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(files: &'a dyn Files) -> Self {
        Self { files, notices: Vec::new() }
    }

    pub(super) fn model(mut self, variant: Option<&str>) -> Result<Loaded, FolderError> {
        variant.map_or(Ok(()), weight_files::check_variant)?;
        let index = self.index()?;
        let others = self.other_networks(index);
        let of_folder = variant.and_then(|name| others.iter().find(|(found, _)| found == name));
        let (folder, network) = match of_folder {
            Some((_, folder)) => self.network(index, std::slice::from_ref(folder), &[])?,
            None => self.network(index, &network_folders(index), &others)?,
        };
        let is_variant = of_folder.is_some();
        let variant = variant.filter(|_| !is_variant);
        let (variants, mut networks): (Vec<_>, Vec<_>) =
            others.into_iter().map(|(name, folder)| (name, self.files.path(&folder))).unzip();
        if !is_variant && !variants.is_empty() {
            let (path, variants) = (self.files.path(&folder), variants.clone());
            self.notices.push(Notice::OtherNetworks { path, variants });
        }
        networks.insert(0, self.files.path(&folder));
        // Whoever saves a network alone saves no scheduler with it. Of ours none is saved alone.
        let bare = index.is_none() && folder.is_empty() && network.kind() == NetworkKind::UNet;
        let scheduler = self.scheduler(bare, &networks)?;
        check_times(&network, &scheduler, || self.files.path(&format!("{folder}{CONFIG}")))?;
        let weights = weight_files::read(&mut self, &folder, variant, &variants)?;
        let raw = variant.map_or_else(|| self.raw_weights(&folder), |_| Ok(None))?;
        let about = self.about()?;
        let model = ModelFolder { network, scheduler, weights, raw_weights: raw, about };
        Ok(Loaded { model, notices: self.notices })
    }

    /// The network that `model_index.json` names, if there is one.
    fn index(&mut self) -> Result<Option<NetworkKind>, FolderError> {
        let Some(json) = self.text(INDEX, LONGEST_CONFIG)? else {
            return match self.open(UNFINISHED)? {
                Some(_) => Err(FolderError::Unfinished { path: self.files.path(INDEX) }),
                None => Ok(None),
            };
        };
        let parsed = index::from_json(&json)
            .map_err(|reason| FolderError::Index { path: self.files.path(INDEX), reason })?;
        Ok(Some(self.note(INDEX, parsed)))
    }

    /// Networks in folders beside the usual one, such as `unet_ema/`: the variant, and the folder.
    fn other_networks(&self, index: Option<NetworkKind>) -> Vec<(String, String)> {
        let kinds = index.as_ref().map_or(NetworkKind::ALL, std::slice::from_ref);
        let names = self.files.list("");
        let variant = |name: &String| {
            let rest = kinds.iter().find_map(|kind| name.strip_prefix(kind.name()))?;
            let variant = rest.strip_prefix('_')?.to_owned();
            let folder = format!("{name}/");
            let has_config = matches!(self.files.open(&format!("{folder}{CONFIG}")), Ok(Some(_)));
            (has_config && weight_files::check_variant(&variant).is_ok())
                .then_some((variant, folder))
        };
        names.iter().filter_map(variant).collect()
    }

    /// The folder of the network, the first of these that has a config, and its config.
    fn network(
        &mut self,
        index: Option<NetworkKind>,
        folders: &[String],
        others: &[(String, String)],
    ) -> Result<(String, NetworkConfig), FolderError> {
        for folder in folders {
            let name = format!("{folder}{CONFIG}");
            if let Some(json) = self.text(&name, LONGEST_CONFIG)? {
                let kind = index.unwrap_or_else(|| kind_of(&json));
                let parsed = NetworkConfig::from_json(kind, &json).map_err(|reason| {
                    FolderError::Network { path: self.files.path(&name), reason }
                })?;
                return Ok((folder.clone(), self.note(&name, parsed)));
            }
        }
        let configs = folders.iter().map(|folder| format!("{folder}{CONFIG}"));
        let looked_for = configs.map(|name| self.files.path(&name));
        let networks = others.iter().map(|(_, folder)| self.files.path(folder)).collect();
        Err(match index {
            Some(_) => FolderError::Missing {
                what: "network config",
                looked_for: looked_for.collect(),
                networks,
            },
            None => FolderError::Missing {
                what: "model",
                looked_for: [self.files.path(INDEX)].into_iter().chain(looked_for).collect(),
                networks,
            },
        })
    }

    /// The config of the scheduler; `networks` are those of the folder, which a message may name.
    fn scheduler(
        &mut self,
        bare: bool,
        networks: &[PathBuf],
    ) -> Result<SchedulerConfig, FolderError> {
        for name in [SCHEDULER, ROOT_SCHEDULER] {
            if let Some(json) = self.text(name, LONGEST_CONFIG)? {
                let parsed = SchedulerConfig::from_json(&json).map_err(|reason| {
                    FolderError::Scheduler { path: self.files.path(name), reason }
                })?;
                return Ok(self.note(name, parsed));
            }
        }
        let looked_for = [SCHEDULER, ROOT_SCHEDULER].map(|name| self.files.path(name)).to_vec();
        if !bare {
            let networks = if networks.len() > 1 { networks.to_vec() } else { Vec::new() };
            return Err(FolderError::Missing { what: "scheduler config", looked_for, networks });
        }
        self.notices.push(Notice::SchedulerAssumed { looked_for });
        Ok(SchedulerConfig::default())
    }

    fn raw_weights(&self, folder: &str) -> Result<Option<Weights>, FolderError> {
        let name = format!("{folder}{RAW_WEIGHTS}");
        let raw = self.tensors(&name)?;
        raw.map(|weights| old_names::to_modern(weights, || self.files.path(&name))).transpose()
    }

    fn about(&self) -> Result<Option<About>, FolderError> {
        let json = self.text(ABOUT, LONGEST_ABOUT)?;
        json.map(|json| About::from_json(&json))
            .transpose()
            .map_err(|reason| FolderError::About { path: self.files.path(ABOUT), reason })
    }

    /// What is in a weight file, under the names that the file has.
    pub(super) fn tensors(&self, name: &str) -> Result<Option<Weights>, FolderError> {
        let Some(Opened { content, length }) = self.open(name)? else {
            return Ok(None);
        };
        let path = self.files.path(name);
        match safetensors::from_reader(content, length) {
            Ok(weights) => check_finite(&weights, &path).map(|()| Some(weights)),
            Err(SafetensorsError::Io { reason }) => {
                Err(FolderError::Io { verb: "read", path, reason })
            }
            Err(reason) => Err(FolderError::Weights { path, reason }),
        }
    }

    /// The content of a JSON file.
    pub(super) fn text(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, FolderError> {
        let Some(Opened { content, length }) = self.open(name)? else {
            return Ok(None);
        };
        let mut text = Vec::new();
        // One byte more: the file may have grown after its length was read.
        content.take(limit + 1).read_to_end(&mut text).map_err(|reason| self.io(name, reason))?;
        let found = length.max(text.len() as u64);
        if found > limit {
            return Err(FolderError::Length { path: self.files.path(name), found, limit });
        }
        if let Some(found) = Impostor::of(&text) {
            return Err(FolderError::Impostor { path: self.files.path(name), found });
        }
        // Except the key that diffusers writes into every config of a DPM-Solver.
        match not_finite(&infinity::quoted(&text)) {
            Some((found, line)) => {
                Err(FolderError::NotFinite { path: self.files.path(name), found, line })
            }
            None => Ok(Some(text)),
        }
    }

    fn open(&self, name: &str) -> Result<Option<Opened<'a>>, FolderError> {
        self.files.open(name).map_err(|reason| self.io(name, reason))
    }

    fn io(&self, name: &str, reason: std::io::Error) -> FolderError {
        FolderError::Io { verb: "read", path: self.files.path(name), reason }
    }

    fn note<T>(&mut self, name: &str, parsed: Parsed<T>) -> T {
        let path: PathBuf = self.files.path(name);
        let keys = parsed.unknown;
        self.notices.extend((!keys.is_empty()).then_some(Notice::UnknownKeys { path, keys }));
        parsed.config
    }
}

/// Refuses a network that does not know all times of the schedule.
pub(super) fn check_times(
    network: &NetworkConfig,
    scheduler: &SchedulerConfig,
    path: impl FnOnce() -> PathBuf,
) -> Result<(), FolderError> {
    let timesteps = scheduler.num_train_timesteps;
    match network.learned_times() {
        Some(rows) if rows < timesteps => {
            Err(FolderError::TimeTable { path: path(), rows, timesteps })
        }
        _ => Ok(()),
    }
}

fn check_finite(weights: &Weights, path: &Path) -> Result<(), FolderError> {
    weights.iter().try_for_each(|(name, array)| {
        array.check_finite().map_err(|reason| FolderError::Values {
            path: path.to_owned(),
            tensor: name.clone(),
            reason,
        })
    })
}

/// The first number of a text that is Python's and not JSON's, and its line.
fn not_finite(text: &[u8]) -> Option<(&'static str, usize)> {
    let (mut in_string, mut is_escaped, mut line) = (false, false, 1);
    for (at, &byte) in text.iter().enumerate() {
        line += usize::from(byte == b'\n');
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = in_string,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'N' | b'I' => {
                let is_here = |word: &&str| text[at..].starts_with(word.as_bytes());
                return ["NaN", "Infinity"].into_iter().find(is_here).map(|word| (word, line));
            }
            _ => {}
        }
    }
    None
}

/// The network that a config is of, by its class. One of none of ours is refused as a U-Net.
fn kind_of(json: &[u8]) -> NetworkKind {
    #[derive(Deserialize)]
    struct Class {
        #[serde(rename = "_class_name")]
        name: String,
    }
    let class: Option<Class> = serde_json::from_slice(json).ok();
    class.and_then(|class| NetworkKind::of_class(&class.name)).unwrap_or(NetworkKind::UNet)
}
