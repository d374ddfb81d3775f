//! Whole runs against the schedulers of diffusers, element by element: `tools/golden/samplers.py`.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::convert::Infallible;

use ancestral::sampler::PublishedDpmpp3m;
use ancestral::sampler::Step;
use ancestral::{AnySampler, Batch, Grid, Level, Noise, Point, Sampler, from_fn};
use serde_json::Value;

/// How far y may be from that of a class. Those that stay in f64 agree to its digits; f32 is in the
/// levels between those of the grid (1e-7), and in the sample where a class casts it: one unit in
/// the last place of x is 157 · 6e-8 of y where runs start.
fn tolerance(class: &str) -> f64 {
    match class {
        "HeunDiscreteScheduler"
        | "LMSDiscreteScheduler"
        | "UniPCMultistepScheduler"
        | "DEISMultistepScheduler" => 1e-12,
        "DPMSolverSinglestepScheduler" | "KDPM2DiscreteScheduler" => 1e-7,
        _ => 2e-5,
    }
}

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

/// The formula at the head of the file.
fn network(x: &Batch<f64>, at: Point) -> Batch<f64> {
    let x0 = std::iter::zip(0_u8.., x.data())
        .map(|(i, x)| 0.8 * (1.3 * x + 0.2 * at.level.lambda() + 0.1 * f64::from(i)).tanh());
    Batch::new(vec![x.data().len()], x0.collect())
}

/// The noise at the head of the file.
struct Waves(f64);

impl Noise<Batch<f64>> for Waves {
    fn draw(&mut self, like: &Batch<f64>) -> Batch<f64> {
        let phase = 3.0 * self.0 + 1.0;
        let z = (0_u8..4).map(|i| std::f64::consts::SQRT_2 * (phase + 5.0 * f64::from(i)).sin());
        self.0 += 1.0;
        Batch::new(like.row_shape().to_vec(), z.collect())
    }
}

fn steps(sampler: &str, grid: &Grid, x: Batch<f64>) -> Vec<Step<Batch<f64>>> {
    let (mut denoiser, mut noise) = (from_fn(network), Waves(0.0));
    let unwrap = |step: Result<_, Infallible>| step.unwrap_or_else(|never| match never {});
    if sampler == "published-3m" {
        let published = PublishedDpmpp3m::default();
        return published.run(grid, x, &mut denoiser, &mut noise).map(unwrap).collect();
    }
    let sampler: AnySampler = sampler.parse().unwrap();
    sampler.run(grid, x, &mut denoiser, &mut noise).map(unwrap).collect()
}

#[test]
fn every_hop_is_that_of_the_peer() {
    let golden: Value = serde_json::from_str(include_str!("golden/samplers.json")).unwrap();
    for case in golden["cases"].as_array().unwrap() {
        let sampler = case["sampler"].as_str().unwrap();
        let levels = numbers(&case["k"]).into_iter().map(|k| Level::from_lambda(-k.ln()).unwrap());
        let grid = Grid::from_points(levels.map(Point::off_grid).collect()).unwrap();
        let y: Vec<Vec<f64>> = case["y"].as_array().unwrap().iter().map(numbers).collect();
        let alpha = grid.points()[0].level.alpha();
        let x = Batch::new(vec![4], y[0].iter().map(|y| alpha * y).collect());
        let mut apart = 0.0_f64;
        for (step, y) in std::iter::zip(steps(sampler, &grid, x), &y[1..]) {
            let alpha = step.hop.to().level.alpha();
            for (x, y) in std::iter::zip(step.x.data(), y) {
                apart = apart.max((x / alpha - y).abs());
            }
        }
        let tolerance = tolerance(case["class"].as_str().unwrap());
        assert!(apart < tolerance, "{sampler}: {apart:.1e} from {}", case["config"]);
    }
}
