//! The training loop itself.

use std::fmt;
use std::ops::Range;

use ancestral::Schedule;
use ancestral_format::{Labels, Weights};
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{Device, Tensor, TensorData};

use super::adamw::{AdamW, Plan};
use super::gradients::{GradientNorm, clip_factor, global_norm};
use super::micro_batch::{MicroBatch, SampleSource};
use super::{Ema, TrainConfig, TrainError, TrainState, TrainingSet};
use crate::diffusion_module::DiffusionModule;
use crate::network::{label_tensor, timestep_tensor};
use crate::parameters::{self, values};
use crate::shards::{Workers, cut, separate};

/// So many skipped updates in a row end the training.
const SKIP_LIMIT: u32 = 10;

/// What one step did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepReport {
    /// The number of the step, counted from 0.
    pub step: u64,
    /// The mean squared error of the prediction, over the samples of the step.
    pub loss: f64,
    /// The norm of the gradient of all parameters together, before it was shortened.
    pub gradient_norm: f64,
    /// The learning rate of the step.
    pub learning_rate: f64,
    /// Whether the loss or the gradient was not finite, so that nothing was changed.
    pub skipped: bool,
}

/// Trains a network on the mean squared error of its prediction, one update a call.
///
/// # Formula
/// ```text
/// loss = mean ‖network(α_t x₀ + σ_t ε, t) − target‖²,     t ~ U{0 … T − 1}, ε ~ N(0, 1)
/// ```
/// # Numerics
/// Sample s = step · batch · accumulate + place, and everything random about it (which data row,
/// t, ε, whether its label is hidden), depends on the seed and s alone. On the CPU a run is the
/// same, bit for bit, for any number of threads.
/// # Source
/// Ho et al. 2020, arXiv:2006.11239, algorithm 1 and eq. 14; label dropout: Ho and Salimans 2022,
/// arXiv:2207.12598.
pub struct Trainer<M> {
    model: M,
    ema: Ema<M>,
    optimizer: AdamW,
    source: SampleSource,
    config: TrainConfig,
    device: Device,
    parts: Vec<Range<usize>>,
    workers: Workers,
    step: u64,
    skipped_in_a_row: u32,
}

impl<M: DiffusionModule> Trainer<M> {
    /// Sets out to train `module`, on the device where it is.
    ///
    /// # Errors
    /// If a setting is out of its range, or the network does not fit the data: other shapes,
    /// learned variances, another number of labels than the classes and one for "no label",
    /// or dropout.
    ///
    /// # Panics
    /// If the module has no parameters.
    pub fn new(
        module: M,
        schedule: Schedule,
        data: TrainingSet,
        config: TrainConfig,
    ) -> Result<Self, TrainError> {
        config.check()?;
        check_fit(&module, &schedule, &data, config.horizontal_flip)?;
        let least = module.rows_worth_a_pass();
        let model = module.train();
        let device = model.devices().into_iter().next().expect("a network has parameters");
        let device = device.without_autodiff();
        let parts = cut(config.batch, least, &device);
        Ok(Self {
            ema: Ema::new(&model, config.ema_decay),
            optimizer: AdamW::new(&config),
            source: SampleSource::new(data, schedule, &config),
            device,
            workers: Workers::new(parts.len()),
            parts,
            model,
            config,
            step: 0,
            skipped_in_a_row: 0,
        })
    }

    /// Goes on with a training that stood at `state`, as if it had never stopped: the results are
    /// the same, bit for bit, if network, schedule, data and settings are.
    ///
    /// # Errors
    /// As [`new`](Self::new), and if the weights or moments are another network's.
    ///
    /// # Panics
    /// If the module has no parameters.
    pub fn resume(
        module: M,
        schedule: Schedule,
        data: TrainingSet,
        config: TrainConfig,
        state: &TrainState,
    ) -> Result<Self, TrainError> {
        let mut trainer = Self::new(module, schedule, data, config)?;
        let load = |weights: &Weights| parameters::load(trainer.model.valid(), weights);
        let average = load(&state.average)?;
        if state.updates > 0 {
            let [first, second] = &state.moments;
            trainer.optimizer.restore(state.updates, [&load(first)?, &load(second)?]);
        }
        trainer.ema = Ema::resume(average, trainer.config.ema_decay, state.updates);
        trainer.model = parameters::load(trainer.model, &state.weights)?;
        trainer.step = state.steps;
        trainer.skipped_in_a_row = state.skipped_in_a_row;
        Ok(trainer)
    }

    /// Where the training stands.
    #[must_use]
    pub fn state(&self) -> TrainState {
        TrainState {
            steps: self.step,
            updates: self.updates(),
            skipped_in_a_row: self.skipped_in_a_row,
            weights: parameters::to_weights(&self.model.valid()),
            average: parameters::to_weights(self.ema.module()),
            moments: self.optimizer.moments(&self.model),
        }
    }

