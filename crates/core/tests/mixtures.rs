//! How much nearer to the exact flow the samplers of higher order come, for as many network calls:
//! on two mixtures in the plane, whose denoisers are exact. And how near they come, as another
//! implementation measured it.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::convert::Infallible;

use ancestral::exact::{Mixture, probability_flow, reference_mixture};
use ancestral::sampler::PublishedDpmpp3m;
use ancestral::{
    AnySampler, Batch, Grid, Level, NeverDrawn, Noise, SampleNoise, Sampler, Schedule, Spacing,
};
use serde_json::Value;

const STARTS: usize = 2000;
/// Where the runs are compared: before the hop into clean data, which has an error of its own.
const END: f64 = 3.0;

fn level(lambda: f64) -> Level {
    Level::from_lambda(lambda).expect("a number")
}

/// `hops` hops even in λ from the noisiest level to λ = `end`, and the one into clean data.
fn grid(hops: usize, end: f64) -> Grid {
    Grid::even(Schedule::linear_1000().noisiest(), level(end), hops).expect("lambda rises")
}

fn starts() -> Batch<f64> {
    let zeros = Batch::zeros(STARTS, vec![2]);
    SampleNoise::new(2026, 0..STARTS as u64).draw(&zeros)
}

fn unwrap<T>(result: Result<T, Infallible>) -> T {
    result.unwrap_or_else(|never| match never {})
}

/// Where the sampler takes `x`, hop by hop.
fn run(sampler: &str, x: Batch<f64>, data: &mut Mixture, grid: &Grid) -> Vec<Batch<f64>> {
    let mut noise = NeverDrawn;
    if sampler == "published-3m" {
        let published = PublishedDpmpp3m::default();
        return published.run(grid, x, data, &mut noise).map(|step| unwrap(step).x).collect();
    }
    let sampler: AnySampler = sampler.parse().expect("a sampler");
    sampler.run(grid, x, data, &mut noise).map(|step| unwrap(step).x).collect()
}

/// Where it takes them with so many network calls, up to [`END`].
fn sampled(sampler: &str, data: &mut Mixture, calls: usize) -> Batch<f64> {
    run(sampler, starts(), data, &grid(calls, END)).swap_remove(calls - 1)
}

/// Where the flow takes them.
fn truth(data: &mut Mixture, steps: usize) -> Batch<f64> {
    unwrap(probability_flow(data, &starts(), &grid(steps, END)))
}

fn rms(a: &Batch<f64>, b: &Batch<f64>) -> f64 {
    let squares = std::iter::zip(a.data(), b.data()).map(|(a, b)| (a - b).powi(2));
    (squares.sum::<f64>() / a.rows() as f64).sqrt()
}

fn mixture(name: &str) -> Mixture {
    reference_mixture(name).expect("a name in the list")
}

fn check(name: &str) {
    let mut data = mixture(name);
    let truth = self::truth(&mut data, 600);
    let own_error = rms(&truth, &self::truth(&mut data, 300));
    assert!(own_error < 1e-6, "{name}: the flow itself is known to {own_error:.1e}");
    for (sampler, calls, nearer) in
        [("dpmpp-2m", 20, 3.0), ("dpmpp-2m", 64, 7.0), ("dpmpp-3m", 64, 100.0)]
    {
        let first = rms(&sampled("ddim", &mut data, calls), &truth);
        let found = rms(&sampled(sampler, &mut data, calls), &truth);
        let ratio = first / found;
        assert!(ratio >= nearer, "{name}: {sampler} is {ratio:.1} times nearer with {calls} calls");
    }
}

/// Grids that end at timestep 0 have a very long hop before it.
#[test]
fn a_long_hop_behind_short_ones_does_not_spoil_a_run() {
    let (mut data, schedule) = (mixture("blobs"), Schedule::linear_1000());
    let mut end = |sampler: &str, grid: &Grid| {
        run(sampler, starts(), &mut data, grid).pop().expect("a run has a step")
    };
    let truth = end("dpmpp-3m", &grid(1000, 12.0));
    for spacing in [Spacing::Linspace, Spacing::Leading { offset: 0 }] {
        for steps in [5, 10, 20, 40] {
            let grid = Grid::new(&schedule, spacing, steps).unwrap();
            let first = rms(&end("ddim", &grid), &truth);
            for sampler in
                ["dpmpp-2m", "dpmpp-2m:slope=heun", "dpmpp-3m", "unipc", "unipc:order=3", "deis"]
            {
                let found = rms(&end(sampler, &grid), &truth);
                assert!(found < first, "{spacing:?} {steps}: {sampler} {found}, ddim {first}");
            }
        }
    }
}

#[test]
fn blobs_are_met() {
    check("blobs");
}

#[test]
fn the_ring_is_met() {
    check("ring");
}

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

/// Both flows are known to some 5e-12, and nothing else is between the figures.
#[test]
fn distances_are_those_that_were_measured_elsewhere() {
    let golden: Value = serde_json::from_str(include_str!("golden/orders.json")).unwrap();
    let (lambda, x) = (numbers(&golden["lambda"]), numbers(&golden["x"]));
    let grid = |hops: usize| Grid::even(level(lambda[0]), level(lambda[1]), hops).unwrap();
    let (mut data, start) = (mixture("blobs"), Batch::new(vec![2], x));
    let truth = unwrap(probability_flow(&mut data, &start, &grid(2000)));
    for case in golden["cases"].as_array().unwrap() {
        let sampler = case["sampler"].as_str().unwrap();
        let hops = golden["hops"].as_array().unwrap().iter().map(|hops| hops.as_u64().unwrap());
        for (hops, expected) in std::iter::zip(hops, numbers(&case["rms"])) {
            let hops = usize::try_from(hops).unwrap();
            let end = run(sampler, start.clone(), &mut data, &grid(hops)).swap_remove(hops - 1);
            let found = rms(&end, &truth);
            assert!((found - expected).abs() < 1e-11, "{sampler}, {hops}: {found} {expected}");
        }
    }
}
