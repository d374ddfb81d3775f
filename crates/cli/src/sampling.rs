//! The sampling loop of the program: batches, progress, and what is kept of the way.

use std::num::NonZeroUsize;
use std::ops::Range;

use ancestral::{Batch, Chunked};
use ancestral_cpu::NetworkError;
use anyhow::Result;

use crate::classes::Classes;
use crate::engine::AnyNetwork;
use crate::failure::Failed;
use crate::model::Model;
use crate::process::{Process, Told};
use crate::progress::Progress;
use crate::randomness::Randomness;
use crate::start::Start;
use crate::steering::Steering;

/// How to sample.
#[derive(Debug)]
pub struct Plan<'a> {
    pub process: &'a Process,
    pub classes: Classes,
    pub start: &'a Start,
    pub steering: &'a Steering,
    pub seed: u64,
    pub randomness: Randomness,
    /// Samples in one network call.
    pub batch: NonZeroUsize,
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
        let join = |part: &dyn Fn(&Self) -> &Batch| Batch::stack(batches.iter().map(part));
        let moments = 0..batches[0].way.len();
        Self {
            first: batches[0].first,
            x: join(&|batch| &batch.x),
            way: moments.map(|moment| join(&|batch| &batch.way[moment])).collect(),
        }
    }
}

impl Plan<'_> {
    /// Draws the samples `indices`, at least one.
    pub fn run(&self, model: &Model, network: &AnyNetwork, indices: Range<u64>) -> Result<Samples> {
        let mut batches = Vec::new();
        self.run_batches(model, network, indices, |batch| {
            batches.push(batch);
            Ok(())
        })?;
        Ok(Samples::joined(&batches))
    }

    /// What pictures of such samples say of themselves: with the index of the sample, enough to
    /// make it again.
    pub fn metadata(&self, model: &Model) -> Vec<(String, String)> {
        let first = [
            ("Software", format!("ancestral {}", env!("CARGO_PKG_VERSION"))),
            ("model", model.name.clone()),
            ("weights sha256", model.sha256()),
        ];
        let last = [("seed", self.seed.to_string())];
        let source = match self.randomness {
            Randomness::Ancestral => None,
            Randomness::Torch => Some(("rng", "torch".to_owned())),
            Randomness::TorchEach => Some(("rng", "torch-each".to_owned())),
        };
        let pairs = first.into_iter().chain(self.process.metadata()).chain(last).chain(source);
        pairs.map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// The same, batch by batch, so that each can be saved before the next is begun. Samples whose
    /// noise is drawn as one are one batch.
    pub fn run_batches(
        &self,
        model: &Model,
        network: &AnyNetwork,
        indices: Range<u64>,
        mut each: impl FnMut(Samples) -> Result<()>,
    ) -> Result<()> {
        let shape = model.shape()?;
        let count = indices.end - indices.start;
        let size = if self.randomness.is_of_all() { count } else { self.batch.get() as u64 };
        let batches = count.div_ceil(size);
        let hops = self.process.hops() as u64;
        let mut progress = Progress::new("sampling", 0..batches * hops, self.quiet);
        for number in 0..batches {
            let first = indices.start + number * size;
            let indices = first..indices.end.min(first.saturating_add(size));
            let rows = usize::try_from(indices.end - indices.start).expect("a batch of rows");
            let place = usize::try_from(number * size).expect("a sample that can be counted");
            let place = place..place + rows;
            let is_given = !self.start.is_drawn();
            let mut noise = self.randomness.noise(self.seed, indices.clone(), is_given);
            let x_t = self.start.x_t(place.clone(), &shape, &mut *noise);
            let told = Told {
                network: Chunked::new(network.clone(), self.rows_of_a_call()),
                labels: self.classes.labels(indices.clone()),
                steering: self.steering.slice(place),
            };
            let kept = self.kept();
            let mut way: Vec<Batch> = kept.first().map(|_| x_t.clone()).into_iter().collect();
            let x = self.process.run(model, told, x_t, &mut *noise, |done, x| {
                if kept.contains(&done) {
                    way.push(x.clone());
                }
                let batch = || format!("batch {}/{batches}", number + 1);
                progress.at(number * hops + done as u64, batch);
            })?;
            let x = x.map_err(|error| failed("sampling from", &error, model))?;
            each(Samples { first, x, way })?;
        }
        Ok(())
    }

    /// Guidance asks about each sample twice at once.
    fn rows_of_a_call(&self) -> NonZeroUsize {
        match self.steering.guidance {
            Some(_) => self.batch.saturating_add(self.batch.get()),
            None => self.batch,
        }
    }

    /// Which moments are kept, as counts of hops done: evenly spread, both ends among them.
    fn kept(&self) -> Vec<usize> {
        let hops = self.process.hops();
        match self.moments.min(hops) {
            0 => Vec::new(),
            moments => (0..=moments).map(|moment| (moment * hops).div_ceil(moments)).collect(),
        }
    }
}

/// A call of the network that failed while something was `done` with a model.
pub fn failed(done: &str, error: &NetworkError, model: &Model) -> anyhow::Error {
    Failed(anyhow::anyhow!("{done} {}: {error}", model.name)).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ancestral::{Grid, Schedule, Spacing};

    fn kept(moments: usize, hops: usize) -> Vec<usize> {
        let process = Process::Own {
            sampler: "ddpm".parse().unwrap(),
            grid: Grid::new(&Schedule::linear_1000(), Spacing::Trailing, hops).unwrap(),
            clip: true,
        };
        let plan = Plan {
            process: &process,
            classes: Classes::None,
            start: &Start::Noise,
            steering: &Steering::default(),
            seed: 0,
            randomness: Randomness::Ancestral,
            batch: NonZeroUsize::MIN,
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
