//! The sampling loop of the program: batches, progress, and what is kept of the way.

use std::ops::Range;

use ancestral::{
    AnySampler, Batch, Clipped, Denoiser, Grid, NetworkDenoiser, SampleNoise, Thresholded,
};
use ancestral_nn::{AnyNetwork, NetworkError};
use anyhow::{Context, Result};

use crate::failure::Failed;
use crate::model::Model;
use crate::progress::Progress;

/// How to sample.
#[derive(Debug)]
pub struct Plan<'a> {
    pub sampler: &'a AnySampler,
    pub grid: &'a Grid,
    /// Whether estimates are clipped or thresholded as the model's config says.
    pub clip: bool,
    pub label: Option<u32>,
    pub seed: u64,
    /// Samples in one network call.
    pub batch: usize,
    /// How many moments of the way to keep, the start not counted, at most all; 0 for none.
    pub moments: usize,
    pub quiet: bool,
}

/// Samples, and the moments that were kept of the way to them.
#[derive(Debug)]
pub struct Samples {
    /// Index of the first.
    pub first: u64,
    pub x: Batch,
    /// From x_T to the samples; empty if nothing was to be kept.
    pub way: Vec<Batch>,
}

impl Samples {
    /// All of several batches, at least one, in their order.
    fn joined(batches: &[Self]) -> Self {
        let join = |part: &dyn Fn(&Self) -> &Batch| {
            let data: Vec<&[f32]> = batches.iter().map(|batch| part(batch).data()).collect();
            Batch::new(part(&batches[0]).shape().to_vec(), data.concat())
        };
        let moments = 0..batches[0].way.len();
        Self {
            first: batches[0].first,
            x: join(&|batch| &batch.x),
            way: moments.map(|moment| join(&|batch| &batch.way[moment])).collect(),
        }
    }
}

impl Plan<'_> {
    /// Draws the samples `indices`, at least one, from the rows of `start` if they are given.
    pub fn run(
        &self,
        model: &Model,
        network: &AnyNetwork,
        indices: Range<u64>,
        start: Option<&Batch>,
    ) -> Result<Samples> {
        let mut batches = Vec::new();
        self.run_batches(model, network, indices, start, |batch| {
            batches.push(batch);
            Ok(())
        })?;
        Ok(Samples::joined(&batches))
    }

    /// What pictures of such samples say of themselves: with the index of the sample, enough to
    /// make it again.
    pub fn metadata(&self, model: &Model) -> Vec<(String, String)> {
        let points = self.grid.points();
        let timesteps = points.iter().filter_map(|point| point.timestep).map(|t| t.to_string());
        let pairs = [
            ("Software", format!("ancestral {}", env!("CARGO_PKG_VERSION"))),
            ("model", model.name.clone()),
            ("weights sha256", model.sha256()),
            ("sampler", self.sampler.to_string()),
            ("steps", points.len().to_string()),
            ("timesteps", timesteps.collect::<Vec<_>>().join(" ")),
            ("clip", if self.clip { "yes" } else { "no" }.to_owned()),
            ("seed", self.seed.to_string()),
        ];
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// The same, batch by batch, so that each can be saved before the next is begun.
    pub fn run_batches(
        &self,
        model: &Model,
        network: &AnyNetwork,
        indices: Range<u64>,
        start: Option<&Batch>,
        mut each: impl FnMut(Samples) -> Result<()>,
    ) -> Result<()> {
        let shape = model.shape()?;
        let size = self.batch as u64;
        let batches = (indices.end - indices.start).div_ceil(size);
        let hops = self.grid.points().len() as u64;
        let mut progress = Progress::new("sampling", 0..batches * hops, self.quiet);
        for number in 0..batches {
            let first = indices.start + number * size;
            let indices = first..indices.end.min(first.saturating_add(size));
            let mut noise = SampleNoise::new(self.seed, indices);
            let x_t = match start {
                None => noise.start(shape.clone()),
                Some(start) => {
                    noise = noise.after_start();
                    let mut batches = start.data().chunks(self.batch * start.row_len());
                    let rows = batches.nth(usize::try_from(number).expect("a batch of rows"));
                    Batch::new(shape.clone(), rows.expect("a row a sample").to_vec())
                }
            };
            let mut denoiser = self.denoiser(model, network.clone(), x_t.rows())?;
            let samples = self.batch(first, x_t, &mut *denoiser, &mut noise, |hop| {
                progress.at(number * hops + hop, || format!("batch {}/{batches}", number + 1));
            });
            each(samples.map_err(|error| non_finite(&error, model))?)?;
        }
        Ok(())
    }

    /// One batch from `x_t`.
    fn batch(
        &self,
        first: u64,
        x_t: Batch,
        denoiser: &mut dyn Denoiser<Batch, Error = NetworkError>,
        noise: &mut SampleNoise,
        mut done: impl FnMut(u64),
    ) -> Result<Samples, NetworkError> {
        let kept = self.kept();
        let mut way: Vec<Batch> = kept.first().map(|_| x_t.clone()).into_iter().collect();
        let mut x = x_t.clone();
        for step in self.sampler.run(self.grid, x_t, denoiser, noise) {
            let step = step?;
            if kept.contains(&(step.index + 1)) {
                way.push(step.x.clone());
            }
            x = step.x;
            done(step.index as u64 + 1);
        }
        Ok(Samples { first, x, way })
    }

    /// Which moments are kept, as counts of hops done: evenly spread, both ends among them.
    fn kept(&self) -> Vec<usize> {
        let hops = self.grid.points().len();
        match self.moments.min(hops) {
            0 => Vec::new(),
            moments => (0..=moments).map(|moment| (moment * hops).div_ceil(moments)).collect(),
        }
    }

    fn denoiser(
        &self,
        model: &Model,
        network: AnyNetwork,
        rows: usize,
    ) -> Result<Box<dyn Denoiser<Batch, Error = NetworkError>>> {
        let config = &model.folder.scheduler;
        let mut inner = NetworkDenoiser::new(network, config.prediction(), model.schedule.clone())
            .with_context(|| format!("model {}", model.name))?;
        if let Some(label) = self.label {
            inner = inner.with_labels(vec![label; rows]);
        }
        let (ratio, max) = (config.dynamic_thresholding_ratio, config.sample_max_value);
        Ok(if !self.clip {
            Box::new(inner)
        } else if config.thresholding {
            Box::new(Thresholded::new(inner, ratio, max))
        } else {
            Box::new(Clipped::new(inner, config.clip_sample_range))
        })
    }
}

fn non_finite(error: &NetworkError, model: &Model) -> anyhow::Error {
    Failed(anyhow::anyhow!("sampling from {}: {error}", model.name)).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ancestral::{Schedule, Spacing};

    fn kept(moments: usize, hops: usize) -> Vec<usize> {
        let sampler = "ddpm".parse().unwrap();
        let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, hops).unwrap();
        let plan = Plan {
            sampler: &sampler,
            grid: &grid,
            clip: true,
            label: None,
            seed: 0,
            batch: 1,
            moments,
            quiet: true,
        };
        plan.kept()
    }

    #[test]
    fn moments_are_spread_over_the_way_with_both_ends() {
        assert!(kept(0, 10).is_empty());
        assert_eq!(kept(5, 10), [0, 2, 4, 6, 8, 10]);
        assert_eq!(kept(4, 7), [0, 2, 4, 6, 7]);
        assert_eq!(kept(100, 3), [0, 1, 2, 3]);
        assert_eq!(kept(1, 1), [0, 1]);
    }
}
