//! What the files of a model folder are called.

use crate::network_config::NetworkKind;

pub(super) const INDEX: &str = "model_index.json";
pub(super) const ABOUT: &str = "ancestral.json";
pub(super) const SCHEDULER: &str = "scheduler/scheduler_config.json";
/// Where the scheduler is if all is in one place.
pub(super) const ROOT_SCHEDULER: &str = "scheduler_config.json";
/// Is there while a model is being written and its index is not.
pub(super) const UNFINISHED: &str = "model_index.json.unfinished";

// In the folder of the network:
pub(super) const CONFIG: &str = "config.json";
pub(super) const WEIGHTS: &str = "diffusion_pytorch_model.safetensors";
pub(super) const RAW_WEIGHTS: &str = "diffusion_pytorch_model.raw.safetensors";

/// The name of a file in the folder of a network.
pub(super) fn inside(kind: NetworkKind, file: &str) -> String {
    format!("{kind}/{file}")
}

/// Where the files of a network of this kind may be, the likeliest first: folders that are empty or
/// end with `/`.
pub(super) fn network_folders(kind: Option<NetworkKind>) -> Vec<String> {
    let kinds = kind.as_ref().map_or(NetworkKind::ALL, std::slice::from_ref);
    let own = kinds.iter().map(|kind| format!("{kind}/"));
    own.chain([String::new()]).collect()
}
