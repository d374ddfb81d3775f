//! Whole runs of the other classes, element by element after every call.

use std::convert::Infallible;

use super::*;
use crate::batch::Scalar;
use crate::denoiser::Network;
use crate::noise::TorchNoise;

/// Made by `tools/golden/scheduler_runs.py`.
fn golden() -> Value {
    serde_json::from_str(include_str!("../../../tests/golden/scheduler_runs.json")).unwrap()
}

/// The network of the file, each operation in f32.
struct Formula;

impl Network for Formula {
    type Error = Infallible;

    fn predict(
        &mut self,
        x: &Batch,
        timesteps: &[f64],
        _labels: Option<&[u32]>,
    ) -> Result<Batch, Infallible> {
        let rows = std::iter::zip(x.iter_rows(), timesteps).flat_map(|(row, t)| {
            let slope = 0.3 + f32::from_f64(*t) / 1000.0;
            let value = move |(i, x): (usize, &f32)| {
                (slope * x + i as f32 * 0.05 - 0.2) / (1.0 + x.abs() / 4.0)
            };
            row.iter().enumerate().map(value)
        });
        Ok(Batch::new(x.row_shape().to_vec(), rows.collect()))
    }
}

/// The config of a case: what it changes of the defaults.
fn whole(golden: &Value, case: &Value) -> Value {
    let class = case["class"].as_str().unwrap();
    let mut config = golden["defaults"][class].as_object().unwrap().clone();
    config.extend(case["config"].as_object().unwrap().clone());
    Value::Object(config)
}

fn scheduler_of(golden: &Value, case: &Value) -> Result<Box<dyn Scheduler>, CompatError> {
    let (class, json) = (case["class"].as_str().unwrap(), whole(golden, case));
    classes::scheduler(class, &json, config(&json), usize_of(&case["steps"]), &case["options"])
}

/// x after every call.
fn run(golden: &Value, case: &Value, scheduler: &dyn Scheduler) -> Vec<Batch> {
    let shape: Vec<usize> = golden["shape"].as_array().unwrap().iter().map(usize_of).collect();
    let mut noise = TorchNoise::whole(case["seed"].as_u64().unwrap());
    let x = noise.draw(&Batch::zeros(shape[0], shape[1..].to_vec()));
    let mut network = Formula;
    let run = SchedulerRun::new(scheduler, x, &mut network, &mut noise);
    run.map(|step| step.map(|step| step.x).unwrap()).collect()
}

/// Largest distance of a run from that of diffusers, over its largest value.
fn apart(golden: &Value, case: &Value, scheduler: &dyn Scheduler) -> f32 {
    let found = run(golden, case, scheduler);
    let expected = floats(&case["x"]);
    let found: Vec<f32> = found.iter().flat_map(|x| x.data().to_vec()).collect();
    assert_eq!(found.len(), expected.len(), "{} {}", case["class"], case["config"]);
    let largest = expected.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
    let apart = std::iter::zip(found, expected).map(|(a, b)| (a - b).abs());
    apart.fold(0.0, |worst: f32, x| if x.is_nan() { x } else { worst.max(x) }) / largest
}

/// How far from diffusers a run of the `class` may be, over its largest value: LAPACK solves for UniPC,
/// and QUADPACK integrates for LMS. All others are equal bit for bit.
fn tolerance(class: &str) -> f32 {
    match class {
        "UniPCMultistepScheduler" | "LMSDiscreteScheduler" => 5e-7,
        _ => 0.0,
    }
}

#[test]
fn runs_of_diffusers_are_replayed() {
    let golden = golden();
    for case in golden["cases"].as_array().unwrap() {
        let name = format!("{} {} {}", case["class"], case["config"], case["steps"]);
        let scheduler = scheduler_of(&golden, case).unwrap();
        let timesteps = scheduler.timesteps();
        let expected = case["timesteps"].as_array().unwrap();
        assert_eq!(timesteps.len(), expected.len(), "{name}");
        for (found, expected) in std::iter::zip(&timesteps, expected) {
            let expected = expected.as_f64().unwrap();
            assert!((found - expected).abs() < 1e-6 * expected.max(1.0), "{name}: {found}");
        }
        let apart = apart(&golden, case, &*scheduler);
        let tolerance = tolerance(case["class"].as_str().unwrap());
        assert!(apart <= tolerance, "{name}: {apart}");
    }
}

/// Runs that fail in diffusers, or give NaN, with its error.
#[test]
fn runs_that_diffusers_can_not_make_are_refused() {
    let golden = golden();
    for refused in golden["refused"].as_array().unwrap() {
        let error = scheduler_of(&golden, refused).unwrap_err().to_string();
        let text = refused["refusal"].as_str().unwrap();
        assert!(error.contains(text), "{refused}: {error}");
    }
}
