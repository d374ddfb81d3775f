//! Noisy samples and what the network should predict of them.

use std::borrow::Cow;

use ancestral::noise::{Purpose, Streams};
use ancestral::{Prediction, Schedule};
use rand::Rng;

use crate::ahead::Ahead;
use crate::data_order::{DataOrder, below, unit};
use crate::{Settings, TrainError, TrainingSet};

/// Rows are read so many updates ahead, where they are elsewhere.
const AHEAD: usize = 4;

/// One pass through the network: noisy samples, their times and labels, the targets, and what an
/// error of each counts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MicroBatch {
    pub x: Vec<f32>,
    pub target: Vec<f32>,
    pub timesteps: Vec<f64>,
    pub labels: Option<Vec<u32>>,
    pub weights: Vec<f64>,
}

impl MicroBatch {
    /// Adds a sample, but for its label.
    fn push(&mut self, source: &SampleSource, t: usize, clean: &[f32], noise: &[f32]) {
        let level = source.schedule.level(t);
        let (alpha, sigma) = (level.alpha(), level.sigma());
        let (on_x0, on_noise) = source.prediction.target(level);
        for (&x0, &eps) in clean.iter().zip(noise) {
            self.x.push(combine(alpha, x0, sigma, eps));
            self.target.push(combine(on_x0, x0, on_noise, eps));
        }
        self.timesteps.push(t as f64);
        self.weights.push(source.weights[t]);
    }
}

/// Makes training samples, each from its number alone.
#[derive(Debug)]
pub(crate) struct SampleSource {
    pub data: TrainingSet,
    pub schedule: Schedule,
    prediction: Prediction,
    /// What an error at each timestep counts.
    weights: Vec<f64>,
    label_dropout: f64,
    flip: bool,
    order: DataOrder,
    time: Streams,
    noise: Streams,
    label: Streams,
    augmentation: Streams,
    /// Rows that are read before they are needed, if they are elsewhere, and how many at the most.
    ahead: Option<Ahead>,
    depth: usize,
}

impl SampleSource {
    pub(crate) fn new(
        data: TrainingSet,
        schedule: Schedule,
        prediction: Prediction,
        settings: &Settings,
    ) -> Self {
        let streams = |purpose| Streams::new(settings.seed, purpose);
        Self {
            prediction,
            weights: settings.loss_weight.of(schedule.levels(), prediction),
            label_dropout: settings.label_dropout,
            flip: settings.flip,
            order: DataOrder::new(settings.seed, data.len()),
            time: streams(Purpose::TrainingTime),
            noise: streams(Purpose::TrainingNoise),
            label: streams(Purpose::LabelDropout),
            augmentation: streams(Purpose::Augmentation),
            ahead: None,
            depth: AHEAD * settings.rows(),
            data,
            schedule,
        }
    }

    /// The samples `first`, `first` + 1, … of all that training ever sees.
    ///
    /// # Formula
    /// ```text
    /// t ~ U{0 … T − 1}, ε ~ N(0, 1):    x = α x₀ + σ ε,    target = a x₀ + b ε
    /// ```
    /// # Errors
    /// If a row cannot be read.
    pub(crate) fn micro_batch(
        &mut self,
        first: u64,
        rows: usize,
    ) -> Result<MicroBatch, TrainError> {
        let size = self.data.row_len();
        let mut batch = MicroBatch {
            x: Vec::with_capacity(rows * size),
            target: Vec::with_capacity(rows * size),
            timesteps: Vec::with_capacity(rows),
            labels: self.data.labels().map(|_| Vec::with_capacity(rows)),
            weights: Vec::with_capacity(rows),
        };
        let mut noise = vec![0.0_f32; size];
        for sample in (first..).take(rows) {
            let row = self.order.at(sample);
            let t = below(&mut self.time.rng(sample, 0), self.schedule.len());
            self.noise.normals(sample, 0, &mut noise);
            let clean = self.clean(row, sample)?.into_owned();
            batch.push(self, t, &clean, &noise);
            let label = self.label_of(row, sample);
            batch.labels.iter_mut().for_each(|labels| labels.extend(label));
        }
        Ok(batch)
    }

    /// So many samples of other data at timesteps that are evenly spread, the cleanest first. The
    /// noise is always the same, and none that training adds.
    ///
    /// # Errors
    /// If a row cannot be read.
    pub(crate) fn evenly(&self, data: &TrainingSet, rows: usize) -> Result<MicroBatch, TrainError> {
        let size = data.row_len();
        let mut batch = MicroBatch {
            x: Vec::with_capacity(rows * size),
            target: Vec::with_capacity(rows * size),
            timesteps: Vec::with_capacity(rows),
            labels: data.labels().map(|labels| (0..rows).map(|i| labels[i % data.len()]).collect()),
            weights: Vec::with_capacity(rows),
        };
        let mut noise = vec![0.0_f32; size];
        for i in 0..rows {
            self.noise.normals(u64::MAX - i as u64, 0, &mut noise);
            let t = (2 * i + 1) * self.schedule.len() / (2 * rows);
            batch.push(self, t, &data.row(i % data.len())?, &noise);
        }
        Ok(batch)
    }

    /// The row of a sample, mirrored for half of the samples.
    fn clean(&mut self, row: usize, sample: u64) -> Result<Cow<'_, [f32]>, TrainError> {
        let is_mirrored = self.flip && self.augmentation.rng(sample, 0).next_u64() & 1 == 1;
        let width = self.data.shape().last().copied().unwrap_or(1);
        let values = self.row(row, sample)?;
        Ok(if is_mirrored {
            values.chunks(width).flat_map(|line| line.iter().rev().copied()).collect()
        } else {
            values
        })
    }

    fn row(&mut self, row: usize, sample: u64) -> Result<Cow<'_, [f32]>, TrainError> {
        if !self.data.is_elsewhere() {
            return self.data.row(row);
        }
        let ahead = match self.ahead.take().filter(|ahead| ahead.next == sample) {
            None => Ahead::new(&self.data, &self.order, sample, self.depth),
            Some(ahead) => ahead,
        };
        self.ahead.insert(ahead).take().map(Cow::Owned)
    }

    fn label_of(&self, row: usize, sample: u64) -> Option<u32> {
        let label = self.data.labels()?[row];
        let hidden = unit(&mut self.label.rng(sample, 0));
        Some(if hidden < self.label_dropout { self.data.classes() } else { label })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is what is wanted")]
fn combine(a: f64, x: f32, b: f64, y: f32) -> f32 {
    (a * f64::from(x) + b * f64::from(y)) as f32
}

#[cfg(test)]
mod tests;
