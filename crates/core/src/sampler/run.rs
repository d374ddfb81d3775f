//! The sampling loop, as an iterator: progress, previews, saving and stopping belong to the
//! caller.

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::noise::Noise;
use crate::sample::Sample;
use crate::sampler::{Path, Stepped};

/// One step of a run that is done.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
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

/// A run over a grid; see [`Sampler::run`](crate::Sampler::run). After an error it is over.
pub struct Run<'a, P: Path<X>, X: Sample, D: ?Sized, N: ?Sized> {
    path: &'a P,
    hops: std::iter::Enumerate<std::vec::IntoIter<Hop>>,
    memory: P::Memory,
    x: Option<X>,
    denoiser: &'a mut D,
    noise: &'a mut N,
}

impl<P: Path<X>, X: Sample, D: ?Sized, N: ?Sized> std::fmt::Debug for Run<'_, P, X, D, N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run")
            .field("path", &self.path.name())
            .field("hops_left", &self.hops.len())
            .finish_non_exhaustive()
    }
}

impl<'a, P, X, D, N> Run<'a, P, X, D, N>
where
    P: Path<X>,
    X: Sample,
    D: Denoiser<X> + ?Sized,
    N: Noise<X> + ?Sized,
{
    pub(crate) fn new(
        path: &'a P,
        grid: &Grid,
        x: X,
        denoiser: &'a mut D,
        noise: &'a mut N,
    ) -> Self {
        let hops = path.hops(grid).into_iter().enumerate();
        Self { path, hops, memory: path.begin(grid), x: Some(x), denoiser, noise }
    }
}

impl<P, X, D, N> Iterator for Run<'_, P, X, D, N>
where
    P: Path<X>,
    X: Sample,
    D: Denoiser<X> + ?Sized,
    N: Noise<X> + ?Sized,
{
    type Item = Result<Step<X>, D::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let x = self.x.take()?;
        let (index, hop) = self.hops.next()?;
        let step = self.path.hop(&mut self.memory, &hop, x, self.denoiser, self.noise);
        Some(step.map(|Stepped { x, x0 }| {
            self.x = Some(x.clone());
            Step { index, hop, x, x0 }
        }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.hops.len()))
    }
}
