//! How to train.

mod value;

use std::path::PathBuf;

use ancestral::{LossWeight, Prediction, Variance};
use ancestral_learn::{Fit, Loss, Missing, Optimizer, TimestepSampler};
use clap::Parser;

use super::choice::choice;
use super::help::{data_help, loss_weight_help};
use super::schedule::ScheduleArgs;
use super::value::{MOST_ROWS, SizeArg, bytes, count, decay, seed, share, size};
use super::{ComputeArgs, RanksArgs, ShowArg};
use value::{
    ChannelsArg, ColourArg, MOST_CHANNELS, MOST_POINTS, channels, colour, positive, steps,
};

/// Learn the reverse process of DATA.
///
/// Network, number of steps and learning rate follow from the data and are printed in one line;
/// each can be set. The run folder then holds the model (in the layout of diffusers), samples,
/// denoising.gif, loss.png, log.jsonl, previews/ and checkpoints/. Ctrl-C saves a checkpoint first;
/// --resume continues from the newest one as if the training had never stopped.
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
    pub data: Option<PathBuf>,
    /// Run folder [default: runs/DATA]
    #[arg(short, long, value_name = "RUN")]
    pub output: Option<PathBuf>,
    /// Resume the run in RUN (or in the folder of -o), with its data and settings; --steps may be
    /// changed, and options that change no result may be given
    #[arg(long, value_name = "RUN", num_args = 0..=1, conflicts_with = "force")]
    pub resume: Option<Option<PathBuf>>,
    /// Replace an existing run; its model stays until the new one is written
    #[arg(long)]
    pub force: bool,
    /// Show previews and samples in the terminal too, if it can show pictures; --show=HOW if it can and
    /// that is not found out
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
    pub budget: BudgetArgs,
    /// Samples in one pass through the network [default: 16; pictures of up to 16x16: 64; points and
    /// tables: 256]
    #[arg(long, value_name = "N", value_parser = count(MOST_ROWS))]
    pub batch: Option<usize>,
    /// Passes whose gradients are averaged into one update; equal to one pass over all their samples
    /// [default: 1]
    #[arg(long, value_name = "N", value_parser = count(MOST_ROWS))]
    pub accumulate: Option<usize>,
    /// Peak learning rate, after a warm-up and before a cosine decay to 0 [default: by the data]
    #[arg(long, value_name = "RATE", allow_negative_numbers = true, value_parser = positive)]
    pub lr: Option<f64>,
    /// Keep the learning rate at its peak after a warm-up of 100 steps
    #[arg(long)]
    pub constant_lr: bool,
    /// What the network learns to predict [default: v; points, and tables of up to 3 numbers: epsilon]
    #[arg(long, value_parser = choice::<Prediction>())]
    pub prediction: Option<Prediction>,
    /// Variance of the steps from noise to data: fixed, or learned beside the prediction
    /// [default: fixed-small; points and tables: fixed-large]
    #[arg(long, value_name = "NAME", value_parser = Variance::NAMES)]
    pub variance: Option<String>,
    /// What training makes small [default: hybrid with a learned variance, else simple]
    #[arg(long, value_parser = choice::<Loss>())]
    pub loss: Option<Loss>,
    #[arg(long, value_name = "NAME[:option=value,…]", help = loss_weight_help())]
    pub loss_weight: Option<LossWeight>,
    /// How timesteps are drawn [default: uniform]
    #[arg(long, value_parser = choice::<TimestepSampler>())]
    pub timestep_sampler: Option<TimestepSampler>,
    /// Optimizer of the weights [default: muon; points and tables: adamw]
    #[arg(long, value_parser = choice::<Optimizer>())]
    pub optimizer: Option<Optimizer>,
    #[command(flatten)]
    pub schedule: ScheduleArgs,
    /// Channels of the U-Net at each resolution, from the full resolution, each half of the one
    /// before; or the single width of the network for points and tables [default: by the data]
    #[arg(long, value_name = "N,N,…", value_delimiter = ',', value_parser = count(MOST_CHANNELS))]
    pub width: Option<Vec<usize>>,
    /// Residual layers at each resolution; residual blocks of the network for points and tables
    /// [default: 1; points and tables: 4]
    #[arg(long, value_name = "N", value_parser = count(100))]
    pub layers: Option<usize>,
    /// Decay of the averaged weights: the share of the old average kept at an update, in the long run
    /// [default: by the data]
    #[arg(long, value_name = "DECAY", allow_negative_numbers = true, value_parser = decay)]
    pub ema: Option<f64>,
    /// Share of labels that are hidden, so that the network also learns to predict without a label
    /// [default: 0.1]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, value_parser = share)]
    pub label_dropout: Option<f64>,
    /// Share of the data to hold out: its loss is measured at each preview, by noise level, in
    /// judgements.jsonl and loss.png; a message reports when more steps do not help [default: 0]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, value_parser = decay)]
    pub holdout: Option<f64>,
    /// Number of groups of similar pictures, for pictures without classes; the network is conditioned
    /// on the group and learns more in the same time; 0: no groups [default: one per 100 pictures, at
    /// most 40]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(..=1000))]
    pub groups: Option<u16>,
    /// Seed of all randomness [default: 0]
    #[arg(long, value_name = "SEED", value_parser = seed)]
    pub seed: Option<u64>,
    #[command(flatten)]
    pub reading: ReadingArgs,
    #[command(flatten)]
    pub saving: SavingArgs,
    #[command(flatten)]
    pub compute: ComputeArgs,
    #[command(flatten)]
    pub ranks: RanksArgs,
}

