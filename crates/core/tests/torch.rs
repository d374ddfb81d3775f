//! PyTorch's CPU generator against PyTorch, by bit patterns: `tools/golden/generator.py`.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use ancestral::noise::{TorchGenerator, TorchNoise};
use ancestral::{Batch, Noise};
use serde_json::Value;

/// f64 normals come from the system's logarithm, sine and cosine, whose last bits are a matter of
/// the system; the golden values are of glibc's.
const TOLERANCE: f64 = if cfg!(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu"))
{
    0.0
} else {
    1e-14
};

fn golden(list: &str) -> Vec<Value> {
    let golden: Value = serde_json::from_str(include_str!("golden/generator.json")).unwrap();
    golden[list].as_array().unwrap().clone()
}

fn numbers(list: &Value) -> Vec<u64> {
    list.as_array().unwrap().iter().map(|value| value.as_u64().unwrap()).collect()
}

/// What stands in a string of hexadecimal numbers of `digits` digits.
fn words(value: &Value, digits: usize) -> impl Iterator<Item = u64> {
    let word = move |at: &[u8]| u64::from_str_radix(str::from_utf8(at).unwrap(), 16).unwrap();
    value.as_str().unwrap().as_bytes().chunks(digits).map(word)
}

fn assert_f32(ours: &[f32], golden: &Value, what: &str) {
    let ours: Vec<_> = ours.iter().map(|value| u64::from(value.to_bits())).collect();
    assert_eq!(ours, words(golden, 8).collect::<Vec<_>>(), "{what}");
}

fn assert_f64(ours: &[f64], golden: &Value, what: &str) {
    let golden: Vec<_> = words(golden, 16).map(f64::from_bits).collect();
    assert_eq!(ours.len(), golden.len(), "{what}");
    for (ours, golden) in std::iter::zip(ours, golden) {
        assert!((ours - golden).abs() <= TOLERANCE, "{ours:e} for {golden:e}: {what}");
    }
}

#[test]
fn calls_to_one_generator_give_what_pytorch_gives() {
    for sequence in golden("sequences") {
        let mut generator = TorchGenerator::new(sequence["seed"].as_u64().unwrap());
        for call in sequence["calls"].as_array().unwrap() {
            let text = call[0].as_str().unwrap();
            let what = format!("{text}, of {}", sequence["seed"]);
            let (kind, count) = text.rsplit_once(' ').unwrap();
            let (mut narrow, mut wide) =
                (vec![0.0; count.parse().unwrap()], vec![0.0; count.parse().unwrap()]);
            match kind {
                "normal f32" => generator.fill_normals_f32(&mut narrow),
                "normal f64" => generator.fill_normals_f64(&mut wide),
                "uniform f32" => narrow.fill_with(|| generator.uniform_f32()),
                "uniform f64" => wide.fill_with(|| generator.uniform_f64()),
                _ => panic!("{what}"),
            }
            if kind.ends_with("f32") {
                assert_f32(&narrow, &call[1], &what);
            } else {
                assert_f64(&wide, &call[1], &what);
            }
        }
    }
}

#[test]
fn batches_are_what_diffusers_draws() {
    for case in golden("batches") {
        let what = format!("{} of {}, {}", case["shape"], case["seeds"], case["dtype"]);
        let mut noise = TorchNoise::each(numbers(&case["seeds"]));
        let shape: Vec<_> =
            numbers(&case["shape"]).iter().map(|&size| usize::try_from(size).unwrap()).collect();
        let (rows, shape) = (shape[0], shape[1..].to_vec());
        for draw in case["draws"].as_array().unwrap() {
            if case["dtype"] == "f32" {
                assert_f32(noise.start(rows, shape.clone()).data(), draw, &what);
            } else {
                let drawn = noise.draw(&Batch::<f64>::zeros(rows, shape.clone()));
                assert_f64(drawn.data(), draw, &what);
            }
        }
    }
}
