//! DDIM inversion: from data back to the noise that leads to it.

use thiserror::Error;

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::level::Level;
use crate::sample::Sample;
use crate::sampler::deterministic;

/// The way of [`Ddim`](crate::sampler::Ddim) with η = 0, back: data → x_T.
///
/// # Formula
/// The hop D from t to s takes x_t to x_s. Back, x_t is the fixed point of
/// ```text
/// x ← x + (x_s − D(x))/c,     c = α_s α_t + σ_s σ_t,     from x = x_s
/// ```
/// which is `x ← (α_s α_t + σ_s σ_t)⁻¹ (x_s + (α_s σ_t − σ_s α_t) v(x))` with the velocity v that is
/// meant by x̂₀: for data N(0, 1) it is there at once, for others each call brings it nearer by a
/// factor of the order of the hop's length. So one call a hop is Euler's method, of first order, and
/// k calls a hop are of order k; the way there and back over one grid then ends at the data but for
/// an error of that order.
/// # Source
/// Song et al. 2021, arXiv:2010.02502, section 4.3 and eq. 14; fixed points: Pan et al. 2023,
/// arXiv:2309.04907, and Meiri et al. 2023, arXiv:2312.12540, there with ε in place of v.
///
/// # Example
/// ```
/// use ancestral::exact::Gaussian;
/// use ancestral::invert::Inversion;
/// use ancestral::sampler::Ddim;
/// use ancestral::{Grid, NeverDrawn, Sampler, Schedule, Spacing};
///
/// let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, 50)?;
/// let mut data = Gaussian { mean: 0.3, std: 0.2 };
/// let Some(Ok(x_t)) = Inversion::new(4)?.run(&grid, 0.5, &mut data)?.last() else {
///     unreachable!("an exact denoiser does not fail")
/// };
/// let Some(Ok(back)) = Ddim::default().run(&grid, x_t.x, &mut data, &mut NeverDrawn).last() else {
///     unreachable!("an exact denoiser does not fail")
/// };
/// assert!((back.x - 0.5).abs() < 1e-3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inversion {
    calls: usize,
}

/// An inversion that is impossible.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum InversionError {
    /// No network call.
    #[error("an inversion makes 1 network call a hop or more, found 0")]
    NoCalls,
    /// A grid whose only hop leads from pure noise to clean data.
    #[error(
        "a single hop from pure noise to clean data forgets the noise that it started from: take 2 \
         steps or more"
    )]
    Forgetful,
}

impl Inversion {
    /// An inversion with `calls` network calls a hop.
    ///
    /// # Errors
    /// If `calls` is 0.
    pub fn new(calls: usize) -> Result<Self, InversionError> {
        if calls == 0 { Err(InversionError::NoCalls) } else { Ok(Self { calls }) }
    }

    /// The run from the clean `x0` to the first point of `grid`: a step for each of its hops, the
    /// last first.
    ///
    /// # Errors
    /// If the grid has one point, at pure noise.
    pub fn run<'a, X, D>(
        self,
        grid: &Grid,
        x0: X,
        denoiser: &'a mut D,
    ) -> Result<InversionRun<'a, X, D>, InversionError>
    where
        X: Sample,
        D: Denoiser<X> + ?Sized,
    {
        let hops: Vec<Hop> = grid.hops().collect();
        if hops.iter().any(|hop| hop.is_last() && hop.from().level == Level::NOISE) {
            return Err(InversionError::Forgetful);
        }
        Ok(InversionRun { inversion: self, hops, x: Some(x0), denoiser })
    }
}

/// One hop of an inversion that is done.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Inverted<X> {
    /// The denoising hop that was undone.
    pub hop: Hop,
    /// The sample at its noisier end.
    pub x: X,
}

/// A run of an [`Inversion`]. After an error it is over.
pub struct InversionRun<'a, X, D: ?Sized> {
    inversion: Inversion,
    /// Those to come, the next one at the end.
    hops: Vec<Hop>,
    x: Option<X>,
    denoiser: &'a mut D,
}

impl<X, D: ?Sized> std::fmt::Debug for InversionRun<'_, X, D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InversionRun").field("hops_left", &self.hops.len()).finish_non_exhaustive()
    }
}

impl<X: Sample, D: Denoiser<X> + ?Sized> InversionRun<'_, X, D> {
    /// The x that `hop` takes to `x_to`.
    fn undo(&mut self, hop: &Hop, x_to: &X) -> Result<X, D::Error> {
        let (from, to) = (hop.from().level, hop.to().level);
        let cosine = to.alpha() * from.alpha() + to.sigma() * from.sigma();
        let mut x = x_to.clone();
        for _ in 0..self.inversion.calls {
            let x0 = self.denoiser.denoise(&x, hop.from())?.x0;
            let hopped = deterministic(hop, &x, &x0);
            x = X::combine(&[(1.0, &x), (1.0 / cosine, x_to), (-1.0 / cosine, &hopped)]);
        }
        Ok(x)
    }
}

