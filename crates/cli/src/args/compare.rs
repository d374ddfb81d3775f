//! Which samplers to compare, and on what.

use std::path::PathBuf;

use ancestral::exact::NAMED;
use clap::Parser;

use super::ComputeArgs;
use super::help::spacing_help;
use super::value::{MOST_CALLS, MOST_ROWS, MOST_SAMPLES, count};

/// Compare samplers: how near each comes with how many network calls.
///
/// Without MODEL on data whose denoiser is exact: the error against the exact flow, with the order of
/// convergence that each sampler claims and the one that is seen. With MODEL, the distance of its
/// samples to real data: the Fréchet distance in the pixels of pictures of up to 256 values, else the
/// sliced 2-Wasserstein distance.
#[derive(Debug, Parser)]
#[command(
    after_help = "Examples:\n  ancestral compare --samplers ddim,heun,dpmpp-2m,dpmpp-3m -o orders\n  \
                        ancestral compare digits --calls 10,20,50 -o digits-compared"
)]
pub struct CompareArgs {
    /// Model folder, or `digits` for the built-in model, where no folder has that name
    /// [default: none, but an exact denoiser]
    #[arg(value_name = "MODEL")]
    pub model: Option<PathBuf>,
    /// The exact denoiser: blobs, three of different size in the plane, or ring, eight equal ones
    /// [default: blobs]
    #[arg(long, value_name = "NAME", conflicts_with = "model", value_parser = NAMED)]
    pub exact: Option<String>,
    /// Real data that samples of MODEL are to be like, as `train` takes them [default: those of the
    /// built-in model]
    #[arg(long, value_name = "DATA", requires = "model", conflicts_with = "exact")]
    pub data: Option<String>,
    /// Samplers, each with its options after a colon [default: all but lcm]
    #[arg(long, value_name = "NAME[:option=value,…],…")]
    pub samplers: Option<String>,
    /// Network calls, as `sample --calls` counts them; with an exact denoiser and no --spacing those
    /// until lambda = 3, the hop into clean data left out
    #[arg(
        long,
        value_name = "N,N,…",
        value_delimiter = ',',
        default_value = "10,20,50",
        value_parser = count(MOST_CALLS)
    )]
    pub calls: Vec<usize>,
    /// How many samples of each seed [default: 800; with an exact denoiser 2000]
    #[arg(short = 'n', long, value_name = "N", value_parser = count(MOST_SAMPLES))]
    pub count: Option<usize>,
    /// How many seeds, from 0, the mean is over [default: 5]
    #[arg(long, value_name = "N", requires = "model", conflicts_with = "exact", value_parser = count(1000))]
    pub seeds: Option<usize>,
    /// Network calls of the long run of ddpm beside the others; 0: none [default: a call a timestep]
    #[arg(long, value_name = "N", requires = "model", conflicts_with = "exact")]
    pub reference: Option<usize>,
    #[arg(long, value_name = "NAME[:option=value]", help = spacing_help())]
    pub spacing: Option<String>,
    /// Which weights of a model folder: those named diffusion_pytorch_model.NAME.safetensors
    #[arg(long, value_name = "NAME", requires = "model", conflicts_with = "exact")]
    pub variant: Option<String>,
    /// Samples in one network call; changes nothing but speed and memory
    /// [default: 64; points and tables: 1024]
    #[arg(long, value_name = "N", requires = "model", conflicts_with = "exact", value_parser = count(MOST_ROWS))]
    pub batch: Option<usize>,
    /// Folder for table.csv and plot.png, beside the table that is printed
    #[arg(short, long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// Replace what is already there
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub compute: ComputeArgs,
}
