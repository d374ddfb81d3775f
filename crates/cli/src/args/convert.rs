//! Which model to convert, and how.

use std::path::PathBuf;

use ancestral_format::Dtype;
use clap::{ArgAction, Parser};

use super::choice::choice;

/// Write any readable model folder as a clean one.
///
/// MODEL may have sharded weights, variants, bfloat16 or float64, the parameter names of old versions,
/// or everything at its root. The result is laid out as diffusers writes it: model_index.json,
/// scheduler/ and unet/ with one safetensors file. `DDPMPipeline.from_pretrained(FOLDER)` opens it.
#[derive(Debug, Parser)]
#[command(after_help = "Example: ancestral convert ddpm-cifar10-32 --dtype f16 -o cifar10-f16")]
pub struct ConvertArgs {
    /// Model folder
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,
    /// Folder to write
    #[arg(short, long, value_name = "FOLDER")]
    pub output: PathBuf,
    /// Type of the stored weights; a network always computes with float32
    #[arg(long, value_name = "DTYPE", default_value = "f32", value_parser = choice::<Dtype>())]
    pub dtype: Dtype,
    /// Which weights of MODEL: those named diffusion_pytorch_model.NAME.safetensors, such as fp16,
    /// or raw
    #[arg(long, value_name = "NAME")]
    pub variant: Option<String>,
    /// Replace a model that is already there
    #[arg(long)]
    pub force: bool,
    /// Print only errors
    #[arg(short, long, action = ArgAction::SetTrue)]
    pub quiet: bool,
}
