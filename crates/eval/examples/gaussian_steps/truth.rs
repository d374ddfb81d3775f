//! Data of which everything is known: mixtures of isotropic Gaussians.

use ancestral::exact::{Component, Mixture, reference_mixture};
use ancestral::noise::{Purpose, SampleNoise, Streams};
use ancestral::{Batch, Level, Noise};

use crate::Failure;

/// One Gaussian of a mixture.
pub struct Part {
    pub share: f64,
    pub mean: Vec<f64>,
    pub variance: f64,
}

/// A mixture whose shares sum to 1.
pub struct Truth {
    parts: Vec<Part>,
    pub mixture: Mixture,
}

/// On the line: two narrow modes, of different share and width.
pub fn two_modes() -> Result<Truth, Failure> {
    let mode = |weight, mean, std| Component { weight, mean: vec![mean], std };
    Ok(Truth::new(Mixture::new(vec![mode(0.6, -0.8, 0.1), mode(0.4, 1.0, 0.2)])?))
}

/// In the plane: the reference mixture of this name.
pub fn blobs() -> Result<Truth, Failure> {
    Ok(Truth::new(reference_mixture("blobs").ok_or("there is a mixture named blobs")?))
}

impl Truth {
    fn new(mixture: Mixture) -> Self {
        let total: f64 = mixture.components().iter().map(|c| c.weight).sum();
        let part = |c: &Component| Part {
            share: c.weight / total,
            mean: c.mean.clone(),
            variance: c.std * c.std,
        };
        Self { parts: mixture.components().iter().map(part).collect(), mixture }
    }

    pub fn dimensions(&self) -> usize {
        self.parts[0].mean.len()
    }

    /// ln p(x_t).
    pub fn log_density(&self, x: &[f64], level: Level) -> f64 {
        log_sum_exp(&self.logs(x, level))
    }

    /// p(x₀ | x_t).
    pub fn clean(&self, x: &[f64], level: Level) -> Vec<Part> {
        let logs = self.logs(x, level);
        let total = log_sum_exp(&logs);
        let (alpha, sigma_squared) = (level.alpha(), level.sigma_squared());
        let of_part = |(part, log): (&Part, &f64)| {
            let spread = alpha * alpha * part.variance + sigma_squared;
            let gain = alpha * part.variance / spread;
            let mean = std::iter::zip(&part.mean, x).map(|(m, x)| m + gain * (x - alpha * m));
            Part {
                share: (log - total).exp(),
                mean: mean.collect(),
                variance: part.variance * sigma_squared / spread,
            }
        };
        std::iter::zip(&self.parts, &logs).map(of_part).collect()
    }

    /// The logarithm of the share of each component times its density at x_t.
    fn logs(&self, x: &[f64], level: Level) -> Vec<f64> {
        let (alpha, sigma_squared) = (level.alpha(), level.sigma_squared());
        let of_part = |part: &Part| {
            let variance = alpha * alpha * part.variance + sigma_squared;
            part.share.ln() + log_normal(x, part.mean.iter().map(|m| alpha * m), variance)
        };
        self.parts.iter().map(of_part).collect()
    }

    /// `count` draws of x_t. Each component has its share of them exactly, which changes no mean, and
    /// only makes errors smaller than those reported.
    pub fn draws(&self, level: Level, count: usize, seed: u64) -> Batch<f64> {
        let streams = Streams::new(seed, Purpose::Evaluation);
        let like = Batch::zeros(count, vec![self.dimensions()]);
        let mut x = SampleNoise::of_streams(streams, 0..count as u64).draw(&like);
        for (index, row) in x.iter_rows_mut().enumerate() {
            let part = self.part_of((index as f64 + 0.5) / count as f64);
            let (alpha, sigma_squared) = (level.alpha(), level.sigma_squared());
            let std = (alpha * alpha * part.variance + sigma_squared).sqrt();
            std::iter::zip(row, &part.mean).for_each(|(x, m)| *x = alpha * m + std * *x);
        }
        x
    }

    /// The component at this share of all, counted from the first.
    fn part_of(&self, mut share: f64) -> &Part {
        for part in &self.parts {
            if share < part.share {
                return part;
            }
            share -= part.share;
        }
        &self.parts[self.parts.len() - 1]
    }
}

/// ln N(x; mean, variance I).
pub fn log_normal(x: &[f64], mean: impl Iterator<Item = f64>, variance: f64) -> f64 {
    let squares: f64 = std::iter::zip(x, mean).map(|(x, m)| (x - m).powi(2)).sum();
    let dimensions = x.len() as f64;
    -0.5 * (squares / variance + dimensions * (std::f64::consts::TAU * variance).ln())
}

fn log_sum_exp(logs: &[f64]) -> f64 {
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    largest + logs.iter().map(|log| (log - largest).exp()).sum::<f64>().ln()
}

/// The mean, and the covariance as the rows of a matrix.
pub fn moments(parts: &[Part]) -> (Vec<f64>, Vec<Vec<f64>>) {
    let size = parts[0].mean.len();
    let mean: Vec<f64> =
        (0..size).map(|i| parts.iter().map(|part| part.share * part.mean[i]).sum()).collect();
    let entry = |i: usize, j: usize| {
        let of_part = |part: &Part| {
            let own = if i == j { part.variance } else { 0.0 };
            part.share * (own + (part.mean[i] - mean[i]) * (part.mean[j] - mean[j]))
        };
        parts.iter().map(of_part).sum()
    };
    let covariance = (0..size).map(|i| (0..size).map(|j| entry(i, j)).collect()).collect();
    (mean, covariance)
}
