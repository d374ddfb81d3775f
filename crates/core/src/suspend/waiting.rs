//! A run that waits for clean estimates.

use std::fmt;

use super::Suspended;
use crate::denoiser::{Denoised, Denoiser};
use crate::grid::{Grid, Hop, Point};
use crate::noise::Noise;
use crate::sample::Sample;
use crate::sampler::{Path, Step, Stepped};

/// A run over a grid that waits for the clean estimates that it needs: [`poll`](Self::poll) says which,
/// [`answer`](Self::answer) gives them. It borrows nothing, takes no thread, and can be cloned and sent
/// in the middle of a step.
///
/// Its steps are those of [`Run`](crate::sampler::Run), bit for bit, with as many estimates and draws of noise.
/// [`Remote`](super::Remote) has an example.
#[derive(Clone)]
pub struct Waiting<P: Path<X>, X: Sample, N> {
    path: P,
    hops: Vec<Hop>,
    index: usize,
    memory: P::Memory,
    x: X,
    noise: N,
    /// What the hop has drawn so far.
    drawn: Vec<X>,
    /// The estimates that it has so far.
    answers: Vec<Denoised<X>>,
    /// The one that it needs.
    needed: Option<(X, Point)>,
}

/// What a [`Waiting`] run has come to.
#[derive(Debug)]
pub enum Pending<'a, X> {
    /// It needs a clean estimate.
    Estimate {
        /// Of this sample,
        x: &'a X,
        /// which is here.
        at: Point,
    },
    /// A hop is done.
    Step(Step<X>),
    /// All are.
    Done,
}

impl<P: Path<X>, X: Sample, N> fmt::Debug for Waiting<P, X, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting")
            .field("path", &self.path.name())
            .field("hops_left", &(self.hops.len() - self.index))
            .finish_non_exhaustive()
    }
}

impl<P: Path<X>, X: Sample, N: Noise<X>> Waiting<P, X, N> {
    /// The run from `x`, which is at the first point of `grid`, to clean data.
    pub fn new(path: P, grid: &Grid, x: X, noise: N) -> Self {
        let (hops, memory) = (path.hops(grid), path.begin(grid));
        let (drawn, answers) = (Vec::new(), Vec::new());
        Self { path, hops, index: 0, memory, x, noise, drawn, answers, needed: None }
    }

    /// How many hops it makes.
    #[must_use]
    pub fn hops(&self) -> usize {
        self.hops.len()
    }

    /// The estimate that it needs, again until it is answered, or else the next step.
    pub fn poll(&mut self) -> Pending<'_, X> {
        if self.needed.is_none() {
            let Some(hop) = self.hops.get(self.index).copied() else { return Pending::Done };
            if let Some(step) = self.replay(hop) {
                return Pending::Step(step);
            }
        }
        match &self.needed {
            Some((x, at)) => Pending::Estimate { x, at: *at },
            None => Pending::Done,
        }
    }

    /// Gives it the estimate that it needs.
    ///
    /// # Panics
    /// If it needs none.
    pub fn answer(&mut self, denoised: Denoised<X>) {
        assert!(self.needed.take().is_some(), "an estimate that nothing asked for");
        self.answers.push(denoised);
    }

    /// Makes the hop from its start, by what is known so far; `None` if that is not enough.
    fn replay(&mut self, hop: Hop) -> Option<Step<X>> {
        let mut memory = self.memory.clone();
        let mut denoiser = Replayed { answers: self.answers.iter(), needed: None };
        let mut noise = Redrawn { drawn: &mut self.drawn, next: 0, fresh: &mut self.noise };
        let x = self.x.clone();
        match self.path.hop(&mut memory, &hop, x, &mut denoiser, &mut noise) {
            Err(Suspended) => {
                self.needed = denoiser.needed;
                None
            }
            Ok(Stepped { x, x0 }) => {
                self.memory = memory;
                self.x = x.clone();
                self.answers.clear();
                self.drawn.clear();
                let index = self.index;
                self.index += 1;
                Some(Step { index, hop, x, x0 })
            }
        }
    }
}

/// Gives the estimates that were given before, and stops at the first new one.
struct Replayed<'a, X> {
    answers: std::slice::Iter<'a, Denoised<X>>,
    needed: Option<(X, Point)>,
}

impl<X: Sample> Denoiser<X> for Replayed<'_, X> {
    type Error = Suspended;

    fn denoise(&mut self, x: &X, at: Point) -> Result<Denoised<X>, Suspended> {
        self.answers.next().cloned().ok_or_else(|| {
            self.needed = Some((x.clone(), at));
            Suspended
        })
    }
}

/// Draws what was drawn before, and then fresh noise.
struct Redrawn<'a, X, N> {
    drawn: &'a mut Vec<X>,
    next: usize,
    fresh: &'a mut N,
}

impl<X: Sample, N: Noise<X>> Noise<X> for Redrawn<'_, X, N> {
    fn draw(&mut self, like: &X) -> X {
        if self.next == self.drawn.len() {
            self.drawn.push(self.fresh.draw(like));
        }
        self.next += 1;
        self.drawn[self.next - 1].clone()
    }
}
