//! From data to a network and the way to train it, where the user does not say.

use ancestral::{AnySchedule, Prediction, Schedule, Spacing, Variance, ZeroTerminalSnr};
use ancestral_format::{DownBlock, MlpConfig, NetworkConfig, SchedulerConfig, UNetConfig, UpBlock};
use ancestral_nn::train::{Decay, LearningRate, TrainConfig};
use anyhow::{Context, Result, bail};

use crate::args::{PredictionArg, TrainArgs};
use crate::commands::joined;
use crate::data::Data;

/// No resolution below this is used.
const SMALLEST_SIDE: usize = 4;
/// Attention sees every pixel from every other at resolutions up to this.
const ATTENTION_SIDE: usize = 8;
/// A network has no more resolutions than this,
const MOST_RESOLUTIONS: usize = 4;
/// unless the user asks for them; the smallest of fewer is no larger than this.
const LARGEST_SMALL_SIDE: usize = 32;
/// Units of each hidden layer of the network for points and tables, and its residual blocks.
const MLP_WIDTH: usize = 128;
const MLP_BLOCKS: usize = 4;
/// Steps on the way up to a learning rate that then stays.
const CONSTANT_WARMUP: u64 = 100;
/// How often rows of a table are seen, if that makes at least so many steps.
const MOST_EPOCHS: u64 = 300;
const LEAST_STEPS: u64 = 500;
const PICTURES: Defaults = Defaults {
    steps: 2000,
    batch: 64,
    peak: 2e-3,
    ema: 0.999,
    prediction: PredictionArg::Epsilon,
    variance: Variance::FixedSmall,
};
const POINTS: Defaults = Defaults {
    steps: 8000,
    batch: 256,
    peak: 2e-3,
    ema: 0.999,
    prediction: PredictionArg::Epsilon,
    // The spread of samples falls short with the small one, by an eighth where data are narrow.
    variance: Variance::FixedLarge,
};
/// In pictures up to this, noise drowns the data too early in a linear schedule.
const COSINE_SIDE: usize = 64;
/// Group normalisation has so many groups.
const GROUPS: usize = 8;

/// What is trained, and how, but for the number of steps.
#[derive(Debug)]
pub struct Recipe {
    pub network: NetworkConfig,
    pub scheduler: SchedulerConfig,
    pub schedule: Schedule,
    pub config: TrainConfig,
    defaults: Defaults,
    /// The largest learning rate.
    peak: f64,
    /// Whether it stays there.
    constant: bool,
}

/// What follows from the kind of the data, if the user does not say.
#[derive(Clone, Copy, Debug)]
struct Defaults {
    /// Updates, if there is no time budget either.
    steps: u64,
    batch: usize,
    peak: f64,
    ema: f64,
    prediction: PredictionArg,
    /// That of the ancestral hops.
    variance: Variance,
}

impl Defaults {
    fn of(data: &Data) -> Self {
        if data.is_pictures() {
            return PICTURES;
        }
        // A small table that is seen more often is learned by heart.
        let most = MOST_EPOCHS * data.set.len() as u64 / POINTS.batch as u64;
        Self { steps: POINTS.steps.min(most.max(LEAST_STEPS)), ..POINTS }
    }
}

impl Recipe {
    /// The recipe for `data`, with what the user has set.
    pub fn new(
        data: &Data,
        args: &TrainArgs,
        family: &AnySchedule,
        schedule: Schedule,
    ) -> Result<Self> {
        let defaults = Defaults::of(data);
        let prediction = match args.prediction.unwrap_or(defaults.prediction) {
            PredictionArg::Epsilon => Prediction::Epsilon,
            PredictionArg::X0 => Prediction::X0,
            PredictionArg::V => Prediction::V,
        };
        if args.schedule.zero_snr && prediction == Prediction::Epsilon {
            bail!("--zero-snr: pure noise says nothing of epsilon; take --prediction v or x0");
        }
        ZeroTerminalSnr::check(prediction, &schedule).context("--schedule")?;
        let network = network(data, args)?;
        let timesteps = args.schedule.timesteps;
        let (variance, trailing) = (defaults.variance, Spacing::Trailing);
        let scheduler = SchedulerConfig {
            rescale_betas_zero_snr: args.schedule.zero_snr,
            // Clean pictures are in [−1, 1]; tables have no such bounds.
            clip_sample: data.is_pictures(),
            ..SchedulerConfig::of(family, timesteps, prediction, variance, trailing)?
        };
        let config = TrainConfig {
            batch: args.batch.unwrap_or(defaults.batch),
            accumulate: args.accumulate,
            prediction,
            ema_decay: args.ema.unwrap_or(defaults.ema),
            label_dropout: args.label_dropout,
            horizontal_flip: args.reading.flip,
            seed: args.seed,
            ..TrainConfig::default()
        };
        let peak = args.lr.unwrap_or(defaults.peak);
        let constant = args.constant_lr;
        Ok(Self { network, scheduler, schedule, config, defaults, peak, constant })
    }

    /// What the network learns to predict, as it is written.
    pub fn prediction(&self) -> PredictionArg {
        match self.config.prediction {
            Prediction::Epsilon => PredictionArg::Epsilon,
            Prediction::X0 => PredictionArg::X0,
            Prediction::V => PredictionArg::V,
        }
    }

    /// Updates, if the user gives no number and no time.
    pub fn steps(&self) -> u64 {
        self.defaults.steps
    }

