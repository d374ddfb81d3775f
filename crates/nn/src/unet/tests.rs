mod formulas;
mod trajectories;

use std::collections::BTreeMap;

use ancestral_format::{UNetConfig, safetensors};
use burn::tensor::{Tensor, TensorData};
use serde::Deserialize;
use serde_json::{Map, Value};

use self::formulas::{formula_weights, wave};
use super::*;
use crate::{device, parameters};

/// What `tools/golden/unet.py` writes; the head of the first file has the formulas used below.
const CASES: &[u8] = include_bytes!("../../tests/golden/unet2d.json");
const OUTPUTS: &[u8] = include_bytes!("../../tests/golden/unet2d.safetensors");

/// Networks of the peer with weights by formula, measured apart from our own script.
const REFERENCE: &[u8] = include_bytes!("../../tests/golden/reference_unet.json");

type Shapes = BTreeMap<String, Vec<usize>>;

#[derive(Deserialize)]
struct Golden {
    base_config: Map<String, Value>,
    layouts: BTreeMap<String, Shapes>,
    cases: BTreeMap<String, Expected>,
}

#[derive(Deserialize)]
struct Expected {
    changes: Map<String, Value>,
    without: Vec<String>,
    timesteps: Vec<f32>,
    labels: Option<Labelled>,
    parameters: usize,
    shape: [usize; 4],
    /// Which of the lists of names and shapes it has.
    layout: String,
}

#[derive(Deserialize)]
struct Labelled {
    kind: String,
    values: Option<Vec<i64>>,
}

struct Case {
    config: UNetConfig,
    expected: Expected,
    keys: Shapes,
    output: Vec<f32>,
}

impl Case {
    /// The network with the weights of the formula.
    fn network(&self) -> UNet {
        let network = UNet::new(&self.config, &Initializer::new(0, &device::cpu())).unwrap();
        parameters::load(network, &formula_weights(&self.keys)).unwrap()
    }

    fn input(&self, rows: usize) -> Tensor<4> {
        let [_, _, height, width] = self.expected.shape;
        wave([rows, self.config.in_channels, height, width], 1.2, 0.11, 0.5)
    }

    fn timesteps(&self) -> Tensor<1> {
        Tensor::from_floats(&self.expected.timesteps[..], &device::cpu())
    }

    fn label(&self) -> Option<Label> {
        let Labelled { kind, values } = self.expected.labels.as_ref()?;
        Some(if kind == "identity" {
            let width = 4 * self.config.block_out_channels[0];
            let width = self.config.time_embedding_dim.unwrap_or(width);
            Label::Vector(wave([2, width], 0.3, 0.2, 0.0))
        } else {
            Label::Number(numbers(values.clone().unwrap()))
        })
    }
}

fn numbers(values: Vec<i64>) -> Tensor<1, Int> {
    let count = values.len();
    Tensor::from_data(TensorData::new(values, [count]), &device::cpu())
}

fn config(
    base: &Map<String, Value>,
    changes: &Map<String, Value>,
    without: &[String],
) -> UNetConfig {
    let mut config = base.clone();
    config.extend(changes.clone());
    config.retain(|key, _| !without.contains(key));
    config.insert("_class_name".to_owned(), "UNet2DModel".into());
    UNetConfig::from_json(&serde_json::to_vec(&config).unwrap()).unwrap().config
}

fn cases() -> BTreeMap<String, Case> {
    let Golden { base_config, layouts, cases } = serde_json::from_slice(CASES).unwrap();
    let outputs = safetensors::from_bytes(OUTPUTS).unwrap();
    let case = |(name, expected): (String, Expected)| {
        let case = Case {
            config: config(&base_config, &expected.changes, &expected.without),
            keys: layouts[&expected.layout].clone(),
            output: outputs.get(&name).unwrap().to_f32(),
            expected,
        };
        (name, case)
    };
    cases.into_iter().map(case).collect()
}

#[test]
fn names_and_shapes_are_those_of_the_peer() {
    for (name, case) in cases() {
        let network = UNet::new(&case.config, &Initializer::new(0, &device::cpu())).unwrap();
        let weights = parameters::to_weights(&network);
        let found: Shapes =
            weights.iter().map(|(name, array)| (name.clone(), array.shape().to_vec())).collect();
        assert_eq!(found, case.keys, "{name}");
        assert_eq!(network.num_params(), case.expected.parameters, "{name}");
    }
}

