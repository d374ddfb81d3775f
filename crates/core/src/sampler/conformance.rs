//! What every sampler must do, as one check that any implementation can be put through.
//!
//! Samplers of other crates can be checked too: `conformance::check(&MySampler::default())` in a
//! test. What it can't show is that a multistep formula is the published one: each sampler needs a
//! known answer of its own beside it.

use std::cell::Cell;

use crate::batch::{Batch, Scalar};
use crate::denoiser::{Denoiser, from_fn};
use crate::exact::{Component, Gaussian, Mixture, probability_flow};
use crate::grid::{Grid, LevelSpacing, Point, Spacing};
use crate::level::Level;
use crate::noise::{NeverDrawn, Noise, SampleNoise};
use crate::sampler::{Sampler, Step};
use crate::schedule::{AnySchedule, Schedule};

/// λ where the order of convergence is measured from, and to. The hop into clean data has an error
/// of its own, so it is left out.
const LAMBDA: (f64, f64) = (-5.0, 3.0);

/// Checks a sampler: a single point of data is returned exactly and, if claimed, with exact
/// marginals on the way; the order of convergence to the exact flow or moments of a Gaussian and a
/// mixture; the first hop from pure noise, which is that of DDIM; the network calls and the
/// randomness it claims; finite results on every schedule with 1 to 50 steps; equal runs from one
/// object, and rows that don't depend on their batch. Of a sampler that claims order 0 all but the
/// order.
///
/// # Panics
/// If one of these does not hold, saying which.
pub fn check<S: Sampler>(sampler: &S) {
    returns_a_point_exactly(sampler);
    if sampler.info().exact_for_a_point {
        keeps_the_marginals_of_a_point(sampler);
    }
    for grid in [even_grid, uneven_grid] {
        if sampler.info().order == 0 {
            continue;
        }
        if sampler.info().stochastic {
            converges_to_the_moments_of_a_gaussian(sampler, grid);
        } else {
            converges_to_the_flow_of_a_gaussian(sampler, grid);
            converges_to_the_flow_of_a_mixture(sampler, grid);
        }
    }
    keeps_the_noise_it_starts_from(sampler);
    calls_and_draws_as_claimed(sampler);
    stays_finite::<f32, S>(sampler);
    stays_finite::<f64, S>(sampler);
    repeats_itself_row_by_row(sampler);
}

/// `hops` hops of equal length in λ.
fn even_grid(hops: usize) -> Grid {
    grid(hops, |_| 1.0)
}

/// `hops` hops, every second of them twice as long: multistep formulas that forget the ratio of
/// hops show on it.
fn uneven_grid(hops: usize) -> Grid {
    grid(hops, |hop| if hop.is_multiple_of(2) { 1.0 } else { 2.0 })
}

fn grid(hops: usize, length: impl Fn(usize) -> f64) -> Grid {
    let total: f64 = (0..hops).map(&length).sum();
    let mut lambda = LAMBDA.0;
    let mut points = vec![lambda];
    for hop in 0..hops {
        lambda += (LAMBDA.1 - LAMBDA.0) * length(hop) / total;
        points.push(lambda);
    }
    let point = |lambda| Point::off_grid(Level::from_lambda(lambda).expect("a number"));
    Grid::from_points(points.into_iter().map(point).collect()).expect("lambda rises")
}

/// All steps of a run with a denoiser that cannot fail.
fn steps<S, X, D, N>(sampler: &S, grid: &Grid, x: X, mut denoiser: D, mut noise: N) -> Vec<Step<X>>
where
    S: Sampler,
    X: crate::Sample,
    D: Denoiser<X, Error = std::convert::Infallible>,
    N: Noise<X>,
{
    let run = sampler.run(grid, x, &mut denoiser, &mut noise);
    run.map(|step| step.unwrap_or_else(|never| match never {})).collect()
}

fn last<X>(steps: Vec<Step<X>>) -> X {
    steps.into_iter().next_back().expect("a run has a step").x
}

/// The sample before the hop into clean data.
fn last_but_one<X>(steps: Vec<Step<X>>) -> X {
    steps.into_iter().rev().nth(1).expect("a run of several steps").x
}

fn returns_a_point_exactly<S: Sampler>(sampler: &S) {
    for hops in [1, 2, 3, 10] {
        let point = from_fn(|x: &Batch, _: Point| Batch::new(vec![3], vec![0.3; x.data().len()]));
        let mut noise = SampleNoise::new(1, 0..2);
        let x = noise.draw(&Batch::zeros(2, vec![3]));
        let x = last(steps(sampler, &even_grid(hops), x, point, noise));
        assert_eq!(x.data(), [0.3; 6], "data of a single point, {hops} hops");
    }
}

/// Noise that is 1 in one row a draw: with a linear denoiser, row j + 2 of a run is the part of
/// draw j, row 1 that of x_T, row 0 that of no noise at all.
#[derive(Debug, Default)]
struct Impulses {
    draws: usize,
}

