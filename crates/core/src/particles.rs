//! Inpainting by a particle filter: the rest as it is given what is known.

use std::ops::ControlFlow;

use crate::batch::{Batch, Scalar};
use crate::denoiser::{Denoised, Denoiser};
use crate::grid::{Grid, Hop};
use crate::inpainting::Known;
use crate::level::Level;
use crate::noise::Noise;
use crate::posterior::Posterior;
use crate::sample::Sample;
use crate::sampler::kernel::begin;
use crate::sampler::{Path, Run, Stepped};
use crate::variance::{NoiseScale, ReverseVariance};

/// Draws what is not known from its distribution given what is known, by ancestral sampling of several
/// particles a sample.
///
/// The known part walks from noise to its clean value as the forward process would have come from there. Each
/// particle carries it, and a rest of its own. At each hop a particle counts by how probable the next
/// known part is after it; if few count, those are repeated in the place of the others.
///
/// # Formula
/// ```text
/// y_s ~ q(y_s | y_t, y₀)                                          the known part, one for all particles
/// w_k ← w_k N(y_s; μ̃(x̂₀, x_t) of particle k, Σ)                   where the mask is 1
/// x_s ~ N(μ̃(x̂₀, x_t), Σ)                                          the rest of each particle
/// where (Σ w)² / Σ w² < K/2: as many copies of each as its share of w says, and equal weights again
/// ```
/// With many particles and short hops the rest has its right distribution, where
/// [`Inpainted`](crate::denoiser::Inpainted) follows what is known too little. One call of the denoiser a hop, of K
/// times the rows.
/// # Shapes
/// A batch of n samples is K·n rows: the first particle of each sample, then the second of each, and so on; after
/// the last hop n rows, one particle of each sample, drawn by weight.
/// # Source
/// Trippe et al. 2022, arXiv:2206.04119, algorithm 2 (`SMCDiff`). Differs from the paper: the known part is drawn
/// hop by hop, which has the same distribution, and particles are repeated only if few count.
///
/// # Example
/// ```
/// use ancestral::exact::Gaussian;
/// use ancestral::inpainting::Known;
/// use ancestral::particles::Particles;
/// use ancestral::sampler::Run;
/// use ancestral::{Batch, Grid, SampleNoise, Schedule, Spacing, Variance};
///
/// let row = |a, b| Batch::new(vec![2], vec![a, b]);
/// let known = Known::new(row(0.25_f32, 0.0), row(1.0, 0.0))?; // the first of two columns
/// let particles = Particles::new(known, 8, Variance::FixedLarge);
/// let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, 20)?;
/// let mut noise = SampleNoise::new(7, 0..3);
/// let x = particles.start(&noise.start(vec![2]), &mut noise);
/// assert_eq!(x.rows(), 24);
/// let mut denoiser = Gaussian { mean: 0.0, std: 1.0 };
/// let Some(Ok(last)) = particles.run(&grid, x, &mut denoiser, &mut noise).last() else {
///     unreachable!("an exact denoiser does not fail")
/// };
/// assert!(last.x.rows() == 3 && last.x.iter_rows().all(|row| row[0] == 0.25));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Particles<T = f32> {
    known: Known<T>,
    count: usize,
    variance: ReverseVariance,
}

/// What a run of [`Particles`] remembers of the hops behind.
#[derive(Clone, Debug, Default)]
pub struct Weights {
    /// The logarithm of the weight of each row; empty before the first hop.
    logs: Vec<f64>,
}

impl<T: Scalar> Particles<T> {
    /// `count` particles for each sample of which `known` is known, and the variance Σ of their hops.
    ///
    /// # Panics
    /// If there is no particle.
    #[must_use]
    pub fn new(known: Known<T>, count: usize, variance: impl Into<ReverseVariance>) -> Self {
        assert!(count > 0, "a sample has 1 particle or more, found 0");
        Self { known, count, variance: variance.into() }
    }

    /// The rows that a run starts from: `x` is the first particle of each sample, and the others are
    /// noise, too.
    pub fn start<N: Noise<Batch<T>> + ?Sized>(&self, x: &Batch<T>, noise: &mut N) -> Batch<T> {
        let others = (1..self.count).map(|_| noise.draw(x)).collect::<Vec<_>>();
        Batch::stack(std::iter::once(x).chain(&others))
    }

