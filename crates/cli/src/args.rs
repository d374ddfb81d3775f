//! The command line, as it is written. Nothing is opened or decided here.

use std::fmt;
use std::path::PathBuf;

use ancestral::exact::NAMED;
use ancestral::{
    AnySampler, AnySchedule, LevelSpacing, LossWeight, SamplerInfo, ScheduleInfo, Spacing, Variance,
};
use ancestral_cpu::Precision;
use ancestral_data::{BUILTIN, Channels, TOYS};
use ancestral_format::Dtype;
use clap::builder::RangedU64ValueParser;
use clap::{ArgAction, Parser, Subcommand, ValueEnum};

use crate::randomness::Randomness;

/// Learn to undo noise, and draw new data out of it.
///
/// A diffusion model destroys data with known steps of noise and learns to undo them: what it
/// learned turns pure noise, step by step, into new data.
#[derive(Debug, Parser)]
#[command(name = "ancestral", version, arg_required_else_help = true, max_term_width = 100)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Train(TrainArgs),
    Sample(SampleArgs),
    Invert(InvertArgs),
    Compare(CompareArgs),
    Inspect(InspectArgs),
    Convert(ConvertArgs),
}

/// Learn the reverse process of DATA.
///
/// Network, number of steps and learning rate follow from the data and are printed in one line;
/// each can be set. The run folder then holds the model (in the layout of diffusers), samples,
/// denoising.gif, loss.png, log.jsonl, previews/ and checkpoints/. Ctrl-C saves a checkpoint first;
/// --resume goes on from the newest one as if nothing had happened.
#[derive(Clone, Debug, Parser)]
#[expect(clippy::option_option, reason = "how clap has a flag whose value may be left out")]
#[command(
    args_override_self = true,
    after_help = "Examples:\n  ancestral train digits -o runs/digits --seed 1\n  \
                  ancestral train photos/ --size 32 --flip\n  \
                  ancestral train people.csv\n  \
                  ancestral train --resume runs/digits --steps 4000"
)]
pub struct TrainArgs {
    #[arg(value_name = "DATA", required_unless_present = "resume", help = data_help())]
    pub data: Option<String>,
    /// Run folder [default: runs/DATA]
    #[arg(short, long, value_name = "RUN")]
    pub output: Option<PathBuf>,
    /// Resume the run in RUN (or in that of -o), with its data and settings; more --steps may be
    /// given, and what changes no result
    #[arg(long, value_name = "RUN", num_args = 0..=1, conflicts_with = "force")]
    pub resume: Option<Option<PathBuf>>,
    /// Replace a run that is already there; its model stays until the new one is written
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub budget: BudgetArgs,
    /// Samples in one pass through the network [default: 64; points and tables: 256]
    #[arg(long, value_name = "N", value_parser = count(MOST_ROWS))]
    pub batch: Option<usize>,
    /// Passes whose gradients are averaged into one update; the same as one pass of all their samples
    /// [default: 1]
    #[arg(long, value_name = "N", value_parser = count(MOST_ROWS))]
    pub accumulate: Option<usize>,
    /// Peak learning rate, after a warm-up and before a cosine down to 0 [default: by the data]
    #[arg(long, value_name = "RATE", allow_negative_numbers = true, value_parser = positive)]
    pub lr: Option<f64>,
    /// Keep the learning rate at its peak after a warm-up of 100 steps
    #[arg(long)]
    pub constant_lr: bool,
    /// What the network learns to predict [default: v; points and tables: epsilon]
    #[arg(long, value_enum)]
    pub prediction: Option<PredictionArg>,
    #[arg(long, value_name = "NAME[:option=value,…]", help = loss_weight_help())]
    pub loss_weight: Option<LossWeight>,
    /// How weights follow from gradients [default: muon; points and tables: adamw]
    #[arg(long, value_enum)]
    pub optimizer: Option<OptimizerArg>,
    #[command(flatten)]
    pub schedule: ScheduleArgs,
    /// Channels of the U-Net at each resolution, the full one first, each half the one before; or
    /// the one width of the network for points and tables [default: by the data]
    #[arg(long, value_name = "N,N,…", value_delimiter = ',', value_parser = count(MOST_CHANNELS))]
    pub width: Option<Vec<usize>>,
    /// Residual layers at each resolution; residual blocks of the network for points and tables
    /// [default: 1; points and tables: 4]
    #[arg(long, value_name = "N", value_parser = count(100))]
    pub layers: Option<usize>,
    /// Long-run share that the averaged weights keep at an update [default: by the data]
    #[arg(long, value_name = "DECAY", allow_negative_numbers = true, value_parser = decay)]
    pub ema: Option<f64>,
    /// How often a label is hidden, so that the network learns to do without as well [default: 0.1]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, value_parser = share)]
    pub label_dropout: Option<f64>,
    /// Share of the data that is not learned, but whose loss is measured at each preview, by noise
    /// level, in judgements.jsonl and loss.png; says when more steps do not help [default: 0]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, value_parser = decay)]
    pub holdout: Option<f64>,
    /// Tell pictures without classes apart by so many groups of alike ones, which the network is told
    /// of: it learns more in as much time; 0: no groups [default: one for 100 pictures, at most 40]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(..=1000))]
    pub groups: Option<u16>,
    /// Seed of all that is random [default: 0]
    #[arg(long, value_name = "SEED")]
    pub seed: Option<u64>,
    #[command(flatten)]
    pub reading: ReadingArgs,
    #[command(flatten)]
    pub saving: SavingArgs,
    #[command(flatten)]
    pub compute: ComputeArgs,
}

