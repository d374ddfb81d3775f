//! Likelihoods against closed forms: the variational bound, the density by the probability flow, the
//! optimal variance. And terms of the bound by the formulas of guided-diffusion.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::convert::Infallible;
use std::f64::consts::{LN_2, PI};

use ancestral::denoiser::Denoised;
use ancestral::exact::{Component, Gaussian, Mixture};
use ancestral::likelihood::{
    Bins, Bound, Decoder, Divergence, Estimate, FlowError, FlowLikelihood, Normal,
    VariationalBound, bits_per_dimension, prior_divergence,
};
use ancestral::noise::{Purpose, SampleNoise, Streams};
use ancestral::sampler::Ddpm;
use ancestral::schedule::{Betas, Cosine};
use ancestral::variance::{NoiseNorms, OptimalVariance, OptimalVarianceError, ReverseVariance};
use ancestral::{
    Batch, Denoiser, Grid, Level, Noise, Point, Posterior, Sampler, Schedule, Spacing, Variance,
};
use proptest::prelude::{ProptestConfig, prop_assert, proptest};
use serde_json::Value;

fn unwrap<T>(result: Result<T, Infallible>) -> T {
    result.unwrap_or_else(|never| match never {})
}

fn all_timesteps() -> Grid {
    Grid::new(&Schedule::linear_1000(), Spacing::Trailing, 1000).unwrap()
}

/// Rows m ± s, and noise of ±1 beside each: means over them of quadratic functions are those over
/// N(m, s²) and N(0, 1).
fn signed_rows(mean: f64, std: f64) -> Batch<f64> {
    Batch::new(vec![1], vec![mean - std, mean - std, mean + std, mean + std])
}

struct Signs;

impl Noise<Batch<f64>> for Signs {
    fn draw(&mut self, like: &Batch<f64>) -> Batch<f64> {
        Batch::new(like.row_shape().to_vec(), vec![-1.0, 1.0, -1.0, 1.0])
    }
}

/// The bound of data N(m, s²) with their exact denoiser, without sampling error.
fn gaussian_bound(grid: &Grid, variance: impl Into<ReverseVariance>, data: Gaussian) -> f64 {
    let estimator = VariationalBound::new(grid, variance, Decoder::Density);
    let x0 = signed_rows(data.mean, data.std);
    let mut denoiser = data;
    let terms: Vec<_> = estimator.run(&x0, &mut denoiser, &mut Signs).map(unwrap).collect();
    let mut bound = Bound::default();
    bound.add(&estimator.prior(&x0), &terms);
    bound.total().mean()
}

fn gaussian_entropy(std: f64) -> f64 {
    0.5 * (2.0 * PI * std * std).log2() + 0.5 / LN_2
}

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

