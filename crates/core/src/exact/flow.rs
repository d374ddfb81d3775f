//! The exact flow of an exact denoiser, where no closed form is known.

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop, Point};
use crate::sample::Sample;

/// Where the probability flow takes `x` from the first point of `grid` to its last: the classical
/// Runge–Kutta method, one step a hop; the hop into clean data is left out.
///
/// # Formula
/// ```text
/// dy/dλ = x̂₀(α y, λ) − y,     y = x/α
/// ```
/// # Numerics
/// Of fourth order: twice as many points leave a sixteenth of the error. Four calls a hop.
///
/// # Errors
/// As the denoiser says.
///
/// # Panics
/// If the grid begins at pure noise, where y is infinite.
///
/// # Example
/// ```
/// use ancestral::exact::{Gaussian, probability_flow};
/// use ancestral::level::LevelError;
/// use ancestral::{Grid, Level};
///
/// let (from, to) = (Level::from_lambda(-5.0)?, Level::from_lambda(3.0)?);
/// let mut data = Gaussian { mean: 0.3, std: 0.2 };
/// let Ok(x) = probability_flow(&mut data, &1.3, &Grid::even(from, to, 400)?);
/// assert!((x - data.flow(1.3, from, to)).abs() < 1e-8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn probability_flow<X, D>(denoiser: &mut D, x: &X, grid: &Grid) -> Result<X, D::Error>
where
    X: Sample,
    D: Denoiser<X> + ?Sized,
{
    let points = grid.points();
    let alpha = |point: Point| point.level.alpha();
    assert!(alpha(points[0]) > 0.0, "a flow begins where there is some data left");
    let mut slope = |y: &X, at: Point| {
        let x0 = denoiser.denoise(&X::combine(&[(alpha(at), y)]), at)?.x0;
        Ok(X::combine(&[(1.0, &x0), (-1.0, y)]))
    };
    let mut y = X::combine(&[(1.0 / alpha(points[0]), x)]);
    for pair in points.windows(2) {
        let hop = Hop::between(pair[0], pair[1]);
        let (h, middle) = (hop.h(), hop.part(0.5).to());
        let k1 = slope(&y, hop.from())?;
        let k2 = slope(&X::combine(&[(1.0, &y), (h / 2.0, &k1)]), middle)?;
        let k3 = slope(&X::combine(&[(1.0, &y), (h / 2.0, &k2)]), middle)?;
        let k4 = slope(&X::combine(&[(1.0, &y), (h, &k3)]), hop.to())?;
        let (once, twice) = (h / 6.0, h / 3.0);
        y = X::combine(&[(1.0, &y), (once, &k1), (twice, &k2), (twice, &k3), (once, &k4)]);
    }
    Ok(X::combine(&[(alpha(points[points.len() - 1]), &y)]))
}
