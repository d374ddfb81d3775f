//! The gradients of whole networks, against central differences of plain definitions in f64.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod plain;

use ancestral_cpu::Precision;
use ancestral_cpu::train::{Pass, TrainingNetwork};
use ancestral_format::{Array, Layout, MlpConfig, NetworkConfig};
use ancestral_testing::unet::{Case, cases};
use plain::Values;
use rayon::prelude::*;

/// What is differentiated: Σ of the outputs times these.
fn slope(i: usize) -> f64 {
    (0.7 * i as f64 + 0.3).sin()
}

/// A network with its weights, and rows for it.
struct Example {
    config: NetworkConfig,
    network: TrainingNetwork,
    weights: Vec<f32>,
    x: Vec<f32>,
    timesteps: Vec<f64>,
    labels: Option<Vec<u32>>,
}

impl Example {
    fn of(case: &Case) -> Self {
        let config = NetworkConfig::from(case.config.clone());
        let network = TrainingNetwork::new(Precision::F32, &config).unwrap();
        let weights = network.layout().values(&case.weights()).unwrap();
        let labels = case.labels.numbers();
        let timesteps = case.timesteps.iter().copied().map(f64::from).collect();
        Self { config, network, weights, x: case.input(2), timesteps, labels }
    }

    /// Outputs and gradients, with leaves of so many rows.
    fn computed(&self, leaf: usize) -> (Vec<f32>, Vec<f32>) {
        self.computed_from(leaf, 0)
    }

    /// The same of rows whose outputs have the slopes from the `first` on.
    fn computed_from(&self, leaf: usize, first: usize) -> (Vec<f32>, Vec<f32>) {
        let (timesteps, labels) = (&self.timesteps[..], self.labels.as_deref());
        let pass = Pass { x: &self.x, timesteps, labels, leaf };
        let mut gradients = vec![f32::NAN; self.weights.len()];
        let mut out = Vec::new();
        let mut loss = |y: &[f32], dy: &mut [f32]| {
            out = y.to_vec();
            #[expect(clippy::cast_possible_truncation, reason = "slopes are f32")]
            dy.iter_mut().enumerate().for_each(|(i, dy)| *dy = slope(first + i) as f32);
        };
        self.network.gradients(&self.weights, pass, &mut loss, &mut gradients);
        (out, gradients)
    }

    /// Outputs by the definition.
    fn defined(&self, values: &Values) -> Vec<f64> {
        let rows = self.timesteps.len();
        let row = |row: usize| {
            let size = self.x.len() / rows;
            let x: Vec<f64> = self.x[row * size..][..size].iter().copied().map(f64::from).collect();
            let label = self.labels.as_ref().map(|labels| labels[row]);
            match &self.config {
                NetworkConfig::UNet(config) => {
                    plain::unet(config, values, &x, self.timesteps[row], label)
                }
                NetworkConfig::Mlp(config) => {
                    plain::mlp(config, values, &x, self.timesteps[row], label)
                }
            }
        };
        (0..rows).flat_map(row).collect()
    }

    fn values(&self, weights: &[f32]) -> Values {
        plain::values(&self.network.layout().to_weights(weights))
    }

    /// The slope of Σ along a direction from `weights`, by central differences.
    fn difference(&self, weights: &[f32], direction: &[f64], step: f64) -> f64 {
        let at = |step: f64| {
            let mut values = self.values(weights);
            for (name, _, at) in self.network.layout().iter() {
                let values = values.get_mut(name).unwrap();
                values.iter_mut().zip(&direction[at]).for_each(|(x, d)| *x += step * d);
            }
            let out = self.defined(&values);
            out.iter().enumerate().map(|(i, y)| y * slope(i)).sum::<f64>()
        };
        (at(step) - at(-step)) / (2.0 * step)
    }

    fn check(&self, name: &str) {
        let (out, gradients) = self.computed(1);
        let expected = self.defined(&self.values(&self.weights));
        near(&format!("{name}: outputs"), &out, &expected, 2e-5);
        for number in 0..3 {
            let direction = direction(self.network.layout(), &gradients, number);
            let found: f64 = gradients.iter().zip(&direction).map(|(g, d)| f64::from(*g) * d).sum();
            let expected = self.difference(&self.weights, &direction, 1e-6);
            // Each parameter's part is about 1: one that is wrong by a thousandth shows.
            let error = (found - expected).abs();
            if error < 1e-3 {
                continue;
            }
            // Unless the weights' own roundings change about as much: a pass rounds at every layer.
            let change = (0..3).map(|seed| {
                let off = |i: usize| 1e-6 * (((i + seed) * 7919 % 13) as f32 - 6.0) / 6.0;
                let rounded = self.weights.iter().enumerate().map(|(i, w)| w * (1.0 + off(i)));
                let rounded: Vec<f32> = rounded.collect();
                (self.difference(&rounded, &direction, 1e-6) - expected).abs()
            });
            let change = change.fold(0.0, f64::max);
            assert!(
                error < 4.0 * change,
                "{name}, direction {number}: {found}, not {expected} ({change})"
            );
        }
    }
}

fn near(what: &str, found: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(*found) - expected).abs();
        assert!(error <= tolerance * largest, "{what} [{i}]: {found}, not {expected}");
    }
}

