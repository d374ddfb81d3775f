use ancestral::{Batch, Network};
use ancestral_format::{Array, MlpConfig, NetworkConfig, Weights};
use ancestral_testing::unet::{Case, cases};

use super::*;
use crate::conv::{After, Conv3, Motion};
use crate::error::LoadError;
use crate::gemm::Store;
use crate::map::{Arena, Map, Shape};
use crate::network::CpuNetwork;
use crate::norm::Before;
use crate::parameters::build;

/// Numbers of both signs without a pattern, at most 1.
fn numbers(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 7 + seed * 13) as f32 * 0.618).sin()).collect()
}

pub(crate) fn rounded(value: f32) -> f32 {
    f32::from_bits(lines::rounded(value) << 16)
}

/// The CPU's own tiles; on a machine without them a message is printed, and tests of them are skipped.
pub(crate) fn amx() -> Option<Tiles> {
    let found = Amx::of_machine();
    if let Err(reason) = found {
        eprintln!("left out: {reason}");
    }
    found.ok().map(Tiles::Amx)
}

/// The available engines of tiles: the CPU's and the portable one.
pub(crate) fn all() -> Vec<Tiles> {
    [Some(Tiles::Soft), amx()].into_iter().flatten().collect()
}

#[test]
fn rounding_is_to_the_nearest_and_of_two_to_the_even_one() {
    for high in 0_u32..0x1_0000 {
        let here = f32::from_bits(high << 16);
        for low in [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff] {
            let value = f32::from_bits(high << 16 | low);
            let found = rounded(value);
            if value.is_nan() {
                assert!(found.is_nan(), "{value:e}");
            } else if value.is_infinite() {
                assert_eq!(found, value);
            } else if value.abs() < f32::MIN_POSITIVE {
                assert_eq!(found, 0.0, "{value:e}");
            } else {
                // Away from zero; values beyond the largest continue as if they were numbers.
                let next = f32::from_bits((high + 1) << 16);
                let next = if next.is_infinite() { 2_f64.powi(128) } else { f64::from(next.abs()) };
                let (near, far) =
                    (f64::from(value.abs()) - f64::from(here.abs()), next - f64::from(value.abs()));
                let is_here = near < far || (near == far && high % 2 == 0);
                let expected = high + u32::from(!is_here);
                assert_eq!(found.to_bits() >> 16, expected, "{value:e}");
            }
        }
    }
}

/// Rows of `a` times the transpose of rows of `b`.
fn product(tiles: Tiles, a: &[f32], b: &[f32], k: usize, store: Store<'_>) -> Vec<f32> {
    let n = b.len() / k;
    let mut out = vec![0.25; a.len() / k * n];
    let arena = Arena::new();
    Linear::new(tiles, b, n, &[k], &arena).run(&[(a, k)], &mut out, store, &arena);
    out
}

/// Lengths of sums: less than a block, one more and less than some, those of large networks.
const LENGTHS: [usize; 8] = [1, 9, 31, 32, 33, 512, 513, 2304];

#[test]
fn elements_are_sums_of_products_of_rounded_factors() {
    for tiles in all() {
        for k in LENGTHS {
            for n in [1, 16, 17, 40] {
                let (a, b) = (numbers(21 * k, 3), numbers(k * n, 4));
                let found = product(tiles, &a, &b, k, Store::PLAIN);
                for (i, found) in found.iter().enumerate() {
                    let term = |j: usize| {
                        let (a, b) = (rounded(a[i / n * k + j]), rounded(b[i % n * k + j]));
                        f64::from(a) * f64::from(b)
                    };
                    let terms = (0..k).map(term);
                    let (sum, size) = terms.fold((0.0, 0.0), |(s, m), x| (s + x, m + x.abs()));
                    // In a block a term passes at most 16 roundings and the rounding of both
                    // chains' sum; then one for each block.
                    let roundings = 17.0 + k.div_ceil(32) as f64;
                    let bound = 0.5 * f64::from(f32::EPSILON) * roundings * size * 1.001;
                    assert!((f64::from(*found) - sum).abs() <= bound, "{found} {sum}");
                }
            }
        }
    }
}

