use ancestral::{Batch, Network};
use ancestral_cpu::CpuNetwork;
use burn::tensor::TensorData;

use super::*;
use crate::parameters::{self, values};
use crate::{device, network::label_tensor};

fn config() -> MlpConfig {
    MlpConfig {
        columns: 2,
        width: 16,
        blocks: 2,
        time_embed_dim: 8,
        num_class_embeds: Some(3),
        predicts_variance: true,
        ..MlpConfig::default()
    }
}

fn mlp() -> Mlp {
    parameters::seeded(Mlp::new(&config(), &device::cpu()).unwrap(), 4)
}

fn rows(count: usize) -> (Tensor<2>, Tensor<1>, Tensor<1, Int>) {
    let device = device::cpu();
    let x: Vec<f32> = (0..count * 2).map(|i| (i as f32 * 0.7).sin()).collect();
    let t: Vec<f32> = (0..count).map(|i| i as f32 * 31.0).collect();
    let labels: Vec<u32> = (0..3).cycle().take(count).collect();
    (
        Tensor::from_data(TensorData::new(x, [count, 2]), &device),
        Tensor::from_data(TensorData::new(t, [count]), &device),
        label_tensor(&labels, &device),
    )
}

/// The formula, in f64, a row at a time.
fn by_hand(weights: &ancestral_format::Weights, x: &[f32], t: f64, label: usize) -> Vec<f64> {
    let linear = |name: &str, x: &[f64]| -> Vec<f64> {
        let weight = weights.get(&format!("{name}.weight")).unwrap().to_f32();
        let bias = weights.get(&format!("{name}.bias")).unwrap().to_f32();
        let dot = |row: &[f32]| row.iter().zip(x).map(|(w, x)| f64::from(*w) * x).sum::<f64>();
        weight.chunks(x.len()).zip(bias).map(|(row, b)| dot(row) + f64::from(b)).collect()
    };
    let silu = |x: &[f64]| x.iter().map(|x| x / (1.0 + (-x).exp())).collect::<Vec<_>>();
    let add = |a: Vec<f64>, b: &[f64]| a.iter().zip(b).map(|(a, b)| a + b).collect::<Vec<_>>();
    let angles: Vec<f64> = (0..4).map(|i| t * 10_000.0_f64.powf(-f64::from(i) / 4.0)).collect();
    let sinusoids: Vec<f64> =
        angles.iter().map(|a| a.cos()).chain(angles.iter().map(|a| a.sin())).collect();
    let time = linear("time_embedding.linear_1", &sinusoids);
    let time = linear("time_embedding.linear_2", &silu(&time));
    let table = weights.get("class_embedding.weight").unwrap().to_f32();
    let class: Vec<f64> = table[label * 8..][..8].iter().map(|x| f64::from(*x)).collect();
    let time = silu(&add(time, &class));
    let x: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
    let mut h = linear("linear_in", &x);
    for block in ["blocks.0", "blocks.1"] {
        let inner = linear(&format!("{block}.linear_1"), &silu(&h));
        let inner = add(inner, &linear(&format!("{block}.time_emb_proj"), &time));
        h = add(h, &linear(&format!("{block}.linear_2"), &silu(&inner)));
    }
    linear("linear_out", &silu(&h))
}

#[test]
fn planned_for_a_cpu_it_is_the_formula() {
    let weights = parameters::to_weights(&mlp());
    let mut network = CpuNetwork::load(&config().into(), weights.clone()).unwrap();
    let x: Vec<f32> = (0..2 * 400).map(|i| (i as f32 * 0.7).sin()).collect();
    let timesteps: Vec<f64> = (0..400).map(|i| f64::from(i) * 2.5).collect();
    let labels: Vec<u32> = (0..3).cycle().take(400).collect();
    let output = network.predict(&Batch::new(vec![2], x.clone()), &timesteps, Some(&labels));
    for (row, found) in output.unwrap().iter_rows().enumerate() {
        let expected = by_hand(&weights, &x[2 * row..][..2], timesteps[row], labels[row] as usize);
        for (found, expected) in found.iter().zip(expected) {
            assert!((f64::from(*found) - expected).abs() < 2e-5, "row {row}: {found}, {expected}");
        }
    }
}

#[test]
fn it_is_the_formula() {
    let mlp = mlp();
    let weights = parameters::to_weights(&mlp);
    let (x, t, labels) = rows(5);
    let found = values(mlp.predict(x.clone(), t, Some(labels)));
    for (i, x) in values(x).chunks(2).enumerate() {
        let expected = by_hand(&weights, x, i as f64 * 31.0, i % 3);
        for (found, expected) in found[4 * i..].iter().zip(expected) {
            assert!((f64::from(*found) - expected).abs() < 2e-6, "row {i}: {found} {expected}");
        }
    }
}

#[test]
fn shapes_and_labels_are_those_of_the_config() {
    let make = |config: &MlpConfig| Mlp::new(config, &device::cpu());
    let mlp = make(&config()).unwrap();
    assert_eq!(
        (mlp.input_shape(), mlp.output_shape(), mlp.labels()),
        (vec![2], vec![4], Labels::Classes(3))
    );
    let without = make(&MlpConfig { num_class_embeds: None, ..config() }).unwrap();
    assert_eq!(without.labels(), Labels::None);
    assert!(make(&MlpConfig { columns: 0, ..config() }).is_err());
}
