//! Runs with answers that can be derived by hand: in y = x/α and k = σ/α, with estimates and noise
//! that are given.

use std::convert::Infallible;

use crate::denoiser::{Denoised, Denoiser};
use crate::grid::{Grid, Point};
use crate::level::Level;
use crate::noise::Noise;
use crate::sampler::Sampler;

/// What a run did.
pub(crate) struct Known {
    /// k and y of every call of the denoiser.
    pub(crate) asked: Vec<[f64; 2]>,
    /// y at the end of every hop but the one into clean data.
    pub(crate) y: Vec<f64>,
}

/// A run from `y` over the points with these `k`, whose denoiser says `x0` call by call and whose
/// noise is `z` draw by draw, until all of both is used.
pub(crate) fn run<S: Sampler>(sampler: &S, k: &[f64], y: f64, x0: &[f64], z: &[f64]) -> Known {
    let points = k.iter().map(|k| Point::off_grid(Level::from_lambda(-k.ln()).unwrap()));
    let grid = Grid::from_points(points.collect()).unwrap();
    let x = grid.points()[0].level.alpha() * y;
    let mut denoiser = Given { asked: Vec::new(), x0 };
    let mut noise = Draws(z);
    let inner = sampler.run(&grid, x, &mut denoiser, &mut noise).take(k.len() - 1);
    let y = inner
        .map(|step| step.unwrap_or_else(|never| match never {}))
        .map(|step| step.x / step.hop.to().level.alpha())
        .collect();
    assert!(denoiser.x0.is_empty() && noise.0.is_empty(), "estimates or noise are left over");
    Known { asked: denoiser.asked, y }
}

/// Asserts that numbers are equal to 1e-12.
pub(crate) fn assert_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{found:?} {expected:?}");
    for (a, b) in std::iter::zip(found, expected) {
        assert!((a - b).abs() < 1e-12, "{found:?} is not {expected:?}");
    }
}

struct Given<'a> {
    asked: Vec<[f64; 2]>,
    x0: &'a [f64],
}

impl Denoiser<f64> for Given<'_> {
    type Error = Infallible;

    fn denoise(&mut self, x: &f64, at: Point) -> Result<Denoised<f64>, Infallible> {
        self.asked.push([at.level.karras_sigma(), x / at.level.alpha()]);
        let (x0, rest) = self.x0.split_first().expect("another estimate");
        self.x0 = rest;
        Ok(Denoised { x0: *x0, raw_variance: None })
    }
}

struct Draws<'a>(&'a [f64]);

impl Noise<f64> for Draws<'_> {
    fn draw(&mut self, _: &f64) -> f64 {
        let (z, rest) = self.0.split_first().expect("another draw");
        self.0 = rest;
        *z
    }
}