impl Noise<Batch<f64>> for Impulses {
    fn draw(&mut self, like: &Batch<f64>) -> Batch<f64> {
        let mut noise = Batch::zeros(like.rows(), like.row_shape().to_vec());
        noise.data_mut()[self.draws + 2] = 1.0;
        self.draws += 1;
        noise
    }
}

/// Exact mean and variance after every hop of a run from x_T ~ N(mean, std²).
///
/// A sampler is linear where its denoiser is, so its noise is followed by unit impulses.
pub(crate) fn moments<S, D>(
    sampler: &S,
    grid: &Grid,
    (mean, std): (f64, f64),
    denoiser: D,
) -> Vec<(f64, f64)>
where
    S: Sampler,
    D: Denoiser<Batch<f64>, Error = std::convert::Infallible>,
{
    let mut x = Batch::new(vec![1], vec![mean; 2 + 2 * grid.points().len()]);
    x.data_mut()[1] += std;
    let moments = |step: Step<Batch<f64>>| {
        let mean = step.x.data()[0];
        (mean, step.x.data()[1..].iter().map(|x| (x - mean) * (x - mean)).sum())
    };
    steps(sampler, grid, x, denoiser, Impulses::default()).into_iter().map(moments).collect()
}

/// [`moments`] on Gaussian data, from x_T with the exact marginal of its level.
pub(crate) fn gaussian_moments<S: Sampler>(
    sampler: &S,
    grid: &Grid,
    data: Gaussian,
) -> Vec<(f64, f64)> {
    let start = grid.points()[0].level;
    moments(sampler, grid, (start.alpha() * data.mean, data.std_at(start)), data)
}

fn keeps_the_marginals_of_a_point<S: Sampler>(sampler: &S) {
    let data = Gaussian { mean: 0.7, std: 0.0 };
    for grid in [even_grid(12), uneven_grid(12)] {
        let moments = gaussian_moments(sampler, &grid, data);
        for (hop, (mean, variance)) in std::iter::zip(grid.hops(), moments) {
            let level = hop.to().level;
            let (m, v) = (level.alpha() * data.mean, level.sigma_squared());
            // The noise form adds and removes x/α, e⁵ times what is left.
            assert!((mean - m).abs() < 1e-12, "mean {mean} at {level:?}, forward {m}");
            assert!((variance - v).abs() < 1e-12, "variance {variance} at {level:?}, forward {v}");
        }
    }
}

/// Asserts that doubling the hops divides the error by 2^order: from 256 to 512 hops, or fewer
/// where the error is rounding by then.
fn assert_order<S: Sampler>(sampler: &S, what: &str, error: impl Fn(usize) -> f64) {
    let errors = [512, 256, 128].map(|fine: usize| (error(fine.div_euclid(2)), error(fine)));
    let shows = errors.into_iter().find(|(_, fine)| *fine > 1e-11);
    let (coarse, fine) = shows.unwrap_or_else(|| panic!("{what}: too exact to show an order"));
    let (order, claimed) = ((coarse / fine).log2(), f64::from(sampler.info().order));
    assert!(
        order > claimed - 0.3 && order < claimed + 0.7,
        "{what}: order {order:.2} observed (errors {coarse:.2e}, {fine:.2e}), {claimed} claimed"
    );
}

fn converges_to_the_moments_of_a_gaussian<S: Sampler>(sampler: &S, grid: fn(usize) -> Grid) {
    let data = Gaussian { mean: 0.7, std: 0.5 };
    let end = Level::from_lambda(LAMBDA.1).expect("a number");
    assert_order(sampler, "variance of a Gaussian", |hops| {
        let (_, variance) = gaussian_moments(sampler, &grid(hops), data)[hops - 1];
        (variance - data.std_at(end).powi(2)).abs()
    });
}

fn converges_to_the_flow_of_a_gaussian<S: Sampler>(sampler: &S, grid: fn(usize) -> Grid) {
    let data = Gaussian { mean: 0.3, std: 0.2 };
    let level = |lambda| Level::from_lambda(lambda).expect("a number");
    let truth = data.flow(1.3, level(LAMBDA.0), level(LAMBDA.1));
    assert_order(sampler, "flow of a Gaussian", |hops| {
        (last_but_one(steps(sampler, &grid(hops), 1.3, data, NeverDrawn)) - truth).abs()
    });
}

fn converges_to_the_flow_of_a_mixture<S: Sampler>(sampler: &S, grid: fn(usize) -> Grid) {
    let component = |weight, mean: [f64; 2], std| Component { weight, mean: mean.to_vec(), std };
    let mut data = Mixture::new(vec![
        component(0.5, [-0.8, 0.1], 0.3),
        component(0.3, [0.6, 0.7], 0.2),
        component(0.2, [0.4, -0.9], 0.25),
    ])
    .expect("a valid mixture");
    let start = Batch::new(vec![2], vec![0.3, -0.4, -1.2, 0.9, 1.5, 0.2, 0.1, 1.1]);
    let Ok(truth) = probability_flow(&mut data, &start, &even_grid(2000));
    assert_order(sampler, "flow of a mixture", |hops| {
        let x = last_but_one(steps(sampler, &grid(hops), start.clone(), data.clone(), NeverDrawn));
        let squares = std::iter::zip(x.data(), truth.data()).map(|(x, y)| (x - y) * (x - y));
        (squares.sum::<f64>() / x.data().len() as f64).sqrt()
    });
}

