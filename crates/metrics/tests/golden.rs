//! Values of pytorch-fid, torch-fidelity and prdc, as `tools/golden/metrics.py` computes them.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use ancestral_metrics::{
    KernelSubsets, Moments, Rows, frechet_distance, kernel_distance, manifold,
};
use serde_json::Value;

fn golden() -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("golden/metrics.json")).unwrap();
    file["cases"].as_array().unwrap().clone()
}

/// The values of a set by the formula in the file.
fn values(set: &Value) -> Vec<f32> {
    let number = |key: &str| set[key].as_f64().unwrap();
    let value = |k: u32| {
        let seed = u32::try_from(set["seed"].as_u64().unwrap()).unwrap();
        let mut h = k.wrapping_mul(2_654_435_761).wrapping_add(seed);
        h ^= h >> 15;
        h = h.wrapping_mul(2_246_822_519);
        h ^= h >> 13;
        let uniform = f64::from(h) / 2.0_f64.powi(32) - 0.5;
        #[allow(clippy::cast_possible_truncation, reason = "as the formula says")]
        let value = (number("scale") * uniform + number("shift")) as f32;
        value
    };
    let count = set["rows"].as_u64().unwrap() * set["row_len"].as_u64().unwrap();
    (0..u32::try_from(count).unwrap()).map(value).collect()
}

fn row_len(set: &Value) -> usize {
    usize::try_from(set["row_len"].as_u64().unwrap()).unwrap()
}

fn assert_near(found: f64, case: &Value, expected: &Value, relative: f64) {
    let expected = expected.as_f64().unwrap();
    let limit = relative * expected.abs().max(1e-3);
    assert!((found - expected).abs() <= limit, "{}: {found} is not {expected}", case["name"]);
}

#[test]
fn frechet_distances_are_those_of_pytorch_fid() {
    for case in golden() {
        let moments =
            |set: &Value| Moments::of(Rows::new(&values(set), row_len(set)).unwrap()).unwrap();
        let found = frechet_distance(&moments(&case["real"]), &moments(&case["drawn"])).unwrap();
        assert_near(found.distance, &case, &case["frechet"], 1e-9);
    }
}

#[test]
fn kernel_distances_are_those_of_torch_fidelity() {
    for case in golden() {
        let (real, drawn) = (values(&case["real"]), values(&case["drawn"]));
        let row_len = row_len(&case["real"]);
        // Of sets of the size of a subset all subsets are the set.
        let size = real.len().min(drawn.len()) / row_len;
        let first = |values: &[f32]| values[..size * row_len].to_vec();
        let (real, drawn) = (first(&real), first(&drawn));
        let rows = |values| Rows::new(values, row_len).unwrap();
        let subsets = KernelSubsets { count: 3, size, seed: 1 };
        let found = kernel_distance(rows(&real), rows(&drawn), subsets).unwrap();
        assert_near(found.mean, &case, &case["kernel"], 1e-9);
        assert!(found.standard_deviation < 1e-12);
    }
}

#[test]
fn precision_recall_density_and_coverage_are_those_of_prdc() {
    for case in golden() {
        let (real, drawn) = (values(&case["real"]), values(&case["drawn"]));
        let rows = |values| Rows::new(values, row_len(&case["real"])).unwrap();
        for expected in case["prdc"].as_array().unwrap() {
            let k = usize::try_from(expected["k"].as_u64().unwrap()).unwrap();
            let found = manifold(rows(&real), rows(&drawn), k).unwrap();
            assert_near(found.precision.value, &case, &expected["precision"], 1e-12);
            assert_near(found.recall.value, &case, &expected["recall"], 1e-12);
            assert_near(found.density.value, &case, &expected["density"], 1e-12);
            assert_near(found.coverage.value, &case, &expected["coverage"], 1e-12);
        }
    }
}