/// How long to train.
#[derive(Clone, Debug, Parser)]
pub struct BudgetArgs {
    /// Updates of the weights, those before an interruption included [default: by the data]
    #[arg(long, value_name = "N", conflicts_with = "time", value_parser = steps())]
    pub steps: Option<u64>,
    /// Time budget in seconds, sampling at the end included, in place of --steps; how many steps
    /// fit is measured first, and printed
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = positive)]
    pub time: Option<f64>,
    /// Save and stop after that many of the steps, to be resumed later
    #[arg(long, value_name = "STEP", value_parser = steps())]
    pub stop_at: Option<u64>,
}

/// How data are read.
#[derive(Clone, Debug, Parser)]
#[command(next_help_heading = "Data")]
pub struct ReadingArgs {
    /// Channels of pictures: grey, colour, or colour and opacity; auto is grey if every picture is
    /// [default: auto]
    #[arg(long, value_name = "1|3|4|auto", value_parser = channels)]
    pub channels: Option<ChannelsArg>,
    /// Size of pictures, one side or height x width [default: their own; a square if they differ]
    #[arg(long, value_name = "N|HxW", allow_negative_numbers = true, value_parser = size)]
    pub size: Option<SizeArg>,
    /// How pictures are fitted to the size [default: crop]
    #[arg(long, value_enum)]
    pub fit: Option<FitArg>,
    /// Colour behind transparent pixels and around letterboxed pictures: white, black, grey or RRGGBB
    /// [default: white]
    #[arg(long, value_name = "COLOUR", value_parser = colour)]
    pub background: Option<ColourArg>,
    /// Learn classes: the sub-folders of a folder of pictures, or the parts of a toy set
    #[arg(long)]
    pub classes: bool,
    /// Mirror each picture, left and right, half of the times that it is seen
    #[arg(long)]
    pub flip: bool,
    /// Skip pictures that can't be read, in place of refusing them all
    #[arg(long)]
    pub skip_bad: bool,
    /// How many points to draw of a toy set [default: 10000]
    #[arg(long, value_name = "N", value_parser = count(MOST_POINTS))]
    pub points: Option<usize>,
    /// Memory for pictures in files of their own, such as 500MB or 2GB; those that do not fit are read
    /// from their files, ahead of need. It changes no result [default: half of what is available]
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    pub memory: Option<u64>,
}

