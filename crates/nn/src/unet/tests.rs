use std::collections::BTreeMap;

use ancestral_format::{Array, UNetConfig, Weights};
use burn::tensor::{Int, Tensor, TensorData};
use serde_json::{Map, Value};

use super::*;
use crate::{device, parameters};

/// What `tools/golden/unet.py` writes; the head of the file has the formulas used below.
const GOLDEN: &str = include_str!("../../tests/golden/unet2d.json");

struct Case {
    config: UNetConfig,
    expected: Value,
}

impl Case {
    fn keys(&self) -> BTreeMap<String, Vec<usize>> {
        serde_json::from_value(self.expected["keys"].clone()).unwrap()
    }

    fn output(&self) -> Vec<f32> {
        serde_json::from_value(self.expected["output"].clone()).unwrap()
    }

    /// The network with the weights of the formula.
    fn network(&self) -> UNet {
        let config = UNetConfig { sample_size: Some(self.size()), ..self.config.clone() };
        let network = UNet::new(&config, &Initializer::new(0, &device::cpu())).unwrap();
        parameters::load(network, &formula_weights(&self.keys())).unwrap()
    }

    fn size(&self) -> [usize; 2] {
        let shape = self.shape();
        [shape[2], shape[3]]
    }

    fn shape(&self) -> [usize; 4] {
        serde_json::from_value(self.expected["shape"].clone()).unwrap()
    }

    fn input(&self, rows: usize) -> Tensor<4> {
        let [_, _, height, width] = self.shape();
        let shape = [rows, self.config.in_channels, height, width];
        let values = (0..shape.iter().product())
            .map(|k| to_f32(1.2 * (0.11 * k as f64 + 0.5).sin()))
            .collect::<Vec<_>>();
        Tensor::from_data(TensorData::new(values, shape), &device::cpu())
    }

    fn labels(&self) -> Option<Tensor<1, Int>> {
        self.config.num_class_embeds.map(|_| Tensor::from_ints([1, 3], &device::cpu()))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is what is wanted")]
fn to_f32(value: f64) -> f32 {
    value as f32
}

fn formula_weights(keys: &BTreeMap<String, Vec<usize>>) -> Weights {
    let array = |(j, (name, shape)): (usize, (&String, &Vec<usize>))| {
        let count: usize = shape.iter().product();
        let fan_in = count as f64 / shape[0] as f64;
        let value = |k: usize| {
            let s = (0.37 * k as f64 + 1.3 * j as f64 + 0.1).sin();
            match (shape.len(), name.ends_with("weight")) {
                (2.., _) => 1.5 / fan_in.sqrt() * s,
                (_, true) => 1.0 + 0.2 * s,
                (_, false) => 0.1 * s,
            }
        };
        let values: Vec<_> = (0..count).map(|k| to_f32(value(k))).collect();
        (name.clone(), Array::from_f32(shape.clone(), &values).unwrap())
    };
    keys.iter().enumerate().map(array).collect()
}

fn cases() -> BTreeMap<String, Case> {
    let golden: Value = serde_json::from_str(GOLDEN).unwrap();
    let base = golden["base_config"].as_object().unwrap();
    let case = |(name, expected): (&String, &Value)| {
        let mut config: Map<String, Value> = base.clone();
        config.extend(expected["changes"].as_object().unwrap().clone());
        config.insert("_class_name".to_owned(), "UNet2DModel".into());
        let json = serde_json::to_vec(&config).unwrap();
        let config = UNetConfig::from_json(&json).unwrap().config;
        (name.clone(), Case { config, expected: expected.clone() })
    };
    golden["cases"].as_object().unwrap().iter().map(case).collect()
}

#[test]
fn names_and_shapes_are_those_of_the_peer() {
    for (name, case) in cases() {
        let config = UNetConfig { sample_size: Some(case.size()), ..case.config.clone() };
        let network = UNet::new(&config, &Initializer::new(0, &device::cpu())).unwrap();
        let weights = parameters::to_weights(&network);
        let found: BTreeMap<_, _> =
            weights.iter().map(|(name, array)| (name.clone(), array.shape().to_vec())).collect();
        assert_eq!(found, case.keys(), "{name}");
        assert_eq!(network.num_params() as u64, case.expected["parameters"], "{name}");
    }
}

#[test]
fn outputs_are_those_of_the_peer() {
    for (name, case) in cases() {
        let timesteps = Tensor::from_floats([10.0, 500.0], &device::cpu());
        let output = case.network().forward(case.input(2), timesteps, case.labels());
        assert_eq!(output.dims(), case.shape(), "{name}");
        let output = parameters::values(output);
        let expected = case.output();
        assert_eq!(output.len(), expected.len(), "{name}");

        // f32 against f64: the peer's own f32 is up to 2.7e-6 of the largest output away.
        let largest = expected.iter().fold(0.0, |max: f32, x| max.max(x.abs()));
        for (i, (found, expected)) in output.iter().zip(&expected).enumerate() {
            let error = (found - expected).abs();
            assert!(error <= 1e-5 * largest, "{name}, {i}: {found} instead of {expected}");
        }
    }
}

#[test]
fn a_row_gives_the_same_bits_in_every_batch_and_thread_count() {
    let cases = cases();
    for name in ["ddpm_style", "class_embedding", "one_channel_rect"] {
        let case = &cases[name];
        let network = case.network();
        let x = case.input(8);
        let run = |from: usize, rows: usize| {
            let timesteps: Vec<f32> = (from..from + rows).map(|i| 7.0 + 31.0 * i as f32).collect();
            let labels = case.config.num_class_embeds.map(|count| {
                let labels: Vec<i64> =
                    (from..from + rows).map(|i| i64::try_from(i % count).unwrap()).collect();
                Tensor::from_data(TensorData::new(labels, [rows]), &device::cpu())
            });
            let timesteps = Tensor::from_data(TensorData::new(timesteps, [rows]), &device::cpu());
            parameters::values(network.forward(x.clone().narrow(0, from, rows), timesteps, labels))
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
        error(|c| c.norm_num_groups = 5),
        "norm_num_groups 5 does not divide the 16 channels of level 0"
    );
    assert_eq!(
        error(|c| c.attention_head_dim = Some(24)),
        "attention_head_dim 24 does not divide the 32 channels of level 1"
    );
    assert_eq!(
        error(|c| c.attn_norm_num_groups = Some(0)),
        "attn_norm_num_groups 0 does not divide the 32 channels of level 1"
    );
    assert_eq!(
        error(|c| c.sample_size = Some([9, 12])),
        "height and width must be multiples of 2 for 2 levels, not 9 × 12: the nearest sizes are \
         [8, 12] and [10, 12]"
    );
    assert_eq!(error(|c| c.sample_size = None), "sample_size is not set: give height and width");
    assert_eq!(error(|c| c.layers_per_block = 0), "layers_per_block must be at least 1");
    assert!(error(|c| c.up_block_types.truncate(1)).contains("1 up_block_types"));
    assert!(error(|c| c.mid_block_scale_factor = 0.0).contains("mid_block_scale_factor"));
}