    /// The run from the rows of [`start`](Self::start) to clean data.
    ///
    /// # Panics
    /// In a step, if the rows are not those that something is known of, by shape or number.
    pub fn run<'a, D, N>(
        &'a self,
        grid: &Grid,
        x: Batch<T>,
        denoiser: &'a mut D,
        noise: &'a mut N,
    ) -> Run<'a, Self, Batch<T>, D, N>
    where
        D: Denoiser<Batch<T>> + ?Sized,
        N: Noise<Batch<T>> + ?Sized,
    {
        Run::new(self, grid, x, denoiser, noise)
    }

    /// The first particles with their known part noised to a level.
    fn noised(&self, first: &Batch<T>, level: Level, z: &Batch<T>) -> Batch<T> {
        let mut part = first.clone();
        self.known.blend(&mut part, level.alpha(), Some((level.sigma(), z)));
        part
    }

    /// Particles of these means, a draw for each.
    fn drawn<N: Noise<Batch<T>> + ?Sized>(
        &self,
        mut mean: Batch<T>,
        std: &Batch<T>,
        first: &Batch<T>,
        noise: &mut N,
    ) -> Batch<T> {
        let mut places = mean.data_mut().iter_mut().zip(std.data());
        for _ in 0..self.count {
            for z in noise.draw(first).data() {
                let (x, std) = places.next().expect("as many draws as rows");
                *x = T::from_f64(x.to_f64() + std.to_f64() * z.to_f64());
            }
        }
        mean
    }

    /// Puts the known part at the level of a point into all particles: `part` has n rows.
    fn put(&self, x: &mut Batch<T>, part: &Batch<T>) {
        let (rows, mask) = (part.rows(), self.known.mask());
        for (i, row) in x.iter_rows_mut().enumerate() {
            let (part, mask) = (part.row(i % rows), mask.row((i % rows) % mask.rows()));
            for ((x, part), mask) in row.iter_mut().zip(part).zip(mask) {
                let mask = mask.to_f64();
                *x = T::from_f64(mask * part.to_f64() + (1.0 - mask) * x.to_f64());
            }
        }
    }

    /// How probable the known part is after each particle: Σ of −((y − mean)/std)²/2 − ln std.
    fn logs(&self, part: &Batch<T>, mean: &Batch<T>, std: &Batch<T>) -> Vec<f64> {
        let (rows, mask) = (part.rows(), self.known.mask());
        let log = |(i, mean): (usize, &[T])| {
            let (part, mask) = (part.row(i % rows), mask.row((i % rows) % mask.rows()));
            let values = mean.iter().zip(std.row(i)).zip(part.iter().zip(mask));
            let value = |((mean, std), (part, mask)): ((&T, &T), (&T, &T))| {
                let std = std.to_f64();
                let off = (part.to_f64() - mean.to_f64()) / std;
                -mask.to_f64() * (0.5 * off * off + std.ln())
            };
            values.map(value).sum()
        };
        mean.iter_rows().enumerate().map(log).collect()
    }

    /// Repeats particles of samples in which few count. `shares` has a number from 0 to 1 for each sample.
    fn repeat(&self, x: &mut Batch<T>, logs: &mut [f64], shares: &[f64]) {
        let (rows, count) = (shares.len(), self.count);
        let before = x.clone();
        for (row, share) in shares.iter().enumerate() {
            let weights = weights(logs, row, rows);
            let effective = 1.0 / weights.iter().map(|weight| weight * weight).sum::<f64>();
            if effective >= 0.5 * count as f64 {
                continue;
            }
            for (k, parent) in chosen(&weights, count, *share).enumerate() {
                let to = x.row_len() * (k * rows + row);
                let len = x.row_len();
                x.data_mut()[to..to + len].copy_from_slice(before.row(parent * rows + row));
            }
            (0..count).for_each(|k| logs[k * rows + row] = 0.0);
        }
    }
}

/// One particle of each sample, by weight.
fn picked<T: Scalar>(x: &Batch<T>, logs: &[f64], shares: &[f64]) -> Batch<T> {
    let rows = shares.len();
    let picked = shares.iter().enumerate().flat_map(|(row, share)| {
        let parent = chosen(&weights(logs, row, rows), 1, *share).next().unwrap_or_default();
        x.row(parent * rows + row).to_vec()
    });
    Batch::new(x.row_shape().to_vec(), picked.collect())
}

/// The weights of the particles of a sample, 1 in all.
fn weights(logs: &[f64], row: usize, rows: usize) -> Vec<f64> {
    let logs = || logs.iter().skip(row).step_by(rows);
    let most = logs().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = logs().map(|log| (log - most).exp()).collect();
    let sum: f64 = weights.iter().sum();
    if sum.is_finite() && sum > 0.0 {
        weights.iter().map(|weight| weight / sum).collect()
    } else {
        vec![1.0 / weights.len() as f64; weights.len()]
    }
}

/// `count` indices, each about as often as its weight says: at `share`, `share` + 1, … of `count` steps through
/// the sum of the weights.
fn chosen(weights: &[f64], count: usize, share: f64) -> impl Iterator<Item = usize> {
    let (mut index, mut sum) = (0, weights[0]);
    (0..count).map(move |k| {
        let place = (k as f64 + share) / count as f64;
        while sum < place && index + 1 < weights.len() {
            index += 1;
            sum += weights[index];
        }
        index
    })
}

