//! A whole folder: a line of zeros and ones says which files there are, and each line `--` ends one.

#![no_main]

use ancestral_format::ModelFolder;
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 12] = [
    "model_index.json",
    "scheduler/scheduler_config.json",
    "unet/config.json",
    "unet/diffusion_pytorch_model.safetensors",
    "unet/diffusion_pytorch_model.raw.safetensors",
    "unet/diffusion_pytorch_model.safetensors.index.json",
    "unet/diffusion_pytorch_model.fp16.safetensors",
    "mlp/config.json",
    "mlp/diffusion_pytorch_model.safetensors",
    "ancestral.json",
    "config.json",
    "diffusion_pytorch_model.safetensors",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((which, contents)) = bytes.split_at_checked(NAMES.len()) else { return };
    let names = NAMES.iter().zip(which).filter(|(_, there)| *there % 2 == 1).map(|(name, _)| *name);
    let files: Vec<(&str, &[u8])> = names.zip(split(contents)).collect();
    let _ = ModelFolder::from_files(&files);
});

/// The pieces between lines that are `--`.
fn split(mut bytes: &[u8]) -> Vec<&[u8]> {
    const LINE: &[u8] = b"\n--\n";
    let mut pieces = Vec::new();
    while let Some(at) = bytes.windows(LINE.len()).position(|window| window == LINE) {
        pieces.push(&bytes[..at]);
        bytes = &bytes[at + LINE.len()..];
    }
    pieces.push(bytes);
    pieces
}
