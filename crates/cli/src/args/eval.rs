//! How good a model is.

use std::path::PathBuf;

use ancestral_eval::Resize;
use clap::Parser;

use super::choice::choice;
use super::help::spacing_help;
use super::process::variances;
use super::value::{MOST_ROWS, MOST_SAMPLES, MOST_TIMESTEPS, count, decay, label, seed};
use super::{ComputeArgs, RanksArgs};

/// Measure how good a model is: its samples beside DATA, or how likely DATA are.
///
/// Draws samples and prints how near they are to the data, with errors, and how near data are to
/// themselves: distances (Fréchet, kernel, sliced Wasserstein), whether samples are realistic (precision,
/// density) and diverse (recall, coverage), and whether a nearest neighbour can tell them from data; of
/// tables also each column, the pairs of columns that differ most, and whether a random forest can tell
/// them from data. In place of a model, samples in files can be measured.
///
/// With --likelihood, prints an upper bound on the bits per dimension that it takes to code the data
/// with the model's reverse process (the variational bound), and the steps that they are spent at.
/// Evenly spaced values, as in pictures of bytes, are coded exactly; points and tables have a density,
/// whose bits may be negative. With --flow, the likelihood by the probability flow.
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "flags")]
#[command(after_help = "Examples:\n  ancestral eval digits\n  \
                        ancestral eval runs/photos holdout/ --training photos/ -o report\n  \
                        ancestral eval samples.npz photos/ --features inception.safetensors\n  \
                        ancestral eval runs/people people.csv --holdout 0.2 --target income -o people.html\n  \
                        ancestral eval runs/photos holdout/ --likelihood --steps 100\n  \
                        ancestral eval runs/moons moons --flow")]
pub struct EvalArgs {
    /// Model folder, or `digits` for the built-in model, where no folder has that name; or samples:
    /// pictures, arrays (.npy, .npz) or tables (.csv)
    #[arg(value_name = "MODEL|SAMPLES")]
    pub model: PathBuf,
    /// Data, as for `train` [default: the data of the built-in model]
    #[arg(value_name = "DATA")]
    pub data: Option<PathBuf>,
    /// DATA are what MODEL was trained on with `train --holdout SHARE`: measure with that share, which
    /// the training did not see; the rest is the --training data [default: 0]
    #[arg(long, value_name = "SHARE", value_parser = decay)]
    pub holdout: Option<f64>,
    /// Samples in a set; with --likelihood rows of DATA, spread evenly over all [default: 1000, at most
    /// half of DATA; with --likelihood 256]
    #[arg(short = 'n', long, value_name = "N", value_parser = count(MOST_SAMPLES))]
    pub count: Option<usize>,
    #[command(flatten)]
    pub quality: QualityArgs,
    #[command(flatten)]
    pub likelihood: LikelihoodArgs,
    /// Steps of the reverse process [default: as `sample`; with --likelihood one for each timestep]
    #[arg(long, value_name = "N", value_parser = count(MOST_TIMESTEPS))]
    pub steps: Option<usize>,
    #[arg(long, value_name = "NAME[:option=value]", help = spacing_help())]
    pub spacing: Option<String>,
    /// Variance of the ancestral steps; optimal needs `calibrate` [default: the model's]
    #[arg(long, value_name = "NAME", value_parser = variances())]
    pub variance: Option<String>,
    /// Clip each clean estimate to the model's range [default: the model's setting]
    #[arg(long, overrides_with = "no_clip")]
    pub clip: bool,
    /// Do not clip (or threshold) the clean estimates
    #[arg(long, overrides_with = "clip")]
    pub no_clip: bool,
    /// The label that means no class, for models that do not say it: for data without classes
    #[arg(long, value_name = "LABEL", value_parser = label)]
    pub null_label: Option<u32>,
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
    /// Folder for neighbours.png, samples beside the nearest rows of the training data (of DATA, where
    /// those are not known); of a table
    /// NAME.html, a page with pictures of its columns; with --likelihood a folder for curve.csv and
    /// curve.png, the bits of each step
    #[arg(short, long, value_name = "FOLDER|NAME.html", conflicts_with = "flow")]
    pub output: Option<PathBuf>,
    /// Replace what is already there
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub compute: ComputeArgs,
    #[command(flatten)]
    pub ranks: RanksArgs,
}

/// How samples are measured.
#[derive(Clone, Debug, Parser)]
#[command(next_help_heading = "Samples")]
pub struct QualityArgs {
    /// Sets of samples, from as many seeds: the mean over them is printed, with its error [default: 3]
    #[arg(long, value_name = "N", conflicts_with_all = ["likelihood", "flow"], value_parser = count(1000))]
    pub sets: Option<usize>,
    /// Sampler [default: the model's]
    #[arg(long, value_name = "NAME[:option=value,…]", conflicts_with_all = ["likelihood", "flow"])]
    pub sampler: Option<String>,
    /// The data that the model was trained on, if DATA were held out: finds copies
    #[arg(long, value_name = "DATA", conflicts_with_all = ["likelihood", "flow", "holdout"])]
    pub training: Option<PathBuf>,
    /// Compare features of a network in place of pixels: `small` for the built-in one, for pictures of
    /// 28 to 64 pixels; or InceptionV3, a safetensors file of its weights as pytorch-fid has them, by
    /// which the Fréchet distance is the FID
    #[arg(long, value_name = "small|FILE", conflicts_with_all = ["likelihood", "flow"])]
    pub features: Option<PathBuf>,
    /// How well a random forest that learned the samples predicts this column of DATA; also one that
    /// learned the --training data (or the rest, with --holdout)
    #[arg(long, value_name = "COLUMN", conflicts_with_all = ["likelihood", "flow"])]
    pub target: Option<String>,
    /// How pictures are resized for InceptionV3 [default: clean]
    #[arg(long, requires = "features", value_parser = choice::<Resize>())]
    pub resize: Option<Resize>,
    /// Radius of the balls of precision, recall, density and coverage, in neighbours [default: 5]
    #[arg(long, value_name = "K", conflicts_with_all = ["likelihood", "flow"], value_parser = count(1000))]
    pub neighbours: Option<usize>,
}

/// How likelihoods are measured.
#[derive(Clone, Debug, Parser)]
#[command(next_help_heading = "Likelihood")]
pub struct LikelihoodArgs {
    /// Bound the bits per dimension of DATA, in place of drawing samples
    #[arg(long)]
    pub likelihood: bool,
    /// Follow the probability flow from data to noise
    #[arg(long, conflicts_with_all = ["likelihood", "steps", "spacing", "variance", "clip", "no_clip"])]
    pub flow: bool,
    /// Random directions for the divergence of the flow [default: 1; rows of up to 16 values: exact]
    #[arg(long, value_name = "N", requires = "flow", value_parser = count(10_000))]
    pub probes: Option<usize>,
    /// Steps of the flow, of fourth order [default: 60]
    #[arg(long, value_name = "N", requires = "flow", value_parser = count(100_000))]
    pub flow_steps: Option<usize>,
    /// Code values as one of N evenly spaced ones from -1 to 1 [default: found from the data, 256 for
    /// pictures of bytes]
    #[arg(long, value_name = "N", conflicts_with = "density", value_parser = count(1 << 24))]
    pub bins: Option<usize>,
    /// Measure the density, as of real numbers
    #[arg(long)]
    pub density: bool,
}