#[test]
fn a_row_alone_has_the_bits_that_it_has_in_a_batch() {
    for tiles in all() {
        for k in LENGTHS {
            for n in [1, 17, 33, 70] {
                let (a, b) = (numbers(53 * k, 1), numbers(k * n, 2));
                let all = product(tiles, &a, &b, k, Store::PLAIN);
                for rows in [1, 3, 16, 17, 32, 40] {
                    let parts = a.chunks(rows * k).map(|a| product(tiles, a, &b, k, Store::PLAIN));
                    assert_eq!(parts.collect::<Vec<_>>().concat(), all, "k {k}, n {n}, {rows}");
                }
            }
        }
    }
}

#[test]
fn what_is_stored_is_what_was_asked_for() {
    let (k, n, rows) = (40, 19, 37);
    let (a, b) = (numbers(rows * k, 5), numbers(k * n, 6));
    let (offset, residual) = (numbers(n, 7), numbers(rows * n, 8));
    for tiles in all() {
        let plain = product(tiles, &a, &b, k, Store::PLAIN);
        let share = usize::MAX;
        let store =
            Store { offset: &offset, share, residual: &residual, scale: 0.5, accumulate: true };
        for (i, found) in product(tiles, &a, &b, k, store).iter().enumerate() {
            assert_eq!(*found, 0.25 + 0.5 * (plain[i] + offset[i % n] + residual[i]));
        }
    }
}

#[test]
fn the_tiles_of_the_cpu_give_the_bits_of_vectors() {
    let Some(amx) = amx() else { return };
    // Of all sizes, so that what is lost in sums, vanishes and overflows is there too.
    let wild = |count: usize, seed: usize| -> Vec<f32> {
        let size = |i: usize| 2_f32.powi([-70, -63, -40, -1, 0, 3, 40, 60][(i * 5 + seed) % 8]);
        let values = numbers(count, seed).into_iter().enumerate();
        values.map(|(i, x)| x * size(i / 3)).collect()
    };
    for k in LENGTHS {
        for n in [1, 16, 40] {
            for (a, b) in [
                (numbers(37 * k, 1), numbers(k * n, 2)),
                (wild(37 * k, 3), wild(k * n, 4)),
                (wild(37 * k, 5), numbers(k * n, 6)),
            ] {
                let [hard, soft] = [amx, Tiles::Soft].map(|t| product(t, &a, &b, k, Store::PLAIN));
                let differs = hard.iter().zip(&soft).position(|(x, y)| x.to_bits() != y.to_bits());
                assert_eq!(differs, None, "k {k}, n {n}");
            }
        }
    }
}

fn named<const N: usize>(arrays: [(&str, &[usize], Vec<f32>); N]) -> Weights {
    let array = |(name, shape, values): (&str, &[usize], Vec<f32>)| {
        (name.to_owned(), Array::from_f32(shape.to_vec(), &values).unwrap())
    };
    arrays.into_iter().map(array).collect()
}

fn map(arena: &Arena, rows: usize, shape: Shape, values: &[f32]) -> Map {
    let mut map = arena.map(rows, shape);
    map.data.copy_from_slice(values);
    map
}

fn magnitudes(values: &[f32]) -> Vec<f32> {
    values.iter().map(|x| x.abs()).collect()
}

/// Convolves on tiles with all that can be added, and compares with the same in f32, by the bound of
/// two rounded factors in each product.
fn check(tiles: Tiles, shape: Shape, to: usize, motion: Motion) {
    let (arena, rows, from) = (Arena::new(), 3, shape.channels);
    let (weight, bias) = (numbers(to * from * 9, 1), numbers(to, 2));
    let load = |tiles, weight: &[f32], bias: &[f32]| {
        let weights =
            named([("weight", &[to, from, 3, 3], weight.to_vec()), ("bias", &[to], bias.to_vec())]);
        build(tiles, |named| Conv3::load(named, shape, to, motion), weights).unwrap()
    };
    let conv = load(Some(tiles), &weight, &bias);
    assert!(conv.describe().contains("bf16"), "{}", conv.describe());
    let output = conv.output();
    let x = numbers(rows * shape.len(), 3);
    let sources = [map(&arena, rows, shape, &x)];
    let time = numbers(rows * to, 4);
    let residual = map(&arena, rows, output, &numbers(rows * output.len(), 5));
    let after = After { time: Some((&time, to)), residual: Some(residual.view()), scale: 2.0 };
    let found = conv.run(&[&sources[0]], Before::NOTHING, after, &arena);
    let plain = load(None, &weight, &bias).run(&[&sources[0]], Before::NOTHING, after, &arena);
    let sizes = map(&arena, rows, shape, &magnitudes(&x));
    let sizes = load(None, &magnitudes(&weight), &vec![0.0; to]).run(
        &[&sizes],
        Before::NOTHING,
        After { scale: 2.0, ..After::NOTHING },
        &arena,
    );
    for (i, (found, plain)) in found.data.iter().zip(plain.data.iter()).enumerate() {
        // Each factor is half of a 128th off at most; Winograd's method is 1e-5 of the size off.
        let bound = (2_f32.powi(-8) + 2_f32.powi(-17) + 2e-5) * sizes.data[i] + 1e-6;
        assert!((found - plain).abs() <= bound, "{shape:?} {motion:?} [{i}]: {found}, not {plain}");
    }
}

