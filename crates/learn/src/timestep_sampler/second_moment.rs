//! Timesteps by the second moments of their losses.

use ancestral_cluster::{Cluster, ClusterError};
use ancestral_format::{Layout, Mismatch, Weights};
use rand::Rng;

use crate::data_order::{below, unit};

/// Losses that are kept of each timestep.
const KEPT: usize = 10;
/// The share of the draws that is uniform.
const UNIFORM: f64 = 0.001;

/// The last losses of each timestep, and the draws that follow from them.
#[derive(Clone, Debug)]
pub(crate) struct SecondMoment {
    /// `[timesteps, KEPT]`, the oldest first; NaN where there is none yet.
    losses: Vec<f32>,
    /// The sums of p up to and with each timestep, once there are losses enough.
    cumulative: Option<Vec<f64>>,
}

impl SecondMoment {
    /// No losses yet.
    pub(crate) fn new(timesteps: usize) -> Self {
        Self { losses: vec![f32::NAN; KEPT * timesteps], cumulative: None }
    }

    /// The losses of [`to_weights`](Self::to_weights).
    ///
    /// # Errors
    /// If they are of another number of timesteps, or missing.
    pub(crate) fn from_weights(timesteps: usize, weights: &Weights) -> Result<Self, Mismatch> {
        let losses = layout(timesteps).values(weights)?;
        Ok(Self { cumulative: cumulative(&losses), losses })
    }

    /// All that the draws to come depend on.
    pub(crate) fn to_weights(&self) -> Weights {
        layout(self.timesteps()).to_weights(&self.losses)
    }

    /// Those of rank 0 on all ranks of a cluster.
    pub(crate) fn broadcast(&mut self, cluster: &Cluster) -> Result<(), ClusterError> {
        cluster.broadcast(&mut self.losses)?;
        self.cumulative = cumulative(&self.losses);
        Ok(())
    }

    fn timesteps(&self) -> usize {
        self.losses.len().div_euclid(KEPT)
    }

    /// A timestep, and what a sample of it counts: 1/(T p).
    pub(crate) fn draw(&self, rng: &mut impl Rng) -> (usize, f64) {
        let timesteps = self.timesteps();
        let Some(cumulative) = &self.cumulative else { return (below(rng, timesteps), 1.0) };
        let place = unit(rng) * cumulative[timesteps - 1];
        let t = cumulative.partition_point(|sum| *sum <= place).min(timesteps - 1);
        let before = t.checked_sub(1).map_or(0.0, |before| cumulative[before]);
        (t, 1.0 / (timesteps as f64 * (cumulative[t] - before)))
    }

    /// Adds losses, each with its timestep, one after the other.
    pub(crate) fn record(&mut self, losses: impl IntoIterator<Item = (usize, f64)>) {
        for (t, loss) in losses {
            let kept = &mut self.losses[KEPT * t..][..KEPT];
            kept.rotate_left(1);
            kept[KEPT - 1] = to_f32(loss);
        }
        self.cumulative = cumulative(&self.losses);
    }
}

/// The sums of p; `None` while a loss is missing.
fn cumulative(losses: &[f32]) -> Option<Vec<f64>> {
    let of_timestep = |kept: &[f32]| {
        let squares: f64 = kept.iter().map(|loss| f64::from(*loss).powi(2)).sum();
        (squares / KEPT as f64).sqrt()
    };
    let roots: Vec<f64> = losses.chunks_exact(KEPT).map(of_timestep).collect();
    let (total, timesteps) = (roots.iter().sum::<f64>(), roots.len() as f64);
    if total.is_nan() {
        return None;
    }
    let share = |root: f64| if total > 0.0 { root / total } else { 1.0 / timesteps };
    let mut sum = 0.0;
    let sums = roots.into_iter().map(|root| {
        sum += (1.0 - UNIFORM) * share(root) + UNIFORM / timesteps;
        sum
    });
    Some(sums.collect())
}

