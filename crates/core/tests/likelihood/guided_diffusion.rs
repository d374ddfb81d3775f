//! Terms of the bound by the formulas of guided-diffusion: `tools/golden/likelihood.py`.

use std::convert::Infallible;

use ancestral::denoiser::Denoised;
use ancestral::likelihood::{Bins, Decoder, VariationalBound};
use ancestral::{Batch, Denoiser, Grid, Noise, Point, Schedule, Variance};
use serde_json::Value;

use crate::data::{all_timesteps, unwrap};

/// The network of the golden file.
struct Formula;

impl Denoiser<Batch<f64>> for Formula {
    type Error = Infallible;

    fn denoise(&mut self, x: &Batch<f64>, at: Point) -> Result<Denoised<Batch<f64>>, Infallible> {
        let (alpha, sigma) = (at.level.alpha(), at.level.sigma());
        let t = 0.01 * at.timestep.unwrap();
        let x0 = |x: &f64| (x - sigma * (0.9 * sigma * x + 0.1 * (3.0 * x + t).sin())) / alpha;
        let half = |x: &f64| 0.7 * (2.0 * x + t).sin();
        let of = |values: Vec<f64>| Batch::new(x.row_shape().to_vec(), values);
        Ok(Denoised::new(of(x.data().iter().map(x0).collect())).with_raw_variance(of(x
            .data()
            .iter()
            .map(half)
            .collect())))
    }
}

/// The noise of the golden file.
struct Wave(u32);

impl Noise<Batch<f64>> for Wave {
    fn draw(&mut self, like: &Batch<f64>) -> Batch<f64> {
        let mut noise = like.clone();
        for (row, values) in noise.iter_rows_mut().enumerate() {
            for (i, value) in values.iter_mut().enumerate() {
                let phase = 3.0 * f64::from(self.0) + 5.0 * i as f64 + 7.0 * row as f64 + 1.0;
                *value = 2_f64.sqrt() * phase.sin();
            }
        }
        self.0 += 1;
        noise
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

#[test]
fn terms_are_those_of_guided_diffusion() {
    let golden: Value =
        serde_json::from_str(include_str!("../golden/likelihood.json")).expect("a golden file");
    let bytes = golden["bytes"].as_array().unwrap().iter().flat_map(numbers);
    let x0 = Batch::new(vec![6], bytes.map(|byte| byte / 127.5 - 1.0).collect());
    let schedule = Schedule::linear_1000();
    let near = |found: &[f64], expected: &Value, place: &str| {
        for (found, expected) in found.iter().zip(numbers(expected)) {
            let tolerance = 1e-9 + 1e-8 * expected.abs();
            assert!((found - expected).abs() < tolerance, "{place}: {found} is not {expected}");
        }
    };
    for case in golden["cases"].as_array().unwrap() {
        let variance: Variance = case["variance"].as_str().unwrap().parse().unwrap();
        let grid = case["timesteps"].as_array().map_or_else(all_timesteps, |timesteps| {
            let timesteps = timesteps.iter().map(|t| usize::try_from(t.as_u64().unwrap()).unwrap());
            Grid::from_timesteps(&schedule, &timesteps.collect::<Vec<_>>()).unwrap()
        });
        let estimator = VariationalBound::new(&grid, variance, Decoder::Bins(Bins::BYTES));
        let terms: Vec<_> = estimator.run(&x0, &mut Formula, &mut Wave(0)).map(unwrap).collect();
        let mut totals = estimator.prior(&x0);
        near(&totals, &case["prior"], "prior");
        for term in &terms {
            totals.iter_mut().zip(&term.bits).for_each(|(total, bits)| *total += bits);
        }
        for (index, expected) in case["hops"].as_object().unwrap() {
            let term = &terms[index.parse::<usize>().unwrap()];
            near(&term.bits, expected, &format!("{variance}, hop {index}"));
        }
        near(&totals, &case["total"], &format!("{variance}, total"));
    }
}