    /// The learning rate's plan for `steps` updates.
    ///
    /// A rate that stays where it is does not depend on how many there are, so that a longer run is
    /// a shorter one that went on.
    pub fn learning_rate(&self, steps: u64) -> LearningRate {
        let (warmup, decay) = if self.constant {
            (CONSTANT_WARMUP, Decay::Constant)
        } else {
            (steps.div_ceil(20).min(500), Decay::Cosine { total: steps })
        };
        LearningRate { peak: self.peak, warmup, decay }
    }
}

/// The schedule for `data`, if the user names none.
///
/// # Source
/// Nichol & Dhariwal 2021, arXiv:2102.09672, section 3.2: the cosine is for small pictures.
pub fn default_schedule(data: &Data) -> &'static str {
    let sides = &data.set.shape()[1..];
    let small = data.is_pictures() && sides.iter().all(|side| *side <= COSINE_SIDE);
    if small { "cosine" } else { "linear" }
}

fn network(data: &Data, args: &TrainArgs) -> Result<NetworkConfig> {
    // A row a class, and one for "no label".
    let num_class_embeds = data.set.network_labels();
    match *data.set.shape() {
        [channels, height, width] => {
            let config = UNetConfig { num_class_embeds, ..unet(channels, [height, width], args)? };
            config.validate().context("--width")?;
            Ok(config.into())
        }
        [columns] => {
            let config = MlpConfig { num_class_embeds, ..mlp(columns, args)? };
            config.validate().context("--width")?;
            Ok(config.into())
        }
        _ => bail!("data of shape {:?}: expected pictures or rows", data.set.shape()),
    }
}

fn mlp(columns: usize, args: &TrainArgs) -> Result<MlpConfig> {
    let width = match args.width.as_deref() {
        None => MLP_WIDTH,
        Some([width]) => *width,
        Some(widths) => {
            bail!("--width {}: points and tables take one width", joined(widths, ","))
        }
    };
    let blocks = args.layers.unwrap_or(MLP_BLOCKS);
    Ok(MlpConfig { columns, width, blocks, time_embed_dim: width, ..MlpConfig::default() })
}

/// A U-Net that halves the picture while it can, to a side of no less than 4.
fn unet(channels: usize, [height, width]: [usize; 2], args: &TrainArgs) -> Result<UNetConfig> {
    let block_out_channels = if let Some(widths) = &args.width {
        widths.clone()
    } else {
        let base = if height.max(width) <= 16 { 32 } else { 64 };
        let levels = resolutions([height, width])?;
        (0..levels).map(|level| base << level.min(1)).collect()
    };
    let attention = |level: usize| level > 0 && height.max(width) >> level <= ATTENTION_SIDE;
    if let Some(odd) = block_out_channels.iter().find(|n| !n.is_multiple_of(GROUPS)) {
        bail!("--width: {odd} is no multiple of {GROUPS}");
    }
    let levels = block_out_channels.len();
    let down = |level| {
        if attention(level) { DownBlock::AttnDownBlock2D } else { DownBlock::DownBlock2D }
    };
    let up = |level| if attention(level) { UpBlock::AttnUpBlock2D } else { UpBlock::UpBlock2D };
    Ok(UNetConfig {
        sample_size: Some([height, width]),
        in_channels: channels,
        out_channels: channels,
        down_block_types: (0..levels).map(down).collect(),
        up_block_types: (0..levels).rev().map(up).collect(),
        block_out_channels,
        layers_per_block: args.layers.unwrap_or(1),
        norm_num_groups: Some(GROUPS),
        ..UNetConfig::default()
    })
}

/// How many resolutions a picture has, each half the one before, to a side of no less than 4.
///
/// Pictures that stay large for want of factors of 2 are refused: no layer would see them as a
/// whole.
fn resolutions(size: [usize; 2]) -> Result<usize> {
    let halves = |level: usize| {
        size.iter().all(|side| side.is_multiple_of(1 << level) && side >> level >= SMALLEST_SIDE)
    };
    let levels = (1..MOST_RESOLUTIONS).take_while(|level| halves(*level)).count() + 1;
    let is_large = size.iter().any(|side| side >> (levels - 1) > LARGEST_SMALL_SIDE);
    let is_odd = size.iter().any(|side| !side.is_multiple_of(1 << levels));
    let could_be_smaller = size.iter().all(|side| side >> levels >= SMALLEST_SIDE);
    if levels == MOST_RESOLUTIONS || !(is_large && is_odd && could_be_smaller) {
        return Ok(levels);
    }
    let multiple = 1 << (MOST_RESOLUTIONS - 1);
    let [height, width] = size;
    let [smaller, larger] = [
        size.map(|side| (side / multiple * multiple).max(multiple)),
        size.map(|side| side.next_multiple_of(multiple)),
    ]
    .map(|[h, w]| if height == width { h.to_string() } else { format!("{h}x{w}") });
    bail!(
        "pictures of {height}x{width} can't be halved {} times: take --size {smaller} or --size \
         {larger}, the nearest that can",
        MOST_RESOLUTIONS - 1
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_halved_while_they_can_be() {
        let sides = [[8, 8], [28, 28], [32, 32], [64, 64], [5, 5], [16, 8], [50, 34], [296, 8]];
        let levels = sides.map(|size| resolutions(size).unwrap());
        assert_eq!(levels, [2, 3, 4, 4, 1, 2, 2, 2]);
    }

    #[test]
    fn sizes_that_stay_large_are_refused_with_the_nearest_two() {
        let message = |size| resolutions(size).unwrap_err().to_string();
        assert_eq!(
            message([300, 300]),
            "pictures of 300x300 can't be halved 3 times: take --size 296 or --size 304, the \
             nearest that can"
        );
        assert!(message([50, 301]).contains("--size 48x296 or --size 56x304"));
    }
}
