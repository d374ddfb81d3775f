//! What to draw, and where to put it.

use std::path::PathBuf;

use ancestral_pipeline::{Compat, NoiseSource};
use clap::Parser;

use super::choice::choice;
use super::process::ProcessArgs;
use super::value::{
    IntervalArg, MOST_ROWS, MOST_SAMPLES, SizeArg, count, interval, label, seed, share, size,
    strength, weight,
};
use super::{ComputeArgs, RanksArgs, ShowArg};

/// Run the reverse process of MODEL: noise → data.
///
/// The same seed and index give the same sample, whatever the batch size, the number of threads
/// and the samples beside it.
#[derive(Debug, Parser)]
#[command(after_help = "Example: ancestral sample -n 10 --class 7 -o sevens.png")]
pub struct SampleArgs {
    /// Model folder, or `digits` for the built-in model, where no folder has that name
    /// [default: the built-in model]
    #[arg(value_name = "MODEL")]
    pub model: Option<PathBuf>,
    /// Number of samples [default: 64; points and tables: 1000; or the number of rows of --init, --from,
    /// --inpaint or --given if there are several]
    #[arg(short = 'n', long, value_name = "N", value_parser = count(MOST_SAMPLES))]
    pub count: Option<usize>,
    /// Reproduce another program exactly, including its known bugs; `inspect MODEL` lists the
    /// differences
    #[arg(long, value_name = "PROGRAM", value_parser = choice::<Compat>())]
    pub compat: Option<Compat>,
    /// Random number generator of the noise
    #[arg(long, value_name = "SOURCE", default_value = "ancestral", value_parser = choice::<NoiseSource>())]
    pub rng: NoiseSource,
    /// Which weights of a model folder: those named diffusion_pytorch_model.NAME.safetensors, such
    /// as fp16, or raw (before averaging, of models trained here)
    #[arg(long, value_name = "NAME")]
    pub variant: Option<String>,
    /// Size of the pictures, for networks that accept any size: one side, or height x width [default:
    /// the size of training]
    #[arg(long, value_name = "N|HxW", value_parser = size)]
    pub size: Option<SizeArg>,
    /// Class to draw, by its name, or by its number if classes have no names; none: no label
    /// [default: every class in the proportions of the data; none with --init, --from below --strength 1,
    /// --inpaint or --interpolate]
    #[arg(long, value_name = "CLASS")]
    pub class: Option<String>,
    /// The label that means "no class" to the network, for models not trained here; --guidance needs it
    #[arg(long, value_name = "LABEL", value_parser = label)]
    pub null_label: Option<u32>,
    /// Seed of the noise
    #[arg(long, value_name = "SEED", default_value_t = 0, value_parser = seed)]
    pub seed: u64,
    /// Index of the first sample: --first 5 -n 1 draws only the sixth sample of a seed
    #[arg(long, value_name = "INDEX", default_value_t = 0, value_parser = seed)]
    pub first: u64,
    /// Samples in one network call; affects only speed and memory
    /// [default: 64; points and tables: 1024]
    #[arg(long, value_name = "N", value_parser = count(MOST_ROWS))]
    pub batch: Option<usize>,
    /// Start from these rows instead of fresh noise, for example rows found by `invert`; rows of
    /// tables are in the data's own units
    #[arg(long, value_name = "X_T.npy")]
    pub init: Option<PathBuf>,
    /// Save the whole trajectory: an array with a leading axis of steps + 1 (.npy), a picture with one
    /// row per sample (.png), or a folder with one picture per step; for points and tables, an array
    #[arg(long)]
    pub trajectory: bool,
    /// Output: NAME.png (a grid of pictures; a plot of points, or of the columns of a table),
    /// NAME.gif or NAME.apng (the way from noise; .apng has all colours), NAME.npy (float32, [n, channels, height, width] in
    /// [−1, 1], or [n, columns] in the data's own units; float64 where values are beyond float32), NAME.npz
    /// (pictures as bytes, [n, height, width, channels], as ADM's evaluator reads them), NAME.csv
    /// (points and tables), a folder of single PNGs: any name without a dot or with a / at its end, or - for
    /// standard output (PNG; points and tables: CSV)
    #[arg(short, long, value_name = "OUT", default_value = "samples.png")]
    pub output: PathBuf,
    /// Replace what is already there
    #[arg(long)]
    pub force: bool,
    /// Show the samples (of pictures the first 64) in the terminal too, if it can show pictures; --show=HOW
    /// if it can and that is not found out
    #[arg(
        long,
        value_enum,
        value_name = "HOW",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "auto"
    )]
    pub show: Option<ShowArg>,
    #[command(flatten)]
    pub process: ProcessArgs,
    #[command(flatten)]
    pub steering: SteeringArgs,
    #[command(flatten)]
    pub compute: ComputeArgs,
    #[command(flatten)]
    pub ranks: RanksArgs,
}

