//! A model of your own on a tensor of your own: samplers ask for linear combinations, and nothing
//! else.
//!
//! ```text
//! cargo run --release -p ancestral --example ndarray
//! ```
//! Draws 1000 points of a Gaussian in the plane, as arrays of `ndarray`, and prints the
//! moments that they have and should have. To use another tensor (candle's, tch's), write these two
//! methods for it.

use std::io::Write;

use ancestral::noise::{Purpose, Streams};
use ancestral::{AnySampler, Grid, Noise, Point, Sample, Sampler, Schedule, Spacing, from_fn};
use ndarray::{Array1, Array2, Axis, Zip};

/// A batch of points, a row each. The library's trait cannot be implemented for another library's
/// type, so it has a name here.
#[derive(Clone, Debug)]
struct Points(Array2<f64>);

impl Sample for Points {
    fn combine(terms: &[(f64, &Self)]) -> Self {
        let mut sum = Array2::zeros(terms[0].1.0.raw_dim());
        for (coefficient, x) in terms {
            sum.scaled_add(*coefficient, &x.0);
        }
        Self(sum)
    }

    fn exp_scaled(a: f64, b: f64, f: &Self, z: &Self) -> Self {
        Self(Zip::from(&f.0).and(&z.0).map_collect(|f, z| (a + b * f).exp() * z))
    }
}

/// Noise by the library's streams: a row of noise follows from the seed and the row's index alone.
struct RowNoise {
    streams: Streams,
    draws: u32,
}

impl Noise<Points> for RowNoise {
    fn draw(&mut self, like: &Points) -> Points {
        let mut noise = Array2::zeros(like.0.raw_dim());
        for (stream, mut row) in (0..).zip(noise.outer_iter_mut()) {
            let mut values = vec![0.0; row.len()];
            self.streams.normals(stream, self.draws, &mut values);
            row.assign(&Array1::from(values));
        }
        self.draws += 1;
        Points(noise)
    }
}

/// Means and deviation of the data, which are independent Gaussians.
const MEANS: [f64; 2] = [1.0, -0.5];
const DEVIATIONS: [f64; 2] = [0.3, 0.8];

/// In the place of a network: E\[x₀ | x_t\], in closed form. Of a network that predicts ε it would be
/// (x_t − σ ε)/α.
fn model(x: &Points, at: Point) -> Points {
    let (alpha, sigma_squared) = (at.level.alpha(), at.level.sigma_squared());
    let mut x0 = x.0.clone();
    for (mut column, (m, s)) in x0.axis_iter_mut(Axis(1)).zip(MEANS.into_iter().zip(DEVIATIONS)) {
        let gain = alpha * s * s / (alpha * alpha * s * s + sigma_squared);
        column.mapv_inplace(|x| m + gain * (x - alpha * m));
    }
    Points(x0)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, 50)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "should be   means {MEANS:?}, deviations {DEVIATIONS:?}")?;
    for name in ["ddpm", "dpmpp-2m"] {
        let sampler: AnySampler = name.parse()?;
        let mut noise = RowNoise { streams: Streams::new(0, Purpose::Sampling), draws: 0 };
        let x_t = noise.draw(&Points(Array2::zeros((1000, 2))));
        let mut denoiser = from_fn(model);
        let last = sampler.run(&grid, x_t, &mut denoiser, &mut noise).last();
        let Points(x) = last.ok_or("a run has a step")??.x;
        let means = x.mean_axis(Axis(0)).ok_or("there are points")?;
        writeln!(out, "{name:<9}   means {means:.2}, deviations {:.2}", x.std_axis(Axis(0), 1.0))?;
    }
    Ok(())
}
