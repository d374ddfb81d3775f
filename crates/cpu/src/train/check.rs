//! What the tests of all kernels share: values by formula, differences, and threads.

/// Values in −1 … 1 that follow no simple pattern.
pub fn wave(count: usize, phase: f64) -> Vec<f32> {
    let value = |k: usize| (phase + 0.7 * k as f64 + 0.13 * ((k * k) % 101) as f64).sin();
    #[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is what is wanted")]
    (0..count).map(|k| value(k) as f32).collect()
}

pub fn to_f64(values: &[f32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}

/// Σ x y, which turns a function of many outputs into a scalar function with a gradient.
pub fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

/// `found` is `expected` within `tolerance` of its largest value.
pub fn assert_near(what: &str, found: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    assert!(largest > 0.0, "{what}: nothing to compare");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(*found) - expected).abs();
        assert!(error <= tolerance * largest, "{what} [{i}]: {found}, not {expected} ({largest})");
    }
}

/// `gradient` is that of `f` at `x` by central differences, at some of its elements.
pub fn assert_is_gradient(what: &str, gradient: &[f64], x: &[f64], f: impl Fn(&[f64]) -> f64) {
    assert_eq!(gradient.len(), x.len(), "{what}");
    let step = 1e-5;
    let largest = gradient.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    assert!(largest > 0.0, "{what}: no gradient");
    for i in (0..x.len()).step_by(1 + x.len() / 40) {
        let at = |change: f64| {
            let mut x = x.to_vec();
            x[i] += change;
            f(&x)
        };
        let slope = (at(step) - at(-step)) / (2.0 * step);
        // Third derivatives times step², and rounding over step: both below 1e-8.
        let error = (slope - gradient[i]).abs();
        assert!(error <= 1e-7 * largest.max(1.0), "{what} [{i}]: {}, not {slope}", gradient[i]);
    }
}

/// The same bits with 1, 2, 3 and 5 threads.
pub fn assert_same_for_any_threads(what: &str, f: impl Fn() -> Vec<f32> + Sync) {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads").install(&f)
    };
    let first = run(1);
    for threads in [2, 3, 5] {
        assert!(first == run(threads), "{what}: other bits with {threads} threads");
    }
}