/// What the samples should be, beyond their class.
#[derive(Debug, Parser)]
#[command(next_help_heading = "Steering")]
pub struct SteeringArgs {
    /// Classifier-free guidance towards each sample's class with weight W: estimate = without + W (with −
    /// without the class). 0 ignores the class, 1 is no guidance, larger weights make samples more
    /// typical and more alike (start with 2 to 4); each network call has twice the rows
    #[arg(
        long,
        value_name = "W",
        conflicts_with = "compat",
        value_parser = weight
    )]
    pub guidance: Option<f64>,
    /// Undo this share of the spread of values that guidance adds, from 0 (nothing) to 1 (all)
    #[arg(
        long,
        value_name = "SHARE",
        requires = "guidance",
        value_parser = share
    )]
    pub guidance_rescale: Option<f64>,
    /// Guide only at noise levels sigma/alpha from LOW to HIGH; at 1 there is as much noise as data.
    /// Outside, the prediction for the class is used alone. Samples stay varied if the noisiest levels
    /// are not guided
    #[arg(
        long,
        value_name = "LOW,HIGH",
        requires = "guidance",
        value_parser = interval
    )]
    pub guidance_interval: Option<IntervalArg>,
    /// Keep the given cells of a table and draw the empty ones, and the columns that it lacks, from their
    /// distribution given those: a .csv, or an array with NaN for the cells that are drawn (.npy). One row
    /// for all samples, or one per sample
    #[arg(
        long,
        value_name = "TABLE",
        conflicts_with_all = ["compat", "inpaint", "from", "init", "interpolate"]
    )]
    pub given: Option<PathBuf>,
    /// Keep the known region of a picture and draw the rest: a picture or an array (.npy). One for all
    /// samples, or one per sample
    #[arg(long, value_name = "IMAGE", conflicts_with = "compat")]
    pub inpaint: Option<PathBuf>,
    /// The known region of --inpaint: a picture, white where --inpaint is kept and black where it is
    /// drawn, or an array of shares from 0 to 1 (.npy)
    #[arg(long, value_name = "MASK", requires = "inpaint", conflicts_with = "given")]
    pub mask: Option<PathBuf>,
    /// Draw variations of a picture (an array, a table): add noise to it, and denoise from there
    #[arg(long, value_name = "IMAGE", conflicts_with_all = ["compat", "init", "interpolate"])]
    pub from: Option<PathBuf>,
    /// Share of the steps to take from --from, above 0 and up to 1: a small share changes little, 1 is a
    /// run from pure noise [default: 0.5]
    #[arg(
        long,
        value_name = "SHARE",
        requires = "from",
        value_parser = strength
    )]
    pub strength: Option<f64>,
    /// Draw the first two samples (or the samples of the two rows of --init) and K between them, in
    /// order; needs a sampler that adds no noise [default: ddim]
    #[arg(
        long,
        value_name = "K",
        conflicts_with_all = ["compat", "count"],
        value_parser = count(MOST_SAMPLES - 2)
    )]
    pub interpolate: Option<usize>,
}
