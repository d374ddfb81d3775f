//! The training loop, one update per call.

use std::fmt;
use std::ops::Range;

use ancestral::{Schedule, Variance};
use ancestral_cluster::{Cluster, ClusterError};
use ancestral_cpu::Shapes;
use ancestral_cpu::train::{Muon, Slot, Update};
use ancestral_format::{About, Labels, Mismatch, ModelFolder, NetworkConfig, Weights};
use rayon::prelude::*;

use crate::judgement::{self, BANDS, Losses};
use crate::micro_batch::{MicroBatch, SampleSource};
use crate::objective::{Objective, RowLoss};
use crate::optimizer::Part;
use crate::split::Split;
use crate::timestep_sampler::SecondMoment;
use crate::tree::{Node, Passes, Sum, Tree};
use crate::{
    Checkpoint, Counters, Engine, Pass, Request, Settings, TrainError, TrainState, TrainingSet,
    ema_decay, initial,
};

/// This many skipped updates in a row end the training.
const SKIP_LIMIT: u32 = 10;

/// What one step did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepReport {
    /// The number of the step, counted from 0.
    pub step: u64,
    /// The mean loss over the samples of the step.
    pub loss: f64,
    /// The norm of the gradient of all parameters together, before it was shortened.
    pub gradient_norm: f64,
    /// The learning rate of the step.
    pub learning_rate: f64,
    /// Whether the loss or the gradient was not finite, so that nothing was changed.
    pub skipped: bool,
}

/// Trains a network on the error of its prediction, and of its variance if it has one, one update a
/// call.
///
/// Progress bars, files, previews and stopping are the caller's: a trainer is a loop that the caller
/// drives.
///
/// # Formula
/// ```text
/// loss = mean w_t ‖network(α_t x₀ + σ_t ε, t) − target‖²,     t ~ U{0 … T − 1}, ε ~ N(0, 1)
/// ```
/// with w the [`LossWeight`](ancestral::LossWeight) divided by its mean over the schedule. This is the
/// simple [`Loss`](crate::Loss); a network that predicts a variance has another one. Of
/// [`categories`](TrainingSet::with_categories) the network predicts logits, and the loss is their cross-entropy.
/// # Numerics
/// Sample s = step · batch · accumulate + place, and everything random about it (which data row, t,
/// ε, whether its label is hidden), depends on the seed and s alone; t also on the losses of earlier
/// updates if it is drawn by them ([`TimestepSampler`](crate::TimestepSampler)). Gradients are summed by a tree
/// over fixed leaves of an update's samples ([`Passes`]). So a run is the same, bit for bit, for any
/// number of threads, and a batch of 64 is the same as 8 batches of 8. Several processes
/// ([`in_cluster`](Self::in_cluster)) take the leaves of that tree among them, and make the same run.
/// # Source
/// Ho et al. 2020, arXiv:2006.11239, algorithm 1 and eq. 14; label dropout: Ho and Salimans 2022,
/// arXiv:2207.12598; AdamW: Loshchilov and Hutter 2019, arXiv:1711.05101.
pub struct Trainer<E> {
    engine: E,
    request: Request,
    source: SampleSource,
    objective: Objective,
    /// What is done here: all, or the part of one of several processes.
    split: Split,
    passes: Passes,
    tree: Tree,
    /// What is updated by which rule, of the parameters that are owned here.
    parts: Vec<Part>,
    vectors: Vectors,
    step: u64,
    updates: u64,
    skipped_in_a_row: u32,
}

/// The mean loss of a step's samples, the gradients that are summed here, and the timestep and loss of
/// each sample.
type Gradients = (f64, Sum, Vec<(usize, f64)>);

/// What a training keeps of each parameter, in the order of the layout: the weights of all, the rest of
/// those that are owned here.
struct Vectors {
    weights: Vec<f32>,
    average: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Vectors {
    /// The parts of all vectors and of the gradients, each with the rows of its matrix. The first is at
    /// `own` among all weights.
    fn slots<'a>(
        &'a mut self,
        parts: &[Part],
        own: Range<usize>,
        mut gradients: &'a [f32],
    ) -> Vec<(Option<usize>, Slot<'a>)> {
        let Self { weights, average, first, second } = self;
        let mut rest = [&mut weights[own], average, first, second];
        let mut slots = Vec::with_capacity(parts.len());
        for Part { at, rows } in parts {
            let [weight, average, first, second] = rest.each_mut().map(|rest| {
                rest.split_off_mut(..at.len()).expect("parts cover the parameters in order")
            });
            let gradient =
                gradients.split_off(..at.len()).expect("there is a gradient for each parameter");
            slots.push((*rows, Slot { weight, gradient, first, second, average }));
        }
        slots
    }
}

