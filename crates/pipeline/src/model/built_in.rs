//! The model that is compiled in.

use ancestral_format::ModelFolder;

use super::Model;

/// The files of the built-in model, by their names in its folder.
pub static BUILT_IN: [(&str, &[u8]); 5] = [
    ("model_index.json", include_bytes!("../../models/digits/model_index.json")),
    ("ancestral.json", include_bytes!("../../models/digits/ancestral.json")),
    (
        "scheduler/scheduler_config.json",
        include_bytes!("../../models/digits/scheduler/scheduler_config.json"),
    ),
    ("unet/config.json", include_bytes!("../../models/digits/unet/config.json")),
    (
        "unet/diffusion_pytorch_model.safetensors",
        include_bytes!("../../models/digits/unet/diffusion_pytorch_model.safetensors"),
    ),
];

pub(super) fn digits() -> Model {
    let loaded =
        ModelFolder::from_files(&BUILT_IN).expect("the files that are compiled in are a model");
    Model::from_folder("built-in digits", loaded.model).expect("they are a model of pictures")
}
