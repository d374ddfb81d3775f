//! From data to a network and the way to train it, where the user does not say.

use ancestral::{AnySchedule, Prediction, Schedule, Spacing, Variance};
use ancestral_data::Dataset;
use ancestral_format::{DownBlock, SchedulerConfig, UNetConfig, UpBlock};
use ancestral_nn::train::{Decay, LearningRate, TrainConfig};
use anyhow::{Context, Result, bail};

use crate::args::{PredictionArg, TrainArgs};

/// No resolution below this is used.
const SMALLEST_SIDE: usize = 4;
/// Attention sees every pixel from every other at resolutions up to this.
const ATTENTION_SIDE: usize = 8;
/// The largest learning rate, if the user gives none.
const PEAK: f64 = 2e-3;
/// Updates, if the user gives neither a number nor a time.
const STEPS: u64 = 2000;
/// In pictures up to this, noise drowns the data too early in a linear schedule.
const COSINE_SIDE: usize = 64;
/// Group normalisation has so many groups.
const GROUPS: usize = 8;

/// What is trained, and how, but for the number of steps.
#[derive(Debug)]
pub struct Recipe {
    pub unet: UNetConfig,
    pub scheduler: SchedulerConfig,
    pub schedule: Schedule,
    pub config: TrainConfig,
    /// The largest learning rate.
    peak: f64,
    /// Whether it stays there.
    constant: bool,
    /// Updates, if the user gives no number and no time.
    pub steps: u64,
}

impl Recipe {
    /// The recipe for `data`, with what the user has set.
    pub fn new(
        data: &Dataset,
        args: &TrainArgs,
        family: &AnySchedule,
        schedule: Schedule,
    ) -> Result<Self> {
        let prediction = match args.prediction {
            PredictionArg::Epsilon => Prediction::Epsilon,
            PredictionArg::X0 => Prediction::X0,
            PredictionArg::V => Prediction::V,
        };
        if args.schedule.zero_snr && prediction == Prediction::Epsilon {
            bail!("--zero-snr: pure noise says nothing of epsilon; take --prediction v or x0");
        }
        let unet = unet(data, args)?;
        unet.validate().context("--channels")?;
        let timesteps = args.schedule.timesteps;
        let (small, trailing) = (Variance::FixedSmall, Spacing::Trailing);
        let scheduler = SchedulerConfig {
            rescale_betas_zero_snr: args.schedule.zero_snr,
            ..SchedulerConfig::of(family, timesteps, prediction, small, trailing)?
        };
        let config = TrainConfig {
            batch: args.batch,
            accumulate: args.accumulate,
            prediction,
            ema_decay: args.ema.unwrap_or(0.999),
            label_dropout: args.label_dropout,
            seed: args.seed,
            ..TrainConfig::default()
        };
        let (peak, constant) = (args.lr.unwrap_or(PEAK), args.constant_lr);
        Ok(Self { unet, scheduler, schedule, config, peak, constant, steps: STEPS })
    }

    /// The learning rate's plan for `steps` updates.
    pub fn learning_rate(&self, steps: u64) -> LearningRate {
        let decay = if self.constant { Decay::Constant } else { Decay::Cosine { total: steps } };
        LearningRate { peak: self.peak, warmup: steps.div_ceil(20).min(500), decay }
    }
}

/// The schedule for `data`, if the user names none.
///
/// # Source
/// Nichol & Dhariwal 2021, arXiv:2102.09672, section 3.2: the cosine is for small pictures.
pub fn default_schedule(data: &Dataset) -> &'static str {
    if data.shape()[1..].iter().all(|side| *side <= COSINE_SIDE) { "cosine" } else { "linear" }
}

/// A U-Net that halves the picture while it can, to a side of no less than 4.
fn unet(data: &Dataset, args: &TrainArgs) -> Result<UNetConfig> {
    let &[channels, height, width] = data.shape() else {
        bail!("data of shape {:?}: expected pictures, [channels, height, width]", data.shape());
    };
    let block_out_channels = args.channels.clone().unwrap_or_else(|| {
        let base = if height.max(width) <= 16 { 32 } else { 64 };
        (0..resolutions(height, width)).map(|level| base << level.min(1)).collect()
    });
    let attention = |level: usize| level > 0 && height.max(width) >> level <= ATTENTION_SIDE;
    if let Some(odd) = block_out_channels.iter().find(|n| !n.is_multiple_of(GROUPS)) {
        bail!("--channels: {odd} is no multiple of {GROUPS}");
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
        layers_per_block: args.layers,
        norm_num_groups: GROUPS,
        // A row a class, and one for "no label".
        num_class_embeds: data.labels().map(|_| data.class_names().len() + 1),
        ..UNetConfig::default()
    })
}

/// How many resolutions a picture has, each half the one before, to a side of no less than 4.
fn resolutions(height: usize, width: usize) -> usize {
    let halves = |level: usize| {
        let divisor = 1 << level;
        height.is_multiple_of(divisor)
            && width.is_multiple_of(divisor)
            && height.min(width) / divisor >= SMALLEST_SIDE
    };
    (1..4).take_while(|level| halves(*level)).count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_halved_while_they_can_be() {
        let sides = [(8, 8), (28, 28), (32, 32), (64, 64), (5, 5), (16, 8)];
        assert_eq!(sides.map(|(h, w)| resolutions(h, w)), [2, 3, 4, 4, 1, 2]);
    }
}
