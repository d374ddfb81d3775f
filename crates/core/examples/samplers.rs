//! Every deterministic sampler on every grid: how far whole runs, from x_T into clean data, end from
//! where the exact flow ends, for as many network calls.
//!
//! ```text
//! cargo run --release -p ancestral --example samplers [CALLS]…
//! ```
//! A line a sampler and a column a grid, for 5, 10 and 20 calls unless others are given: the RMS
//! distance over 500 starts, for three Gaussian blobs in the plane, whose denoiser is exact. Takes a
//! few seconds.

use std::convert::Infallible;
use std::io::Write;

use ancestral::exact::{Mixture, named};
use ancestral::{
    AnySampler, Batch, Grid, GridError, Level, LevelSpacing, NoNoise, Noise, SampleNoise, Schedule,
    Spacing,
};

const STARTS: usize = 500;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let given: Vec<usize> =
        std::env::args().skip(1).map(|n| n.parse()).collect::<Result<_, _>>()?;
    let counts = if given.is_empty() { vec![5, 10, 20] } else { given };
    let mut data = named("blobs").ok_or("no blobs")?;
    let truth = run(&"dpmpp-3m".parse()?, &fine()?, &mut data);
    let mut out = std::io::stdout().lock();
    for calls in counts {
        write!(out, "\n{calls:>4} calls           ")?;
        grids(1)?.iter().try_for_each(|(name, _)| write!(out, "{name:>13}"))?;
        writeln!(out)?;
        for (name, sampler) in samplers()? {
            write!(out, "{name:<22}")?;
            for (sampler, grid) in affordable(&sampler, calls)? {
                write!(out, "{:>13.4}", rms(&run(&sampler, &grid, &mut data), &truth))?;
            }
            writeln!(out)?;
        }
    }
    Ok(())
}

/// Those that draw no noise, as they are named, and some with other options.
fn samplers() -> Result<Vec<(String, AnySampler)>, ancestral::OptionError> {
    let all = AnySampler::all().into_iter().filter(|sampler| !sampler.info().stochastic);
    let names = all.map(|sampler| sampler.info().name.to_owned());
    let others = ["dpm-solver:form=data", "unipc:order=3"].map(str::to_owned);
    names.chain(others).map(|text| Ok((text.clone(), text.parse()?))).collect()
}

fn grids(steps: usize) -> Result<Vec<(&'static str, Grid)>, GridError> {
    let schedule = Schedule::linear_1000();
    let timesteps =
        Spacing::ALL.into_iter().map(|s| Ok((s.name(), Grid::new(&schedule, s, steps)?)));
    let levels = LevelSpacing::ALL;
    let levels =
        levels.into_iter().map(|s| Ok((s.name(), Grid::over_levels(&schedule, s, steps)?)));
    timesteps.chain(levels).collect()
}

/// The grids of as many steps as cost at most so many network calls.
fn affordable(sampler: &AnySampler, calls: usize) -> Result<Vec<(AnySampler, Grid)>, GridError> {
    let mut best = grids(1)?;
    for steps in 2..=calls {
        let more = grids(steps)?;
        if sampler.calls(&more[0].1) > calls {
            break;
        }
        best = more;
    }
    Ok(best.into_iter().map(|(_, grid)| (sampler.clone(), grid)).collect())
}

/// 4000 hops even in λ, far into clean data.
fn fine() -> Result<Grid, Box<dyn std::error::Error>> {
    Ok(Grid::even(Schedule::linear_1000().noisiest(), Level::from_lambda(12.0)?, 4000)?)
}

fn run(sampler: &AnySampler, grid: &Grid, data: &mut Mixture) -> Batch<f64> {
    let x = SampleNoise::new(7, 0..STARTS as u64).draw(&Batch::zeros(STARTS, vec![2]));
    let mut noise = NoNoise;
    let steps = sampler.run(grid, x, data, &mut noise);
    let last = steps.map(|step: Result<_, Infallible>| step.unwrap_or_else(|never| match never {}));
    last.last().map_or_else(|| Batch::zeros(STARTS, vec![2]), |step| step.x)
}

fn rms(a: &Batch<f64>, b: &Batch<f64>) -> f64 {
    let squares = std::iter::zip(a.data(), b.data()).map(|(a, b)| (a - b).powi(2));
    (squares.sum::<f64>() / a.rows() as f64).sqrt()
}
