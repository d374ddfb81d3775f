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
//! `diffusers` reads and writes all of these except `ancestral.json` and the raw weights. It has no
//! multilayer perceptron; a folder with one has the same layout.
//!
//! These layouts of other programs are read too:
//!
//! - **Everything at the root**: files that are not in `unet/` or `scheduler/` are looked for beside
//!   `model_index.json`, as in the first published models.
//! - **Without an index**: the config in the network's folder names the class.
//! - **A bare U-Net**, `config.json` and weights: the scheduler is diffusers' default, with a
//!   [`Notice`].
//! - **Variants**, `diffusion_pytorch_model.fp16.safetensors`: see [`ModelFolder::read_variant`].
//! - **Shards**: `diffusion_pytorch_model.safetensors.index.json` maps each tensor to one of
//!   several files.
//! - **Several networks**, `unet/` and `unet_ema/`: the first, with a [`Notice`]; the other is the
//!   variant `ema`.
//! - **A cache folder of the hub**, `models--OWNER--NAME`: the snapshot that `refs/main` names.
//! - **Old names**: `query`, `key`, `value` and `proj_attn` of attention get their modern names,
//!   and weights that are stored as 1 × 1 convolutions lose the last two axes.

mod error;
mod hub;
mod index;
mod layout;
mod loaded;
mod old_names;
mod reader;
mod shards;
mod swap;
mod weight_files;
mod write;

use std::path::Path;

pub use error::FolderError;
pub use index::IndexError;
pub use loaded::{Loaded, Notice};
pub use shards::ShardError;

use crate::about::About;
use crate::files::{Directory, Memory};
use crate::network_config::NetworkConfig;
use crate::scheduler_config::SchedulerConfig;
use crate::weights::Weights;
use layout::INDEX as INDEX_OF_MODEL;
use reader::Reader;

/// A model as stored on disk: see the [module](self) for the files.
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
    /// Facts that the layout has no place for.
    pub about: Option<About>,
}

impl ModelFolder {
    /// Reads the model folder at `path`, with the weights of no variant. If there are only weights of
    /// one variant, these are read, with a notice.
    ///
    /// Together with the model this takes at most 256 MiB, whatever the files hold.
    ///
    /// # Errors
    /// If a required file is missing or a file cannot be understood; the error names the file and what
    /// was expected.
    pub fn read(path: &Path) -> Result<Loaded, FolderError> {
        Self::read_variant(path, None)
    }

    /// Reads the model folder at `path` with the weights of a variant, such as `fp16`; `raw` are
    /// the weights as trained. They become the main weights, and no others are read. A network in a
    /// folder of its own, such as `unet_ema/`, is the variant `ema`.
    ///
    /// # Errors
    /// As [`read`](Self::read), and if there are no weights of this variant.
    pub fn read_variant(path: &Path, variant: Option<&str>) -> Result<Loaded, FolderError> {
        let path = hub::resolved(path)?;
        Reader::new(&Directory(&path)).model(variant)
    }

    /// Reads a model folder whose files are in memory, such as one compiled into a program: pairs
    /// of a name inside the folder, with `/`, and the content.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn from_files(files: &[(&str, &[u8])]) -> Result<Loaded, FolderError> {
        Reader::new(&Memory(files)).model(None)
    }
}

#[cfg(test)]
mod tests;
