//! The sampling loop, as an iterator: progress, previews, saving and stopping belong to the
//! caller.

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::noise::Noise;
use crate::sample::Sample;
use crate::sampler::{Sampler, Stepped};

/// One step of a run that is done.
#[derive(Clone, Debug, PartialEq)]
pub struct Step<X> {
    /// Which hop of the grid, from 0.
    pub index: usize,
    /// The hop.
    pub hop: Hop,
    /// The sample at its end; after the last hop, the result.
    pub x: X,
    /// The clean estimate at its start.
    pub x0: X,
}

/// A run of a sampler over a grid; see [`Sampler::run`]. After an error it is over.
pub struct Run<'a, S: Sampler, X: Sample, D: ?Sized, N: ?Sized> {
    sampler: &'a S,
    hops: std::iter::Enumerate<std::vec::IntoIter<Hop>>,
    history: S::History<X>,
    x: Option<X>,
    denoiser: &'a mut D,
    noise: &'a mut N,
}

impl<S: Sampler, X: Sample, D: ?Sized, N: ?Sized> std::fmt::Debug for Run<'_, S, X, D, N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run")
            .field("sampler", &self.sampler.info().name)
            .field("hops_left", &self.hops.len())
            .finish_non_exhaustive()
    }
}

impl<'a, S, X, D, N> Run<'a, S, X, D, N>
where
    S: Sampler,
    X: Sample,
    D: Denoiser<X> + ?Sized,
    N: Noise<X> + ?Sized,
{
    pub(super) fn new(
        sampler: &'a S,
        grid: &Grid,
        x: X,
        denoiser: &'a mut D,
        noise: &'a mut N,
    ) -> Self {
        let hops = grid.hops().collect::<Vec<_>>().into_iter().enumerate();
        Self { sampler, hops, history: sampler.start(grid), x: Some(x), denoiser, noise }
    }
}

impl<S, X, D, N> Iterator for Run<'_, S, X, D, N>
where
    S: Sampler,
    X: Sample,
    D: Denoiser<X> + ?Sized,
    N: Noise<X> + ?Sized,
{
    type Item = Result<Step<X>, D::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let x = self.x.take()?;
        let (index, hop) = self.hops.next()?;
        let step = self.sampler.step(&mut self.history, &hop, x, self.denoiser, self.noise);
        Some(step.map(|Stepped { x, x0 }| {
            self.x = Some(x.clone());
            Step { index, hop, x, x0 }
        }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.hops.len()))
    }
}
