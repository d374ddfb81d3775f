//! The sampling loop of the program: batches, progress, and what is kept of the way.

use std::ops::Range;

use ancestral::{
    AnySampler, Batch, Clipped, Denoiser, Grid, NetworkDenoiser, SampleNoise, Thresholded,
};
use ancestral_nn::unet::UNet;
use ancestral_nn::{BurnNetwork, NetworkError};
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
    pub x: Batch,
    /// From x_T to the samples; empty if nothing was to be kept.
    pub way: Vec<Batch>,
}

impl Plan<'_> {
    /// Draws the samples `indices`, from the rows of `start` if they are given.
    pub fn run(
        &self,
        model: &Model,
        network: &BurnNetwork<UNet>,
        indices: Range<u64>,
        start: Option<&Batch>,
    ) -> Result<Samples> {
        let shape = model.shape()?.to_vec();
        let hops = self.grid.points().len();
        let kept = self.kept(hops);
        let mut x = Vec::new();
        let mut way = vec![Vec::new(); kept.len()];
        let batch = self.batch as u64;
        let batches = (indices.end - indices.start).div_ceil(batch);
        let mut progress = Progress::new("sampling", batches * hops as u64, self.quiet);
        for number in 0..batches {
            let first = indices.start + number * batch;
            let indices = first..indices.end.min(first.saturating_add(batch));
            let rows = usize::try_from(indices.end - first).expect("at most a batch");
            let mut noise = SampleNoise::new(self.seed, indices);
            let x_t = match start {
                None => noise.start(shape.clone()),
                Some(start) => {
                    noise = noise.after_start();
                    let mut batches = start.data().chunks(self.batch * start.row_len());
                    let values = batches.nth(x.len().div_ceil(self.batch * start.row_len()));
                    Batch::new(shape.clone(), values.expect("a row a sample").to_vec())
                }
            };
            if kept.first() == Some(&0) {
                way[0].extend_from_slice(x_t.data());
            }
            let mut denoiser = self.denoiser(model, network.clone(), rows)?;
            let run = self.sampler.run(self.grid, x_t, &mut *denoiser, &mut noise);
            for step in run {
                let step = step.map_err(|error| non_finite(&error, model))?;
                if let Ok(moment) = kept.binary_search(&(step.index + 1)) {
                    way[moment].extend_from_slice(step.x.data());
                }
                if step.hop.is_last() {
                    x.extend_from_slice(step.x.data());
                }
                let done = number * hops as u64 + step.index as u64 + 1;
                progress.at(done, || format!("batch {}/{batches}", number + 1));
            }
        }
        let batch = |data| Batch::new(shape.clone(), data);
        Ok(Samples { x: batch(x), way: way.into_iter().map(batch).collect() })
    }

    /// Which moments are kept, as counts of hops done: evenly spread, both ends among them.
    fn kept(&self, hops: usize) -> Vec<usize> {
        if self.moments == 0 {
            return Vec::new();
        }
        let moments = self.moments.min(hops);
        (0..=moments).map(|moment| (moment * hops).div_ceil(moments)).collect()
    }

    fn denoiser(
        &self,
        model: &Model,
        network: BurnNetwork<UNet>,
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
        plan.kept(hops)
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