/// What is saved on the way.
#[derive(Clone, Debug, Parser)]
#[command(next_help_heading = "Saving")]
pub struct SavingArgs {
    /// Save a preview, always from the same noise, every N steps; 0: never
    /// [default: a fifth of the steps]
    #[arg(long, value_name = "N")]
    pub preview_every: Option<u64>,
    /// Save a checkpoint every N steps; 0: only at the end and when interrupted
    /// [default: a tenth of the steps]
    #[arg(long, value_name = "N")]
    pub checkpoint_every: Option<u64>,
    /// How many of the newest checkpoints are kept [default: 2]
    #[arg(long, value_name = "N", value_parser = count(1_000_000))]
    pub keep: Option<usize>,
}

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
    #[arg(long, value_enum, value_name = "SOURCE", default_value_t = Randomness::Ancestral)]
    pub rng: Randomness,
    /// Which weights of a model folder: those named diffusion_pytorch_model.NAME.safetensors, such
    /// as fp16, or raw (before averaging, of models trained here)
    #[arg(long, value_name = "NAME")]
    pub variant: Option<String>,
    /// Class to draw, by its name or number; none: no label [default: each as often as the data are;
    /// none where something else is given to begin with]
    #[arg(long, value_name = "CLASS")]
    pub class: Option<String>,
    /// Seed of the noise
    #[arg(long, value_name = "SEED", default_value_t = 0)]
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

/// Find the noise that leads to DATA: data → x_T.
///
/// Goes the way of --sampler ddim back, with four network calls a step. From what it finds,
/// `sample --init X_T.npy --sampler ddim` with the same model, class, --steps and --spacing comes
/// back to DATA, nearly; with another class, or after `--interpolate`, it goes elsewhere from there.
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
    /// Where to: NAME.npy (float32, [n, channels, height, width], or [n, columns] in the data's own
    /// units)
    #[arg(short, long, value_name = "X_T.npy")]
    pub output: PathBuf,
    /// Class of the data, by its name or number [default: no label]
    #[arg(long, value_name = "CLASS")]
    pub class: Option<String>,
    /// Hops from data to noise [default: 100, of points and tables 250; or all timesteps if they are
    /// fewer]
    #[arg(long, value_name = "N")]
    pub steps: Option<usize>,
    #[arg(long, value_name = "NAME[:option=value]", help = spacing_help())]
    pub spacing: Option<String>,
    /// Which weights of a model folder: those named diffusion_pytorch_model.NAME.safetensors
    #[arg(long, value_name = "NAME")]
    pub variant: Option<String>,
    /// Rows in one network call; changes nothing but speed and memory
    /// [default: 64; points and tables: 1024]
    #[arg(long, value_name = "N", value_parser = count(MOST_ROWS))]
    pub batch: Option<usize>,
    /// Replace what is already there
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub compute: ComputeArgs,
}

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

/// The way from noise to data.
#[derive(Clone, Debug, Default, Parser)]
#[command(next_help_heading = "The way from noise to data")]
pub struct ProcessArgs {
    /// Hops from noise to data [default: 100, of points and tables 250; with --compat the peer's
    /// 1000 for ddpm, 4 for lcm, 50 for all others; or all timesteps if they are fewer]
    #[arg(long, value_name = "N")]
    pub steps: Option<usize>,
    /// As many hops as take at most so many network calls, in place of --steps
    #[arg(long, value_name = "N", conflicts_with_all = ["steps", "visit"])]
    pub calls: Option<usize>,
    #[arg(
        long,
        value_name = "NAME[:option=value,…]",
        help = sampler_help(),
        long_help = sampler_long_help()
    )]
    pub sampler: Option<String>,
    /// Short for --sampler ddim:eta=ETA
    #[arg(
        long,
        value_name = "ETA",
        conflicts_with_all = ["sampler", "variance"],
        allow_negative_numbers = true
    )]
    pub eta: Option<f64>,
    /// Variance of the ancestral hops [default: as the model says]
    #[arg(long, value_name = "NAME", value_parser = Variance::NAMES)]
    pub variance: Option<String>,
    #[arg(long, value_name = "NAME[:option=value]", help = spacing_help())]
    pub spacing: Option<String>,
    /// Visit these timesteps, descending, in place of --steps and --spacing
    #[arg(
        long,
        value_name = "T,T,…",
        value_delimiter = ',',
        conflicts_with_all = ["steps", "spacing"]
    )]
    pub visit: Option<Vec<usize>>,
    /// Clip each clean estimate to the model's range [default: as the model says]
    #[arg(long, overrides_with = "no_clip")]
    pub clip: bool,
    /// Do not clip (or threshold) the clean estimates
    #[arg(long, overrides_with = "clip")]
    pub no_clip: bool,
}

/// Another program whose numbers are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CompatArg {
    /// Hugging Face's diffusers: the scheduler that the model folder names, with its config, or
    /// with --sampler that of another name
    Diffusers,
}

