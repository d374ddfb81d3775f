//! The weights and inputs that golden files were made with.

use ancestral_format::{Array, Weights};
use burn::tensor::{Tensor, TensorData};

use super::Shapes;
use crate::device;

#[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is what is wanted")]
fn to_f32(value: f64) -> f32 {
    value as f32
}

/// Element k: scale sin(frequency k + phase).
pub(super) fn wave<const D: usize>(
    shape: [usize; D],
    scale: f64,
    frequency: f64,
    phase: f64,
) -> Tensor<D> {
    let value = |k: usize| to_f32(scale * (frequency * k as f64 + phase).sin());
    let values: Vec<f32> = (0..shape.iter().product()).map(value).collect();
    Tensor::from_data(TensorData::new(values, shape), &device::cpu())
}

pub(super) fn formula_weights(keys: &Shapes) -> Weights {
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
        (name.clone(), Array::from_f32(shape.clone(), &values).unwrap())
    };
    keys.iter().enumerate().map(array).collect()
}