impl<E: Engine> Trainer<E> {
    /// A training from its start.
    ///
    /// # Errors
    /// If a setting is out of its range, the loss does not go with the variance, or the network does
    /// not fit the data: other shapes, another number of labels than the classes and one for "no label",
    /// or dropout.
    pub fn new(request: &Request, engine: E, data: TrainingSet) -> Result<Self, TrainError> {
        let weights = |engine: &E| initial(engine.layout(), request.training.seed);
        Self::with_weights(request, engine, data, weights)
    }

    fn with_weights(
        request: &Request,
        engine: E,
        data: TrainingSet,
        weights: impl FnOnce(&E) -> Vec<f32>,
    ) -> Result<Self, TrainError> {
        let settings = &request.training;
        settings.check()?;
        let schedule = request.scheduler.schedule()?;
        check_network(&request.network)?;
        let variance = request.scheduler.variance();
        check_fit(engine.shapes(), (&schedule, variance), &data, settings.flip)?;
        let objective = Objective::new(request, &schedule, &data)?;
        let weights = weights(&engine);
        let zeros = vec![0.0; weights.len()];
        let prediction = request.scheduler.prediction();
        let passes = Passes::new(settings.rows(), settings.batch);
        Ok(Self {
            source: SampleSource::new(data, schedule, prediction, settings),
            objective,
            split: Split::new(Cluster::alone(), passes.leaves(), engine.layout())?,
            tree: Tree::new(passes.leaves()),
            passes,
            parts: settings.optimizer.parts(engine.layout()),
            vectors: Vectors {
                average: weights.clone(),
                weights,
                first: zeros.clone(),
                second: zeros,
            },
            engine,
            request: request.clone(),
            step: 0,
            updates: 0,
            skipped_in_a_row: 0,
        })
    }

    /// A training that continues from `state` as if it had never stopped: with the same request and
    /// data, the results are the same, bit for bit.
    ///
    /// # Errors
    /// As [`new`](Self::new), and if the weights or moments are another network's.
    pub fn resume(
        request: &Request,
        engine: E,
        data: TrainingSet,
        state: &TrainState,
    ) -> Result<Self, TrainError> {
        let layout = engine.layout();
        let [first, second] = &state.moments;
        let vectors = Vectors {
            weights: layout.values(&state.weights)?,
            average: layout.values(&state.average)?,
            first: layout.values(first)?,
            second: layout.values(second)?,
        };
        let mut trainer = Self::with_weights(request, engine, data, |_| Vec::new())?;
        trainer.restore_timestep_losses(&state.timestep_losses)?;
        let TrainState { steps: step, updates, skipped_in_a_row, .. } = *state;
        Ok(Self { vectors, step, updates, skipped_in_a_row, ..trainer })
    }

    /// The part of this process in the training of rank 0, whose state is that of all. From here on all
    /// ranks call the same methods in the same order, with the same results, bit for bit those of one
    /// process.
    ///
    /// # Memory
    /// Moments and average are kept once in the cluster, not once a rank.
    ///
    /// # Errors
    /// If an update has fewer leaves than there are ranks, or a rank has ended.
    ///
    /// # Panics
    /// If the training is in a cluster already.
    pub fn in_cluster(self, cluster: &Cluster) -> Result<Self, TrainError> {
        assert!(self.split.cluster().is_alone(), "a training is in one cluster");
        let Self { engine, mut source, mut vectors, .. } = self;
        let split = Split::new(cluster.clone(), self.passes.leaves(), engine.layout())?;
        let mut counters = [self.step, self.updates, u64::from(self.skipped_in_a_row)];
        cluster.broadcast(&mut counters)?;
        let [step, updates, skipped] = counters;
        cluster.broadcast(&mut vectors.weights)?;
        for vector in [&mut vectors.average, &mut vectors.first, &mut vectors.second] {
            *vector = split.scattered(vector)?;
        }
        if let Some(sampler) = &mut source.second_moment {
            sampler.broadcast(cluster)?;
        }
        let rows = split.rows()[cluster.rank()].clone();
        let own = split.own();
        Ok(Self {
            source: source.at_places(self.request.training.rows(), rows),
            passes: self.passes.of_leaves(split.leaves()),
            parts: self.parts.into_iter().filter_map(|part| part.within(&own)).collect(),
            step,
            updates,
            skipped_in_a_row: u32::try_from(skipped).expect("a count of rank 0's"),
            engine,
            split,
            vectors,
            ..self
        })
    }

