mod trajectories;

use std::collections::BTreeMap;

use ancestral_testing::unet::{Case, Labels, Shapes, cases, config};
use burn::tensor::{Tensor, TensorData};
use serde_json::Value;

use super::*;
use crate::network::label_tensor;
use crate::{device, parameters};

/// Networks of diffusers with weights by formula, measured apart from our own script.
const REFERENCE: &[u8] = include_bytes!("../../tests/golden/reference_unet.json");

/// The network with the weights of the formula.
fn network(case: &Case) -> UNet {
    let network = UNet::new(&case.config, &device::cpu()).unwrap();
    parameters::load(network, &case.weights()).unwrap()
}

fn input(case: &Case, rows: usize) -> Tensor<4> {
    let [_, _, height, width] = case.shape;
    let shape = [rows, case.config.in_channels, height, width];
    Tensor::from_data(TensorData::new(case.input(rows), shape), &device::cpu())
}

/// The prediction of the network for the two rows of a case.
fn output(case: &Case) -> Tensor<4> {
    let label = match case.labels.clone() {
        Labels::None => None,
        Labels::Numbers(values) => Some(Label::Number(label_tensor(&values, &device::cpu()))),
        Labels::Vectors(width, values) => {
            let vectors = TensorData::new(values, [2, width]);
            Some(Label::Vector(Tensor::from_data(vectors, &device::cpu())))
        }
    };
    let timesteps = Tensor::from_floats(&case.timesteps[..], &device::cpu());
    network(case).forward(input(case, 2), timesteps, label)
}

#[test]
fn names_and_shapes_are_those_of_diffusers() {
    for (name, case) in cases() {
        let network = UNet::new(&case.config, &device::cpu()).unwrap();
        let weights = parameters::to_weights(&network);
        let found: Shapes =
            weights.iter().map(|(name, array)| (name.clone(), array.shape().to_vec())).collect();
        assert_eq!(found, case.keys, "{name}");
        assert_eq!(network.num_params(), case.parameters, "{name}");
    }
}

/// f32 against f64: diffusers' own f32 is up to 3.6e-6 of the largest output away.
const TOLERANCE: f32 = 1e-5;

#[test]
fn outputs_are_those_of_diffusers() {
    let cases = cases();
    assert!(cases.len() > 90);
    for (name, case) in cases {
        let output = output(&case);
        assert_eq!(output.dims(), case.shape, "{name}");
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
    let values = |value: &Value| serde_json::from_value::<Vec<f32>>(value.clone()).unwrap();
    let cases = cases();
    for (name, expected) in reference["cases"].as_object().unwrap() {
        let case = &cases[name];
        let config = config(base, expected["changes"].as_object().unwrap(), &[]);
        assert_eq!(config, case.config, "{name}");
        let found = parameters::values(output(case));
        let tolerance = 2e-5 * expected["max_abs"].as_f64().unwrap();
        let (first, last) = (values(&expected["first6_f64"]), values(&expected["last3_f64"]));
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
fn configs_that_make_no_network_say_why() {
    let error = |change: fn(&mut UNetConfig)| {
        let mut config = cases()["base"].config.clone();
        change(&mut config);
        UNet::new(&config, &device::cpu()).unwrap_err().to_string()
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
    let label = Some(Label::Number(label_tensor(&[1, 2], &device::cpu())));
    let timesteps = Tensor::from_floats(&case.timesteps[..], &device::cpu());
    let _ = network(case).forward(input(case, 2), timesteps, label);
}