/// How long to train.
#[derive(Clone, Debug, Parser)]
pub struct BudgetArgs {
    /// Updates of the weights, including those before an interruption [default: by the data]
    #[arg(long, value_name = "N", conflicts_with = "time", value_parser = steps())]
    pub steps: Option<u64>,
    /// Time budget in seconds, including sampling at the end, in place of --steps; the number of
    /// steps that fit is measured first, and printed
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = positive)]
    pub time: Option<f64>,
    /// Save and stop after this step, to be resumed later
    #[arg(long, value_name = "STEP", value_parser = steps())]
    pub stop_at: Option<u64>,
}

/// How data are read.
#[expect(clippy::struct_excessive_bools, reason = "flags")]
#[derive(Clone, Debug, Parser)]
#[command(next_help_heading = "Data")]
pub struct ReadingArgs {
    /// Channels of pictures: grey, colour, or colour and opacity; auto is grey if every picture is grey
    /// [default: auto]
    #[arg(long, value_name = "1|3|4|auto", value_parser = channels)]
    pub channels: Option<ChannelsArg>,
    /// Size of pictures, one side or height x width [default: their own size; a square if sizes differ]
    #[arg(long, value_name = "N|HxW", allow_negative_numbers = true, value_parser = size)]
    pub size: Option<SizeArg>,
    /// How pictures are fitted to the size [default: crop]
    #[arg(long, value_parser = choice::<Fit>())]
    pub fit: Option<Fit>,
    /// Colour behind transparent pixels and around letterboxed pictures: white, black, grey or RRGGBB
    /// [default: white]
    #[arg(long, value_name = "COLOUR", value_parser = colour)]
    pub background: Option<ColourArg>,
    /// Learn classes: the sub-folders of a folder of pictures, or the parts of a toy set
    #[arg(long)]
    pub classes: bool,
    /// Mirror pictures left to right, with probability one half
    #[arg(long)]
    pub flip: bool,
    /// Skip pictures that cannot be read, instead of stopping with an error
    #[arg(long)]
    pub skip_bad: bool,
    /// What the columns of a table are, in place of what their cells suggest: a schema, as `inspect
    /// RUN --columns` prints it
    #[arg(long, value_name = "SCHEMA.json")]
    pub columns: Option<PathBuf>,
    /// What empty cells of a table are [default: learn]
    #[arg(long, value_parser = choice::<Missing>())]
    pub missing: Option<Missing>,
    /// Learn columns of words that nearly all differ, as names of rows do
    #[arg(long)]
    pub keep_ids: bool,
    /// Number of points to draw from a toy set [default: 10000]
    #[arg(long, value_name = "N", value_parser = count(MOST_POINTS))]
    pub points: Option<usize>,
    /// Memory for a folder of pictures, such as 500MB or 2GB; pictures that do not fit are read from
    /// their files, ahead of need. It changes no result [default: half of the available memory]
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    pub memory: Option<u64>,
}

/// What is saved during training.
#[derive(Clone, Debug, Parser)]
#[command(next_help_heading = "Saving")]
pub struct SavingArgs {
    /// Save a preview every N steps, always from the same noise; 0: never
    /// [default: a fifth of the steps]
    #[arg(long, value_name = "N")]
    pub preview_every: Option<u64>,
    /// Save a checkpoint every N steps; 0: only at the end and when interrupted
    /// [default: a tenth of the steps]
    #[arg(long, value_name = "N")]
    pub checkpoint_every: Option<u64>,
    /// Number of newest checkpoints to keep [default: 2]
    #[arg(long, value_name = "N", value_parser = count(1_000_000))]
    pub keep: Option<usize>,
}