    /// Takes the losses that timesteps are drawn by; there are none if all are drawn alike.
    fn restore_timestep_losses(&mut self, losses: &Weights) -> Result<(), TrainError> {
        let timesteps = self.source.schedule.len();
        if let Some(sampler) = &mut self.source.second_moment {
            *sampler = SecondMoment::from_weights(timesteps, losses)?;
        } else {
            Mismatch::check(&[], losses)?;
        }
        Ok(())
    }

    /// Makes one update, from `batch` · `accumulate` samples.
    ///
    /// If the loss or the gradient is not finite, weights, moments and average stay as they are; the
    /// next step sees the next samples.
    ///
    /// # Errors
    /// If that happens ten times in a row, if the learning rate's plan has ended, if a row of the
    /// data cannot be read, and if the device fails.
    pub fn step(&mut self) -> Result<StepReport, TrainError> {
        let Settings { learning_rate, steps, clip_norm, .. } = self.request.training;
        let learning_rate = learning_rate.at(self.step, steps)?;
        let (loss, gradients, losses) = self.gradients()?;
        let norm = self.split.norm(&gradients, self.engine.layout())?;
        let skipped = !(loss.is_finite() && norm.norm.is_finite());
        if !skipped {
            self.skipped_in_a_row = 0;
            self.update(&gradients, norm.clip_factor(clip_norm), learning_rate)?;
            if let Some(sampler) = &mut self.source.second_moment {
                sampler.record(losses);
            }
        }
        self.tree.give(gradients);
        if skipped {
            self.skip(norm.bad)?;
        }
        let step = self.step;
        self.step += 1;
        Ok(StepReport { step, loss, gradient_norm: norm.norm, learning_rate, skipped })
    }

    /// The mean loss of the step's samples, the gradients of the parameters that are owned here (and a few
    /// more), and the timestep and loss of each sample.
    fn gradients(&mut self) -> Result<Gradients, TrainError> {
        let rows = self.request.training.rows();
        let first = self.step * rows as u64;
        // Of each row the timestep, what it counts, and the loss: as bits, in which they are sent.
        let mut losses = vec![[0_u64; 3]; rows];
        for (leaves, place) in self.passes.nodes_of_passes().zip(self.passes.rows()) {
            let samples = self.source.micro_batch(first + place.start as u64, place.len())?;
            let MicroBatch { x, timesteps, labels, .. } = &samples;
            let (leaf, labels) = (self.passes.leaf(), labels.as_deref());
            let of_pass = samples.rows();
            let mut loss = |output: &[f32], slopes: &mut [f32]| {
                let found = self.objective.losses(&of_pass, rows, output, slopes);
                let of_rows = losses[place.clone()].iter_mut().zip(of_pass.iter().zip(found));
                for (bits, (row, RowLoss { loss, .. })) in of_rows {
                    *bits = [row.timestep as u64, row.counts.to_bits(), loss.to_bits()];
                }
            };
            let pass = Pass { x, timesteps, labels, leaf };
            let mut sum = self.tree.vector(self.vectors.weights.len());
            self.engine.gradients(&self.vectors.weights, pass, &mut loss, &mut sum)?;
            self.tree.push(Node { leaves, sum: sum.into() });
        }
        let gradients = self.split.sum(&mut self.tree)?;
        self.split.cluster().all_gather(&mut losses, &self.split.rows())?;
        // One after the other: the sum does not depend on how rows are cut into passes.
        let (mut sum, mut all) = (0.0, Vec::with_capacity(rows));
        for [timestep, counts, loss] in losses {
            let loss = f64::from_bits(loss);
            sum += f64::from_bits(counts) * loss;
            all.push((usize::try_from(timestep).expect("one of the schedule's"), loss));
        }
        Ok((sum / rows as f64, gradients, all))
    }