/// From pure noise x_s = α_s x̂₀ + σ_s x_T, with no noise drawn.
fn keeps_the_noise_it_starts_from<S: Sampler>(sampler: &S) {
    let noise = [Point::off_grid(Level::NOISE)];
    let grid = Grid::from_points([&noise, even_grid(3).points()].concat()).expect("lambda rises");
    let mut denoiser = from_fn(|_: &f64, _: Point| 0.3);
    let first = sampler.run(&grid, 1.3, &mut denoiser, &mut NeverDrawn).next();
    let Some(Ok(Step { hop, x, .. })) = first else { unreachable!("five points, no errors") };
    let to = hop.to().level;
    let expected = to.alpha() * 0.3 + to.sigma() * 1.3;
    assert!((x - expected).abs() < 1e-14, "from pure noise to {to:?}: {x} is not {expected}");
}

fn calls_and_draws_as_claimed<S: Sampler>(sampler: &S) {
    let info = sampler.info();
    for hops in [1, 2, 7, 20] {
        let (calls, draws) = (Cell::new(0), Cell::new(0_u32));
        let denoiser = from_fn(|x: &f64, _: Point| {
            calls.set(calls.get() + 1);
            0.5 * x
        });
        let noise = Counted { draws: &draws };
        // The grid of `hops - 1` inner hops has `hops` hops with the one into clean data.
        let grid = even_grid(hops - 1);
        steps(sampler, &grid, 1.0, denoiser, noise);
        assert_eq!(calls.get(), sampler.calls(&grid), "network calls of {hops} hops");
        match hops {
            1 => assert_eq!(draws.get(), 0, "draws on the hop into clean data"),
            // The first hop alone may draw nothing, as where churn has no room above it.
            2 => assert!(draws.get() == 0 || info.stochastic, "{} draws", draws.get()),
            _ => assert_eq!(draws.get() > 0, info.stochastic, "{} draws", draws.get()),
        }
    }
}

#[derive(Debug)]
struct Counted<'a> {
    draws: &'a Cell<u32>,
}

impl Noise<f64> for Counted<'_> {
    fn draw(&mut self, _like: &f64) -> f64 {
        self.draws.set(self.draws.get() + 1);
        0.7
    }
}

fn stays_finite<T: Scalar, S: Sampler>(sampler: &S) {
    for family in AnySchedule::all() {
        let schedule = family.schedule(1000).expect("defaults are valid for T = 1000");
        let rescaled = schedule.rescale_zero_terminal_snr().expect("a schedule of 1000");
        for schedule in [schedule, rescaled] {
            for count in 1..=50 {
                finite_on::<T, S>(sampler, &schedule, count);
            }
        }
    }
}

fn finite_on<T: Scalar, S: Sampler>(sampler: &S, schedule: &Schedule, count: usize) {
    let data = Gaussian { mean: 0.3, std: 0.2 };
    let timesteps = Spacing::ALL.map(|s| (s.name(), Grid::new(schedule, s, count)));
    let levels = LevelSpacing::ALL.map(|s| (s.name(), Grid::new(schedule, s, count)));
    for (spacing, grid) in timesteps.into_iter().chain(levels) {
        let grid = grid.expect("few steps");
        let mut noise = SampleNoise::new(3, 0..2);
        let x: Batch<T> = noise.draw(&Batch::zeros(2, vec![2]));
        let x = last(steps(sampler, &grid, x, data, noise));
        // A method of higher order may overshoot on hops so long that h is no small number.
        let bound = if count < 20 && sampler.info().order > 1 { f64::MAX } else { 10.0 };
        let bounded = x.data().iter().all(|x| x.to_f64().abs() < bound);
        assert!(bounded, "{spacing}, {count} steps: {x:?}");
    }
}

fn repeats_itself_row_by_row<S: Sampler>(sampler: &S) {
    let points: Vec<f32> = (0..20_u8).map(|i| (f32::from(i) * 0.7).sin()).collect();
    let data = Mixture::data_set(&Batch::new(vec![2], points)).expect("ten points");
    let run = |indices: std::ops::Range<u64>| {
        let mut noise = SampleNoise::new(11, indices.clone());
        let x: Batch = noise.draw(&Batch::zeros(indices.count(), vec![2]));
        last(steps(sampler, &even_grid(9), x, data.clone(), noise))
    };
    let all = run(0..8);
    assert_eq!(all, run(0..8), "two runs from one object");
    for (index, row) in std::iter::zip(0.., all.iter_rows()) {
        assert_eq!(run(index..index + 1).row(0), row, "sample {index} alone and in a batch");
    }
}