#[test]
fn convolutions_are_those_in_f32_but_for_the_rounding_of_factors() {
    let shape = |height, width, channels| Shape { height, width, channels };
    for tiles in all() {
        for (shape, to, motion) in [
            (shape(16, 16, 40), 33, Motion::Same),
            (shape(8, 32, 32), 16, Motion::Same),
            (shape(8, 8, 64), 32, Motion::Same),
            (shape(4, 4, 16), 20, Motion::Same),
            (shape(5, 5, 33), 17, Motion::Same),
            (shape(7, 3, 17), 48, Motion::Same),
            (shape(8, 8, 20), 16, Motion::Repeated),
            (shape(3, 3, 20), 16, Motion::Repeated),
            (shape(32, 32, 16), 16, Motion::Halved { before: 0 }),
            (shape(16, 16, 40), 16, Motion::Halved { before: 1 }),
            (shape(6, 10, 24), 35, Motion::Halved { before: 1 }),
            (shape(4, 4, 16), 16, Motion::Halved { before: 0 }),
        ] {
            check(tiles, shape, to, motion);
        }
    }
}

/// Networks that between them have every kernel.
pub(crate) const NAMES: [&str; 5] =
    ["ddpm_style", "class_embedding", "one_channel_rect", "ncsnpp_style", "base"];

fn network(case: &Case, tiles: Option<Tiles>) -> CpuNetwork {
    let config = NetworkConfig::from(case.config.clone());
    CpuNetwork::load_on(tiles, &config, case.weights()).unwrap()
}

/// The prediction of a network for rows of a case.
fn outputs(case: &Case, network: &mut CpuNetwork, from: usize, rows: usize) -> Vec<f32> {
    let all = case.input(8);
    let length = all.len() / 8;
    let x = all[from * length..(from + rows) * length].to_vec();
    let timesteps: Vec<f64> = (from..from + rows).map(|i| 7.0 + 31.0 * i as f64).collect();
    let labels = case.config.num_class_embeds.map(|count| {
        (from..from + rows).map(|i| u32::try_from(i % count).unwrap()).collect::<Vec<_>>()
    });
    let x = Batch::new(network.shapes().input.clone(), x);
    network.predict(&x, &timesteps, labels.as_deref()).unwrap().into_data()
}

/// How far outputs are from those expected: at most, over the largest; by the root of the mean square,
/// over that of what is expected.
fn apart(found: &[f32], expected: &[f32]) -> [f32; 2] {
    let differences: Vec<f32> = found.iter().zip(expected).map(|(a, b)| a - b).collect();
    let most = |values: &[f32]| values.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
    let squares = |values: &[f32]| values.iter().map(|x| x * x).sum::<f32>().sqrt();
    [most(&differences) / most(expected), squares(&differences) / squares(expected)]
}

#[test]
fn networks_in_bf16_are_near_those_in_f32() {
    let cases = cases();
    for name in NAMES {
        let case = &cases[name];
        let mut network = network(case, Some(Tiles::Soft));
        let plan = network.describe();
        assert!(plan.iter().filter(|line| line.contains("bf16")).count() > 4, "{name}: {plan:#?}");
        let found = outputs(case, &mut network, 0, 8);
        let expected = outputs(case, &mut self::network(case, None), 0, 8);
        let [most, root] = apart(&found, &expected);
        let weights = case.weights();
        let arrays = weights.iter().map(|(name, array)| {
            let values: Vec<f32> = array.to_f32().into_iter().map(rounded).collect();
            (name.to_owned(), Array::from_f32(array.shape().to_vec(), &values).unwrap())
        });
        let config = NetworkConfig::from(case.config.clone());
        let mut less = CpuNetwork::load(&config, arrays.collect()).unwrap();
        let [_, of_weights] = apart(&outputs(case, &mut less, 0, 8), &expected);
        eprintln!(
            "{name}: {most:.1e} of the largest output; by squares {root:.1e}, {of_weights:.1e}"
        );
        // Activations are rounded as weights are, so they bring in about as much; of the weights only
        // those of large products are rounded.
        assert!(root > 0.25 * of_weights, "{name}: {root}, of weights {of_weights}");
        assert!(root < 2.0 * of_weights, "{name}: {root}, of weights {of_weights}");
        assert!(most < 0.06, "{name}: {most}");
    }
}