fn layout(timesteps: usize) -> Layout {
    Layout::new(vec![("losses".to_owned(), vec![timesteps, KEPT])])
}

#[expect(clippy::cast_possible_truncation, reason = "losses are kept as f32")]
fn to_f32(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use ancestral::noise::{Purpose, Streams};

    use super::*;

    /// Draws so many timesteps of a sampler.
    fn drawn(sampler: &SecondMoment, count: u64) -> Vec<(usize, f64)> {
        let streams = Streams::new(5, Purpose::TrainingTime);
        (0..count).map(|sample| sampler.draw(&mut streams.rng(sample, 0))).collect()
    }

    #[test]
    fn draws_are_those_of_the_uniform_sampler_until_each_timestep_has_ten_losses() {
        let mut sampler = SecondMoment::new(3);
        sampler.record((0..10).flat_map(|_| [(0, 1.0), (2, 5.0)]));
        sampler.record([(1, 3.0); 9]);
        let streams = Streams::new(5, Purpose::TrainingTime);
        for (sample, found) in (0..).zip(drawn(&sampler, 50)) {
            assert_eq!(found, (below(&mut streams.rng(sample, 0), 3), 1.0));
        }
        sampler.record([(1, 3.0)]);
        assert!(drawn(&sampler, 50).iter().any(|(_, counts)| *counts != 1.0));
    }

    #[test]
    fn probabilities_and_what_a_sample_counts_by_hand() {
        // Ten losses of 1; of 2 and −2; of 0 five times and 4 five times, after older ones of 9:
        // √E[L²] = 1, 2 and √8.
        let mut sampler = SecondMoment::new(3);
        sampler.record([(2, 9.0); 4]);
        let sign = |i: usize| if i.is_multiple_of(2) { 1.0 } else { -1.0 };
        for i in 0..10 {
            sampler.record([(0, 1.0), (1, 2.0 * sign(i)), (2, if i < 5 { 0.0 } else { 4.0 })]);
        }
        let roots = [1.0, 2.0, 8_f64.sqrt()];
        let p = roots.map(|root| 0.999 * root / roots.iter().sum::<f64>() + 0.001 / 3.0);
        let draws = drawn(&sampler, 6000);
        for (t, p) in p.into_iter().enumerate() {
            let of_it: Vec<f64> =
                draws.iter().filter(|(found, _)| *found == t).map(|(_, counts)| *counts).collect();
            assert!(of_it.iter().all(|counts| (counts * 3.0 * p - 1.0).abs() < 1e-12));
            // Standard deviation of the share: at most √(1/4/6000) = 0.0065.
            assert!((of_it.len() as f64 / 6000.0 - p).abs() < 0.025, "{t}");
        }
        // What samples count is 1 in the mean.
        let mean = draws.iter().map(|(_, counts)| counts).sum::<f64>() / 6000.0;
        assert!((mean - 1.0).abs() < 0.03, "{mean}");
    }

    #[test]
    fn losses_of_nothing_draw_all_alike() {
        let mut sampler = SecondMoment::new(2);
        sampler.record([(0, 0.0), (1, 0.0)].repeat(10));
        assert!(drawn(&sampler, 20).iter().all(|(_, counts)| (counts - 1.0).abs() < 1e-12));
    }

    #[test]
    fn what_is_kept_is_read_back_with_the_same_draws() {
        let mut sampler = SecondMoment::new(4);
        for loss in 0..9 {
            sampler.record((0..4).map(|t| (t, f64::from(loss) / 7.0 + t as f64)));
        }
        for _ in 0..2 {
            let read = SecondMoment::from_weights(4, &sampler.to_weights()).unwrap();
            assert_eq!(drawn(&read, 30), drawn(&sampler, 30));
            assert_eq!(read.to_weights(), sampler.to_weights());
            sampler.record((0..4).map(|t| (t, 1.0 + t as f64)));
        }
        assert!(SecondMoment::from_weights(5, &sampler.to_weights()).is_err());
        assert!(SecondMoment::from_weights(4, &Weights::default()).is_err());
    }
}
