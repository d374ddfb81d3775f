//! What to draw, and where to put it.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use super::ComputeArgs;
use super::process::ProcessArgs;
use super::value::{
    IntervalArg, MOST_ROWS, MOST_SAMPLES, SizeArg, count, interval, seed, share, size, strength,
    weight,
};

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
    /// How many samples [default: 64, of points and tables 1000; or the rows of --init, --from or
    /// --inpaint if these are several]
    #[arg(short = 'n', long, value_name = "N", value_parser = count(MOST_SAMPLES))]
    pub count: Option<usize>,
    /// Go the way of another program, number by number, its quirks included; `inspect MODEL` says
    /// where it differs from ours
    #[arg(long, value_enum, value_name = "PROGRAM")]
    pub compat: Option<CompatArg>,
    /// Where noise comes from
    #[arg(long, value_enum, value_name = "SOURCE", default_value_t = RngArg::Ancestral)]
    pub rng: RngArg,
    /// Which weights of a model folder: those named diffusion_pytorch_model.NAME.safetensors, such
    /// as fp16, or raw (before averaging, of models trained here)
    #[arg(long, value_name = "NAME")]
    pub variant: Option<String>,
    /// Size of the pictures, of networks that take any: one side, or height x width [default: that of
    /// training]
    #[arg(long, value_name = "N|HxW", allow_negative_numbers = true, value_parser = size)]
    pub size: Option<SizeArg>,
    /// Class to draw, by its name, or by its number if classes have no names; none: no label [default: each as often as the data are;
    /// none where something else is given to begin with]
    #[arg(long, value_name = "CLASS")]
    pub class: Option<String>,
    /// The label that means "none" to the network, of models from elsewhere; --guidance needs it
    #[arg(long, value_name = "LABEL")]
    pub null_label: Option<u32>,
    /// Seed of the noise
    #[arg(long, value_name = "SEED", default_value_t = 0, value_parser = seed)]
    pub seed: u64,
    /// Index of the first sample: --first 5 -n 1 makes the sixth of a seed alone
    #[arg(long, value_name = "INDEX", default_value_t = 0)]
    pub first: u64,
    /// Samples in one network call; changes nothing but speed and memory
    /// [default: 64; points and tables: 1024]
    #[arg(long, value_name = "N", value_parser = count(MOST_ROWS))]
    pub batch: Option<usize>,
    /// Start from these rows in place of fresh noise, such as those that `invert` finds; those of
    /// tables in the data's own units
    #[arg(long, value_name = "X_T.npy")]
    pub init: Option<PathBuf>,
    /// Save the whole way: an array with a leading axis of steps + 1 (.npy), a picture with a row
    /// a sample (.png), or a folder with a picture a step; of points and tables, an array
    #[arg(long)]
    pub trajectory: bool,
    /// Where to: NAME.png (a grid of pictures; a plot of points, or of the columns of a table),
    /// NAME.gif (the way from noise), NAME.npy (float32, [n, channels, height, width] in [−1, 1],
    /// or [n, columns] in the data's own units), NAME.csv (of points and tables), or a folder of
    /// single PNGs: any name without a dot or with a / at its end
    #[arg(short, long, value_name = "OUT", default_value = "samples.png")]
    pub output: PathBuf,
    /// Replace what is already there
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub process: ProcessArgs,
    #[command(flatten)]
    pub steering: SteeringArgs,
    #[command(flatten)]
    pub compute: ComputeArgs,
}

/// What samples are to be, beyond their class.
#[derive(Debug, Parser)]
#[command(next_help_heading = "Steering")]
pub struct SteeringArgs {
    /// Classifier-free guidance towards each sample's class with weight W: estimate = without + W (with −
    /// without the class). 0 leaves the class away, 1 is no guidance, more makes samples more
    /// typical and more alike (2 to 4 is a start); each call is of twice the rows
    #[arg(
        long,
        value_name = "W",
        conflicts_with = "compat",
        allow_negative_numbers = true,
        value_parser = weight
    )]
    pub guidance: Option<f64>,
    /// How much of the spread of values that guidance adds is taken back, from 0, nothing, to 1, all
    #[arg(
        long,
        value_name = "SHARE",
        requires = "guidance",
        allow_negative_numbers = true,
        value_parser = share
    )]
    pub guidance_rescale: Option<f64>,
    /// Guide only at noise levels sigma/alpha from LOW to HIGH, where 1 is as much noise as data;
    /// elsewhere the class alone is asked for. Without the noisiest levels samples stay varied
    #[arg(
        long,
        value_name = "LOW,HIGH",
        requires = "guidance",
        allow_negative_numbers = true,
        value_parser = interval
    )]
    pub guidance_interval: Option<IntervalArg>,
    /// Keep what is known of a picture, and draw the rest: a picture, an array (.npy), or for tables
    /// a .csv whose columns are those known. One for all samples, or one each
    #[arg(long, value_name = "IMAGE", conflicts_with = "compat")]
    pub inpaint: Option<PathBuf>,
    /// Where --inpaint is known: a picture, white where it is kept and black where it is drawn, or an
    /// array of shares from 0 to 1 (.npy)
    #[arg(long, value_name = "MASK", requires = "inpaint")]
    pub mask: Option<PathBuf>,
    /// Draw variations of a picture (an array, a table): begin with it, noised, on the way
    #[arg(long, value_name = "IMAGE", conflicts_with_all = ["compat", "init", "interpolate"])]
    pub from: Option<PathBuf>,
    /// Share of the steps that are taken from --from, above 0 and up to 1: little changes little, 1
    /// is a run from noise alone [default: 0.5]
    #[arg(
        long,
        value_name = "SHARE",
        requires = "from",
        allow_negative_numbers = true,
        value_parser = strength
    )]
    pub strength: Option<f64>,
    /// Draw the first two samples (or those of the two rows of --init) and K between them, in a row;
    /// by a sampler that draws no noise on the way [default: ddim]
    #[arg(
        long,
        value_name = "K",
        conflicts_with_all = ["compat", "count"],
        value_parser = count(MOST_SAMPLES - 2)
    )]
    pub interpolate: Option<usize>,
}

/// Another program whose numbers are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CompatArg {
    /// Hugging Face's diffusers: the scheduler that the model folder names, with its config, or
    /// with --sampler that of another name
    Diffusers,
}

/// A source of noise, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RngArg {
    /// Ours: a sample depends on the seed and its own index alone
    Ancestral,
    /// PyTorch's CPU generator, one for all samples: as torch.Generator().manual_seed(SEED) with
    /// batch_size N in diffusers
    Torch,
    /// PyTorch's CPU generator, one a sample, seeded SEED, SEED + 1, …: as a list of generators in
    /// diffusers
    TorchEach,
}
