//! Against diffusers: its tables and timesteps, single steps bit for bit, the numbers of its own
//! tests; and what is ours: refusals, and what is said to differ.

use serde_json::Value;

use super::*;
use crate::grid::Spacing;
use crate::prediction::Prediction;

mod classes;
mod differences;
mod loops;
mod refusals;
mod scheduler_runs;
mod steps;
mod tables;

/// Facts about diffusers' schedulers, with their source.
fn facts() -> Value {
    serde_json::from_str(include_str!("../../../tests/golden/schedulers.json")).unwrap()
}

/// Made by `tools/golden/scheduler_steps.py`.
fn golden_steps() -> Value {
    serde_json::from_str(include_str!("../../../tests/golden/scheduler_steps.json")).unwrap()
}

fn usize_of(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

/// diffusers' own configuration, with its defaults.
fn config(json: &Value) -> Config {
    let number = |key: &str, default: f64| json[key].as_f64().unwrap_or(default);
    let flag = |key: &str, default: bool| json[key].as_bool().unwrap_or(default);
    let (start, end) = (number("beta_start", 1e-4), number("beta_end", 0.02));
    let given = json["trained_betas"].as_array();
    let named = || match json["beta_schedule"].as_str().unwrap_or("linear") {
        "linear" => BetaCurve::Linear { start, end },
        "scaled_linear" => BetaCurve::ScaledLinear { start, end },
        "squaredcos_cap_v2" => BetaCurve::SquaredCosine,
        "sigmoid" => BetaCurve::Sigmoid { start, end },
        "laplace" => BetaCurve::Laplace,
        other => panic!("beta_schedule {other}"),
    };
    let betas = given.map_or_else(named, |betas| {
        BetaCurve::Given(betas.iter().map(|beta| beta.as_f64().unwrap()).collect())
    });
    let prediction = match json["prediction_type"].as_str().unwrap_or("epsilon") {
        "epsilon" => Prediction::Epsilon,
        "sample" => Prediction::X0,
        "v_prediction" => Prediction::V,
        other => panic!("prediction_type {other}"),
    };
    let spacing = match json["timestep_spacing"].as_str().unwrap_or("leading") {
        "leading" => {
            let offset = json["steps_offset"].as_u64().unwrap_or(0);
            Spacing::Leading { offset: usize::try_from(offset).unwrap() }
        }
        other => other.parse().unwrap(),
    };
    let threshold = Threshold {
        ratio: number("dynamic_thresholding_ratio", 0.995),
        max: number("sample_max_value", 1.0),
    };
    Config {
        betas,
        timesteps: json["num_train_timesteps"].as_u64().map_or(1000, |t| t.try_into().unwrap()),
        rescale_zero_snr: flag("rescale_betas_zero_snr", false),
        prediction,
        clip: flag("clip_sample", true).then(|| number("clip_sample_range", 1.0)),
        threshold: flag("thresholding", false).then_some(threshold),
        spacing,
    }
}

fn variance_type(json: &Value) -> VarianceType {
    let name = json["variance_type"].as_str().unwrap_or("fixed_small");
    VarianceType::ALL.into_iter().find(|variance| variance.name() == name).unwrap()
}

/// The scheduler of a case: `class`, `config`, `steps` (a number, a list, or none), `options`.
fn scheduler(case: &Value) -> Box<dyn Scheduler> {
    let (json, steps) = (&case["config"], &case["steps"]);
    let config = config(json);
    let one = json["set_alpha_to_one"].as_bool().unwrap_or(true);
    match case["class"].as_str().unwrap() {
        "DDPMScheduler" | "DDPMParallelScheduler" => {
            let visit = if steps.is_null() {
                Visit::All
            } else if let Some(list) = steps.as_array() {
                Visit::List(list.iter().map(usize_of).collect())
            } else {
                Visit::Steps(usize_of(steps))
            };
            Box::new(DdpmScheduler::new(config, variance_type(json), &visit).unwrap())
        }
        "DDIMScheduler" | "DDIMParallelScheduler" => {
            let options = &case["options"];
            let options = DdimOptions {
                set_alpha_to_one: one,
                eta: options["eta"].as_f64().unwrap_or(0.0),
                use_clipped_model_output: options["use_clipped_model_output"] == true,
            };
            Box::new(DdimScheduler::new(config, options, usize_of(steps)).unwrap())
        }
        "DDIMInverseScheduler" => Box::new(
            DdimInverseScheduler::new(
                config,
                DdimInverseOptions { set_alpha_to_one: one },
                usize_of(steps),
            )
            .unwrap(),
        ),
        class => {
            classes::scheduler(class, json, config, usize_of(steps), &case["options"]).unwrap()
        }
    }
}

/// The step from a timestep of the list.
fn step_from(
    scheduler: &dyn Scheduler,
    timestep: i64,
    output: Batch,
    x: &Batch,
    noise: &mut dyn Noise<Batch>,
) -> Stepped<Batch> {
    let timesteps = scheduler.timesteps();
    let index = timesteps.iter().position(|t| *t == timestep as f64).unwrap();
    scheduler.step(index, output, x, &mut History::default(), noise)
}

/// Values from the hexadecimal digits of their bits.
fn floats(text: &Value) -> Vec<f32> {
    let digits = text.as_str().unwrap();
    (0..digits.len())
        .step_by(8)
        .map(|at| f32::from_bits(u32::from_str_radix(&digits[at..at + 8], 16).unwrap()))
        .collect()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}
