//! Whole networks in bf16, beside the same in f32.

use std::ops::Range;

use ancestral_testing::unet::{Case, cases};

use super::*;
use crate::tiles::tests::{NAMES, all, amx, rounded};

fn gradients(tiles: Option<Tiles>, case: &Case, rows: Range<usize>) -> Vec<f32> {
    gradients_at(|weight| weight, tiles, case, rows)
}

/// Gradients of the sum of some rows' outputs, each times a wave, with leaves of two rows; at what is
/// made of the weights.
fn gradients_at(
    weight: impl Fn(f32) -> f32,
    tiles: Option<Tiles>,
    case: &Case,
    rows: Range<usize>,
) -> Vec<f32> {
    let config = NetworkConfig::from(case.config.clone());
    let network = TrainingNetwork::on(tiles, &config).unwrap();
    let weights = network.layout().values(&case.weights()).unwrap();
    let weights: Vec<f32> = weights.into_iter().map(weight).collect();
    let size = network.shapes().input.iter().product::<usize>();
    let x: Vec<f32> =
        (rows.start * size..rows.end * size).map(|i| (0.11 * i as f32 + 0.5).sin()).collect();
    let timesteps: Vec<f64> = rows.clone().map(|i| (7.0 + 31.0 * i as f64) % 990.0).collect();
    let labels: Option<Vec<u32>> = case
        .config
        .num_class_embeds
        .map(|count| rows.clone().map(|i| u32::try_from(i % count).unwrap()).collect());
    let pass = Pass { x: &x, timesteps: &timesteps, labels: labels.as_deref(), leaf: 2 };
    let mut gradients = vec![f32::NAN; weights.len()];
    let mut loss = |y: &[f32], dy: &mut [f32]| {
        let first = rows.start * (y.len() / rows.len());
        for (i, dy) in dy.iter_mut().enumerate() {
            *dy = (0.7 * (first + i) as f32 + 0.3).sin();
        }
    };
    network.gradients(&weights, pass, &mut loss, &mut gradients);
    gradients
}

#[test]
fn gradients_in_bf16_are_near_those_in_f32() {
    let cases = cases();
    let length = |x: &[f32]| x.iter().map(|x| x * x).sum::<f32>().sqrt();
    for name in NAMES {
        let case = &cases[name];
        let expected = gradients(None, case, 0..4);
        let apart = |found: Vec<f32>| {
            let differences: Vec<f32> = found.iter().zip(&expected).map(|(a, b)| a - b).collect();
            length(&differences) / length(&expected)
        };
        let found = apart(gradients(Some(Tiles::Soft), case, 0..4));
        let of_weights = apart(gradients_at(rounded, None, case, 0..4));
        eprintln!("{name}: {found:.1e} of the gradient's length, {of_weights:.1e} by its weights");
        // Activations and gradients are rounded as weights are, once each for two products.
        assert!(found > 0.25 * of_weights, "{name}: {found}, of weights {of_weights}");
        assert!(found < 3.0 * of_weights, "{name}: {found}, of weights {of_weights}");
    }
}

#[test]
fn in_bf16_any_number_of_threads_and_any_cut_of_the_leaves_gives_the_same_bits() {
    let cases = cases();
    for tiles in all() {
        for name in NAMES {
            let run = |threads: usize, rows: Range<usize>| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| gradients(Some(tiles), &cases[name], rows))
            };
            let whole = run(1, 0..5);
            assert!(whole == run(3, 0..5), "{name}: other bits with three threads");
            // Leaves of two rows: two, and one of a row.
            let [left, right] = [0..4, 4..5].map(|rows| run(2, rows));
            let sum: Vec<f32> = left.iter().zip(&right).map(|(x, y)| x + y).collect();
            assert!(whole == sum, "{name}: other bits by parts");
        }
    }
}

#[test]
fn on_the_tiles_of_the_cpu_gradients_have_the_bits_of_vectors() {
    let Some(amx) = amx() else { return };
    let cases = cases();
    for name in NAMES {
        let [hard, soft] =
            [amx, Tiles::Soft].map(|tiles| gradients(Some(tiles), &cases[name], 0..3));
        assert!(hard == soft, "{name}");
    }
}

#[test]
fn a_machine_without_tiles_refuses_bf16_by_name() {
    let config = NetworkConfig::from(cases()["base"].config.clone());
    let found = TrainingNetwork::new(Precision::Bf16, &config).map(|_| ());
    match (Precision::Bf16.check(), found) {
        (Ok(()), Ok(())) => {}
        (Err(reason), Err(LoadError::Tiles(found))) => assert_eq!(found, reason),
        (expected, found) => panic!("{found:?}, not {expected:?}"),
    }
}
