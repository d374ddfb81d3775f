//! Models, from a folder or from this program itself.

use std::io;
use std::path::Path;

use ancestral::Schedule;
use ancestral_data::Columns;
use ancestral_format::{
    BetaSchedule, Labels, Loaded, ModelFolder, NetworkConfig, SchedulerConfig, safetensors,
};
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::classes::{Classes, Shares};
use crate::columns;
use crate::engine::{AnyNetwork, Engine};
use crate::failure::note;

/// What the built-in model is called.
const BUILT_IN: &str = "built-in digits";
/// By this name the user asks for it, where no file or folder has it.
const SHORT: &str = "digits";
/// What is said if something has.
const HERE: &str = "the folder here, not the built-in model";
/// The class that asks for no class.
const NO_CLASS: &str = "none";
/// Files of the built-in model, by their names in its folder.
const DIGITS: [(&str, &[u8]); 5] = [
    ("model_index.json", include_bytes!("../models/digits/model_index.json")),
    ("ancestral.json", include_bytes!("../models/digits/ancestral.json")),
    (
        "scheduler/scheduler_config.json",
        include_bytes!("../models/digits/scheduler/scheduler_config.json"),
    ),
    ("unet/config.json", include_bytes!("../models/digits/unet/config.json")),
    (
        "unet/diffusion_pytorch_model.safetensors",
        include_bytes!("../models/digits/unet/diffusion_pytorch_model.safetensors"),
    ),
];

/// Whether it is the folder of a run that has left checkpoints, but no model yet.
fn is_unfinished(folder: &Path) -> bool {
    folder.join("checkpoints").is_dir() && !folder.join("model_index.json").exists()
}

/// The keys that the betas of a scheduler follow from.
fn beta_keys(scheduler: &SchedulerConfig) -> &'static str {
    match (&scheduler.trained_betas, scheduler.beta_schedule) {
        (Some(_), _) => "trained_betas",
        (None, BetaSchedule::SquaredCosine | BetaSchedule::Laplace) => "beta_schedule",
        (None, BetaSchedule::Linear | BetaSchedule::ScaledLinear | BetaSchedule::Sigmoid) => {
            "beta_start and beta_end"
        }
    }
}

/// A class that is any number.
fn number(class: &str, model: &str) -> Result<u32> {
    let expected = || format!("--class {class}: model {model} takes a whole number");
    class.parse().with_context(expected)
}

/// A model that can be sampled from.
#[derive(Clone, Debug)]
pub struct Model {
    /// Where it is from, for people.
    pub name: String,
    /// What is in its folder.
    pub folder: ModelFolder,
    /// The noise levels that it was trained on.
    pub schedule: Schedule,
    /// How the columns of its samples were scaled; `None` for pictures.
    pub columns: Option<Columns>,
}

/// A checksum that can be written to.
struct Hash(Sha256);

impl io::Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Model {
    /// Reads the model in `folder`, with the weights of `variant` if one is named; without a folder,
    /// or by the name `digits` where nothing else has it, the built-in one.
    pub fn read(folder: Option<&Path>, variant: Option<&str>, quiet: bool) -> Result<Self> {
        let is_named = folder == Some(Path::new(SHORT));
        let folder = folder.filter(|path| path.exists() || !is_named);
        let (name, loaded) = match folder {
            None if variant.is_some() => {
                bail!("--variant: the built-in model has one set of weights")
            }
            None => (BUILT_IN.to_owned(), ModelFolder::from_files(&DIGITS)?),
            Some(path) if is_unfinished(path) => bail!(
                "{}: a run that has not ended: go on with it by train --resume, or take the model \
                 in one of its checkpoints/step-N",
                path.display()
            ),
            Some(path) if path.is_dir() => {
                let read = ModelFolder::read_variant(path, variant).map_err(anyhow::Error::new);
                let read = if is_named { read.context(HERE) } else { read }?;
                note(quiet || !is_named, format_args!("{SHORT}: {HERE}"));
                (path.display().to_string(), read)
            }
            Some(path) if path.exists() => {
                bail!("{}: a file, expected a model folder", path.display())
            }
            Some(path) => bail!("{}: no such model folder", path.display()),
        };
        let Loaded { model, notices } = loaded;
        for notice in notices {
            note(quiet, format_args!("warning: {notice}"));
        }
        Self::new(name, model)
    }

    /// The model of a folder's content.
    pub fn new(name: String, folder: ModelFolder) -> Result<Self> {
        let schedule = folder.scheduler.schedule();
        let keys = beta_keys(&folder.scheduler);
        let schedule =
            schedule.with_context(|| format!("model {name}, {keys} of its scheduler"))?;
        let columns = match (&folder.network, &folder.about) {
            (NetworkConfig::UNet(_), _) => None,
            (NetworkConfig::Mlp(config), about) => {
                let known = about.as_ref().and_then(|about| about.data.columns.as_deref());
                let columns =
                    known.map_or_else(|| columns::unscaled(config.columns), columns::of_folder);
                let columns = columns.with_context(|| format!("model {name}"))?;
                if columns.len() != config.columns {
                    bail!(
                        "model {name}: ancestral.json describes {} columns, the network has {}",
                        columns.len(),
                        config.columns
                    );
                }
                Some(columns)
            }
        };
        Ok(Self { name, folder, schedule, columns })
    }

