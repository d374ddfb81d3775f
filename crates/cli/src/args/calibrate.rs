//! Which variance is optimal for a model.

use std::path::PathBuf;

use clap::Parser;

use super::ComputeArgs;
use super::value::{MOST_ROWS, MOST_SAMPLES, count, label, seed};

/// Measure the optimal variance of a model's reverse process.
///
/// A fixed variance is between two extremes: fixed-small is right for data that are a single point,
/// fixed-large for noise. The best one for a network that predicts
/// well, and its data, follows from how much of the noise
/// the network predicts at each level (Bao et al. 2022). It is kept in the model folder, in
/// ancestral.json; `sample` and `eval` use it with --variance optimal. No training is needed.
#[derive(Debug, Parser)]
#[command(after_help = "Example: ancestral calibrate runs/photos photos/\n         \
                        ancestral sample runs/photos --steps 25 --variance optimal")]
pub struct CalibrateArgs {
    /// Model folder, whose ancestral.json is written
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,
    /// The training data, as for `train`
    #[arg(value_name = "DATA")]
    pub data: PathBuf,
    /// Rows of DATA to measure with, spread evenly over all [default: 1000]
    #[arg(short = 'n', long, value_name = "N", value_parser = count(MOST_SAMPLES))]
    pub count: Option<usize>,
    /// Noise levels to measure at [default: 100]
    #[arg(long, value_name = "N", value_parser = count(100_000))]
    pub levels: Option<usize>,
    /// The label that means no class, for models that do not say it: for data without classes
    #[arg(long, value_name = "LABEL", value_parser = label)]
    pub null_label: Option<u32>,
    /// Seed of the noise [default: 0]
    #[arg(long, value_name = "SEED", value_parser = seed)]
    pub seed: Option<u64>,
    /// Rows in one network call; affects only speed and memory
    /// [default: 64; points and tables: 1024]
    #[arg(long, value_name = "N", value_parser = count(MOST_ROWS))]
    pub batch: Option<usize>,
    #[command(flatten)]
    pub compute: ComputeArgs,
}