#[test]
fn a_row_gives_the_same_bits_in_every_batch_and_thread_count() {
    let cases = cases();
    for tiles in all() {
        for name in NAMES {
            let case = &cases[name];
            let mut network = network(case, Some(tiles));
            let all = outputs(case, &mut network, 0, 4);
            for rows in [1, 3] {
                let starts = (0..4).step_by(rows);
                let parts: Vec<f32> = starts
                    .flat_map(|from| outputs(case, &mut network, from, rows.min(4 - from)))
                    .collect();
                assert!(all == parts, "{name}: other bits by batches of {rows}");
            }
            for threads in [1, 3] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let found = pool.install(|| outputs(case, &mut network, 0, 4));
                assert!(all == found, "{name}: other bits with {threads} threads");
                let found = pool.install(|| outputs(case, &mut network, 0, 1));
                assert!(all[..all.len() / 4] == found, "{name}, one row, {threads} threads");
            }
        }
    }
}

#[test]
fn networks_on_the_tiles_of_the_cpu_give_the_bits_of_vectors() {
    let Some(amx) = amx() else { return };
    let cases = cases();
    for name in NAMES {
        let case = &cases[name];
        let [hard, soft] =
            [amx, Tiles::Soft].map(|tiles| outputs(case, &mut network(case, Some(tiles)), 0, 3));
        assert!(hard == soft, "{name}");
    }
}

#[test]
fn a_perceptron_has_its_wide_layers_on_tiles() {
    let config =
        MlpConfig { columns: 2, width: 64, blocks: 2, time_embed_dim: 32, ..MlpConfig::default() };
    let requested =
        crate::parameters::requested(|named| crate::mlp::Mlp::assemble(&config, named)).1;
    let weights: Weights = requested
        .iter()
        .enumerate()
        .map(|(seed, (name, shape))| {
            let values = numbers(shape.iter().product(), seed);
            let values: Vec<f32> = values.iter().map(|x| x / 8.0).collect();
            (name.clone(), Array::from_f32(shape.clone(), &values).unwrap())
        })
        .collect();
    let config = NetworkConfig::from(config);
    let run = |tiles, rows: usize| {
        let mut network = CpuNetwork::load_on(tiles, &config, weights.clone()).unwrap();
        let shape = network.shapes().input.clone();
        let x = numbers(rows * shape[0], 9);
        network.predict(&Batch::new(shape, x), &vec![300.0; rows], None).unwrap().into_data()
    };
    let (plain, found) = (run(None, 300), run(Some(Tiles::Soft), 300));
    let [most, root] = apart(&found, &plain);
    assert!(most > 0.0 && most <= 0.02 && root <= 0.01, "{most} at most, {root} by squares");
    assert_eq!(found[..plain.len() / 300], run(Some(Tiles::Soft), 1));
}

#[test]
fn a_machine_without_tiles_refuses_bf16_by_name() {
    let Err(reason) = Precision::Bf16.check() else { return };
    let case = &cases()["base"];
    let config = NetworkConfig::from(case.config.clone());
    let error = CpuNetwork::load_in(Precision::Bf16, &config, case.weights()).unwrap_err();
    assert!(matches!(error, LoadError::Tiles(found) if found == reason), "{error}");
    assert!(error.to_string().contains("bf16") && error.to_string().contains("AMX"), "{error}");
}

#[test]
fn what_is_no_number_stays_none() {
    for bad in [f32::NAN, f32::INFINITY] {
        let mut a = numbers(40, 1);
        a[33] = bad;
        let out = product(Tiles::Soft, &a, &numbers(80, 2), 40, Store::PLAIN);
        assert!(out.iter().all(|x| !x.is_finite()), "{bad}: {out:?}");
    }
}