    /// Whether it is the built-in one.
    pub fn is_built_in(&self) -> bool {
        self.name == BUILT_IN
    }

    /// SHA-256 of the weights, as a safetensors file.
    pub fn sha256(&self) -> String {
        let mut hash = Hash(Sha256::new());
        safetensors::write(&self.folder.weights, &mut hash)
            .expect("a network's list of tensors is far below the format's limit of 100 MB");
        format!("{:x}", hash.0.finalize())
    }

    /// Shape of one sample: `[channels, height, width]` or `[columns]`.
    pub fn shape(&self) -> Result<Vec<usize>> {
        self.folder.network.sample_shape().with_context(|| {
            format!("model {}: sample_size in unet/config.json is null: expected a size", self.name)
        })
    }

    /// Whether its network predicts twice as many channels as a sample has.
    pub fn predicts_variance(&self) -> bool {
        let network = &self.folder.network;
        let channels = |shape: Option<Vec<usize>>| shape.map(|shape| shape[0]);
        let (from, to) = (channels(network.sample_shape()), channels(network.output_shape()));
        from.zip(to).is_some_and(|(from, to)| to == 2 * from)
    }

    /// Its network, whose weights are gone from here then.
    pub fn take_network(&mut self, engine: &Engine) -> Result<AnyNetwork> {
        let folder = &mut self.folder;
        folder.raw_weights = None;
        let weights = std::mem::take(&mut folder.weights);
        let network = engine.network(&folder.network, weights);
        network.with_context(|| format!("model {}", self.name))
    }

    /// The names of its classes, if it was trained with classes and they are known.
    pub fn class_names(&self) -> Option<&[String]> {
        self.folder.about.as_ref()?.data.class_names.as_deref()
    }

    /// The label that means "none" to its network: the last one in models that are trained here.
    pub fn null_label(&self) -> Option<u32> {
        let Labels::Classes(count) = self.folder.network.labels() else { return None };
        let has_it = self.class_names().is_some_and(|names| names.len() + 1 == count);
        has_it.then(|| u32::try_from(count - 1).expect("few classes"))
    }

    /// Of which classes samples of a seed are where none is asked for: of each as often as the data
    /// are, or, of a model that does not say how often, all alike.
    pub fn classes(&self, seed: u64) -> Result<Classes> {
        let about = self.folder.about.as_ref();
        let counts = about.and_then(|about| about.data.class_counts.clone());
        let alike = || Some(vec![1; self.class_names().filter(|names| !names.is_empty())?.len()]);
        match (self.null_label(), counts.or_else(alike)) {
            (Some(_), Some(counts)) => Ok(Classes::Shares(Shares::new(&counts, seed))),
            _ => self.one_class(None),
        }
    }

    /// What the class of a sample is called, where samples are of several.
    pub fn class_name(&self, classes: &Classes, index: u64) -> Option<String> {
        let Classes::Shares(_) = classes else { return None };
        let label = classes.labels(index..index + 1)?[0];
        Some(self.class_names()?[label as usize].clone())
    }

    /// The class that the user asked for, or none, for all samples.
    pub fn one_class(&self, class: Option<&str>) -> Result<Classes> {
        Ok(self.label(class)?.map_or(Classes::None, Classes::One))
    }

    /// What to tell the network of the class that the user asked for, by name or number.
    fn label(&self, class: Option<&str>) -> Result<Option<u32>> {
        let name = &self.name;
        let count = match (self.folder.network.labels(), class) {
            (Labels::Classes(count), _) => count,
            (Labels::None, None) => return Ok(None),
            (Labels::None, Some(class)) => bail!("--class {class}: model {name} has no classes"),
            (Labels::Times, None) => bail!("model {name} takes a number: give one with --class"),
            (Labels::Times, Some(class)) => return number(class, name).map(Some),
            (Labels::Vectors, _) => bail!(
                "model {name} takes a vector a sample (class_embed_type identity), which cannot be \
                 given here"
            ),
        };
        // The last label means "none" in the models that we train.
        let names = self.class_names().filter(|names| names.len() + 1 == count);
        let index = match (class, names) {
            (None, Some(_)) => Some(count - 1),
            (None, None) => bail!("model {name} has {count} classes: choose one with --class 0"),
            (Some(class), Some(names)) => names
                .iter()
                .position(|name| name == class)
                .or_else(|| class.parse().ok().filter(|label| *label < names.len()))
                .or_else(|| (class == NO_CLASS).then_some(names.len())),
            (Some(class), None) => class.parse().ok().filter(|label| *label < count),
        };
        let class = class.unwrap_or_default();
        let expected = || match names {
            Some(names) => format!("one of {}, or {NO_CLASS}", names.join(", ")),
            None => format!("0 to {}", count - 1),
        };
        let index =
            index.with_context(|| format!("--class {class}: model {name} knows {}", expected()))?;
        Ok(Some(u32::try_from(index).expect("few classes")))
    }
}
