//! Which samplers to compare, and on what.

use std::path::PathBuf;

use ancestral::exact::REFERENCE_MIXTURES;
use clap::Parser;

use super::ComputeArgs;
use super::help::spacing_help;
use super::value::{MOST_CALLS, MOST_ROWS, MOST_SAMPLES, count, whole};

/// Compare samplers: the error of each, by number of network calls.
///
/// Without MODEL, on data with an exact denoiser: the error against the exact flow, with the order of
/// convergence that each sampler claims and the measured order. With MODEL, the distance of its
/// samples to real data: the Fréchet distance in the pixels of pictures of up to 256 values, else the
/// sliced 2-Wasserstein distance.
#[derive(Debug, Parser)]
#[command(
    after_help = "Examples:\n  ancestral compare --samplers ddim,heun,dpmpp-2m,dpmpp-3m -o orders\n  \
                        ancestral compare digits --calls 10,20,50 -o digits-compared"
)]
pub struct CompareArgs {
    /// Model folder, or `digits` for the built-in model, where no folder has that name
    /// [default: an exact denoiser instead of a model]
    #[arg(value_name = "MODEL")]
    pub model: Option<PathBuf>,
    /// The exact denoiser: blobs, three of different size in the plane, or ring, eight equal ones
    /// [default: blobs]
    #[arg(long, value_name = "NAME", conflicts_with = "model", value_parser = REFERENCE_MIXTURES)]
    pub exact: Option<String>,
    /// Real data to compare the samples of MODEL with, as for `train` [default: the data of the
    /// built-in model]
    #[arg(long, value_name = "DATA", requires = "model", conflicts_with = "exact")]
    pub data: Option<PathBuf>,
    /// Samplers, each with its options after a colon [default: all but lcm]
    #[arg(long, value_name = "NAME[:option=value,…],…")]
    pub samplers: Option<String>,
    /// Network calls, as `sample --calls` counts them; with an exact denoiser and no --spacing, the
    /// calls until lambda = 3, without the step into clean data
    #[arg(
        long,
        value_name = "N,N,…",
        value_delimiter = ',',
        default_value = "10,20,50",
        value_parser = count(MOST_CALLS)
    )]
    pub calls: Vec<usize>,
    /// Number of samples for each seed [default: 800; with an exact denoiser 2000]
    #[arg(short = 'n', long, value_name = "N", value_parser = count(MOST_SAMPLES))]
    pub count: Option<usize>,
    /// Number of seeds, from 0, that the mean is taken over [default: 5]
    #[arg(long, value_name = "N", requires = "model", conflicts_with = "exact", value_parser = count(1000))]
    pub seeds: Option<usize>,
    /// Network calls of an additional long run of ddpm; 0: no such run [default: one call per timestep]
    #[arg(long, value_name = "N", requires = "model", conflicts_with = "exact", value_parser = whole::<usize>(0..=MOST_CALLS))]
    pub reference: Option<usize>,
    #[arg(long, value_name = "NAME[:option=value]", help = spacing_help())]
    pub spacing: Option<String>,
    /// Which weights of a model folder: those named diffusion_pytorch_model.NAME.safetensors
    #[arg(long, value_name = "NAME", requires = "model", conflicts_with = "exact")]
    pub variant: Option<String>,
    /// Samples in one network call; affects only speed and memory
    /// [default: 64; points and tables: 1024]
    #[arg(long, value_name = "N", requires = "model", conflicts_with = "exact", value_parser = count(MOST_ROWS))]
    pub batch: Option<usize>,
    /// Folder for table.csv and plot.png, in addition to the printed table
    #[arg(short, long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// Replace what is already there
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub compute: ComputeArgs,
}