/// A direction in which every parameter changes the sum by about ±1: along its gradient and beside it.
fn direction(layout: &Layout, gradients: &[f32], number: usize) -> Vec<f64> {
    let length = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
    let gradients: Vec<f64> = gradients.iter().copied().map(f64::from).collect();
    let most = layout.iter().map(|(.., at)| length(&gradients[at])).fold(0.0, f64::max);
    let part = |(j, (_, _, at)): (usize, (&str, &[usize], std::ops::Range<usize>))| {
        let gradient = &gradients[at];
        if gradient.iter().all(|g| *g == 0.0) {
            return vec![0.0; gradient.len()]; // frequencies, which are not learned
        }
        let wave = |i: usize| ((1.7 + number as f64) * i as f64 + 0.31 * j as f64).sin();
        let wave: Vec<f64> = (0..gradient.len()).map(wave).collect();
        let own = length(gradient);
        let (beside, along) = (1.0 / length(&wave), 1.0 / own.max(1e-3 * most));
        let sign = if (j >> number) & 1 == 0 { 1.0 } else { -1.0 };
        let value = move |(g, w): (&f64, f64)| sign * along * (g / own.max(1e-300) + w * beside);
        gradient.iter().zip(wave).map(value).collect::<Vec<_>>()
    };
    layout.iter().enumerate().flat_map(part).collect()
}

#[test]
fn gradients_of_unets_are_the_differences_of_their_definition() {
    let cases = cases();
    let cases: Vec<_> = cases.iter().filter(|(_, case)| !case.labels.are_vectors()).collect();
    assert!(cases.len() > 90);
    cases.par_iter().for_each(|(name, case)| Example::of(case).check(name));
}

#[test]
fn gradients_of_mlps_are_the_differences_of_their_definition() {
    for (columns, classes, predicts_variance) in [(2, None, false), (5, Some(4), true)] {
        let config = MlpConfig {
            predicts_variance,
            columns,
            width: 24,
            blocks: 2,
            time_embed_dim: 16,
            num_class_embeds: classes,
            ..MlpConfig::default()
        };
        let config = NetworkConfig::from(config);
        let network = TrainingNetwork::new(Precision::F32, &config).unwrap();
        let array = |(name, shape, at): (&str, &[usize], std::ops::Range<usize>)| {
            #[expect(clippy::cast_possible_truncation, reason = "weights are f32")]
            let values: Vec<f32> = at.map(|k| (0.3 * (0.37 * k as f64).sin()) as f32).collect();
            (name.to_owned(), Array::from_f32(shape.to_vec(), &values).unwrap())
        };
        let weights = network.layout().iter().map(array).collect();
        let weights = network.layout().values(&weights).unwrap();
        let x = (0..7 * columns).map(|i| (i as f32 * 0.9).sin()).collect();
        let timesteps = (0..7).map(|i| f64::from(i) * 140.0).collect();
        let labels = classes.map(|_| vec![0, 1, 2, 3, 1, 1, 0]);
        Example { config, network, weights, x, timesteps, labels }.check("mlp");
    }
}

/// Some rows of an example, over again.
fn repeated(case: &Case, rows: usize) -> Example {
    let example = Example::of(case);
    let size = example.x.len() / 2;
    Example {
        x: (0..rows * size).map(|i| (0.11 * i as f32 + 0.5).sin()).collect(),
        timesteps: (0..rows).map(|i| (7.0 + 31.0 * i as f64) % 990.0).collect(),
        labels: example.labels.map(|labels| (0..rows).map(|i| labels[i % labels.len()]).collect()),
        ..example
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let cases = cases();
    for name in ["ddpm_style", "class_embedding", "one_channel_rect", "ncsnpp_style", "base"] {
        let example = repeated(&cases[name], 7);
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| example.computed(2))
        };
        let first = run(1);
        for threads in [2, 3] {
            assert!(first == run(threads), "{name}: other bits with {threads} threads");
        }
    }
}

#[test]
fn passes_over_parts_of_the_tree_add_to_the_same_bits() {
    let cases = cases();
    for name in ["ddpm_style", "class_embedding", "ncsnpp_style", "base"] {
        let whole = repeated(&cases[name], 14);
        let size = whole.x.len() / 14;
        let part = |rows: std::ops::Range<usize>| {
            let slopes = rows.start * size; // where the slopes of its outputs begin
            let part = Example {
                config: whole.config.clone(),
                network: TrainingNetwork::new(Precision::F32, &whole.config).unwrap(),
                weights: whole.weights.clone(),
                x: whole.x[rows.start * size..rows.end * size].to_vec(),
                timesteps: whole.timesteps[rows.clone()].to_vec(),
                labels: whole.labels.as_ref().map(|labels| labels[rows].to_vec()),
            };
            (slopes, part)
        };
        // Leaves of two rows: four and three of them.
        let parts = [part(0..8), part(8..14)];
        let [left, right] = parts.map(|(slopes, part)| part.computed_from(2, slopes).1);
        let sum: Vec<f32> = left.iter().zip(&right).map(|(x, y)| x + y).collect();
        assert!(sum == whole.computed(2).1, "{name}");
    }
}

#[test]
fn the_memory_of_a_pass_is_known_before() {
    let cases = cases();
    // Rows enough that maps count, not what is taken whatever the rows.
    for name in ["base", "ddpm_style", "ncsnpp_style", "resnet_sampling_attn_scale_shift"] {
        let example = repeated(&cases[name], 400);
        let (before, least) = (example.network.memory(400), example.network.memory(1));
        example.computed(4);
        let taken = example.network.arena_bytes() as u64;
        assert!(taken <= before, "{name}: {taken} bytes, not {before}");
        assert!(3 * taken > before - least, "{name}: {taken} bytes, {before} expected");
    }
}
