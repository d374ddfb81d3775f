//! From data to a request, where the user leaves things open.

mod error;
mod network;
mod size;

use std::num::NonZeroU64;

use ancestral::denoiser::ZeroTerminalSnrError;
use ancestral::{AnySchedule, LossWeight, Prediction, Spacing, Variance};
use ancestral_cpu::Precision;
use ancestral_format::SchedulerConfig;

use crate::{
    Decay, LearningRate, Loss, Optimizer, Request, Saving, Settings, Source, TimestepSampler,
    TrainError, TrainingSet, Warmup,
};

pub use error::RecipeError;
pub use size::NetworkSize;

/// Default number of previews and of checkpoints in a run.
pub(crate) const PREVIEWS: u64 = 5;
const CHECKPOINTS: u64 = 10;
/// Checkpoints that are kept.
const KEPT: usize = 2;
/// The warm-up to a constant learning rate, and that before a cosine.
const CONSTANT_WARMUP: Warmup = Warmup::Steps(100);
const COSINE_WARMUP: Warmup =
    Warmup::Share { one_in: NonZeroU64::new(20).expect("not 0"), at_most: 500 };
/// How often a label is hidden.
const LABEL_DROPOUT: f64 = 0.1;
/// The most groups of similar pictures, and the least average number of pictures in each.
const MOST_GROUPS: usize = 40;
const ROWS_A_GROUP: usize = 100;
/// The number of timesteps.
const TIMESTEPS: usize = 1000;
/// How often rows of a table are seen, if that makes at least so many steps.
const MOST_EPOCHS: u64 = 300;
const LEAST_STEPS: u64 = 500;
/// Rows of more numbers are no points.
const MOST_POINT_COLUMNS: usize = 3;
/// In pictures up to this side, noise drowns the data too early in a linear schedule.
const COSINE_SIDE: usize = 64;
/// Of pictures with a side of at most 16.
const SMALL_PICTURES: Defaults = Defaults { steps: 2000, batch: 64, ..PICTURES };
const PICTURES: Defaults = Defaults {
    steps: 6000,
    batch: 16,
    peak: 2e-3,
    ema: 0.999,
    prediction: Prediction::V,
    optimizer: Optimizer::Muon,
    variance: Variance::FixedSmall,
};
const POINTS: Defaults = Defaults {
    steps: 8000,
    batch: 256,
    peak: 2e-3,
    ema: 0.999,
    prediction: Prediction::Epsilon,
    optimizer: Optimizer::AdamW,
    // The spread of samples falls short with the small one, by an eighth where data are narrow.
    variance: Variance::FixedLarge,
};

/// What the user chooses of a training. What is left open follows from the data.
///
/// # Example
/// ```
/// use ancestral_learn::{Recipe, Source, TrainingSet};
///
/// let points = TrainingSet::new(vec![2], vec![0.0, 1.0, 1.0, 0.0])?;
/// let recipe = Recipe { steps: Some(50), seed: 7, ..Recipe::default() };
/// let request = recipe.request(Source::plain("two points"), &points)?;
/// assert_eq!((request.training.steps, request.training.batch), (50, 256));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recipe {
    /// Updates of the weights.
    pub steps: Option<u64>,
    /// In what numbers the large products are computed.
    pub precision: Precision,
    /// Samples in one pass through the network.
    pub batch: Option<usize>,
    /// Passes of an update; by default 1.
    pub accumulate: Option<usize>,
    /// How weights follow from gradients; by default Muon for pictures, AdamW for points and tables.
    pub optimizer: Option<Optimizer>,
    /// The largest learning rate.
    pub learning_rate: Option<f64>,
    /// Whether the learning rate stays at its peak after a warm-up.
    pub constant_rate: bool,
    /// What the network learns to predict; by default ε of points and of tables of up to three numbers a row, v of all
    /// else.
    pub prediction: Option<Prediction>,
    /// The variance of the reverse transition: fixed, or learned as a second half of the network's
    /// prediction; by default fixed-small for pictures, fixed-large for points and tables.
    pub variance: Option<Variance>,
    /// What training makes small; by default hybrid with a learned variance, simple with a fixed one.
    pub loss: Option<Loss>,
    /// The weight of a squared error at each noise level; by default uniform.
    pub loss_weight: Option<LossWeight>,
    /// How timesteps are drawn.
    pub timestep_sampler: TimestepSampler,
    /// The schedule: its name, perhaps with options, as [`AnySchedule::parse`] reads it.
    pub schedule: Option<String>,
    /// The number of timesteps; by default 1000.
    pub timesteps: Option<usize>,
    /// Whether the schedule is rescaled so that it ends in pure noise.
    pub zero_snr: bool,
    /// Channels of the U-Net at each resolution, or the one width of the perceptron; by default those
    /// of `size`.
    pub width: Option<Vec<usize>>,
    /// The size of the U-Net, if `width` is not given.
    pub size: NetworkSize,
    /// Residual layers at each resolution, or residual blocks of the perceptron.
    pub layers: Option<usize>,
    /// The share that the averaged weights keep at an update, in the long run.
    pub ema: Option<f64>,
    /// How often a label is hidden; by default one time in ten.
    pub label_dropout: Option<f64>,
    /// The share of the data that is held out, to judge by; by default none.
    pub hold_out: f64,
    /// Groups of similar pictures used as classes for data without classes; 0: none. By default as
    /// the number of pictures suggests.
    pub groups: Option<usize>,
    /// Whether each picture is mirrored half of the times that it is seen.
    pub flip: bool,
    /// The seed of everything random.
    pub seed: u64,
    /// Steps between two previews; 0: none.
    pub preview_every: Option<u64>,
    /// Steps between two checkpoints; 0: at the end alone.
    pub checkpoint_every: Option<u64>,
    /// How many of the newest checkpoints are kept; by default 2.
    pub keep: Option<usize>,
}

