//! The U-Net against diffusers', on every configuration that there is a golden file of.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use ancestral::{Batch, Network};
use ancestral_cpu::CpuNetwork;
use ancestral_format::NetworkConfig;
use ancestral_testing::unet::{Case, cases};

fn network(case: &Case) -> CpuNetwork {
    CpuNetwork::load(&NetworkConfig::from(case.config.clone()), case.weights()).unwrap()
}

fn batch(case: &Case, rows: usize) -> Batch {
    let [_, _, height, width] = case.shape;
    Batch::new(vec![case.config.in_channels, height, width], case.input(rows))
}

/// f32 against f64: diffusers' own f32 is up to 3.6e-6 of the largest output away.
const TOLERANCE: f32 = 2e-5;

#[test]
fn outputs_are_those_of_diffusers() {
    let mut compared = 0;
    for (name, case) in cases() {
        if case.labels.are_vectors() {
            continue; // which samplers do not give
        }
        let labels = case.labels.numbers();
        let timesteps: Vec<f64> = case.timesteps.iter().copied().map(f64::from).collect();
        let output =
            network(&case).predict(&batch(&case, 2), &timesteps, labels.as_deref()).unwrap();
        assert_eq!(output.data().len(), case.output.len(), "{name}");
        let largest = case.output.iter().fold(0.0, |max: f32, x| max.max(x.abs()));
        for (i, (found, expected)) in output.data().iter().zip(&case.output).enumerate() {
            let error = (found - expected).abs();
            assert!(error <= TOLERANCE * largest, "{name} [{i}]: {found}, not {expected}");
        }
        compared += 1;
    }
    assert!(compared > 90, "{compared}");
}

#[test]
fn a_row_gives_the_same_bits_in_every_batch_and_thread_count() {
    let cases = cases();
    for name in ["ddpm_style", "class_embedding", "one_channel_rect", "ncsnpp_style", "base"] {
        let case = &cases[name];
        let mut network = network(case);
        let x = batch(case, 8);
        let mut run = |from: usize, rows: usize| {
            let timesteps: Vec<f64> = (from..from + rows).map(|i| 7.0 + 31.0 * i as f64).collect();
            let labels = case.config.num_class_embeds.map(|count| {
                (from..from + rows).map(|i| u32::try_from(i % count).unwrap()).collect::<Vec<_>>()
            });
            let values = x.data()[from * x.row_len()..(from + rows) * x.row_len()].to_vec();
            let x = Batch::new(x.row_shape().to_vec(), values);
            network.predict(&x, &timesteps, labels.as_deref()).unwrap().into_data()
        };
        let all = run(0, 8);
        for rows in [1, 2, 3] {
            let parts: Vec<f32> =
                (0..8).step_by(rows).flat_map(|i| run(i, rows.min(8 - i))).collect();
            assert!(all == parts, "{name}: batches of {rows} give other bits than one of 8");
        }
        for threads in [1, 2, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert!(all == pool.install(|| run(0, 8)), "{name}: other bits with {threads} threads");
            assert!(all[..all.len() / 8] == pool.install(|| run(0, 1)), "{name}, {threads}");
        }
    }
}
