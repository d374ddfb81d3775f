//! RePaint: inpainting that goes back up again and again, until both parts agree.

use thiserror::Error;

use crate::batch::{Batch, Scalar};
use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop, Point};
use crate::inpainting::Known;
use crate::noise::Noise;
use crate::sampler::{Path, Run, Sampler, Stepped};

/// How often a run goes back up, and how far.
///
/// Stops are the cleanest point of a grid and every `jump`-th point above it that has `jump` points
/// above itself. At each a run is noised back `jump` points up and comes down again, until it has
/// gone that part of the way `times` times. The hop into clean data it goes once.
///
/// # Source
/// Lugmayr et al. 2022, arXiv:2201.09865, section 4.2 (jump length j, resamplings r; 10 and 10
/// there, over 250 points).
///
/// # Example
/// ```
/// use ancestral::repaint::Resampling;
/// use ancestral::{Grid, Schedule, Spacing};
/// let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, 5)?;
/// let walk = Resampling::new(2, 2)?.walk(&grid);
/// let from: Vec<_> = walk.iter().filter_map(|hop| hop.from().timestep).collect();
/// //                   down        up, down      up, down      into clean data
/// assert_eq!(from, [999.0, 799.0, 999.0, 799.0, 599.0, 399.0, 599.0, 399.0, 199.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resampling {
    jump: usize,
    times: usize,
}

/// A resampling that is invalid.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResamplingError {
    /// A jump of no hop.
    #[error("a jump is 1 hop or more, found 0")]
    Jump,
    /// No run at all.
    #[error("each part of a run is taken 1 time or more, found 0")]
    Times,
}

impl Resampling {
    /// Jumps of `jump` hops (j), with each part of the run taken `times` times (r); 1 never goes back.
    ///
    /// # Errors
    /// If one of the two is 0.
    pub fn new(jump: usize, times: usize) -> Result<Self, ResamplingError> {
        match (jump, times) {
            (0, _) => Err(ResamplingError::Jump),
            (_, 0) => Err(ResamplingError::Times),
            _ => Ok(Self { jump, times }),
        }
    }

    /// The denoising hops over `grid` in the order in which they are made. Where one starts at a
    /// noisier point than the one before it ended, there is a jump between them.
    #[must_use]
    pub fn walk(&self, grid: &Grid) -> Vec<Hop> {
        let hops: Vec<Hop> = grid.hops().collect();
        let (count, jump) = (hops.len(), self.jump);
        let mut walk = Vec::new();
        for (i, hop) in hops.iter().enumerate() {
            walk.push(*hop);
            let below = (count - 1 - i).checked_sub(1); // points below the one it ends at
            if below.is_some_and(|below| below.is_multiple_of(jump)) && i + 1 >= jump {
                for _ in 1..self.times {
                    walk.extend_from_slice(&hops[i + 1 - jump..=i]);
                }
            }
        }
        walk
    }
}

/// Inpainting by any sampler that remembers nothing of the hops behind.
///
/// After each hop the known part of x_s is replaced by the known data, noised to the level of s; and
/// now and then x is noised back up and goes down again, whereby the part that is drawn hears of the
/// part that is known.
///
/// # Formula
/// ```text
/// x_s ← m ⊙ (α_s x₀ + σ_s z) + (1 − m) ⊙ x_s          after the sampler's hop to s
/// x_t = α_t/α_s x_s + √(1 − ᾱ_t/ᾱ_s) z                 for a jump from s back up to t
/// ```
/// The more resamplings, the nearer the rest comes to what it is given the known part; a run takes
/// about as many times as many calls as [`Inpainted`](crate::denoiser::Inpainted), which is never back.
/// # Source
/// Lugmayr et al. 2022, arXiv:2201.09865, algorithm 1, whose sampler is [`Ddpm`](crate::sampler::Ddpm). Differs
/// from the paper: a jump is one draw, not `jump` of them, which has the same distribution.
///
/// # Example
/// ```
/// use ancestral::exact::Gaussian;
/// use ancestral::inpainting::Known;
/// use ancestral::repaint::{Repaint, Resampling};
/// use ancestral::sampler::Ddpm;
/// use ancestral::{Batch, Grid, SampleNoise, Schedule, Spacing};
///
/// let row = |a, b| Batch::new(vec![2], vec![a, b]);
/// let repaint = Repaint {
///     sampler: Ddpm::default(),
///     known: Known::new(row(0.25_f32, 0.0), row(1.0, 0.0))?, // the first of two columns
///     resampling: Resampling::new(5, 3)?,
/// };
/// let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, 20)?;
/// let mut noise = SampleNoise::new(7, 0..3);
/// let x = noise.start(vec![2]);
/// let mut denoiser = Gaussian { mean: 0.0, std: 1.0 };
/// let Some(Ok(last)) = repaint.run(&grid, x, &mut denoiser, &mut noise).last() else {
///     unreachable!("an exact denoiser does not fail")
/// };
/// assert!(last.hop.is_last() && last.x.iter_rows().all(|row| row[0] == 0.25));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Repaint<S, T = f32> {
    /// What takes the hops.
    pub sampler: S,
    /// What is known.
    pub known: Known<T>,
    /// How often to go back up.
    pub resampling: Resampling,
}

