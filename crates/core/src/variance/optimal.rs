//! The fixed variance that is optimal for a denoiser and its data.

use std::sync::Arc;

use thiserror::Error;

use crate::batch::{Batch, Scalar};
use crate::denoiser::Denoiser;
use crate::grid::{Grid, Point};
use crate::level::Level;
use crate::likelihood::Estimate;
use crate::noise::Noise;
use crate::posterior::Posterior;

/// The optimal fixed variance of a reverse process: a table of mean squared noise by level, for any grid.
///
/// # Formula
/// ```text
/// σ*² = β̃ + (coefficient of x₀ in μ̃)² v,   v = σ_t²/α_t² (1 − Γ_t),   Γ_t = E|ε̂(x_t)|²/d
/// ```
/// v is the mean variance of x₀ that is left when x_t is known. With an exact denoiser, no fixed
/// variance has a smaller bound. Levels between those of the table have a Γ between theirs, linear in
/// λ; beyond its ends Γ stays that of the end. σ*² is clipped to [β̃, β], where it is for all data of at
/// most unit variance.
/// # Source
/// Bao et al. 2022 (Analytic-DPM), arXiv:2201.06503, theorem 1, for DDPM's posterior.
#[derive(Clone, Debug, PartialEq)]
pub struct OptimalVariance {
    /// Levels and their Γ, the noisiest first.
    table: Arc<[(Level, f64)]>,
}

/// A table that is not one of an [`OptimalVariance`].
#[derive(Clone, Copy, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum OptimalVarianceError {
    /// No level.
    #[error("a table of optimal variances has at least 1 level, found none")]
    Empty,
    /// A level at an end of the scale, or twice in the table.
    #[error("lambda {lambda} of an optimal variance is infinite, or is in the table twice")]
    Level {
        /// Its λ.
        lambda: f64,
    },
    /// A mean squared noise that is no mean of squares.
    #[error("mean squared noise {norm} at lambda {lambda}: expected a number from 0")]
    Norm {
        /// The mean.
        norm: f64,
        /// λ of its level.
        lambda: f64,
    },
}

impl OptimalVariance {
    /// The variance of these levels, each with Γ, the mean square of an element of ε̂ there.
    ///
    /// # Errors
    /// If there is none, a level is clean data, pure noise or there twice, or Γ is not a number from 0.
    pub fn new(norms: Vec<(Level, f64)>) -> Result<Self, OptimalVarianceError> {
        let mut table = norms;
        table.sort_by(|a, b| a.0.lambda().total_cmp(&b.0.lambda()));
        let repeated = table.windows(2).find(|pair| pair[0].0 == pair[1].0).map(|pair| pair[0]);
        let infinite = table.iter().copied().find(|(level, _)| level.lambda().is_infinite());
        if let Some((level, _)) = repeated.or(infinite) {
            return Err(OptimalVarianceError::Level { lambda: level.lambda() });
        }
        if let Some((level, norm)) = table.iter().find(|(_, n)| !(*n >= 0.0 && n.is_finite())) {
            return Err(OptimalVarianceError::Norm { norm: *norm, lambda: level.lambda() });
        }
        if table.is_empty() {
            return Err(OptimalVarianceError::Empty);
        }
        Ok(Self { table: table.into() })
    }

    /// The levels of the table, noisiest first, each with its Γ.
    #[must_use]
    pub fn norms(&self) -> &[(Level, f64)] {
        &self.table
    }

    /// σ*² of a hop from level `from` with this `posterior`.
    #[must_use]
    pub fn variance(&self, from: Level, posterior: &Posterior) -> f64 {
        let left = from.karras_sigma().powi(2) * (1.0 - self.norm_at(from.lambda())).max(0.0);
        let added = posterior.on_x0 * posterior.on_x0 * left;
        // From pure noise nothing is known of x₀, and `left` is infinite or not a number.
        let added = if from == Level::NOISE { posterior.beta } else { added };
        (posterior.beta_tilde + added).min(posterior.beta)
    }

