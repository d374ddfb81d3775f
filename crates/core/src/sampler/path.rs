//! What a run follows: a sampler, or a sampler that goes back now and then.

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::noise::Noise;
use crate::sample::Sample;
use crate::sampler::{Sampler, Stepped};

/// A list of hops over a grid, and how each is made. Every [`Sampler`] is one, over the hops of the
/// grid in their order; [`Repaint`](crate::repaint::Repaint) jumps back to noisier points on the way.
pub trait Path<X: Sample> {
    /// What it remembers of the hops behind.
    type Memory: Clone;

    /// Its name.
    fn name(&self) -> &'static str;

    /// The hops of a run over `grid`, in the order in which they are made.
    fn hops(&self, grid: &Grid) -> Vec<Hop>;

    /// What it remembers at the start.
    fn begin(&self, grid: &Grid) -> Self::Memory;

    /// Takes `x` over `hop`.
    ///
    /// # Errors
    /// As the denoiser says.
    fn hop<D, N>(
        &self,
        memory: &mut Self::Memory,
        hop: &Hop,
        x: X,
        denoiser: &mut D,
        noise: &mut N,
    ) -> Result<Stepped<X>, D::Error>
    where
        D: Denoiser<X> + ?Sized,
        N: Noise<X> + ?Sized;
}

impl<X: Sample, S: Sampler> Path<X> for S {
    type Memory = S::History<X>;

    fn name(&self) -> &'static str {
        self.info().name
    }

    fn hops(&self, grid: &Grid) -> Vec<Hop> {
        grid.hops().collect()
    }

    fn begin(&self, grid: &Grid) -> S::History<X> {
        self.start(grid)
    }

    fn hop<D, N>(
        &self,
        memory: &mut S::History<X>,
        hop: &Hop,
        x: X,
        denoiser: &mut D,
        noise: &mut N,
    ) -> Result<Stepped<X>, D::Error>
    where
        D: Denoiser<X> + ?Sized,
        N: Noise<X> + ?Sized,
    {
        self.step(memory, hop, x, denoiser, noise)
    }
}