    /// Changes weights, moments and average along `factor` times the gradients.
    fn update(&mut self, gradient: &[f32], factor: f64, rate: f64) -> Result<(), ClusterError> {
        /// How much larger the rate of matrices is than that of the rest, and their momentum.
        const MUON_RATE: f64 = 10.0;
        const MUON_MOMENTUM: f32 = 0.95;
        let Settings { betas, epsilon, weight_decay, ema_decay: target, .. } =
            self.request.training;
        let share = 1.0 - ema_decay(target, self.updates);
        self.updates += 1;
        let number = usize::try_from(self.updates).expect("no computer makes that many updates");
        let adamw = Update { factor, rate, betas, epsilon, weight_decay, number, share };
        let muon =
            Muon { factor, rate: MUON_RATE * rate, momentum: MUON_MOMENTUM, weight_decay, share };
        let mut matrices = Vec::new();
        for (rows, slot) in self.vectors.slots(&self.parts, self.split.own(), gradient) {
            match rows {
                None => adamw.apply(slot),
                Some(rows) => matrices.push((rows, slot)),
            }
        }
        // The largest first, so that threads end together.
        matrices.sort_by_key(|(_, slot)| std::cmp::Reverse(slot.weight.len()));
        matrices.into_par_iter().with_max_len(1).for_each(|(rows, slot)| muon.apply(slot, rows));
        self.split.complete(&mut self.vectors.weights)
    }

    /// The losses of the averaged weights on the held-out data, and on as many rows seen in training:
    /// those of their predictions, whatever the variance.
    ///
    /// # Errors
    /// If a row cannot be read.
    pub fn judge(&mut self, held_out: &TrainingSet) -> Result<[Losses; 2], TrainError> {
        let seen = self.source.data.clone();
        Ok([self.losses(held_out)?, self.losses(&seen)?])
    }

