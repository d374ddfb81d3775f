//! The gradients of whole networks: those of our own engine, and those of Burn's automatic
//! differentiation.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::collections::BTreeMap;

use ancestral_cpu::Precision;
use ancestral_cpu::train::TrainingNetwork;
use ancestral_format::{Array, MlpConfig, NetworkConfig, Weights};
use ancestral_learn::{Engine, Pass};
use ancestral_nn::{device, training};
use ancestral_testing::unet::{Case, cases, formula_weights};

/// Gradients by the names of the parameters.
type Gradients = BTreeMap<String, Vec<f32>>;

/// A network's weights, and rows for it.
struct Example {
    config: NetworkConfig,
    weights: Weights,
    x: Vec<f32>,
    timesteps: Vec<f64>,
    labels: Option<Vec<u32>>,
}

impl Example {
    /// None if its labels are vectors, which trainings do not have.
    fn of(case: &Case) -> Option<Self> {
        (!case.labels.are_vectors()).then(|| Self {
            config: NetworkConfig::from(case.config.clone()),
            weights: case.weights(),
            x: case.input(2),
            timesteps: case.timesteps.iter().copied().map(f64::from).collect(),
            labels: case.labels.numbers(),
        })
    }

    fn mlp(columns: usize, classes: Option<usize>) -> Self {
        let config = NetworkConfig::from(MlpConfig {
            columns,
            width: 24,
            blocks: 2,
            time_embed_dim: 16,
            num_class_embeds: classes,
            predicts_variance: classes.is_some(),
            ..MlpConfig::default()
        });
        let network = TrainingNetwork::new(Precision::F32, &config).unwrap();
        let shapes = network.layout().iter();
        let shapes = shapes.map(|(name, shape, _)| (name.to_owned(), shape.to_vec())).collect();
        Self {
            config,
            weights: formula_weights(&shapes),
            x: (0..7 * columns).map(|i| (i as f32 * 0.9).sin()).collect(),
            timesteps: (0..7).map(|i| f64::from(i) * 140.0).collect(),
            labels: classes.map(|_| vec![0, 1, 2, 3, 1, 1, 0]),
        }
    }

    /// The gradients of Σ outputs · slopes.
    fn gradients(&self, engine: &mut dyn Engine, weights: &Weights) -> Gradients {
        let layout = engine.layout().clone();
        let pass = Pass {
            x: &self.x,
            timesteps: &self.timesteps,
            labels: self.labels.as_deref(),
            leaf: 1,
        };
        let mut slopes = |_: &[f32], slopes: &mut [f32]| {
            slopes.iter_mut().enumerate().for_each(|(i, x)| *x = (0.7 * i as f32 + 0.3).sin());
        };
        let mut found = vec![f32::NAN; layout.len()];
        engine.gradients(&layout.values(weights).unwrap(), pass, &mut slopes, &mut found).unwrap();
        layout.iter().map(|(name, _, at)| (name.to_owned(), found[at].to_vec())).collect()
    }

    /// Compares the gradients of each parameter. They differ by at most 1e-4 of the parameter's
    /// largest one, and 8 ε of the network's largest one: the gradient of the keys' offsets, for one,
    /// is a sum that cancels to zero, because a softmax does not change with them.
    ///
    /// In some networks, gradients change by more than that if the weights are rounded, and a pass
    /// rounds at every layer. There the limit is four times that change. Returns whether this is such
    /// a network.
    fn check(&self, name: &str) -> bool {
        let mut ours = TrainingNetwork::new(Precision::F32, &self.config).unwrap();
        let mut burns = training(&self.config, &device::cpu(), Precision::F32).unwrap();
        let found = self.gradients(&mut ours, &self.weights);
        let expected = self.gradients(&mut *burns, &self.weights);
        assert!(found.keys().eq(expected.keys()), "{name}");
        let floor = 8.0 * f32::EPSILON * expected.values().map(|g| largest(g)).fold(0.0, f32::max);
        let is_near = |(parameter, expected): (&String, &Vec<f32>)| {
            difference(&found[parameter], expected) <= 1e-4 * largest(expected) + floor
        };
        if expected.iter().all(is_near) {
            return false;
        }
        let rounded = (0..3).map(|seed| self.gradients(&mut *burns, &self.rounded(seed)));
        let rounded: Vec<_> = rounded.collect();
        for (parameter, expected) in &expected {
            let error = difference(&found[parameter], expected);
            let change = rounded.iter().map(|rounded| difference(&rounded[parameter], expected));
            let change = change.fold(0.0, f32::max);
            let most = (1e-4 * largest(expected) + floor).max(4.0 * change);
            assert!(error <= most, "{name}, {parameter}: off by {error}, more than {most}");
        }
        true
    }

    /// The weights, each off by up to a millionth of itself.
    fn rounded(&self, seed: usize) -> Weights {
        let off = |i: usize| 1e-6 * (((i + seed) * 7919 % 13) as f32 - 6.0) / 6.0;
        let rounded = |(name, array): (&String, &Array)| {
            let values = array.to_f32().into_iter().enumerate().map(|(i, w)| w * (1.0 + off(i)));
            let values: Vec<f32> = values.collect();
            (name.clone(), Array::from_f32(array.shape().to_vec(), &values).unwrap())
        };
        self.weights.iter().map(rounded).collect()
    }
}

fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |most, x| most.max(x.abs()))
}

/// The largest difference; infinite if there is one that is not a number.
fn difference(left: &[f32], right: &[f32]) -> f32 {
    assert_eq!(left.len(), right.len());
    let differences = left.iter().zip(right).map(|(left, right)| (left - right).abs());
    differences.map(|d| if d.is_nan() { f32::INFINITY } else { d }).fold(0.0, f32::max)
}

#[test]
fn gradients_of_unets_are_those_of_automatic_differentiation() {
    let cases = cases();
    let examples = cases.iter().filter_map(|(name, case)| Some((name, Example::of(case)?)));
    let examples: Vec<_> = examples.collect();
    assert!(examples.len() > 90);
    let exceptions: Vec<_> = examples
        .iter()
        .filter(|(name, example)| example.check(name))
        .map(|(name, _)| name)
        .collect();
    assert!(exceptions.len() < 10, "too many depend on roundings: {exceptions:?}");
}

#[test]
fn gradients_of_mlps_are_those_of_automatic_differentiation() {
    for (columns, classes) in [(2, None), (5, Some(4))] {
        assert!(!Example::mlp(columns, classes).check("mlp"));
    }
}
