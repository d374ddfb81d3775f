//! Networks of the peer, with weights and inputs by formula: the tests of every engine read this.

use std::collections::BTreeMap;

use ancestral_format::{Array, UNetConfig, Weights, safetensors};
use serde::Deserialize;
use serde_json::{Map, Value};

/// What `tools/golden/unet.py` writes; the head of the first file has the formulas used below.
const CASES: &[u8] = include_bytes!("../../../tests/golden/unet2d.json");
const OUTPUTS: &[u8] = include_bytes!("../../../tests/golden/unet2d.safetensors");

pub type Shapes = BTreeMap<String, Vec<usize>>;

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

/// What the rows of a case are labelled with.
#[derive(Clone)]
pub enum Labels {
    None,
    Numbers(Vec<i64>),
    /// Vectors of this width.
    Vectors(usize, Vec<f32>),
}

/// A network, two rows that it is asked about, and what it says.
pub struct Case {
    pub config: UNetConfig,
    pub keys: Shapes,
    pub parameters: usize,
    pub timesteps: Vec<f32>,
    pub labels: Labels,
    /// `[2, out_channels, height, width]`
    pub shape: [usize; 4],
    pub output: Vec<f32>,
}

impl Case {
    pub fn weights(&self) -> Weights {
        formula_weights(&self.keys)
    }

    /// `[rows, in_channels, height, width]`
    pub fn input(&self, rows: usize) -> Vec<f32> {
        let [_, _, height, width] = self.shape;
        wave(rows * self.config.in_channels * height * width, 1.2, 0.11, 0.5)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is what is wanted")]
fn to_f32(value: f64) -> f32 {
    value as f32
}

/// Element k: scale sin(frequency k + phase).
fn wave(count: usize, scale: f64, frequency: f64, phase: f64) -> Vec<f32> {
    (0..count).map(|k| to_f32(scale * (frequency * k as f64 + phase).sin())).collect()
}

pub fn formula_weights(keys: &Shapes) -> Weights {
    let array = |(j, (name, shape)): (usize, (&String, &Vec<usize>))| {
        let count: usize = shape.iter().product();
        let fan_in = count as f64 / shape[0] as f64;
        let value = |k: usize| {
            let s = (0.37 * k as f64 + 1.3 * j as f64 + 0.1).sin();
            match (shape.len(), name.ends_with("weight")) {
                (2.., _) => 1.5 / fan_in.sqrt() * s,
                (_, _) if name == "time_proj.weight" => 2.0 * s,
                (_, true) => 1.0 + 0.2 * s,
                (_, false) => 0.1 * s,
            }
        };
        let values: Vec<_> = (0..count).map(|k| to_f32(value(k))).collect();
        (name.clone(), Array::from_f32(shape.clone(), &values).expect("as many as its shape says"))
    };
    keys.iter().enumerate().map(array).collect()
}

/// A config with some keys changed and some left out.
pub fn config(
    base: &Map<String, Value>,
    changes: &Map<String, Value>,
    without: &[String],
) -> UNetConfig {
    let mut config = base.clone();
    config.extend(changes.clone());
    config.retain(|key, _| !without.contains(key));
    config.insert("_class_name".to_owned(), "UNet2DModel".into());
    let json = Value::Object(config).to_string();
    UNetConfig::from_json(json.as_bytes()).expect("the peer's config").config
}

/// All cases by name.
pub fn cases() -> BTreeMap<String, Case> {
    let golden: Golden = serde_json::from_slice(CASES).expect("the file of cases");
    let outputs = safetensors::from_bytes(OUTPUTS).expect("the file of outputs");
    let case = |(name, expected): (String, Expected)| {
        let config = config(&golden.base_config, &expected.changes, &expected.without);
        let width = config.time_embedding_dim.unwrap_or(4 * config.block_out_channels[0]);
        let labels = match expected.labels {
            None => Labels::None,
            Some(Labelled { kind, .. }) if kind == "identity" => {
                Labels::Vectors(width, wave(2 * width, 0.3, 0.2, 0.0))
            }
            Some(Labelled { values, .. }) => Labels::Numbers(values.unwrap_or_default()),
        };
        let case = Case {
            config,
            keys: golden.layouts[&expected.layout].clone(),
            parameters: expected.parameters,
            timesteps: expected.timesteps,
            labels,
            shape: expected.shape,
            output: outputs.get(&name).expect("an output a case").to_f32(),
        };
        (name, case)
    };
    golden.cases.into_iter().map(case).collect()
}