/// See what is in a model, or the table of a schedule.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub struct InspectArgs {
    /// Model folder, or `digits` for the built-in model, where no folder has that name
    #[arg(value_name = "MODEL")]
    pub model: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Print how this CPU computes its network, and why, a layer a line
    #[arg(long, conflicts_with = "json")]
    pub plan: bool,
    /// The precision of --plan [default: f32]
    #[arg(long, value_enum, value_name = "PRECISION", requires = "plan")]
    pub precision: Option<PrecisionArg>,
    /// Which weights of a model folder: those named diffusion_pytorch_model.NAME.safetensors
    #[arg(long, value_name = "NAME")]
    pub variant: Option<String>,
    #[command(flatten)]
    pub process: ProcessArgs,
    #[command(subcommand)]
    pub what: Option<InspectWhat>,
}

#[derive(Debug, Subcommand)]
pub enum InspectWhat {
    Schedule(InspectScheduleArgs),
}

/// Print a schedule as a table.
///
/// A row a timestep t, 0 the cleanest: beta, alpha = 1 − beta, alpha_bar, beta_tilde, SNR, and
/// the coefficients of x0 and x_t in the mean of the posterior q(x_(t−1) | x_t, x0).
#[derive(Debug, Parser)]
pub struct InspectScheduleArgs {
    #[command(flatten)]
    pub schedule: ScheduleArgs,
    /// Print comma-separated values, at full precision
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// Print JSON, at full precision
    #[arg(long)]
    pub json: bool,
}

/// Write any readable model folder as a clean one.
///
/// Sharded weights, variants, bfloat16 and float64, names of old versions and folders with
/// everything at the root go in; out comes what diffusers writes: model_index.json, scheduler/ and
/// unet/ with one safetensors file. `DDPMPipeline.from_pretrained(FOLDER)` opens it.
#[derive(Debug, Parser)]
#[command(after_help = "Example: ancestral convert ddpm-cifar10-32 --dtype f16 -o cifar10-f16")]
pub struct ConvertArgs {
    /// Model folder
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,
    /// Folder to write
    #[arg(short, long, value_name = "FOLDER")]
    pub output: PathBuf,
    /// How weights are stored; a network computes with float32 in any case
    #[arg(long, value_enum, value_name = "DTYPE", default_value_t = DtypeArg::F32)]
    pub dtype: DtypeArg,
    /// Which weights of MODEL: those named diffusion_pytorch_model.NAME.safetensors, such as fp16,
    /// or raw
    #[arg(long, value_name = "NAME")]
    pub variant: Option<String>,
    /// Replace a model that is already there
    #[arg(long)]
    pub force: bool,
    /// Print nothing but errors
    #[arg(short, long, action = ArgAction::SetTrue)]
    pub quiet: bool,
}

/// How weights are stored, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DtypeArg {
    /// 32 bits
    F32,
    /// 16 bits: a third of the digits, and up to 65504
    F16,
}

impl From<DtypeArg> for Dtype {
    fn from(dtype: DtypeArg) -> Self {
        match dtype {
            DtypeArg::F32 => Self::F32,
            DtypeArg::F16 => Self::F16,
        }
    }
}

impl fmt::Display for DtypeArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
        })
    }
}

/// The noise levels of the training timesteps.
#[derive(Clone, Debug, Parser)]
pub struct ScheduleArgs {
    #[arg(long, value_name = "NAME[:option=value,…]", help = schedule_help())]
    pub schedule: Option<String>,
    /// Number of timesteps, T [default: 1000]
    #[arg(long, value_name = "T", value_parser = count(MOST_TIMESTEPS))]
    pub timesteps: Option<usize>,
    /// Rescale the schedule so that it ends in pure noise (zero terminal SNR); not for networks
    /// that predict epsilon
    #[arg(long)]
    pub zero_snr: bool,
}

/// Where and how to compute, and how much to say.
#[derive(Clone, Debug, Parser)]
#[command(next_help_heading = "Computing")]
pub struct ComputeArgs {
    /// cpu, or cuda (cuda:1 for the second card), wgpu, metal in builds with that feature
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    pub device: String,
    /// Precision of a network's large products; bf16 wants a CPU with AMX tiles (Linux), is faster, and
    /// changes results a little; weights, sums and what `train` saves stay f32 [default: f32]
    #[arg(long, value_enum, value_name = "PRECISION")]
    pub precision: Option<PrecisionArg>,
    /// Threads of the CPU; changes nothing but speed [default: all cores]
    #[arg(long, value_name = "N", value_parser = count(1024))]
    pub threads: Option<usize>,
    /// Print nothing but results and errors
    #[arg(short, long, action = ArgAction::SetTrue)]
    pub quiet: bool,
}

