//! A sampler that drives a closure of yours.
//!
//! ```text
//! cargo run --release -p ancestral --example closure
//! ```
//! The closure says what noise is in a sample, as networks do; here of data that are eight points on a
//! circle, for which that has a closed form. Twenty of its calls take 800 samples of noise to the
//! points, and the program prints how many are nearest to each.

use std::f64::consts::TAU;
use std::io::Write;

use ancestral::sampler::Dpmpp2m;
use ancestral::{Batch, Grid, Noise, Point, SampleNoise, Sampler, Schedule, Spacing, from_fn};

const POINTS: usize = 8;

fn point(index: usize) -> [f64; 2] {
    let angle = TAU * index as f64 / POINTS as f64;
    [angle.cos(), angle.sin()]
}

/// The noise in `x`: what is left when the mean of the points is taken away, each as likely as the
/// Gaussian around it says.
fn epsilon(x: [f64; 2], alpha: f64, sigma: f64) -> [f64; 2] {
    let square = |p: [f64; 2]| (0..2).map(|i| (x[i] - alpha * p[i]).powi(2)).sum::<f64>();
    let least = (0..POINTS).map(|i| square(point(i))).fold(f64::INFINITY, f64::min);
    let mut sums = [0.0; 3];
    for p in (0..POINTS).map(point) {
        let likely = ((least - square(p)) / (2.0 * sigma * sigma)).exp();
        sums[0] += likely * p[0];
        sums[1] += likely * p[1];
        sums[2] += likely;
    }
    [0, 1].map(|i| (x[i] - alpha * sums[i] / sums[2]) / sigma)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut calls = 0;
    // A denoiser is anything that says what clean data a sample comes from: x̂₀ = (x − σ ε)/α.
    let mut denoiser = from_fn(|x: &Batch<f64>, at: Point| {
        calls += 1;
        let (alpha, sigma) = (at.level.alpha(), at.level.sigma());
        let mut x0 = x.clone();
        for row in x0.data_mut().chunks_exact_mut(2) {
            let noise = epsilon([row[0], row[1]], alpha, sigma);
            row.iter_mut().zip(noise).for_each(|(x, noise)| *x = (*x - sigma * noise) / alpha);
        }
        x0
    });
    let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, 20)?;
    let mut noise = SampleNoise::new(0, 0..800);
    let x_t = noise.draw(&Batch::zeros(800, vec![2]));
    let sampler = Dpmpp2m::default();
    let last = sampler.run(&grid, x_t, &mut denoiser, &mut noise).last();
    let x = last.ok_or("a run has a step")??.x;

    let mut counts = [0; POINTS];
    for row in x.data().chunks_exact(2) {
        let away = |i: usize| (row[0] - point(i)[0]).hypot(row[1] - point(i)[1]);
        let nearest = (0..POINTS).min_by(|a, b| away(*a).total_cmp(&away(*b)));
        let nearest = nearest.ok_or("there are points")?;
        counts[nearest] += 1;
    }
    writeln!(std::io::stdout(), "{calls} calls; samples nearest to each point: {counts:?}")?;
    Ok(())
}