    fn norm_at(&self, lambda: f64) -> f64 {
        let above = self.table.partition_point(|(level, _)| level.lambda() < lambda);
        let last = self.table.len() - 1;
        if above == 0 || above > last {
            return self.table[above.min(last)].1;
        }
        let [(l0, n0), (l1, n1)] =
            [above - 1, above].map(|i| (self.table[i].0.lambda(), self.table[i].1));
        n0 + (n1 - n0) * (lambda - l0) / (l1 - l0)
    }
}

/// Measures the mean squared noise of a denoiser over data, of which an [`OptimalVariance`] is made.
///
/// # Example
/// Data of unit variance, of which the optimum is β.
/// ```
/// use ancestral::exact::Gaussian;
/// use ancestral::noise::{Purpose, SampleNoise, Streams};
/// use ancestral::variance::NoiseNorms;
/// use ancestral::{Grid, Schedule, Spacing};
///
/// let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, 10)?;
/// let mut denoiser = Gaussian { mean: 0.0, std: 1.0 };
/// let mut norms = NoiseNorms::new(&grid);
/// let x0 = SampleNoise::new(1, 0..500).start(vec![8]);
/// let mut noise = SampleNoise::of_streams(Streams::new(2, Purpose::Evaluation), 0..500);
/// for index in 0..norms.points().len() {
///     norms.measure(index, &x0, &mut denoiser, &mut noise)?; // again for more rows
/// }
/// let variance = norms.optimal()?;
/// let (level, norm) = variance.norms()[0];
/// assert!((norm / level.sigma_squared() - 1.0).abs() < 0.1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct NoiseNorms {
    points: Vec<Point>,
    norms: Vec<Estimate>,
}

impl NoiseNorms {
    /// Measures at the points of `grid`; at pure noise there is nothing to measure.
    #[must_use]
    pub fn new(grid: &Grid) -> Self {
        let points: Vec<Point> =
            grid.points().iter().copied().filter(|point| point.level != Level::NOISE).collect();
        Self { norms: vec![Estimate::default(); points.len()], points }
    }

    /// The points, noisiest first.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The mean over rows at each point, with its standard error.
    #[must_use]
    pub fn norms(&self) -> &[Estimate] {
        &self.norms
    }

    /// Measures at point `index` with the rows of `x0`: one draw of noise, one call.
    ///
    /// # Errors
    /// As the denoiser says.
    ///
    /// # Panics
    /// If there is no such point.
    pub fn measure<T, D, N>(
        &mut self,
        index: usize,
        x0: &Batch<T>,
        denoiser: &mut D,
        noise: &mut N,
    ) -> Result<(), D::Error>
    where
        T: Scalar,
        D: Denoiser<Batch<T>> + ?Sized,
        N: Noise<Batch<T>> + ?Sized,
    {
        let at = self.points[index];
        let (alpha, sigma) = (at.level.alpha(), at.level.sigma());
        let x_t = at.level.noised(x0, &noise.draw(x0));
        let denoised = denoiser.denoise(&x_t, at)?.x0;
        let of_row = |(x_t, x0): (&[T], &[T])| {
            let epsilon = |(x_t, x0): (&T, &T)| (x_t.to_f64() - alpha * x0.to_f64()) / sigma;
            let squares = std::iter::zip(x_t, x0).map(|pair| epsilon(pair).powi(2));
            squares.sum::<f64>() / x_t.len() as f64
        };
        self.norms[index].extend(std::iter::zip(x_t.iter_rows(), denoised.iter_rows()).map(of_row));
        Ok(())
    }

    /// The variance that is optimal by what was measured.
    ///
    /// # Errors
    /// If the denoiser gave values that are not finite, or the only point is pure noise.
    pub fn optimal(&self) -> Result<OptimalVariance, OptimalVarianceError> {
        let norms = std::iter::zip(&self.points, &self.norms);
        let measured = norms.filter(|(_, norm)| norm.count() > 0);
        OptimalVariance::new(measured.map(|(at, norm)| (at.level, norm.mean())).collect())
    }
}