impl<T, S> Repaint<S, T>
where
    T: Scalar,
    S: Sampler<History<Batch<T>> = ()>,
{
    /// The run from `x`, which is at the first point of `grid`, to clean data: a
    /// [`Step`](crate::sampler::Step) for each hop of [`Resampling::walk`].
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
}

impl<T, S> Path<Batch<T>> for Repaint<S, T>
where
    T: Scalar,
    S: Sampler<History<Batch<T>> = ()>,
{
    /// Where the hop before ended.
    type Memory = Option<Point>;

    fn name(&self) -> &'static str {
        "repaint"
    }

    fn hops(&self, grid: &Grid) -> Vec<Hop> {
        self.resampling.walk(grid)
    }

    fn begin(&self, _grid: &Grid) -> Option<Point> {
        None
    }

    fn hop<D, N>(
        &self,
        memory: &mut Option<Point>,
        hop: &Hop,
        mut x: Batch<T>,
        denoiser: &mut D,
        noise: &mut N,
    ) -> Result<Stepped<Batch<T>>, D::Error>
    where
        D: Denoiser<Batch<T>> + ?Sized,
        N: Noise<Batch<T>> + ?Sized,
    {
        if let Some(at) = memory.filter(|at| at.level > hop.from().level) {
            x = Hop::between(hop.from(), at).noised(&x, &noise.draw(&x));
        }
        let Stepped { mut x, x0 } = self.sampler.step(&mut (), hop, x, denoiser, noise)?;
        let level = hop.to().level;
        if hop.is_last() {
            self.known.blend(&mut x, 1.0, None);
        } else {
            let z = noise.draw(&x);
            self.known.blend(&mut x, level.alpha(), Some((level.sigma(), &z)));
        }
        *memory = Some(hop.to());
        Ok(Stepped { x, x0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Spacing;
    use crate::schedule::Schedule;

    fn points_below(jump: usize, times: usize, steps: usize) -> Vec<usize> {
        let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, steps).unwrap();
        let walk = Resampling::new(jump, times).unwrap().walk(&grid);
        let place = |hop: &Hop| grid.points().iter().position(|p| *p == hop.from()).unwrap();
        walk.iter().map(|hop| steps - 1 - place(hop)).collect()
    }

    #[test]
    fn the_walk_is_that_of_the_paper() {
        // The list of the paper's own program for 6 points, j = 2 and r = 3, of which the entries
        // from which it goes down are left.
        assert_eq!(points_below(2, 3, 6), [5, 4, 3, 4, 3, 4, 3, 2, 1, 2, 1, 2, 1, 0]);
        // Every hop but the last, r times each.
        assert_eq!(points_below(1, 2, 3), [2, 2, 1, 1, 0]);
        // Once is a plain run, and a jump is never above the noisiest point.
        assert_eq!(points_below(3, 1, 4), [3, 2, 1, 0]);
        assert_eq!(points_below(4, 5, 4), [3, 2, 1, 0]);
        assert_eq!(points_below(3, 2, 4), [3, 2, 1, 3, 2, 1, 0]);
        assert_eq!(points_below(10, 10, 250).len(), 250 + 24 * 10 * 9);
    }

    #[test]
    fn nothing_is_neither_a_jump_nor_a_run() {
        assert_eq!(Resampling::new(0, 0), Err(ResamplingError::Jump));
        assert_eq!(Resampling::new(1, 0), Err(ResamplingError::Times));
    }
}