/// In what numbers the large products of a network are computed, as it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PrecisionArg {
    /// 32 bits
    #[default]
    F32,
    /// 16 bits, sums of 32, on matrix tiles (AMX)
    Bf16,
}

impl From<PrecisionArg> for Precision {
    fn from(precision: PrecisionArg) -> Self {
        match precision {
            PrecisionArg::F32 => Self::F32,
            PrecisionArg::Bf16 => Self::Bf16,
        }
    }
}

/// What a network predicts, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PredictionArg {
    /// The noise
    Epsilon,
    /// The clean sample
    X0,
    /// The velocity, alpha·epsilon − sigma·x0
    V,
}

/// How weights follow from gradients, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OptimizerArg {
    /// AdamW for all
    Adamw,
    /// Muon for the matrices between the first layer and the last, with ten times the rate; AdamW
    /// for the rest
    Muon,
}

/// How pictures are fitted to a size, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FitArg {
    /// Fill it and cut off what is over, the same on both sides
    Crop,
    /// Show the whole picture, with background around it
    Letterbox,
}

/// Channels of pictures; `None` is by the pictures.
pub type ChannelsArg = Wrapped<Option<Channels>>;
/// Height and width.
pub type SizeArg = Wrapped<[usize; 2]>;
/// Two noise levels σ/α, the lower first.
pub type IntervalArg = Wrapped<[f64; 2]>;
/// Red, green, blue.
pub type ColourArg = Wrapped<[u8; 3]>;

/// A value of one argument that the parser would take for a list of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrapped<T>(pub T);

/// More rows in one pass are a slip of the finger.
const MOST_ROWS: u64 = 1 << 16;
/// So are more channels,
const MOST_CHANNELS: u64 = 1 << 14;
/// longer sides,
const MOST_SIDE: usize = 4096;
/// more timesteps,
const MOST_TIMESTEPS: u64 = 1_000_000;
/// more points,
const MOST_POINTS: u64 = 10_000_000;
/// more network calls of a run,
const MOST_CALLS: u64 = 100_000;
/// and more samples than a folder or a file should hold.
const MOST_SAMPLES: u64 = 1_000_000;

/// Reads a number from 1 to `most`.
fn count(most: u64) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=most)
}

/// Reads a number of updates.
fn steps() -> RangedU64ValueParser<u64> {
    RangedU64ValueParser::new().range(1..=1_000_000_000)
}

/// Bytes, as a number with a unit.
fn bytes(text: &str) -> Result<u64, String> {
    let place = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(place);
    let unit = match unit.to_ascii_lowercase().as_str() {
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => 0_u64,
    };
    let bytes = number.trim().parse().ok().and_then(|number: u64| number.checked_mul(unit));
    bytes.filter(|_| unit > 0).ok_or_else(|| "expected a size such as 500MB or 2GB".to_owned())
}

fn positive(text: &str) -> Result<f64, String> {
    number(text, "a number above 0", |x| x > 0.0 && x.is_finite())
}

fn decay(text: &str) -> Result<f64, String> {
    number(text, "a number in [0, 1)", |x| (0.0..1.0).contains(&x))
}

fn share(text: &str) -> Result<f64, String> {
    number(text, "a number in [0, 1]", |x| (0.0..=1.0).contains(&x))
}

fn weight(text: &str) -> Result<f64, String> {
    number(text, "a number, 0 or more", |x| x >= 0.0 && x.is_finite())
}

fn strength(text: &str) -> Result<f64, String> {
    number(text, "a number in (0, 1]", |x| x > 0.0 && x <= 1.0)
}

fn interval(text: &str) -> Result<IntervalArg, String> {
    let ends = text.split_once(',').and_then(|(low, high)| {
        Some([low.trim().parse::<f64>().ok()?, high.trim().parse::<f64>().ok()?])
    });
    let ends = ends.filter(|[low, high]| 0.0 <= *low && low < high);
    ends.map(Wrapped).ok_or_else(|| {
        "expected two levels sigma/alpha, 0 or more, the lower first, such as 0.2,5".to_owned()
    })
}