    /// Makes one update, from `batch` · `accumulate` samples.
    ///
    /// If the loss or the gradient is not finite, weights, moments and average stay as they are;
    /// the next step sees the next samples.
    ///
    /// # Errors
    /// If that happens ten times in a row, and if the learning rate's plan has ended.
    pub fn step(&mut self) -> Result<StepReport, TrainError> {
        let learning_rate = self.config.learning_rate.at(self.step)?;
        let (loss, gradients) = self.gradients();
        let GradientNorm { norm, bad } = global_norm(&self.model, &gradients);
        let skipped = !(loss.is_finite() && norm.is_finite());
        if skipped {
            self.skip(bad)?;
        } else {
            self.skipped_in_a_row = 0;
            self.update(gradients, clip_factor(norm, self.config.clip_norm), learning_rate);
        }
        let step = self.step;
        self.step += 1;
        Ok(StepReport { step, loss, gradient_norm: norm, learning_rate, skipped })
    }

    /// Changes weights, moments and average along `factor` times the gradients.
    fn update(&mut self, gradients: GradientsParams, factor: f64, rate: f64) {
        let (model, optimizer) = (parameters::taken(&mut self.model), &mut self.optimizer);
        self.model = self.ema.update_by(|average, share| {
            optimizer.step(model, gradients, average, Plan { factor, rate, share })
        });
    }

    fn skip(&mut self, bad: Option<String>) -> Result<(), TrainError> {
        self.skipped_in_a_row += 1;
        if self.skipped_in_a_row < SKIP_LIMIT {
            return Ok(());
        }
        let what =
            bad.map_or_else(|| "the loss".to_owned(), |name| format!("the gradient of {name}"));
        let (step, in_a_row) = (self.step + 1, self.skipped_in_a_row);
        Err(TrainError::NonFinite { step, what, in_a_row })
    }

    /// The mean loss of the step's samples and its gradients.
    fn gradients(&mut self) -> (f64, GradientsParams) {
        let TrainConfig { batch, accumulate, .. } = self.config;
        let mut sum = 0.0;
        let mut accumulator = GradientsAccumulator::new();
        for pass in 0..accumulate as u64 {
            let first = (self.step * accumulate as u64 + pass) * batch as u64;
            let samples = self.source.micro_batch(first, batch);
            for (loss, gradients) in self.pass(&samples) {
                sum += loss;
                accumulator.accumulate(&self.model, gradients);
            }
        }
        (sum, accumulator.grads())
    }

    /// The shares that the parts of a batch have in the step's mean loss and its gradients.
    fn pass(&self, samples: &MicroBatch) -> Vec<(f64, GradientsParams)> {
        let TrainConfig { batch, accumulate, .. } = self.config;
        let parts = self.parts.iter().map(|rows| {
            let share = rows.len() as f64 / (batch * accumulate) as f64;
            (separate(&self.model), samples.part(rows.clone()), share)
        });
        let device = &self.device;
        self.workers.map(parts.collect(), |(model, samples, share)| {
            let loss = loss(&model, samples, device) * share;
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            (f64::from(values(loss)[0]), gradients)
        })
    }

    /// The network with the weights as trained, without gradients.
    #[must_use]
    pub fn module(&self) -> M {
        self.model.valid()
    }

    /// The averaged weights.
    #[must_use]
    pub fn ema(&self) -> &Ema<M> {
        &self.ema
    }

    /// How many steps were made, skipped ones too; the number of the next step.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// How many updates were made: steps that were not skipped.
    #[must_use]
    pub fn updates(&self) -> u64 {
        self.ema.updates()
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// The schedule that noise follows.
    #[must_use]
    pub fn schedule(&self) -> &Schedule {
        &self.source.schedule
    }
}

impl<M: fmt::Debug> fmt::Debug for Trainer<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trainer")
            .field("config", &self.config)
            .field("step", &self.step)
            .field("skipped_in_a_row", &self.skipped_in_a_row)
            .finish_non_exhaustive()
    }
}

/// The mean squared error over some samples.
fn loss<M: DiffusionModule>(model: &M, samples: MicroBatch, device: &Device) -> Tensor<1> {
    let rows = samples.timesteps.len();
    let shape = [rows, samples.x.len() / rows];
    let tensor = |values| Tensor::<2>::from_data(TensorData::new(values, shape), device);
    let output = model.predict(
        tensor(samples.x),
        timestep_tensor(&samples.timesteps, device),
        samples.labels.map(|labels| label_tensor(&labels, device)),
    );
    (output - tensor(samples.target)).square().mean()
}

fn check_fit<M: DiffusionModule>(
    module: &M,
    schedule: &Schedule,
    data: &TrainingSet,
    flip: bool,
) -> Result<(), TrainError> {
    let network = module.input_shape();
    if network != data.shape() {
        return Err(TrainError::Shape { network, data: data.shape().to_vec() });
    }
    let found = module.output_shape();
    if found != network {
        return Err(TrainError::Output { found, expected: network });
    }
    let found = module.labels();
    let expected = data.network_labels().map_or(Labels::None, Labels::Classes);
    if found != expected {
        return Err(TrainError::Labels { found, expected });
    }
    if let Some(found) = module.timesteps().filter(|known| *known < schedule.len()) {
        return Err(TrainError::Timesteps { found, expected: schedule.len() });
    }
    let dropout = module.dropout();
    if dropout != 0.0 {
        return Err(TrainError::Dropout(dropout));
    }
    if flip && data.shape().len() != 3 {
        return Err(TrainError::Flip { shape: data.shape().to_vec() });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
