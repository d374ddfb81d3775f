//! How good a model is.

use std::path::PathBuf;

use ancestral::Variance;
use clap::Parser;
use clap::builder::PossibleValuesParser;

use super::ComputeArgs;
use super::help::spacing_help;
use super::value::{MOST_ROWS, MOST_SAMPLES, count, seed};

/// Measure how likely DATA are under a model.
///
/// Prints an upper bound on the bits per dimension that it takes to code the data with the model's
/// reverse process (the variational bound), with its standard error, and which steps they are spent
/// at. Values that are evenly spaced, as in pictures of bytes, are coded exactly; points and tables
/// have a density, whose bits may be negative. With --flow, the likelihood by the probability flow.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:\n  ancestral eval digits\n  \
                        ancestral eval runs/photos holdout/ -n 1000 --steps 100 --variance fixed-large\n  \
                        ancestral eval runs/moons moons --flow")]
pub struct EvalArgs {
    /// Model folder, or `digits` for the built-in model, where no folder has that name
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,
    /// Data, as for `train` [default: the data of the built-in model]
    #[arg(value_name = "DATA")]
    pub data: Option<String>,
    /// Follow the probability flow from data to noise, in place of the bound
    #[arg(long, conflicts_with_all = ["steps", "spacing", "variance"])]
    pub flow: bool,
    /// Random directions for the divergence of the flow [default: 1; rows of up to 16 values: exact]
    #[arg(long, value_name = "N", requires = "flow", value_parser = count(10_000))]
    pub probes: Option<usize>,
    /// Steps of the flow, of fourth order [default: 60]
    #[arg(long, value_name = "N", requires = "flow", value_parser = count(100_000))]
    pub flow_steps: Option<usize>,
    /// Rows of DATA to measure, spread evenly over all [default: 256]
    #[arg(short = 'n', long, value_name = "N", value_parser = count(MOST_SAMPLES))]
    pub count: Option<usize>,
    /// Steps of the reverse process [default: one for each timestep]
    #[arg(long, value_name = "N")]
    pub steps: Option<usize>,
    #[arg(long, value_name = "NAME[:option=value]", help = spacing_help())]
    pub spacing: Option<String>,
    /// Variance of the ancestral steps; optimal needs `calibrate` [default: the model's]
    #[arg(long, value_name = "NAME", value_parser = variances())]
    pub variance: Option<String>,
    /// Code values as one of N evenly spaced ones from -1 to 1 [default: found from the data, 256 for
    /// pictures of bytes]
    #[arg(long, value_name = "N", conflicts_with = "density", value_parser = count(1 << 24))]
    pub bins: Option<usize>,
    /// Measure the density, as of real numbers
    #[arg(long)]
    pub density: bool,
    /// Clip each clean estimate to the model's range [default: the model's setting]
    #[arg(long, overrides_with = "no_clip")]
    pub clip: bool,
    /// Do not clip (or threshold) the clean estimates
    #[arg(long, overrides_with = "clip")]
    pub no_clip: bool,
    /// Seed of the noise [default: 0]
    #[arg(long, value_name = "SEED", value_parser = seed)]
    pub seed: Option<u64>,
    /// Which weights of a model folder: those named diffusion_pytorch_model.NAME.safetensors
    #[arg(long, value_name = "NAME")]
    pub variant: Option<String>,
    /// Rows in one network call; affects only speed and memory
    /// [default: 64; points and tables: 1024]
    #[arg(long, value_name = "N", value_parser = count(MOST_ROWS))]
    pub batch: Option<usize>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    /// Folder for curve.csv and curve.png, the bits of each step, in addition to the printed result
    #[arg(short, long, value_name = "FOLDER", conflicts_with = "flow")]
    pub output: Option<PathBuf>,
    /// Replace what is already there
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub compute: ComputeArgs,
}

/// The names of variances.
pub fn variances() -> PossibleValuesParser {
    PossibleValuesParser::new(Variance::NAMES.into_iter().chain(["optimal"]))
}