#[test]
fn a_uniform_decoder_takes_the_bits_of_its_values() {
    for (bins, bits) in [(Bins::BYTES, 8.0), (Bins::new(4096).unwrap(), 12.0)] {
        let density = -(f64::from(bins.count()) * bins.width()).ln();
        assert!((bins.bits(3.0 * density, 3) - bits).abs() < 1e-12);
    }
    assert_eq!(
        Bins::new(1).unwrap_err().to_string(),
        "1 bins: expected 2 or more, 256 for pictures of bytes"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn bins_sum_to_1_for_every_mean_and_scale(
        place in -3.0_f64..3.0,
        far in 0_i32..7,
        log_variance in -60.0_f64..60.0,
        bins in 0_usize..4,
    ) {
        let bins = Bins::new([2, 3, 256, 4096][bins]).unwrap();
        let p = Normal { mean: place * 10_f64.powi(far), log_variance };
        let mut sum = 0.0;
        for index in 0..bins.count() {
            let log = Decoder::Bins(bins).log_likelihood(bins.value(index), &p);
            prop_assert!(log.is_finite() && log <= 1e-15, "bin {index} of {p:?}: {log}");
            sum += log.exp();
        }
        prop_assert!((sum - 1.0).abs() < 1e-10, "{p:?}: {sum}");
    }
}

#[test]
fn bins_far_from_the_mean_are_those_of_40_digits() {
    // ln of the mass of a bin by mpmath, with 60 digits: (value, mean, ln σ², bins, result).
    for (index, mean, log_variance, bins, expected) in FAR_BINS {
        let bins = Bins::new(bins).unwrap();
        let p = Normal { mean, log_variance };
        let found = Decoder::Bins(bins).log_likelihood(bins.value(index), &p);
        assert!((found / expected - 1.0).abs() < 1e-12, "{index} of {p:?}: {found} {expected}");
    }
}

const FAR_BINS: [(u32, f64, f64, u32, f64); 7] = [
    (128, -0.9, -9.0, 256, -3_287.062_720_985_372),
    (200, 0.1, -12.5, 256, -28_980.330_030_408_53),
    (0, 0.8, -10.0, 256, -35_534.067_580_020_23),
    (4095, -1.0, -11.0, 4096, -119_726.154_623_382_04),
    (2000, 0.0, 3.0, 4096, -10.043_326_746_994_315),
    (10, 2.5, -2.0, 256, -48.017_763_166_353_86),
    (77, 1000.0, 1.0, 256, -184_091.399_797_222_76),
];

fn mixture() -> Mixture {
    let component = |weight, mean, std| Component { weight, mean: vec![mean], std };
    Mixture::new(vec![component(0.6, -0.5, 0.2), component(0.4, 0.7, 0.3)]).unwrap()
}

/// ln p of the mixture, from its definition.
fn mixture_log_density(x: f64) -> f64 {
    let normal =
        |mean: f64, std: f64| (-0.5 * ((x - mean) / std).powi(2)).exp() / (std * (2.0 * PI).sqrt());
    (0.6 * normal(-0.5, 0.2) + 0.4 * normal(0.7, 0.3)).ln()
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

/// Bits of each row by the flow.
fn flow_bits<T: ancestral::batch::Scalar, D>(
    flow: &FlowLikelihood,
    x0: &Batch<T>,
    denoiser: &mut D,
) -> Vec<f64>
where
    D: Denoiser<Batch<T>, Error = Infallible>,
{
    let indices: Vec<u64> = (0..x0.rows() as u64).collect();
    let mut run = flow.run(x0, &indices, denoiser);
    assert_eq!(run.densities(), None);
    let hops = run.by_ref().map(unwrap).count();
    assert!(hops > 0);
    let densities = run.densities().unwrap();
    densities.iter().map(|density| bits_per_dimension(-density.mean(), x0.row_len())).collect()
}

fn flow(hops: usize) -> FlowLikelihood {
    FlowLikelihood::new(&Schedule::linear_1000(), hops, Divergence::Exact).unwrap()
}

#[test]
fn the_flow_finds_the_density_of_a_gaussian() {
    let x0 = Batch::new(vec![1], vec![0.65, 0.1]);
    let mut data = Gaussian { mean: 0.3, std: 0.2 };
    let bits = flow_bits(&flow(200), &x0, &mut data);
    // −log₂ of N(0.3, 0.2²), by hand.
    for (found, expected) in bits.iter().zip([1.212_946_8, -0.274_832_5]) {
        assert!((found - expected).abs() < 2e-7, "{found} is not {expected}");
    }
    // Schedules with other ends.
    let zero = Schedule::linear_1000().rescale_zero_terminal_snr().unwrap();
    for schedule in [zero, Cosine::default().schedule(100).unwrap()] {
        let flow = FlowLikelihood::new(&schedule, 400, Divergence::Exact).unwrap();
        for (found, expected) in flow_bits(&flow, &x0, &mut data).iter().zip(&bits) {
            assert!((found - expected).abs() < 1e-5, "{found} is not {expected}");
        }
    }
    let rounded = Batch::new(vec![1], vec![0.65_f32, 0.1]);
    for (found, expected) in flow_bits(&flow(60), &rounded, &mut data).iter().zip(bits) {
        assert!((found - expected).abs() < 2e-4, "in f32 {found} is not {expected}");
    }
}

#[test]
fn the_flow_finds_the_density_of_a_mixture() {
    let values = [-1.1, -0.5, -0.2, 0.05, 0.2, 0.7, 1.5];
    let expected = values.map(|x| -mixture_log_density(x) / LN_2);
    let x0 = Batch::new(vec![1], values.to_vec());
    let worst = |found: Vec<f64>| {
        found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    let errors = [30, 60, 120].map(|hops| worst(flow_bits(&flow(hops), &x0, &mut mixture())));
    assert!(errors[1] < 1e-3 && errors[2] < 1e-3, "{errors:?}");
    #[expect(clippy::cast_possible_truncation, reason = "rounded to f32")]
    let rounded = Batch::new(vec![1], values.map(|x| x as f32).to_vec());
    let error = worst(flow_bits(&flow(60), &rounded, &mut mixture()));
    assert!(error < 1e-3, "in f32: {error}");
}

#[test]
fn hops_of_the_flow_leave_an_error_of_fourth_order() {
    let x0 = Batch::new(vec![1], vec![-0.2, 0.05]);
    let bits = [25, 50, 100, 400].map(|hops| flow_bits(&flow(hops), &x0, &mut mixture()));
    let error = |i: usize| (bits[i][0] - bits[3][0]).abs().max((bits[i][1] - bits[3][1]).abs());
    assert!(error(0) > 8.0 * error(1) && error(1) > 8.0 * error(2), "{:?}", [0, 1, 2].map(error));
}

#[test]
fn probes_estimate_the_divergence_and_know_their_error() {
    let component = |weight, mean: [f64; 3], std| Component { weight, mean: mean.to_vec(), std };
    let mut data = Mixture::new(vec![
        component(0.5, [0.4, -0.2, 0.1], 0.25),
        component(0.5, [-0.6, 0.3, 0.2], 0.4),
    ])
    .unwrap();
    let x0 = Batch::new(vec![3], vec![0.3, -0.1, 0.3, -0.2, 0.1, 0.15]);
    let exact = flow_bits(&flow(40), &x0, &mut data);
    let probes = Divergence::Probes { count: 40, seed: 8 };
    let flow = FlowLikelihood::new(&Schedule::linear_1000(), 40, probes).unwrap();
    let mut run = flow.run(&x0, &[0, 1], &mut data);
    assert_eq!(run.by_ref().map(unwrap).collect::<Vec<_>>(), (0..40).collect::<Vec<_>>());
    for (density, exact) in run.densities().unwrap().iter().zip(exact) {
        let (off, error) =
            (bits_per_dimension(-density.mean(), 3) - exact, density.standard_error());
        let error = bits_per_dimension(error.unwrap(), 3);
        assert!(off.abs() < 3.5 * error && error < 0.2, "off by {off} with an error of {error}");
    }
}

#[test]
fn dequantised_bytes_take_bits_above_0() {
    // Data of one byte: all that can be said of them takes no bits, and their densities no fewer.
    let streams = Streams::new(9, Purpose::Evaluation);
    let x = Batch::new(vec![1], vec![Bins::BYTES.value(100); 64]);
    let indices: Vec<u64> = (0..64).collect();
    let dequantised = Bins::BYTES.dequantised(&x, &streams, &indices, 0);
    let half = 0.5 * Bins::BYTES.width();
    assert!(dequantised.data().iter().all(|y| (y - x.data()[0]).abs() <= half));
    assert_ne!(dequantised.data()[0], dequantised.data()[1]);
    let mut point = Gaussian { mean: x.data()[0], std: 0.0 };
    let bits = flow_bits(&flow(40), &dequantised, &mut point);
    let mean: Estimate = bits.iter().map(|bits| bits - Bins::BYTES.width().log2()).collect();
    assert!(mean.mean() > 0.0, "{mean:?}");
}

#[test]
fn flows_that_are_impossible_are_refused() {
    let schedule = Schedule::linear_1000();
    let none = Divergence::Probes { count: 0, seed: 0 };
    assert_eq!(FlowLikelihood::new(&schedule, 9, none).err(), Some(FlowError::NoProbes));
    let refused =
        |schedule: &Schedule, hops| FlowLikelihood::new(schedule, hops, Divergence::Exact).err();
    assert_eq!(refused(&schedule, 0), Some(FlowError::NoHops));
    let one = Schedule::from_betas(&[0.1]).unwrap();
    assert_eq!(refused(&one, 9), Some(FlowError::OneLevel));
    assert_eq!(refused(&schedule.rescale_zero_terminal_snr().unwrap(), 9), None);
}

/// The optimal variance of N(m, s²), measured without sampling error.
fn measured(grid: &Grid, mut data: Gaussian) -> OptimalVariance {
    let mut norms = NoiseNorms::new(grid);
    let x0 = signed_rows(data.mean, data.std);
    for index in 0..norms.points().len() {
        unwrap(norms.measure(index, &x0, &mut data, &mut Signs));
    }
    norms.optimal().unwrap()
}

#[test]
fn optimal_variances_of_gaussian_data_are_those_of_closed_forms() {
    let schedule = Schedule::linear_1000();
    for grid in [all_timesteps(), Grid::new(&schedule, Spacing::Trailing, 10).unwrap()] {
        let [unit, point, between] = [(0.0, 1.0), (0.3, 0.0), (0.3, 0.2)]
            .map(|(mean, std)| measured(&grid, Gaussian { mean, std }));
        for hop in grid.hops() {
            let (from, posterior) = (hop.from().level, Posterior::of(&hop));
            let Posterior { beta, beta_tilde, on_x0, .. } = posterior;
            let near = |found: f64, expected: f64| (found - expected).abs() < 1e-9 * beta;
            assert!(near(unit.variance(from, &posterior), beta));
            assert!(near(point.variance(from, &posterior), beta_tilde));
            // Var[x₀ | x_t] = s² σ²/(α² s² + σ²).
            let noise = from.sigma_squared();
            let left = 0.04 * noise / (from.alpha_bar() * 0.04 + noise);
            let expected = beta_tilde + on_x0 * on_x0 * left;
            assert!(near(between.variance(from, &posterior), expected));
        }
    }
}

#[test]
fn with_an_optimal_variance_the_bound_of_a_gaussian_is_tight_on_every_grid() {
    let data = Gaussian { mean: 0.3, std: 0.2 };
    let schedule = Schedule::linear_1000();
    for steps in [1, 3, 10, 1000] {
        let grid = Grid::new(&schedule, Spacing::Trailing, steps).unwrap();
        let bound = |variance: ReverseVariance| gaussian_bound(&grid, variance, data);
        let optimal = bound(measured(&grid, data).into());
        // What is left is the prior term: x_T is not quite N(0, 1).
        let above = optimal - gaussian_entropy(0.2);
        assert!(above.abs() < 1e-5, "{above} with {steps} steps");
        for named in [Variance::FixedSmall, Variance::FixedLarge] {
            assert!(bound(named.into()) > optimal + 1e-4, "{named} with {steps} steps");
        }
    }
}

#[test]
fn a_table_serves_other_grids() {
    let (data, schedule) = (Gaussian { mean: 0.3, std: 0.2 }, Schedule::linear_1000());
    let coarse = Grid::new(&schedule, Spacing::Linspace, 100).unwrap();
    let table = measured(&coarse, data);
    let grid = Grid::new(&schedule, Spacing::Trailing, 17).unwrap();
    let exact = measured(&grid, data);
    for hop in grid.hops() {
        let (from, posterior) = (hop.from().level, Posterior::of(&hop));
        let [found, expected] = [&table, &exact].map(|t| t.variance(from, &posterior));
        assert!((found / expected - 1.0).abs() < 0.02, "{found} is not {expected}");
    }
}

#[test]
fn runs_with_an_optimal_variance_keep_the_variance_of_gaussian_data() {
    // A run is linear in its draws, so unit impulses tell the variance at each point exactly.
    struct Impulse {
        at: usize,
        draws: usize,
    }
    impl Noise<f64> for Impulse {
        fn draw(&mut self, _: &f64) -> f64 {
            self.draws += 1;
            if self.draws == self.at { 1.0 } else { 0.0 }
        }
    }
    let mut data = Gaussian { mean: 0.0, std: 0.2 };
    let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, 10).unwrap();
    let sampler = Ddpm::new(measured(&grid, data));
    let start = grid.points()[0].level;
    let mut variances = [0.0; 10];
    for at in 0..10 {
        let x = if at == 0 { data.std_at(start) } else { 0.0 };
        let mut noise = Impulse { at, draws: 0 };
        for step in sampler.run(&grid, x, &mut data, &mut noise) {
            let step = unwrap(step);
            variances[step.index] += step.x * step.x;
        }
    }
    for (hop, variance) in grid.hops().zip(variances).take(9) {
        let expected = data.std_at(hop.to().level).powi(2);
        assert!((variance / expected - 1.0).abs() < 1e-12, "{variance} is not {expected}");
    }
}

#[test]
fn tables_that_are_none_are_refused() {
    let level = |lambda| Level::from_lambda(lambda).unwrap();
    let refused = |norms| OptimalVariance::new(norms).unwrap_err();
    assert_eq!(refused(vec![]), OptimalVarianceError::Empty);
    assert_eq!(
        refused(vec![(Level::NOISE, 0.5)]).to_string(),
        "lambda -inf of an optimal variance is infinite, or is in the table twice"
    );
    let twice = vec![(level(1.0), 0.5), (level(0.0), 0.5), (level(1.0), 0.6)];
    assert_eq!(refused(twice), OptimalVarianceError::Level { lambda: 1.0 });
    assert_eq!(
        refused(vec![(level(1.0), -0.5)]).to_string(),
        "mean squared noise -0.5 at lambda 1: expected a number from 0"
    );
    assert!(matches!(refused(vec![(level(1.0), f64::NAN)]), OptimalVarianceError::Norm { .. }));
}

/// The network of the golden file.
struct Formula;

impl Denoiser<Batch<f64>> for Formula {
    type Error = Infallible;

    fn denoise(&mut self, x: &Batch<f64>, at: Point) -> Result<Denoised<Batch<f64>>, Infallible> {
        let (alpha, sigma) = (at.level.alpha(), at.level.sigma());
        let t = 0.01 * at.timestep.unwrap();
        let x0 = |x: &f64| (x - sigma * (0.9 * sigma * x + 0.1 * (3.0 * x + t).sin())) / alpha;
        let half = |x: &f64| 0.7 * (2.0 * x + t).sin();
        let of = |values: Vec<f64>| Batch::new(x.row_shape().to_vec(), values);
        Ok(Denoised::new(of(x.data().iter().map(x0).collect())).with_raw_variance(of(x
            .data()
            .iter()
            .map(half)
            .collect())))
    }
}

/// The noise of the golden file.
struct Wave(u32);

impl Noise<Batch<f64>> for Wave {
    fn draw(&mut self, like: &Batch<f64>) -> Batch<f64> {
        let mut noise = like.clone();
        for (row, values) in noise.iter_rows_mut().enumerate() {
            for (i, value) in values.iter_mut().enumerate() {
                let phase = 3.0 * f64::from(self.0) + 5.0 * i as f64 + 7.0 * row as f64 + 1.0;
                *value = 2_f64.sqrt() * phase.sin();
            }
        }
        self.0 += 1;
        noise
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

#[test]
fn terms_are_those_of_guided_diffusion() {
    let golden: Value =
        serde_json::from_str(include_str!("golden/likelihood.json")).expect("a golden file");
    let bytes = golden["bytes"].as_array().unwrap().iter().flat_map(numbers);
    let x0 = Batch::new(vec![6], bytes.map(|byte| byte / 127.5 - 1.0).collect());
    let schedule = Schedule::linear_1000();
    let near = |found: &[f64], expected: &Value, place: &str| {
        for (found, expected) in found.iter().zip(numbers(expected)) {
            let tolerance = 1e-9 + 1e-8 * expected.abs();
            assert!((found - expected).abs() < tolerance, "{place}: {found} is not {expected}");
        }
    };
    for case in golden["cases"].as_array().unwrap() {
        let variance: Variance = case["variance"].as_str().unwrap().parse().unwrap();
        let grid = case["timesteps"].as_array().map_or_else(all_timesteps, |timesteps| {
            let timesteps = timesteps.iter().map(|t| usize::try_from(t.as_u64().unwrap()).unwrap());
            Grid::from_timesteps(&schedule, &timesteps.collect::<Vec<_>>()).unwrap()
        });
        let estimator = VariationalBound::new(&grid, variance, Decoder::Bins(Bins::BYTES));
        let terms: Vec<_> = estimator.run(&x0, &mut Formula, &mut Wave(0)).map(unwrap).collect();
        let mut totals = estimator.prior(&x0);
        near(&totals, &case["prior"], "prior");
        for term in &terms {
            totals.iter_mut().zip(&term.bits).for_each(|(total, bits)| *total += bits);
        }
        for (index, expected) in case["hops"].as_object().unwrap() {
            let term = &terms[index.parse::<usize>().unwrap()];
            near(&term.bits, expected, &format!("{variance}, hop {index}"));
        }
        near(&totals, &case["total"], &format!("{variance}, total"));
    }
}
