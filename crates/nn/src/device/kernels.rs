//! Where the kernels of a card are kept.

use std::path::PathBuf;

use burn::cubecl::config::cache::CacheConfig;
use burn::cubecl::config::{CubeClRuntimeConfig, RuntimeConfig};
use burn::cubecl::environment;

use super::card::Card;

/// The file with the kernels of a card: those that were compiled, and which of several was the fastest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernels {
    /// The file.
    pub path: PathBuf,
    /// Whether it was there: if not, the first calls of a network take as long as its kernels do.
    pub were_kept: bool,
}

/// Keeps the kernels of a card in a file of its own, in the folder `cubecl` of the user's caches. Of
/// several cards in one process the file is that of the first, before which no device may be open.
///
/// A file that can't be written costs the time to make the kernels again, no more.
#[must_use]
pub fn keep_kernels(card: &Card) -> Kernels {
    let mut config = CubeClRuntimeConfig::default();
    config.environment.path = CacheConfig::Global;
    config.environment.name = format!("ancestral-{}-{}", card.api.name(), card.name);
    CubeClRuntimeConfig::try_set(config.override_from_env());
    let path = environment::path();
    Kernels { were_kept: path.exists(), path }
}
