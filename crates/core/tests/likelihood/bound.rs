//! The variational bound of data whose entropy is known.

use std::f64::consts::LN_2;

use ancestral::exact::Gaussian;
use ancestral::likelihood::{Bins, Bound, Decoder, Estimate, VariationalBound, prior_divergence};
use ancestral::noise::{Purpose, SampleNoise, Streams};
use ancestral::{Batch, Grid, Level, Schedule, Spacing, Variance};

use crate::data::{
    all_timesteps, gaussian_bound, gaussian_entropy, mixture, mixture_log_density, unwrap,
};

#[test]
fn the_bound_of_standard_normal_data_by_hand() {
    let data = Gaussian { mean: 0.0, std: 1.0 };
    let large = gaussian_bound(&all_timesteps(), Variance::FixedLarge, data);
    assert!((large - 2.047_095_6).abs() < 5e-8, "{large}");
    assert!((large - gaussian_entropy(1.0)).abs() < 1e-9, "the bound is tight");
    let small = gaussian_bound(&all_timesteps(), Variance::FixedSmall, data);
    assert!((small - 2.881_831_5).abs() < 5e-8, "{small}");
}

#[test]
fn the_prior_term_by_hand() {
    let schedule = Schedule::linear_1000();
    let bits = prior_divergence(&[-1.0_f64], schedule.noisiest()) / LN_2;
    assert!((bits - 2.911e-5).abs() < 5e-9, "{bits}");
    // Against the formula in ᾱ, at a level that is half data.
    let half = Level::from_alpha_bar(0.5).unwrap();
    let nats = 0.5 * (0.5 * 0.36 + 0.5 - 1.0 - 0.5_f64.ln());
    assert!((prior_divergence(&[0.6_f64], half) - nats).abs() < 1e-15);
    assert_eq!(prior_divergence(&[0.6_f64], Level::NOISE), 0.0);
}

fn mixture_rows(count: u32) -> Batch<f64> {
    let mut noise = vec![0.0; count as usize];
    Streams::new(5, Purpose::Evaluation).normals(0, 0, &mut noise);
    let row = |(i, z): (usize, f64)| if i % 5 < 3 { 0.2 * z - 0.5 } else { 0.3 * z + 0.7 };
    Batch::new(vec![1], noise.into_iter().enumerate().map(row).collect())
}

#[test]
fn the_bound_of_a_mixture_is_above_its_entropy_and_falls_with_the_hops() {
    let x0 = mixture_rows(1500);
    let entropy: Estimate = x0.data().iter().map(|x| -mixture_log_density(*x) / LN_2).collect();
    let mut noise = SampleNoise::of_streams(Streams::new(6, Purpose::Evaluation), 0..1500);
    let mut above = Vec::new();
    for (steps, spacing) in
        [(5, Spacing::Trailing), (20, Spacing::Linspace), (100, Spacing::Linspace)]
    {
        let grid = Grid::new(&Schedule::linear_1000(), spacing, steps).unwrap();
        let estimator = VariationalBound::new(&grid, Variance::FixedLarge, Decoder::Density);
        let terms = estimator.run(&x0, &mut mixture(), &mut noise).map(unwrap).collect::<Vec<_>>();
        let mut bound = Bound::default();
        bound.add(&estimator.prior(&x0), &terms);
        assert_eq!((bound.hops().len(), bound.total().count()), (steps, 1500));
        above.push(bound.total().mean() - entropy.mean());
        assert!(bound.total().standard_error().unwrap() < 0.2);
    }
    assert!(above[0] > above[1] + 0.1 && above[1] > above[2] + 0.05 && above[2] > 0.0, "{above:?}");
}

#[test]
fn rows_and_batches_change_nothing() {
    let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, 7).unwrap();
    let estimator = VariationalBound::new(&grid, Variance::FixedSmall, Decoder::Bins(Bins::BYTES));
    let x0 = mixture_rows(5);
    let bits = |rows: std::ops::Range<usize>| {
        let indices = rows.start as u64..rows.end as u64;
        let mut noise = SampleNoise::of_streams(Streams::new(3, Purpose::Evaluation), indices);
        let x0 = x0.slice(rows);
        let mut denoiser = mixture();
        let terms = estimator.run(&x0, &mut denoiser, &mut noise);
        terms.map(|term| unwrap(term).bits).collect::<Vec<_>>()
    };
    let (whole, first, second) = (bits(0..5), bits(0..2), bits(2..5));
    for ((whole, first), second) in whole.iter().zip(&first).zip(&second) {
        assert_eq!(*whole, [first.as_slice(), second.as_slice()].concat());
    }
}

#[test]
#[should_panic(expected = "a learned variance needs a network that predicts it")]
fn a_learned_variance_needs_a_network_that_predicts_it() {
    gaussian_bound(&all_timesteps(), Variance::Learned, Gaussian { mean: 0.0, std: 1.0 });
}

#[test]
fn from_pure_noise_the_bound_has_no_prior_term_and_stays_tight() {
    let schedule = Schedule::linear_1000().rescale_zero_terminal_snr().unwrap();
    let grid = Grid::new(&schedule, Spacing::Trailing, 50).unwrap();
    let bits = gaussian_bound(&grid, Variance::FixedLarge, Gaussian { mean: 0.0, std: 1.0 });
    assert!((bits - gaussian_entropy(1.0)).abs() < 1e-12, "{bits}");
}
