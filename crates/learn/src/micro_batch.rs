//! Noisy samples and what the network should predict of them.

use std::borrow::Cow;
use std::ops::Range;

use ancestral::noise::{Purpose, Streams};
use ancestral::{Prediction, Schedule};
use rand::Rng;

use crate::ahead::{Ahead, Places};
use crate::data_order::{DataOrder, below, unit};
use crate::timestep_sampler::SecondMoment;
use crate::{Settings, TimestepSampler, TrainError, TrainingSet};

/// Rows are read so many updates ahead, where they are elsewhere.
const AHEAD: usize = 4;

/// One pass through the network: noisy samples, their times and labels, what they are noisy samples
/// of, the targets, and what an error of each counts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MicroBatch {
    pub x: Vec<f32>,
    pub clean: Vec<f32>,
    pub target: Vec<f32>,
    pub timesteps: Vec<f64>,
    pub labels: Option<Vec<u32>>,
    /// The timestep and what it counts.
    draws: Vec<Draw>,
    length: usize,
}

/// The timestep of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Draw {
    timestep: usize,
    /// What a squared error counts at its noise level.
    weight: f64,
    /// What the sample counts because of how its timestep was drawn.
    counts: f64,
}

/// What a loss needs of a sample.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    pub clean: &'a [f32],
    pub target: &'a [f32],
    pub timestep: usize,
    /// What a squared error counts at its noise level.
    pub weight: f64,
    /// What the sample counts because of how its timestep was drawn.
    pub counts: f64,
}

impl MicroBatch {
    /// No samples yet, for so many of so many values.
    fn new(rows: usize, length: usize, labels: Option<Vec<u32>>) -> Self {
        let values = || Vec::with_capacity(rows * length);
        Self {
            x: values(),
            clean: values(),
            target: values(),
            timesteps: Vec::with_capacity(rows),
            labels,
            draws: Vec::with_capacity(rows),
            length,
        }
    }

    /// What a loss needs of the samples.
    pub(crate) fn rows(&self) -> Vec<Row<'_>> {
        let values =
            self.clean.chunks_exact(self.length).zip(self.target.chunks_exact(self.length));
        let row = |((clean, target), draw): ((_, _), &Draw)| {
            let Draw { timestep, weight, counts } = *draw;
            Row { clean, target, timestep, weight, counts }
        };
        values.zip(&self.draws).map(row).collect()
    }

    /// Adds a sample, but for its label.
    fn push(&mut self, source: &SampleSource, draw: (usize, f64), clean: &[f32], noise: &[f32]) {
        let (t, counts) = draw;
        let level = source.schedule.level(t);
        let (alpha, sigma) = (level.alpha(), level.sigma());
        let (on_x0, on_noise) = source.prediction.target(level);
        for (&x0, &eps) in clean.iter().zip(noise) {
            self.x.push(combine(alpha, x0, sigma, eps));
            self.target.push(combine(on_x0, x0, on_noise, eps));
        }
        self.clean.extend_from_slice(clean);
        self.timesteps.push(t as f64);
        self.draws.push(Draw { timestep: t, weight: source.weights[t], counts });
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
    /// How timesteps are drawn, if not all alike.
    pub second_moment: Option<SecondMoment>,
    label_dropout: f64,
    flip: bool,
    order: DataOrder,
    time: Streams,
    noise: Streams,
    label: Streams,
    augmentation: Streams,
    /// The samples that are made here.
    places: Places,
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
            second_moment: match settings.timestep_sampler {
                TimestepSampler::Uniform => None,
                TimestepSampler::SecondMoment => Some(SecondMoment::new(schedule.len())),
            },
            label_dropout: settings.label_dropout,
            flip: settings.flip,
            order: DataOrder::new(settings.seed, data.len()),
            time: streams(Purpose::TrainingTime),
            noise: streams(Purpose::TrainingNoise),
            label: streams(Purpose::LabelDropout),
            augmentation: streams(Purpose::Augmentation),
            places: Places::new(settings.rows(), 0..settings.rows()),
            ahead: None,
            depth: AHEAD * settings.rows(),
            data,
            schedule,
        }
    }

    /// The same where only these places of each update of `of` samples are made.
    pub(crate) fn at_places(self, of: usize, places: Range<usize>) -> Self {
        Self { depth: AHEAD * places.len(), places: Places::new(of, places), ..self }
    }

    /// The samples `first`, `first` + 1, … of all that training ever sees.
    ///
    /// # Formula
    /// ```text
    /// t ~ U{0 … T − 1}, ε ~ N(0, 1):    x = α x₀ + σ ε,    target = a x₀ + b ε
    /// ```
    /// or t as the second moments of the losses so far have it.
    ///
    /// # Errors
    /// If a row cannot be read.
    pub(crate) fn micro_batch(
        &mut self,
        first: u64,
        rows: usize,
    ) -> Result<MicroBatch, TrainError> {
        let size = self.data.row_len();
        let labels = self.data.labels().map(|_| Vec::with_capacity(rows));
        let mut batch = MicroBatch::new(rows, size, labels);
        let mut noise = vec![0.0_f32; size];
        for sample in (first..).take(rows) {
            let row = self.order.at(sample);
            let draw = self.timestep(sample);
            self.noise.normals(sample, 0, &mut noise);
            let clean = self.clean(row, sample)?.into_owned();
            batch.push(self, draw, &clean, &noise);
            let label = self.label_of(row, sample);
            batch.labels.iter_mut().for_each(|labels| labels.extend(label));
        }
        Ok(batch)
    }

    /// Some of `of` samples of other data at timesteps that are evenly spread, the cleanest first. The
    /// noise is always the same, and none that training adds.
    ///
    /// # Errors
    /// If a row cannot be read.
    pub(crate) fn evenly(
        &self,
        data: &TrainingSet,
        of: usize,
        some: Range<usize>,
    ) -> Result<MicroBatch, TrainError> {
        let size = data.row_len();
        let labels = data.labels();
        let labels = labels.map(|labels| some.clone().map(|i| labels[i % data.len()]).collect());
        let mut batch = MicroBatch::new(some.len(), size, labels);
        let mut noise = vec![0.0_f32; size];
        for i in some {
            self.noise.normals(u64::MAX - i as u64, 0, &mut noise);
            let t = (2 * i + 1) * self.schedule.len() / (2 * of);
            batch.push(self, (t, 1.0), &data.row(i % data.len())?, &noise);
        }
        Ok(batch)
    }

    /// The timestep of a sample, and what the sample counts because of how it was drawn.
    fn timestep(&self, sample: u64) -> (usize, f64) {
        let mut rng = self.time.rng(sample, 0);
        match &self.second_moment {
            None => (below(&mut rng, self.schedule.len()), 1.0),
            Some(sampler) => sampler.draw(&mut rng),
        }
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
        let ahead = match self.ahead.take().filter(|ahead| ahead.next() == sample) {
            None => Ahead::new(&self.data, &self.order, &self.places, sample, self.depth),
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