impl<X: Sample, D: Denoiser<X> + ?Sized> Iterator for InversionRun<'_, X, D> {
    type Item = Result<Inverted<X>, D::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let x = self.x.take()?;
        let hop = self.hops.pop()?;
        Some(self.undo(&hop, &x).map(|x| {
            self.x = Some(x.clone());
            Inverted { hop, x }
        }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.hops.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::Gaussian;
    use crate::grid::{LevelSpacing, Spacing};
    use crate::noise::NeverDrawn;
    use crate::sampler::{Ddim, Sampler};
    use crate::schedule::{Betas, Linear, Schedule};

    const NARROW: Gaussian = Gaussian { mean: 0.3, std: 0.2 };

    fn inverted(grid: &Grid, x0: f64, calls: usize, mut data: Gaussian) -> f64 {
        let inversion = Inversion::new(calls).unwrap();
        let Ok(last) = inversion.run(grid, x0, &mut data).unwrap().last().unwrap();
        last.x
    }

    /// How far from where it began the way to x_T and back ends.
    fn round_trip(grid: &Grid, x0: f64, calls: usize, mut data: Gaussian) -> f64 {
        let x_t = inverted(grid, x0, calls, data);
        let Ok(last) = Ddim::default().run(grid, x_t, &mut data, &mut NeverDrawn).last().unwrap();
        (last.x - x0).abs()
    }

    /// The linear schedule with so many timesteps that the last hop shrinks with the others.
    fn fine(steps: usize) -> Grid {
        let schedule = Linear { start: 1e-4 / 32.0, end: 0.02 / 32.0 }.schedule(32_000).unwrap();
        Grid::new(&schedule, Spacing::Trailing, steps).unwrap()
    }

    #[test]
    fn there_and_back_is_of_the_order_of_the_calls() {
        for calls in 1..=4 {
            let errors = [100, 200, 400].map(|n| round_trip(&fine(n), 0.55, calls, NARROW));
            for pair in errors.windows(2) {
                let order = (pair[0] / pair[1]).log2();
                assert!((order - calls as f64).abs() < 0.05, "{calls} calls: order {order}");
            }
        }
    }

    #[test]
    fn it_converges_to_the_exact_flow() {
        // Of first order whatever the calls: they find the noise that DDIM takes to the data, and
        // DDIM is of first order.
        let apart = |steps| {
            let grid = fine(steps);
            let truth = NARROW.flow(0.55, Level::CLEAN, grid.points()[0].level);
            (inverted(&grid, 0.55, 4, NARROW) - truth).abs()
        };
        let order = (apart(200) / apart(400)).log2();
        assert!((order - 1.0).abs() < 0.05 && apart(400) < 0.03, "{order}");
    }

    #[test]
    fn many_calls_find_the_noise_itself_on_any_grid() {
        let schedule = Schedule::linear_1000();
        let zero = schedule.rescale_zero_terminal_snr().unwrap();
        for grid in [
            Grid::new(&schedule, Spacing::Trailing, 1).unwrap(),
            Grid::new(&schedule, Spacing::Leading { offset: 0 }, 7).unwrap(),
            Grid::new(&schedule, LevelSpacing::Karras { rho: 7.0 }, 10).unwrap(),
            Grid::new(&zero, Spacing::Trailing, 2).unwrap(),
        ] {
            let error = round_trip(&grid, 0.55, 300, Gaussian { mean: 0.3, std: 0.8 });
            assert!(error < 1e-12, "{error} over {} steps", grid.points().len());
        }
    }

    #[test]
    fn data_of_unit_variance_take_one_call() {
        let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, 9).unwrap();
        assert!(round_trip(&grid, 0.55, 1, Gaussian { mean: 0.0, std: 1.0 }) < 1e-13);
    }

    #[test]
    fn a_hop_that_forgets_is_refused() {
        let zero = Schedule::linear_1000().rescale_zero_terminal_snr().unwrap();
        let grid = Grid::new(&zero, Spacing::Trailing, 1).unwrap();
        let inversion = Inversion::new(1).unwrap();
        let refused = inversion.run(&grid, 0.5, &mut NARROW.clone()).err();
        assert_eq!(refused, Some(InversionError::Forgetful));
        assert_eq!(Inversion::new(0), Err(InversionError::NoCalls));
    }
}
