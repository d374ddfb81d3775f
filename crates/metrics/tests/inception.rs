//! InceptionV3 and its inputs against PyTorch and PIL, as `tools/golden/inception.py` computes them.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]
#![allow(clippy::cast_possible_truncation, reason = "the formula rounds to f32; sizes are small")]

use std::collections::BTreeMap;

use ancestral_metrics::inception::{FEATURES, Inception, InceptionError, Resize, SIDE, Tensor};
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/inception.json")).unwrap()
}

fn sizes(value: &Value) -> Vec<usize> {
    value.as_array().unwrap().iter().map(|x| x.as_u64().unwrap() as usize).collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// The numbers from −1 to 1 of the formula in the file.
fn uniform(tensor: u32, count: usize) -> impl Iterator<Item = f64> {
    (0..count as u32).map(move |k| {
        let mut h = k.wrapping_mul(2_654_435_761).wrapping_add(40503_u32.wrapping_mul(tensor + 1));
        h ^= h >> 15;
        h = h.wrapping_mul(2_246_822_519);
        h ^= h >> 13;
        2.0 * (f64::from(h) / 2.0_f64.powi(32)) - 1.0
    })
}

fn picture(tensor: u64, size: &[usize]) -> Vec<f32> {
    uniform(tensor as u32, 3 * size[0] * size[1]).map(|u| u as f32).collect()
}

/// The weights by name: shape and values.
fn weights(golden: &Value) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
    let shapes = golden["shapes"].as_object().unwrap();
    let mut names: Vec<&String> = shapes.keys().collect();
    names.sort();
    let tensor = |(j, name): (usize, &String)| {
        let shape = sizes(&shapes[name]);
        let count = shape.iter().product();
        let value = |u: f64| match name.rsplit_once('.').unwrap() {
            (module, "weight") if module.ends_with("conv") => {
                (6.0 / shape[1..].iter().product::<usize>() as f64).sqrt() * u
            }
            (_, "weight" | "running_var") => 1.0 + u / 5.0,
            _ => u / 10.0,
        };
        let values = uniform(j as u32, count).map(|u| value(u) as f32).collect();
        (name.clone(), (shape, values))
    };
    names.into_iter().enumerate().map(tensor).collect()
}

#[test]
fn features_are_those_of_pytorch() {
    let golden = golden();
    let mut weights = weights(&golden);
    let network = |weights: &BTreeMap<String, (Vec<usize>, Vec<f32>)>| {
        Inception::new(|name| weights.get(name).map(|(shape, values)| Tensor { shape, values }))
    };
    let size = sizes(&golden["size"]);
    let found = network(&weights).unwrap().features(&picture(1000, &size), size[0], size[1]);
    let expected = numbers(&golden["features"]);
    assert_eq!((found.len(), expected.len()), (FEATURES, FEATURES));
    let largest = expected.iter().copied().fold(0.0, f64::max);
    for (found, expected) in found.iter().zip(expected) {
        assert!((f64::from(*found) - expected).abs() < 1e-4 * largest, "{found}, {expected}");
    }
    let name = "Mixed_7c.branch3x3dbl_3b.bn.running_mean";
    let (shape, values) = weights.remove(name).unwrap();
    let missing = InceptionError::Missing { name: name.to_owned() };
    assert_eq!(network(&weights).unwrap_err(), missing);
    weights.insert(name.to_owned(), (vec![2, 192], values));
    let (found, expected) = (vec![2, 192], shape);
    let other = InceptionError::Shape { name: name.to_owned(), found, expected };
    assert_eq!(network(&weights).unwrap_err(), other);
}

#[test]
fn pictures_are_resized_as_clean_fid_and_pytorch_fid_do() {
    for case in golden()["resized"].as_array().unwrap() {
        let size = sizes(&case["size"]);
        let picture = picture(case["picture"].as_u64().unwrap(), &size);
        // PyTorch computes places in f32: 330 · 2⁻²³ = 4e-5 off, times the difference of two pixels.
        for (name, resize, limit) in
            [("clean", Resize::Clean, 2e-6), ("pytorch", Resize::Pytorch, 1e-4)]
        {
            let found = resize.apply(&picture, size[0], size[1]);
            let places = case["places"].as_array().unwrap();
            for (place, expected) in places.iter().map(sizes).zip(numbers(&case[name])) {
                let found = found[(place[0] * SIDE + place[1]) * SIDE + place[2]];
                assert!(
                    (f64::from(found) - expected).abs() < limit,
                    "{name} {size:?} at {place:?}: {found}, {expected}"
                );
            }
        }
    }
}
