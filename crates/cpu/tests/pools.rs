//! Networks run in the thread pool of their caller.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use ancestral::{Batch, Network};
use ancestral_cpu::train::{Pass, TrainingNetwork};
use ancestral_cpu::{CpuNetwork, Precision};
use ancestral_format::{MlpConfig, NetworkConfig};
use ancestral_testing::unet::{Case, cases, formula_weights};
use rayon::ThreadPoolBuilder;

const ROWS: usize = 5;

/// The bits of a prediction and of a pass of training.
fn run(config: &NetworkConfig) -> Vec<u32> {
    let training = TrainingNetwork::new(Precision::F32, config).unwrap();
    let shapes = training.layout().iter().map(|(name, shape, _)| (name.to_owned(), shape.to_vec()));
    let weights = formula_weights(&shapes.collect());
    let values = training.layout().values(&weights).unwrap();
    let shape = training.shapes().input.clone();
    let x = (0..ROWS * shape.iter().product::<usize>()).map(|i| (0.11 * i as f32).sin());
    let x = Batch::new(shape, x.collect());
    let timesteps: Vec<f64> = (0..ROWS).map(|row| 7.0 + 31.0 * row as f64).collect();

    let mut network = CpuNetwork::load(config, weights).unwrap();
    let predicted = network.predict(&x, &timesteps, None).unwrap();
    let pass = Pass { x: x.data(), timesteps: &timesteps, labels: None, leaf: 2 };
    let mut gradients = vec![f32::NAN; values.len()];
    let mut loss = |y: &[f32], dy: &mut [f32]| dy.copy_from_slice(y);
    training.gradients(&values, pass, &mut loss, &mut gradients);
    predicted.data().iter().chain(&gradients).map(|value| value.to_bits()).collect()
}

#[test]
fn networks_run_in_the_pool_of_their_caller_and_give_the_same_bits_in_every_pool() {
    let mlp =
        MlpConfig { columns: 3, width: 32, blocks: 2, time_embed_dim: 16, ..MlpConfig::default() };
    let cases = cases();
    let unets = ["ddpm_style", "ncsnpp_style"].map(|name| &cases[name]);
    let unets = unets.map(|case: &Case| NetworkConfig::from(case.config.clone()));
    for config in unets.into_iter().chain([mlp.into()]) {
        let [one, two, three] = [1, 2, 3].map(|threads| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| run(&config))
        });
        assert!(one == two && one == three, "{config:?}");
    }
    // Had anything run in the global pool, it would be there already.
    ThreadPoolBuilder::new().num_threads(1).build_global().unwrap();
}
