//! The variances that are compared, each with the exact denoiser.

use std::convert::Infallible;

use ancestral::noise::{Purpose, SampleNoise, Streams};
use ancestral::variance::{NoiseNorms, ReverseVariance};
use ancestral::{Batch, Denoised, Denoiser, Grid, Point, Posterior, Variance};

use crate::Failure;
use crate::truth::{Truth, moments};

/// Draws that the optimal variance is measured with.
const DRAWS: usize = 2000;

/// A variance of the reverse transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// β̃.
    Small,
    /// β.
    Large,
    /// The best one that is the same for all x_t.
    Optimal,
    /// The true variance of each element of x_s, which depends on x_t: what a learned variance can be at
    /// best.
    Own,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Small, Self::Large, Self::Optimal, Self::Own];

    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "fixed-small",
            Self::Large => "fixed-large",
            Self::Optimal => "optimal",
            Self::Own => "own of x_t",
        }
    }

    /// As the samplers and the bound of the library know it.
    pub fn reverse(self, truth: &Truth, grid: &Grid) -> Result<ReverseVariance, Failure> {
        Ok(match self {
            Self::Small => Variance::FixedSmall.into(),
            Self::Large => Variance::FixedLarge.into(),
            Self::Own => Variance::Learned.into(),
            Self::Optimal => {
                let x0 = truth.draws(ancestral::Level::CLEAN, DRAWS, 7);
                let streams = Streams::new(8, Purpose::Evaluation);
                let mut noise = SampleNoise::of_streams(streams, 0..DRAWS as u64);
                let mut norms = NoiseNorms::new(grid);
                for index in 0..norms.points().len() {
                    norms.measure(index, &x0, &mut truth.mixture.clone(), &mut noise)?;
                }
                norms.optimal()?.into()
            }
        })
    }
}

/// The exact denoiser, with the logarithm of the true variance of each element of x_s beside x̂₀.
pub struct Ideal<'a> {
    pub truth: &'a Truth,
    pub grid: &'a Grid,
}

impl Denoiser<Batch<f64>> for Ideal<'_> {
    type Error = Infallible;

    /// # Panics
    /// If `at` is no point of the grid.
    fn denoise(&mut self, x: &Batch<f64>, at: Point) -> Result<Denoised<Batch<f64>>, Infallible> {
        let hop = self.grid.hops().find(|hop| hop.from() == at).expect("a point of the grid");
        let Posterior { on_x0, beta_tilde, .. } = Posterior::of(&hop);
        let [mut x0, mut half] = [Vec::new(), Vec::new()];
        for row in x.iter_rows() {
            let (mean, covariance) = moments(&self.truth.clean(row, at.level));
            for (i, mean) in mean.into_iter().enumerate() {
                x0.push(mean);
                half.push((beta_tilde + on_x0 * on_x0 * covariance[i][i]).ln());
            }
        }
        let batch = |values| Batch::new(x.row_shape().to_vec(), values);
        Ok(Denoised::new(batch(x0)).with_raw_variance(batch(half)))
    }
}
