//! The result of reading a model folder.

use std::fmt;
use std::path::PathBuf;

use super::ModelFolder;
use crate::listed::{listed, shown};

/// A model that was read, and what its user should know about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The model.
    pub model: ModelFolder,
    /// What was ignored or assumed: each is worth a warning.
    pub notices: Vec<Notice>,
}

/// Something that was ignored or assumed in order to read a model.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// Keys of a config that its class in diffusers does not have.
    UnknownKeys {
        /// The file.
        path: PathBuf,
        /// The keys.
        keys: Vec<String>,
    },
    /// The only weights belong to a variant that was not requested.
    Variant {
        /// The file that was taken.
        path: PathBuf,
        /// The variant.
        variant: String,
    },
    /// There are other networks beside the one that was read.
    OtherNetworks {
        /// The folder that was read.
        path: PathBuf,
        /// The variants that read the others.
        variants: Vec<String>,
    },
    /// A bare network has no config of its noise schedule.
    SchedulerAssumed {
        /// Every place where its config could have been.
        looked_for: Vec<PathBuf>,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKeys { path, keys } => {
                write!(
                    f,
                    "{}: unknown keys, ignored: {}",
                    path.display(),
                    listed(keys, |key| shown(key))
                )
            }
            Self::Variant { path, variant } => write!(
                f,
                "{}: using the weights of variant {variant}, as there are no others",
                path.display()
            ),
            Self::OtherNetworks { path, variants } => write!(
                f,
                "{}: using the network of this folder; others are available as variants: {}",
                path.display(),
                listed(variants, |variant| shown(variant))
            ),
            Self::SchedulerAssumed { looked_for } => write!(
                f,
                "no scheduler config: looked for {}; using the defaults of DDPMScheduler",
                list(looked_for)
            ),
        }
    }
}

pub(super) fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}