/// f32 against f64: the peer's own f32 is up to 3.6e-6 of the largest output away.
const TOLERANCE: f32 = 1e-5;

#[test]
fn outputs_are_those_of_the_peer() {
    let cases = cases();
    assert!(cases.len() > 90);
    for (name, case) in cases {
        let output = case.network().forward(case.input(2), case.timesteps(), case.label());
        assert_eq!(output.dims(), case.expected.shape, "{name}");
        let output = parameters::values(output);
        assert_eq!(output.len(), case.output.len(), "{name}");
        let largest = case.output.iter().fold(0.0, |max: f32, x| max.max(x.abs()));
        for (i, (found, expected)) in output.iter().zip(&case.output).enumerate() {
            let error = (found - expected).abs();
            assert!(error <= TOLERANCE * largest, "{name} [{i}]: {found}, not {expected}");
        }
    }
}

#[test]
fn the_first_and_last_outputs_are_those_measured_apart() {
    let reference: Value = serde_json::from_slice(REFERENCE).unwrap();
    let base = reference["base_config"].as_object().unwrap();
    let numbers = |value: &Value| serde_json::from_value::<Vec<f32>>(value.clone()).unwrap();
    let cases = cases();
    for (name, expected) in reference["cases"].as_object().unwrap() {
        let case = &cases[name];
        let config = config(base, expected["changes"].as_object().unwrap(), &[]);
        assert_eq!(config, case.config, "{name}");
        let found = case.network().forward(case.input(2), case.timesteps(), case.label());
        let found = parameters::values(found);
        let tolerance = 2e-5 * expected["max_abs"].as_f64().unwrap();
        let (first, last) = (numbers(&expected["first6_f64"]), numbers(&expected["last3_f64"]));
        let ends = found[..6].iter().chain(&found[found.len() - 3..]);
        for (found, expected) in ends.zip(first.iter().chain(&last)) {
            assert!(f64::from((found - expected).abs()) <= tolerance, "{name}: {found} {expected}");
        }
        let sum: f64 = found.iter().copied().map(f64::from).sum();
        let expected = expected["sum_f64"].as_f64().unwrap();
        // The mean error is far below the largest one.
        assert!(
            (sum - expected).abs() <= tolerance * found.len() as f64,
            "{name}: {sum} {expected}"
        );
    }
}

#[test]
fn a_row_gives_the_same_bits_in_every_batch_and_thread_count() {
    let cases = cases();
    for name in ["ddpm_style", "class_embedding", "one_channel_rect", "ncsnpp_style"] {
        let case = &cases[name];
        let network = case.network();
        let x = case.input(8);
        let run = |from: usize, rows: usize| {
            let timesteps: Vec<f32> = (from..from + rows).map(|i| 7.0 + 31.0 * i as f32).collect();
            let label = case.config.num_class_embeds.map(|count| {
                let labels = (from..from + rows).map(|i| i64::try_from(i % count).unwrap());
                Label::Number(numbers(labels.collect()))
            });
            let timesteps = Tensor::from_data(TensorData::new(timesteps, [rows]), &device::cpu());
            parameters::values(network.forward(x.clone().narrow(0, from, rows), timesteps, label))
        };
        let all = run(0, 8);
        for rows in [1, 2, 3] {
            let parts: Vec<f32> =
                (0..8).step_by(rows).flat_map(|i| run(i, rows.min(8 - i))).collect();
            assert!(all == parts, "{name}: batches of {rows} give other bits than one of 8");
        }
        for threads in [1, 2] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert!(all == pool.install(|| run(0, 8)), "{name}: other bits with {threads} threads");
        }
    }
}

#[test]
fn configs_that_make_no_network_say_why() {
    let error = |change: fn(&mut UNetConfig)| {
        let mut config = cases()["base"].config.clone();
        change(&mut config);
        UNet::new(&config, &Initializer::new(0, &device::cpu())).unwrap_err().to_string()
    };
    assert_eq!(
        error(|c| c.norm_num_groups = Some(5)),
        "norm_num_groups 5 does not divide 16 channels, which follow from block_out_channels"
    );
    assert_eq!(error(|c| c.sample_size = None), "sample_size is not set: give height and width");
}

#[test]
#[should_panic(expected = "the class of a row must be a vector of 64 numbers")]
fn a_vector_cannot_be_told_as_a_number() {
    let case = &cases()["class_identity"];
    let label = Some(Label::Number(numbers(vec![1, 2])));
    let _ = case.network().forward(case.input(2), case.timesteps(), label);
}