/// What follows from the kind of the data.
#[derive(Clone, Copy, Debug)]
struct Defaults {
    steps: u64,
    batch: usize,
    /// The largest learning rate.
    peak: f64,
    ema: f64,
    prediction: Prediction,
    optimizer: Optimizer,
    /// That of the ancestral hops.
    variance: Variance,
}

impl Defaults {
    fn of(data: &TrainingSet) -> Self {
        if data.is_pictures() {
            return if size::has_sizes(data) { PICTURES } else { SMALL_PICTURES };
        }
        // A small table that is seen more often is learned by heart.
        let most = MOST_EPOCHS * data.len() as u64 / POINTS.batch as u64;
        // To predict the noise of many numbers, a network would have to pass all of them on.
        let is_wide = data.row_len() > MOST_POINT_COLUMNS;
        let prediction = if is_wide { Prediction::V } else { POINTS.prediction };
        Self { steps: POINTS.steps.min(most.max(LEAST_STEPS)), prediction, ..POINTS }
    }
}

impl Recipe {
    /// The request to learn `data`, which `source` describes.
    ///
    /// # Errors
    /// If something that was chosen does not fit the data or the rest.
    pub fn request(&self, source: Source, data: &TrainingSet) -> Result<Request, RecipeError> {
        let defaults = Defaults::of(data);
        let prediction = self.prediction.unwrap_or(defaults.prediction);
        let variance = self.variance.unwrap_or(defaults.variance);
        let scheduler = self.scheduler(data, prediction, variance)?;
        let loss = self.loss.unwrap_or(Loss::of(variance));
        let loss_weight = self.loss_weight.unwrap_or_default();
        loss.check(variance, loss_weight)?;
        let network = self.network(data, variance)?;
        let steps = self.steps.unwrap_or(defaults.steps);
        let training = Settings {
            steps,
            precision: self.precision,
            batch: self.batch.unwrap_or(defaults.batch),
            accumulate: self.accumulate.unwrap_or(1),
            loss,
            loss_weight,
            timestep_sampler: self.timestep_sampler,
            optimizer: self.optimizer.unwrap_or(defaults.optimizer),
            learning_rate: self.rate(defaults.peak),
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            weight_decay: 1e-6,
            clip_norm: Some(1.0),
            ema_decay: self.ema.unwrap_or(defaults.ema),
            label_dropout: self.label_dropout.unwrap_or(LABEL_DROPOUT),
            hold_out: self.hold_out,
            groups: data.groups(),
            flip: self.flip,
            seed: self.seed,
        };
        let saving = Saving {
            preview_every: self.preview_every.unwrap_or(steps.div_ceil(PREVIEWS)),
            checkpoint_every: self.checkpoint_every.unwrap_or(steps.div_ceil(CHECKPOINTS)),
            keep: self.keep.unwrap_or(KEPT),
        };
        Ok(Request { source, network, scheduler, training, saving })
    }

    /// The data as they are learned: pictures without classes in groups of similar ones.
    ///
    /// # Errors
    /// If a row cannot be read.
    pub fn grouped(&self, data: TrainingSet) -> Result<TrainingSet, TrainError> {
        let default = || if data.is_long_to_read() { 0 } else { groups(data.len()) };
        let groups = self.groups.unwrap_or_else(default);
        data.with_groups(groups, self.seed)
    }

    /// The learning rate's plan.
    ///
    /// A rate that stays where it is does not depend on how many updates there are, so that a longer
    /// run is a shorter one that was resumed.
    fn rate(&self, peak: f64) -> LearningRate {
        let (warmup, decay) = if self.constant_rate {
            (CONSTANT_WARMUP, Decay::Constant)
        } else {
            (COSINE_WARMUP, Decay::Cosine)
        };
        LearningRate { peak: self.learning_rate.unwrap_or(peak), warmup, decay }
    }

    /// Noise levels and prediction.
    ///
    /// # Source
    /// Nichol & Dhariwal 2021, arXiv:2102.09672, section 3.2: the cosine is for small pictures.
    fn scheduler(
        &self,
        data: &TrainingSet,
        prediction: Prediction,
        variance: Variance,
    ) -> Result<SchedulerConfig, RecipeError> {
        if self.zero_snr && prediction == Prediction::Epsilon {
            return Err(RecipeError::ZeroSnr);
        }
        let is_small = data.shape()[1..].iter().all(|side| *side <= COSINE_SIDE);
        let default = if data.is_pictures() && is_small { "cosine" } else { "linear" };
        let timesteps = self.timesteps.unwrap_or(TIMESTEPS);
        let family = AnySchedule::parse(self.schedule.as_deref().unwrap_or(default), timesteps)?;
        let trailing = Spacing::Trailing;
        let scheduler = SchedulerConfig {
            rescale_betas_zero_snr: self.zero_snr,
            // Clean pictures are in [−1, 1]; tables have no such bounds.
            clip_sample: data.is_pictures(),
            ..SchedulerConfig::of(&family, timesteps, prediction, variance, trailing)?
        };
        ZeroTerminalSnrError::check(prediction, &scheduler.schedule()?)?;
        Ok(scheduler)
    }
}

/// As many groups as pay for so many pictures.
fn groups(pictures: usize) -> usize {
    (pictures / ROWS_A_GROUP).min(MOST_GROUPS)
}

#[cfg(test)]
mod tests;
