//! The small network against PyTorch, and what its features see.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use ancestral_metrics::small::{FEATURES, SmallNetwork};

fn colour() -> Vec<f32> {
    let value = |i: usize| {
        let (channel, y, x) = (i / (32 * 28), i / 28 % 32, i % 28);
        (0.9 * channel as f64 + 0.31 * y as f64 + 0.17 * x as f64).sin()
    };
    #[expect(clippy::cast_possible_truncation, reason = "pictures are f32")]
    (0..3 * 32 * 28).map(|i| value(i) as f32).collect()
}

/// `tools/golden/small.py`, torch 2.15.
#[test]
fn features_are_those_of_pytorch() {
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("golden/small.json")).unwrap();
    let rows = golden["features"].as_array().unwrap().iter();
    let expected: Vec<f64> =
        rows.flat_map(|row| row.as_array().unwrap().iter().map(|x| x.as_f64().unwrap())).collect();
    let colour = colour();
    let grey = [&colour[..32 * 28]; 3].concat();
    let found = SmallNetwork::new().features(&[colour, grey].concat(), 32, 28);
    let largest = expected.iter().copied().fold(0.0, f64::max);
    assert_eq!((found.len(), expected.len()), (2 * FEATURES, 2 * FEATURES));
    for (found, expected) in found.iter().zip(&expected) {
        let off = (f64::from(*found) - expected).abs();
        assert!(off < 1e-5 * largest, "{found} {expected}");
    }
}

#[test]
fn a_shift_changes_features_less_than_pixels() {
    let network = SmallNetwork::new();
    let picture = colour();
    let shifted: Vec<f32> =
        (0..picture.len()).map(|i| if i % 28 == 0 { picture[i] } else { picture[i - 1] }).collect();
    // One in so many of the squared length.
    let part = |a: &[f32], b: &[f32]| {
        let squares = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>();
        squares / a.iter().map(|x| x * x).sum::<f32>()
    };
    let pixels = part(&picture, &shifted);
    let of = |picture: &[f32]| network.features(picture, 32, 28);
    let features = part(&of(&picture), &of(&shifted));
    assert!(features < 0.5 * pixels, "{features} {pixels}");
}
