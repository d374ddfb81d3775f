//! Bounds and samples in the plane.

use ancestral::likelihood::{Decoder, Estimate, VariationalBound, bits_per_dimension};
use ancestral::noise::{Purpose, SampleNoise, Streams};
use ancestral::sampler::Ddpm;
use ancestral::{Batch, Grid, Level, Noise, Sampler, Schedule, Spacing};
use ancestral_metrics::{Rows, sliced_wasserstein};

use crate::Failure;
use crate::ideal::{Ideal, Kind};
use crate::table::Cell;
use crate::truth::Truth;

/// Numbers of steps that are compared.
pub const STEPS: [usize; 7] = [5, 10, 25, 50, 100, 250, 1000];
/// Rows that the bound is a mean over.
const ROWS: usize = 2000;
/// Numbers of steps up to which samples are drawn; with more, chance hides what is left of the distance.
const MOST: usize = 250;
/// Samples of a set, and sets.
const SAMPLES: usize = 5000;
const SETS: u64 = 4;

/// The variational bound above the entropy, in bits per dimension. The difference is taken row by row,
/// so its error is small.
pub fn bounds(truth: &Truth) -> Result<Vec<Cell>, Failure> {
    let x0 = truth.draws(Level::CLEAN, ROWS, 1);
    let surprise: Vec<f64> = x0
        .iter_rows()
        .map(|row| bits_per_dimension(-truth.log_density(row, Level::CLEAN), row.len()))
        .collect();
    let entropy: Estimate = surprise.iter().copied().collect();
    let error = entropy.standard_error().unwrap_or_default();
    println!("entropy of the plane: {:.4} ± {error:.4} bits per dimension\n", entropy.mean());
    let mut cells = Vec::new();
    for kind in Kind::ALL {
        for steps in STEPS {
            let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, steps)?;
            let estimator =
                VariationalBound::new(&grid, kind.reverse(truth, &grid)?, Decoder::Density);
            let streams = Streams::new(2, Purpose::Evaluation);
            let mut noise = SampleNoise::of_streams(streams, 0..ROWS as u64);
            let mut above: Vec<f64> = estimator.prior(&x0);
            std::iter::zip(&mut above, &surprise).for_each(|(above, surprise)| *above -= surprise);
            for term in estimator.run(&x0, &mut Ideal { truth, grid: &grid }, &mut noise) {
                std::iter::zip(&mut above, term?.bits).for_each(|(above, bits)| *above += bits);
            }
            let gap: Estimate = above.into_iter().collect();
            cells.push(cell(kind.name(), steps, gap));
        }
    }
    Ok(cells)
}

fn cell(curve: &str, steps: usize, estimate: Estimate) -> Cell {
    Cell {
        curve: curve.to_owned(),
        x: steps as f64,
        value: estimate.mean(),
        standard_error: estimate.standard_error(),
    }
}

/// The sliced 2-Wasserstein distance of samples to as many draws of the data.
pub fn distances(truth: &Truth) -> Result<Vec<Cell>, Failure> {
    let data = |set: u64| truth.draws(Level::CLEAN, SAMPLES, 100 + set);
    let mut cells = Vec::new();
    for kind in Kind::ALL {
        for steps in sampled() {
            let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, steps)?;
            let sampler = Ddpm::new(kind.reverse(truth, &grid)?);
            let found = in_sets(|set| apart(&samples(truth, &grid, &sampler, set)?, &data(set)))?;
            cells.push(cell(&format!("plane {}", kind.name()), steps, found));
        }
    }
    let floor = in_sets(|set| apart(&data(set + SETS), &data(set)))?;
    cells.extend(sampled().map(|steps| cell("plane two sets of data", steps, floor)));
    Ok(cells)
}

fn sampled() -> impl Iterator<Item = usize> {
    STEPS.into_iter().filter(|steps| *steps <= MOST)
}

/// The mean over sets, each computed on a thread of its own.
fn in_sets(of_set: impl Fn(u64) -> Result<f64, Failure> + Sync) -> Result<Estimate, Failure> {
    let of_set = &of_set;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..SETS).map(|set| scope.spawn(move || of_set(set))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a set does not panic")).collect()
    })
}

fn samples(truth: &Truth, grid: &Grid, sampler: &Ddpm, set: u64) -> Result<Batch<f64>, Failure> {
    let mut noise = SampleNoise::new(set, 0..SAMPLES as u64);
    let x_t = noise.draw(&Batch::zeros(SAMPLES, vec![truth.dimensions()]));
    let mut denoiser = Ideal { truth, grid };
    let last = sampler.run(grid, x_t, &mut denoiser, &mut noise).last();
    let Ok(step) = last.ok_or("a run has a step")?;
    Ok(step.x)
}

fn apart(a: &Batch<f64>, b: &Batch<f64>) -> Result<f64, Failure> {
    Ok(sliced_wasserstein(Rows::new(a.data(), a.row_len())?, Rows::new(b.data(), b.row_len())?)?)
}