/// A number from 0 to 1 for each row, of normal numbers.
fn shares<T: Scalar>(noise: &Batch<T>) -> Vec<f64> {
    let share = |row: &[T]| 0.5 * libm::erfc(-row[0].to_f64() / std::f64::consts::SQRT_2);
    noise.iter_rows().map(share).collect()
}

impl<T: Scalar> Path<Batch<T>> for Particles<T> {
    type Memory = Weights;

    fn name(&self) -> &'static str {
        "particles"
    }

    fn hops(&self, grid: &Grid) -> Vec<Hop> {
        grid.hops().collect()
    }

    fn begin(&self, _grid: &Grid) -> Weights {
        Weights::default()
    }

    fn hop<D, N>(
        &self,
        memory: &mut Weights,
        hop: &Hop,
        mut x: Batch<T>,
        denoiser: &mut D,
        noise: &mut N,
    ) -> Result<Stepped<Batch<T>>, D::Error>
    where
        D: Denoiser<Batch<T>> + ?Sized,
        N: Noise<Batch<T>> + ?Sized,
    {
        let rows = x.rows().div_euclid(self.count);
        if memory.logs.is_empty() {
            memory.logs = vec![0.0; x.rows()];
            // The noise of the known part is that of the first particle.
            let z = x.slice(0..rows);
            let part = self.noised(&z, hop.from().level, &z);
            self.put(&mut x, &part);
        }
        let first = x.slice(0..rows);
        let shares = shares(&noise.draw(&first));
        let Denoised { x0, raw_variance: half } = match begin(hop, &x, denoiser)? {
            ControlFlow::Continue(denoised) => denoised,
            ControlFlow::Break(Stepped { mut x, mut x0 }) if hop.is_last() => {
                for clean in [&mut x, &mut x0] {
                    *clean = picked(clean, &memory.logs, &shares);
                    self.known.blend(clean, 1.0, None);
                }
                return Ok(Stepped { x, x0 });
            }
            ControlFlow::Break(Stepped { mut x, x0 }) => {
                let z = noise.draw(&first);
                let part = self.noised(&first, hop.to().level, &z);
                self.put(&mut x, &part);
                return Ok(Stepped { x, x0 });
            }
        };
        let posterior = Posterior::of(hop);
        let Posterior { on_x0, on_x_from, beta_tilde, .. } = posterior;
        let (mut clean, z) = (first.clone(), noise.draw(&first));
        self.known.blend(&mut clean, 1.0, None);
        let std = beta_tilde.sqrt();
        let part = Sample::combine(&[(on_x0, &clean), (on_x_from, &first), (std, &z)]);
        let mean = Sample::combine(&[(on_x0, &x0), (on_x_from, &x)]);
        let scale = self.variance.noise_scale(hop.from().level, &posterior);
        let std = stds(scale, half.as_ref(), &mean);
        let found = self.logs(&part, &mean, &std);
        memory.logs.iter_mut().zip(found).for_each(|(log, found)| *log += found);
        x = self.drawn(mean, &std, &first, noise);
        self.repeat(&mut x, &mut memory.logs, &shares);
        self.put(&mut x, &part);
        Ok(Stepped { x, x0 })
    }
}

/// The deviation of each element of the rows of `mean`.
fn stds<T: Scalar>(scale: NoiseScale, half: Option<&Batch<T>>, mean: &Batch<T>) -> Batch<T> {
    let all = |value| {
        let values = vec![T::from_f64(value); mean.data().len()];
        Batch::new(mean.row_shape().to_vec(), values)
    };
    match scale {
        NoiseScale::Std(std) => all(std),
        NoiseScale::Exp { a, b } => {
            let half = half.expect("a learned variance needs a network that predicts it");
            Batch::exp_scaled(a, b, half, &all(1.0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn particles_are_chosen_about_as_often_as_they_weigh() {
        let weights = [0.5, 0.0, 0.125, 0.375];
        for share in [0.01, 0.5, 0.99] {
            let mut counts = [0; 4];
            chosen(&weights, 16, share).for_each(|index| counts[index] += 1);
            assert_eq!(counts, [8, 0, 2, 6], "{share}");
        }
        let one = |share| chosen(&weights, 1, share).next();
        assert_eq!([0.4, 0.51, 0.6, 0.7, 1.0].map(one), [0, 2, 2, 3, 3].map(Some));
    }

    #[test]
    fn weights_of_hopeless_particles_are_equal() {
        let logs = [-2000.0, 0.0, -2000.0, f64::NEG_INFINITY, -2001.0, 2.0_f64.ln()];
        let first = weights(&logs, 0, 2);
        assert!((first[0] / first[2] - 1.0_f64.exp()).abs() < 1e-9);
        assert_eq!(weights(&logs, 1, 2), [1.0 / 3.0, 0.0, 2.0 / 3.0]);
        assert_eq!(weights(&[f64::NAN; 2], 0, 1), [0.5, 0.5]);
    }
}
