//! How much memory a network keeps when the sizes of its batches change.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use ancestral::{Batch, Network};
use ancestral_cpu::train::{Pass, TrainingNetwork};
use ancestral_cpu::{CpuNetwork, Precision};
use ancestral_format::{MlpConfig, NetworkConfig, Weights};
use ancestral_testing::unet::{cases, formula_weights};

/// The largest batch.
const MOST: usize = 64;

/// A network that is called with the first rows of some.
struct Example {
    config: NetworkConfig,
    weights: Weights,
    row_len: usize,
}

impl Example {
    fn unet(name: &str) -> Self {
        let case = &cases()[name];
        let row_len = case.input(1).len();
        Self { config: case.config.clone().into(), weights: case.weights(), row_len }
    }

    fn mlp() -> Self {
        let config = MlpConfig {
            columns: 2,
            width: 64,
            blocks: 3,
            time_embed_dim: 16,
            ..MlpConfig::default()
        };
        let config = NetworkConfig::from(config);
        let network = TrainingNetwork::new(Precision::F32, &config).unwrap();
        let layout = network.layout().iter();
        let shapes = layout.map(|(name, shape, _)| (name.to_owned(), shape.to_vec())).collect();
        let weights = formula_weights(&shapes);
        Self { config, weights, row_len: 2 }
    }

    fn network(&self, precision: Precision) -> CpuNetwork {
        CpuNetwork::load_in(precision, &self.config, self.weights.clone()).unwrap()
    }

    fn x(&self, rows: usize) -> Vec<f32> {
        (0..rows * self.row_len).map(|k| 1.2 * (0.11 * k as f32 + 0.5).sin()).collect()
    }

    fn times(rows: usize) -> Vec<f64> {
        (0..rows).map(|row| (7.0 + 31.0 * row as f64) % 990.0).collect()
    }

    fn predict(&self, network: &mut CpuNetwork, rows: usize) -> Vec<f32> {
        let x = Batch::new(network.shapes().input.clone(), self.x(rows));
        network.predict(&x, &Self::times(rows), None).unwrap().into_data()
    }

    fn train(&self, network: &TrainingNetwork, rows: usize) {
        let weights = network.layout().values(&self.weights).unwrap();
        let (x, timesteps) = (self.x(rows), Self::times(rows));
        let pass = Pass { x: &x, timesteps: &timesteps, labels: None, leaf: 4 };
        let mut gradients = vec![f32::NAN; weights.len()];
        let mut loss = |y: &[f32], dy: &mut [f32]| dy.copy_from_slice(y);
        network.gradients(&weights, pass, &mut loss, &mut gradients);
    }
}

/// Every size up and down, then sizes in no order.
fn sizes() -> Vec<usize> {
    let mut state = 1_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        1 + usize::try_from(state >> 33).unwrap() % MOST
    };
    let random: Vec<usize> = (0..64).map(|_| random()).collect();
    (1..=MOST).chain((1..=MOST).rev()).chain(random).collect()
}

/// Bytes that a network keeps after batches of changing sizes, and after the largest alone. The
/// bits of each batch are those of the largest batch's first rows.
fn kept(example: &Example, precision: Precision) -> [usize; 2] {
    let mut alone = example.network(precision);
    let expected = example.predict(&mut alone, MOST);
    let mut changing = example.network(precision);
    for rows in sizes() {
        let found = example.predict(&mut changing, rows);
        assert!(found == expected[..found.len()], "{rows} rows");
    }
    [&changing, &alone].map(CpuNetwork::arena_bytes)
}

#[test]
fn batches_of_changing_sizes_keep_little_more_memory_than_the_largest_alone() {
    let names = ["base", "ddpm_style", "ncsnpp_style"];
    let unets = names.map(|name| (name, Example::unet(name)));
    for (name, example) in unets.into_iter().chain([("mlp", Example::mlp())]) {
        // With more threads, it is chance how much is needed at once.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        for precision in [Precision::F32, Precision::Bf16] {
            if let Err(reason) = precision.check() {
                eprintln!("left out: {reason}");
                continue;
            }
            let [changing, alone] = pool.install(|| kept(&example, precision));
            eprintln!("{name} {precision:?}: {changing} bytes, {alone} alone");
            assert!(4 * changing <= 5 * alone, "{name}: {changing} bytes, {alone} alone");
        }
    }
}

#[test]
fn passes_of_changing_sizes_keep_little_more_memory_than_the_largest_alone() {
    for example in [Example::unet("base"), Example::mlp()] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let network = || TrainingNetwork::new(Precision::F32, &example.config).unwrap();
        let (alone, changing) = (network(), network());
        pool.install(|| {
            example.train(&alone, MOST);
            sizes().into_iter().step_by(5).for_each(|rows| example.train(&changing, rows));
        });
        let [changing, alone] = [&changing, &alone].map(TrainingNetwork::arena_bytes);
        assert!(4 * changing <= 5 * alone, "{changing} bytes, {alone} alone");
    }
}
