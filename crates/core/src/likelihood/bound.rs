//! The variational bound over a grid, hop by hop.

use super::decoder::Decoder;
use super::estimate::Estimate;
use super::prior::prior_divergence;
use super::transition::Transition;
use super::units::bits_per_dimension;
use crate::batch::{Batch, Scalar};
use crate::denoiser::{Denoised, Denoiser};
use crate::grid::{Grid, Hop};
use crate::noise::Noise;
use crate::variance::ReverseVariance;

/// The variational bound on −log₂ p(x₀), in bits per dimension: what it costs at most to code a row
/// with the reverse process of a grid.
///
/// # Formula
/// ```text
/// −ln p(x₀) ≤ KL(q(x_T | x₀) || N(0, I)) + Σ KL(q(x_s | x_t, x₀) || p(x_s | x_t)) − ln p(x₀ | x_1)
/// ```
/// one term for each hop of the grid ([`Transition`]), the prior term beside them. Each hop is
/// evaluated at a fresh x_t of q(x_t | x₀), so each term is an unbiased estimate.
/// # Source
/// Ho et al. 2020, arXiv:2006.11239, eq. 5; on respaced grids Nichol & Dhariwal 2021,
/// arXiv:2102.09672, section 4.
///
/// # Example
/// Batch by batch, with memory for one of them; a progress bar counts the hops.
/// ```
/// use ancestral::exact::Gaussian;
/// use ancestral::likelihood::{Bound, Decoder, VariationalBound};
/// use ancestral::noise::{Purpose, SampleNoise, Streams};
/// use ancestral::{Batch, Grid, Schedule, Spacing, Variance};
///
/// let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, 50)?;
/// let estimator = VariationalBound::new(&grid, Variance::FixedLarge, Decoder::Density);
/// let mut denoiser = Gaussian { mean: 0.0, std: 1.0 };
/// let mut bound = Bound::default();
/// for batch in 0..4 {
///     let rows = 8 * batch..8 * (batch + 1);
///     let x0 = SampleNoise::new(1, rows.clone()).start(vec![2]);
///     let mut noise = SampleNoise::of_streams(Streams::new(2, Purpose::Evaluation), rows);
///     let terms: Result<Vec<_>, _> = estimator.run(&x0, &mut denoiser, &mut noise).collect();
///     bound.add(&estimator.prior(&x0), &terms?);
/// }
/// assert_eq!((bound.total().count(), bound.hops().len()), (32, 50));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct VariationalBound {
    hops: Vec<Hop>,
    transitions: Vec<Transition>,
    decoder: Decoder,
}

impl VariationalBound {
    /// The bound of the reverse process over `grid` with this variance and decoder.
    #[must_use]
    pub fn new(grid: &Grid, variance: impl Into<ReverseVariance>, decoder: Decoder) -> Self {
        let transitions = Transition::of_grid(grid, variance);
        Self { hops: grid.hops().collect(), transitions, decoder }
    }

    /// The prior term of each row, in bits per dimension.
    #[must_use]
    pub fn prior<T: Scalar>(&self, x0: &Batch<T>) -> Vec<f64> {
        let noisiest = self.hops[0].from().level;
        x0.iter_rows()
            .map(|row| bits_per_dimension(prior_divergence(row, noisiest), row.len()))
            .collect()
    }

    /// The term of each hop for the rows of `x0`, the noisiest hop first: one call of the denoiser and
    /// one draw of noise a hop.
    pub fn run<'a, T, D, N>(
        &'a self,
        x0: &'a Batch<T>,
        denoiser: &'a mut D,
        noise: &'a mut N,
    ) -> BoundRun<'a, T, D, N>
    where
        T: Scalar,
        D: Denoiser<Batch<T>> + ?Sized,
        N: Noise<Batch<T>> + ?Sized,
    {
        BoundRun { bound: self, next: 0, x0, denoiser, noise }
    }
}

/// The term of one hop, for some rows.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct HopTerm {
    /// Which hop of the grid, from 0.
    pub index: usize,
    /// The hop.
    pub hop: Hop,
    /// The term of each row, in bits per dimension; of the last hop the decoder's.
    pub bits: Vec<f64>,
}

/// A run of a [`VariationalBound`] over some rows.
pub struct BoundRun<'a, T, D: ?Sized, N: ?Sized> {
    bound: &'a VariationalBound,
    next: usize,
    x0: &'a Batch<T>,
    denoiser: &'a mut D,
    noise: &'a mut N,
}

impl<T, D: ?Sized, N: ?Sized> std::fmt::Debug for BoundRun<'_, T, D, N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BoundRun").field("next", &self.next).finish_non_exhaustive()
    }
}

impl<T, D, N> Iterator for BoundRun<'_, T, D, N>
where
    T: Scalar,
    D: Denoiser<Batch<T>> + ?Sized,
    N: Noise<Batch<T>> + ?Sized,
{
    type Item = Result<HopTerm, D::Error>;

    /// # Panics
    /// If the variance is learned and the denoiser has no variance half;
    /// [`Variance::is_learned`](crate::Variance::is_learned) tells before a run.
    fn next(&mut self) -> Option<Self::Item> {
        let index = self.next;
        let hop = *self.bound.hops.get(index)?;
        self.next += 1;
        let x_t = hop.from().level.noised(self.x0, &self.noise.draw(self.x0));
        let transition = self.bound.transitions[index];
        let to_term = |denoised: Denoised<Batch<T>>| {
            let bits = transition.bits(self.x0, &denoised, self.bound.decoder);
            HopTerm { index, hop, bits }
        };
        Some(self.denoiser.denoise(&x_t, hop.from()).map(to_term))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.bound.hops.len() - self.next;
        (left, Some(left))
    }
}

/// A bound over all rows that were added, with the standard errors of its means over rows, in bits
/// per dimension.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bound {
    total: Estimate,
    prior: Estimate,
    hops: Vec<Estimate>,
}

impl Bound {
    /// Adds rows: their prior terms, and the terms of a whole run over them.
    ///
    /// # Panics
    /// If terms are missing: there are as many rows in each, and as many hops as before.
    pub fn add(&mut self, prior: &[f64], terms: &[HopTerm]) {
        let bits: Vec<_> = terms.iter().map(|term| term.bits.as_slice()).collect();
        self.add_bits(prior, &bits);
    }

    /// The same of the bits of terms, as another process sends them.
    ///
    /// # Panics
    /// As [`add`](Self::add).
    pub fn add_bits(&mut self, prior: &[f64], terms: &[&[f64]]) {
        if self.total.count() == 0 {
            self.hops = vec![Estimate::default(); terms.len()];
        }
        assert_eq!(terms.len(), self.hops.len(), "hops of these rows and of those before");
        self.prior.extend(prior.iter().copied());
        let mut totals = prior.to_vec();
        for (hop, bits) in std::iter::zip(&mut self.hops, terms) {
            assert_eq!(bits.len(), totals.len(), "rows of a hop and of the prior term");
            hop.extend(bits.iter().copied());
            std::iter::zip(&mut totals, *bits).for_each(|(total, bits)| *total += bits);
        }
        self.total.extend(totals);
    }

    /// The whole bound.
    #[must_use]
    pub fn total(&self) -> &Estimate {
        &self.total
    }

    /// The prior term.
    #[must_use]
    pub fn prior(&self) -> &Estimate {
        &self.prior
    }

    /// The curve of the bound: the term of each hop, the noisiest first, the decoder's last.
    #[must_use]
    pub fn hops(&self) -> &[Estimate] {
        &self.hops
    }
}
