//! Denoisers made of closures.

use std::convert::Infallible;

use super::{Denoised, Denoiser};
use crate::grid::Point;

/// The denoiser of a closure; see [`from_fn`].
#[derive(Clone, Copy, Debug)]
pub struct FromFn<F>(F);

/// The denoiser of a closure that gives the clean estimate of a sample at a point. It cannot fail.
///
/// # Example
/// ```
/// use ancestral::sampler::Ddim;
/// use ancestral::{Grid, NeverDrawn, Point, Sampler, Schedule, Spacing, from_fn};
///
/// let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, 10)?;
/// let mut denoiser = from_fn(|_x: &f64, _at: Point| 0.3); // all data are 0.3
/// let Some(Ok(last)) = Ddim::default().run(&grid, 1.0, &mut denoiser, &mut NeverDrawn).last() else {
///     unreachable!("a closure does not fail")
/// };
/// assert_eq!(last.x, 0.3);
/// # Ok::<(), ancestral::grid::GridError>(())
/// ```
pub fn from_fn<X, F: FnMut(&X, Point) -> X>(estimate: F) -> FromFn<F> {
    FromFn(estimate)
}

impl<X, F: FnMut(&X, Point) -> X> Denoiser<X> for FromFn<F> {
    type Error = Infallible;

    fn denoise(&mut self, x: &X, at: Point) -> Result<Denoised<X>, Infallible> {
        Ok(Denoised { x0: (self.0)(x, at), raw_variance: None })
    }
}