    fn losses(&mut self, data: &TrainingSet) -> Result<Losses, TrainError> {
        let shares = self.split.cluster().shares(judgement::ROWS);
        let own = shares[self.split.cluster().rank()].clone();
        let samples = self.source.evenly(data, judgement::ROWS, own.clone());
        let samples = self.split.cluster().agree(samples)?;
        let (MicroBatch { x, timesteps, labels, .. }, all) = (&samples, samples.rows());
        let (length, leaf) = (data.row_len(), self.passes.leaf());
        let rows = self.passes.largest().max(1);
        // Of each row the error, and what it counts.
        let mut losses = vec![[0.0_f64; 2]; judgement::ROWS];
        let average = self.split.whole(&self.vectors.average)?;
        let mut unused = self.tree.vector(self.vectors.weights.len());
        for from in (0..own.len()).step_by(rows) {
            let to = own.len().min(from + rows);
            let x = &x[from * length..to * length];
            let labels = labels.as_ref().map(|labels| &labels[from..to]);
            let pass = Pass { x, timesteps: &timesteps[from..to], labels, leaf };
            let mut loss = |output: &[f32], slopes: &mut [f32]| {
                let of_pass = self.objective.losses(&all[from..to], rows, output, slopes);
                for (place, (row, of_row)) in
                    (own.start + from..).zip(all[from..to].iter().zip(of_pass))
                {
                    losses[place] = [of_row.error, row.weight];
                }
            };
            self.engine.gradients(&average, pass, &mut loss, &mut unused)?;
        }
        self.tree.give(unused.into());
        self.split.cluster().all_gather(&mut losses, &shares)?;
        let weighted = losses.iter().map(|[loss, weight]| loss * weight);
        let mut bands = [0.0; BANDS];
        let of_a_band = judgement::ROWS / BANDS;
        for (band, losses) in bands.iter_mut().zip(losses.chunks(of_a_band)) {
            *band = losses.iter().map(|[loss, _]| loss).sum::<f64>() / of_a_band as f64;
        }
        Ok(Losses { mean: weighted.sum::<f64>() / judgement::ROWS as f64, bands })
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

    /// The state of the training.
    ///
    /// # Errors
    /// In a cluster, if a rank has ended.
    pub fn state(&self) -> Result<TrainState, ClusterError> {
        Ok(TrainState {
            steps: self.step,
            updates: self.updates,
            skipped_in_a_row: self.skipped_in_a_row,
            weights: self.weights(),
            average: self.average()?,
            moments: self.moments()?,
            timestep_losses: self.timestep_losses(),
        })
    }

    fn timestep_losses(&self) -> Weights {
        self.source.second_moment.as_ref().map(SecondMoment::to_weights).unwrap_or_default()
    }

    fn moments(&self) -> Result<[Weights; 2], ClusterError> {
        let Vectors { first, second, .. } = &self.vectors;
        Ok([self.whole(first)?, self.whole(second)?])
    }

    /// Values of all parameters, of which each rank has those that it owns.
    fn whole(&self, own: &[f32]) -> Result<Weights, ClusterError> {
        Ok(self.engine.layout().to_weights(&self.split.whole(own)?))
    }

    /// The weights as trained.
    #[must_use]
    pub fn weights(&self) -> Weights {
        self.engine.layout().to_weights(&self.vectors.weights)
    }

    /// The averaged weights.
    ///
    /// # Errors
    /// In a cluster, if a rank has ended.
    pub fn average(&self) -> Result<Weights, ClusterError> {
        self.whole(&self.vectors.average)
    }

    /// What was learned so far as a model: the averaged weights, and the raw ones beside them.
    ///
    /// # Errors
    /// In a cluster, if a rank has ended.
    pub fn model(&self, about: About) -> Result<ModelFolder, ClusterError> {
        Ok(ModelFolder {
            network: self.request.network.clone(),
            scheduler: self.request.scheduler.clone(),
            weights: self.average()?,
            raw_weights: Some(self.weights()),
            about: Some(about),
        })
    }

    /// All that is needed to continue in another process, as it is saved.
    ///
    /// # Errors
    /// In a cluster, if a rank has ended.
    pub fn checkpoint(
        &self,
        about: About,
        data_sha256: String,
    ) -> Result<Checkpoint, ClusterError> {
        let Self { step: steps, updates, skipped_in_a_row, .. } = *self;
        Ok(Checkpoint {
            model: self.model(about)?,
            moments: self.moments()?,
            timestep_losses: self.timestep_losses(),
            counters: Counters { steps, updates, skipped_in_a_row },
            request: self.request.clone(),
            data_sha256,
        })
    }

    /// How many steps were made, skipped ones too; the number of the next step.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// How many updates were made: steps that were not skipped.
    #[must_use]
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// What is trained, and how.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The schedule that noise follows.
    #[must_use]
    pub fn schedule(&self) -> &Schedule {
        &self.source.schedule
    }

    /// The number of weights.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.vectors.weights.len()
    }
}

impl<E> fmt::Debug for Trainer<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trainer")
            .field("request", &self.request)
            .field("step", &self.step)
            .field("updates", &self.updates)
            .field("skipped_in_a_row", &self.skipped_in_a_row)
            .finish_non_exhaustive()
    }
}

fn check_network(network: &NetworkConfig) -> Result<(), TrainError> {
    match network {
        NetworkConfig::UNet(config) if config.dropout != 0.0 => {
            Err(TrainError::Dropout(config.dropout))
        }
        NetworkConfig::UNet(_) | NetworkConfig::Mlp(_) => Ok(()),
    }
}

fn check_fit(
    shapes: &Shapes,
    (schedule, variance): (&Schedule, Variance),
    data: &TrainingSet,
    flip: bool,
) -> Result<(), TrainError> {
    let Shapes { input, output, labels, timesteps } = shapes;
    if input != data.shape() {
        let (network, data) = (input.clone(), data.shape().to_vec());
        return Err(TrainError::Shape { network, data });
    }
    let mut expected = input.clone();
    expected[0] *= if variance.is_learned() { 2 } else { 1 };
    if *output != expected {
        return Err(TrainError::Output { found: output.clone(), variance, expected });
    }
    let expected = data.network_labels().map_or(Labels::None, Labels::Classes);
    if *labels != expected {
        return Err(TrainError::Labels { found: *labels, expected });
    }
    if let Some(found) = timesteps.filter(|known| *known < schedule.len()) {
        return Err(TrainError::Timesteps { found, expected: schedule.len() });
    }
    if flip && !data.is_pictures() {
        return Err(TrainError::Flip { shape: data.shape().to_vec() });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
