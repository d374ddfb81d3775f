//! U-Nets with weights and inputs by formula, and their outputs in diffusers.

use std::collections::BTreeMap;

use ancestral_format::{Array, UNetConfig, Weights, safetensors};
use serde::Deserialize;
use serde_json::{Map, Value};

/// What `tools/golden/unet.py` writes; the head of the first file has the formulas used below.
const CASES: &[u8] = include_bytes!("../golden/unet2d.json");
const OUTPUTS: &[u8] = include_bytes!("../golden/unet2d.safetensors");

/// The shapes of parameters, by their names.
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
    values: Option<Vec<u32>>,
}

/// What the rows of a case are labelled with.
#[derive(Clone, Debug)]
pub enum Labels {
    /// Nothing.
    None,
    /// A number each: a class, or a time.
    Numbers(Vec<u32>),
    /// Vectors of this width.
    Vectors(usize, Vec<f32>),
}

/// A network, two rows of input, and its output.
#[derive(Clone, Debug)]
pub struct Case {
    /// The network's config.
    pub config: UNetConfig,
    /// The names and shapes of its parameters.
    pub keys: Shapes,
    /// How many numbers its parameters are.
    pub parameters: usize,
    /// The timestep of each row.
    pub timesteps: Vec<f32>,
    /// The labels of the rows.
    pub labels: Labels,
    /// The shape of the output: `[2, out_channels, height, width]`.
    pub shape: [usize; 4],
    /// The output of diffusers in float64, rounded.
    pub output: Vec<f32>,
}

impl Labels {
    /// The numbers, if rows are labelled with numbers.
    #[must_use]
    pub fn numbers(&self) -> Option<Vec<u32>> {
        match self {
            Self::Numbers(numbers) => Some(numbers.clone()),
            Self::None | Self::Vectors(..) => None,
        }
    }

    /// Whether rows are labelled with vectors.
    #[must_use]
    pub fn are_vectors(&self) -> bool {
        matches!(self, Self::Vectors(..))
    }
}

impl Case {
    /// The weights, by formula.
    #[must_use]
    pub fn weights(&self) -> Weights {
        formula_weights(&self.keys)
    }

    /// The input, by formula: `[rows, in_channels, height, width]`.
    ///
    /// The first rows of any number of rows are the same.
    #[must_use]
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

/// Weights of these names and shapes, by formula.
///
/// # Panics
/// If a shape has more numbers than fit into memory.
#[must_use]
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
///
/// # Panics
/// If it is no config of a U-Net.
#[must_use]
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
    UNetConfig::from_json(json.as_bytes()).expect("a config of diffusers").config
}

/// All cases by name.
///
/// # Panics
/// If the golden files are damaged.
#[must_use]
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
