//! Which noise leads to data.

use std::path::PathBuf;

use clap::Parser;

use super::ComputeArgs;
use super::help::spacing_help;
use super::value::{MOST_ROWS, MOST_TIMESTEPS, SizeArg, count, size};

/// Find the noise that leads to DATA: data → x_T.
///
/// Follows the trajectory of --sampler ddim backwards, with four network calls per step. Given the
/// result, `sample --init X_T.npy --sampler ddim` with the same model, class, --steps and --spacing
/// restores DATA, nearly; another class, or `--interpolate`, gives other data.
#[derive(Debug, Parser)]
#[command(after_help = "Example: ancestral invert digits seven.png -o x_T.npy\n         \
                        ancestral sample --init x_T.npy --sampler ddim -o again.png")]
pub struct InvertArgs {
    /// Model folder, or `digits` for the built-in model, where no folder has that name
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,
    /// Pictures or folders of pictures, arrays (.npy), or tables (.csv)
    #[arg(value_name = "DATA", required = true)]
    pub data: Vec<PathBuf>,
    /// Output: NAME.npy (float32, [n, channels, height, width], or [n, columns] in the data's own
    /// units)
    #[arg(short, long, value_name = "X_T.npy")]
    pub output: PathBuf,
    /// Class of the data, by its name or number [default: no label]
    #[arg(long, value_name = "CLASS")]
    pub class: Option<String>,
    /// Number of steps from data to noise [default: 100; points and tables: 250; at most the number of
    /// timesteps]
    #[arg(long, value_name = "N", value_parser = count(MOST_TIMESTEPS))]
    pub steps: Option<usize>,
    #[arg(long, value_name = "NAME[:option=value]", help = spacing_help())]
    pub spacing: Option<String>,
    /// Which weights of a model folder: those named diffusion_pytorch_model.NAME.safetensors
    #[arg(long, value_name = "NAME")]
    pub variant: Option<String>,
    /// Size of the pictures, for networks that accept any size: one side, or height x width [default:
    /// the size of training]
    #[arg(long, value_name = "N|HxW", value_parser = size)]
    pub size: Option<SizeArg>,
    /// Rows in one network call; affects only speed and memory
    /// [default: 64; points and tables: 1024]
    #[arg(long, value_name = "N", value_parser = count(MOST_ROWS))]
    pub batch: Option<usize>,
    /// Replace what is already there
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub compute: ComputeArgs,
}