fn channels(text: &str) -> Result<ChannelsArg, String> {
    let count = text.parse().ok().and_then(Channels::from_count);
    match (text, count) {
        ("auto", _) => Ok(Wrapped(None)),
        (_, Some(channels)) => Ok(Wrapped(Some(channels))),
        (_, None) if text.contains(',') || text.len() > 1 => {
            Err("expected 1, 3, 4 or auto (the channels of the network are --width)".to_owned())
        }
        (_, None) => Err("expected 1, 3, 4 or auto".to_owned()),
    }
}

fn size(text: &str) -> Result<SizeArg, String> {
    let side = |text: &str| text.parse().ok().filter(|side| (1..=MOST_SIDE).contains(side));
    let (height, width) = text.split_once('x').unwrap_or((text, text));
    let sides = side(height).zip(side(width));
    let (height, width) = sides.ok_or_else(|| {
        format!(
            "expected a side, or height x width, such as 32 or 48x64; sides from 1 to {MOST_SIDE}"
        )
    })?;
    Ok(Wrapped([height, width]))
}

fn colour(text: &str) -> Result<ColourArg, String> {
    let hex = text.strip_prefix('#').unwrap_or(text);
    let channel = |i: usize| u8::from_str_radix(hex.get(2 * i..2 * i + 2)?, 16).ok();
    match text {
        "white" => Ok(Wrapped([255; 3])),
        "black" => Ok(Wrapped([0; 3])),
        "grey" | "gray" => Ok(Wrapped([128; 3])),
        _ if hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            let rgb = [channel(0), channel(1), channel(2)];
            Ok(Wrapped(rgb.map(Option::unwrap_or_default)))
        }
        _ => Err("expected white, black, grey or six hexadecimal digits, RRGGBB".to_owned()),
    }
}

fn number(text: &str, expected: &str, fits: impl Fn(f64) -> bool) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number| fits(*number));
    number.ok_or_else(|| format!("expected {expected}"))
}

fn data_help() -> String {
    format!(
        "What to learn: a picture or a folder of pictures, .npy or .npz, IDX (.gz too), .csv with \
         a header; or, where no file or folder has that name, built in: {}, or the toy sets {}",
        BUILTIN.join(", "),
        TOYS.join(", ")
    )
}

fn sampler_help() -> String {
    let names: Vec<_> = AnySampler::all().iter().map(|sampler| sampler.info().name).collect();
    format!("The sampler: {} [default: as the model says, else ddpm]", names.join(", "))
}

fn sampler_long_help() -> String {
    let line = |sampler: AnySampler| {
        let SamplerInfo { name, about, options, .. } = sampler.info();
        format!("- {}", entry(name, about, options))
    };
    let lines: Vec<_> = AnySampler::all().into_iter().map(line).collect();
    format!("The sampler [default: as the model says, else ddpm]:\n{}", lines.join("\n"))
}

fn spacing_help() -> String {
    format!(
        "How the steps are laid: over timesteps, {}; over noise levels, {} (karras:rho=7) [default: \
         as the model says]",
        Spacing::NAMES.join(", "),
        LevelSpacing::NAMES.join(", ")
    )
}

fn schedule_help() -> String {
    let line = |info: &ScheduleInfo| entry(info.name, info.about, info.options);
    let lines: Vec<_> = AnySchedule::LIST.iter().map(line).collect();
    let lines = lines.join("; ");
    format!("Noise schedule: {lines} [default: linear; in training, by the data]")
}

fn loss_weight_help() -> String {
    let lines: Vec<_> =
        LossWeight::LIST.iter().map(|info| entry(info.name, info.about, info.options)).collect();
    format!("How much an error at each noise level counts: {} [default: uniform]", lines.join("; "))
}

fn entry(name: &str, about: &str, options: &[ancestral::OptionInfo]) -> String {
    let options: Vec<_> =
        options.iter().map(|o| format!("{}={}: {}", o.name, o.default, o.about)).collect();
    if options.is_empty() {
        format!("{name} ({about})")
    } else {
        format!("{name} ({about}; {})", options.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Args as clap::CommandFactory>::command().debug_assert();
    }
}
