use std::convert::Infallible;

use super::*;
use crate::batch::Batch;
use crate::denoiser::{Clipped, Network, NetworkDenoiser, from_fn};
use crate::exact::Gaussian;
use crate::grid::{Point, Spacing};
use crate::level::Level;
use crate::noise::NeverDrawn;
use crate::posterior::Posterior;
use crate::prediction::Prediction;
use crate::sampler::conformance;
use crate::schedule::Schedule;

#[test]
fn conforms_with_any_eta() {
    for eta in [0.3, 1.0] {
        conformance::check(&Ddim { eta });
    }
}

fn run(grid: &Grid, x: f64, mut data: Gaussian) -> f64 {
    let Ok(last) = Ddim::default().run(grid, x, &mut data, &mut NeverDrawn).last().unwrap();
    last.x
}

#[test]
fn the_exact_gaussian_has_the_published_mean_and_spread() {
    // N(0.3, 0.2²), linear: a run is affine in x_T ~ N(0, 1), so mean is the run from 0 and std
    // the difference of the runs from 1 and 0. Values computed in f64 from the published formula.
    let data = Gaussian { mean: 0.3, std: 0.2 };
    let schedule = Schedule::linear_1000();
    for (spacing, steps, std, mean) in [
        (Spacing::Trailing, 10, 0.097_279, 0.299_815),
        (Spacing::Trailing, 20, 0.140_139, 0.299_733),
        (Spacing::Trailing, 50, 0.173_808, 0.299_669),
        (Spacing::Trailing, 100, 0.186_350, 0.299_645),
        (Spacing::Trailing, 1000, 0.198_504, 0.299_622),
        (Spacing::Linspace, 10, 0.097_854, 0.299_814),
    ] {
        let grid = Grid::new(&schedule, spacing, steps).unwrap();
        let zero = run(&grid, 0.0, data);
        let found = run(&grid, 1.0, data) - zero;
        assert!((found - std).abs() < 1e-6, "{spacing:?} {steps}: std {found}");
        assert!((zero - mean).abs() < 1e-6, "{spacing:?} {steps}: mean {zero}");
    }
}

#[test]
fn a_count_that_does_not_divide_the_timesteps_has_its_own_spread() {
    // Trailing 13; pairing each timestep with one a constant stride below would give 0.124771.
    let data = Gaussian { mean: 0.3, std: 0.2 };
    let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, 13).unwrap();
    let found = run(&grid, 1.0, data) - run(&grid, 0.0, data);
    assert!((found - 0.114_770).abs() < 1e-6, "{found}");
}

#[test]
fn a_clip_is_followed() {
    // 500 → 400, x = 2, ε = 0, clip 1: with ε derived anew from the clipped x̂₀, 2.049392.
    let schedule = Schedule::linear_1000();
    let grid = Grid::from_timesteps(&schedule, &[500, 400]).unwrap();
    let epsilon_0 = |x: &f64, at: Point| x / at.level.alpha();
    let step = |clip| {
        let mut denoiser = Clipped::new(from_fn(epsilon_0), clip).unwrap();
        let Ok(step) = Ddim::default().run(&grid, 2.0, &mut denoiser, &mut NeverDrawn).next().unwrap();
        step.x
    };
    assert!((step(1.0) - 2.049_392).abs() < 5e-7, "{}", step(1.0));
    assert!((step(f64::MAX) - 3.154_793).abs() < 5e-7);
}

#[test]
fn coefficients_of_an_uneven_hop_by_hand() {
    // ᾱ: 0.25 → 0.64, so α, σ: ½, √¾ → 0.8, 0.6. β̃ = 0.2925 (see ddpm). η = 0: ε's coefficient is
    // 0.6, so x̂₀ has 0.8 − ½·0.6/√¾ and x has 0.6/√¾. η = ½: c² = 0.073125 and ε has
    // √(0.36 − 0.073125).
    let points = [0.25, 0.64].map(|a| Point::off_grid(Level::from_alpha_bar(a).unwrap()));
    let hop = Grid::from_points(points.to_vec()).unwrap().hops().next().unwrap();
    for (eta, noise) in [(0.0, 0.0), (0.5, f64::sqrt(0.073_125)), (1.0, f64::sqrt(0.2925))] {
        let on_epsilon = f64::sqrt(0.36 - noise * noise);
        let c = Ddim { eta }.coefficients(&hop);
        let sigma = f64::sqrt(0.75);
        assert!((c.x0 - (0.8 - 0.5 * on_epsilon / sigma)).abs() < 1e-15);
        assert!((c.x_from - on_epsilon / sigma).abs() < 1e-15);
        assert!((c.noise - noise).abs() < 1e-15);
    }
}

#[test]
fn the_hop_from_pure_noise_keeps_x_t_whatever_eta() {
    let to = Level::from_alpha_bar(0.36).unwrap();
    let points = vec![Point::off_grid(Level::NOISE), Point::off_grid(to)];
    let hop = Grid::from_points(points).unwrap().hops().next().unwrap();
    let close = |found: Coefficients, expected: [f64; 3]| {
        let found = [found.x0, found.x_from, found.noise];
        assert!(std::iter::zip(found, expected).all(|(a, b)| (a - b).abs() < 1e-15), "{found:?}");
    };
    close(Ddim { eta: 0.0 }.coefficients(&hop), [0.6, 0.8, 0.0]);
    close(Ddim { eta: 1.0 }.coefficients(&hop), [0.6, 0.8, 0.0]);
}

#[test]
fn every_pair_is_the_list_shifted() {
    let timesteps = |hop: &Hop| (hop.from().timestep, hop.to().timestep);
    let grid = Grid::new(&Schedule::linear_1000(), Spacing::Linspace, 10).unwrap();
    let pairs: Vec<_> = grid.hops().map(|hop| timesteps(&hop)).collect();
    assert_eq!(pairs[0], (Some(999.0), Some(888.0)));
    assert_eq!(pairs[9], (Some(0.0), None));
    assert!(grid.hops().last().unwrap().is_last());
}

#[test]
fn a_hundred_hops_to_timestep_0_and_one_into_clean_data() {
    let grid = Grid::new(&Schedule::linear_1000(), Spacing::Linspace, 100).unwrap();
    let mut asked = Vec::new();
    let mut denoiser = from_fn(|x: &f64, at: Point| {
        asked.push(at.timestep.unwrap());
        0.5 * x
    });
    let Ok(last) = Ddim::default().run(&grid, 1.0, &mut denoiser, &mut NeverDrawn).last().unwrap();
    assert_eq!((last.hop.from().timestep, last.hop.to().level), (Some(0.0), Level::CLEAN));
    assert_eq!((asked.len(), asked[0], asked[99]), (100, 999.0, 0.0));
    assert!(asked.windows(2).all(|pair| pair[0] > pair[1]), "{asked:?}");
}

#[test]
fn the_hop_from_timestep_0_returns_the_clean_estimate() {
    let schedule = Schedule::linear_1000();
    let grid = Grid::from_timesteps(&schedule, &[0]).unwrap();
    let x0 = Prediction::Epsilon.x0(&0.8, -0.6, schedule.level(0));
    assert!((x0 - (0.8 + 0.6 * 1e-4_f64.sqrt()) / 0.9999_f64.sqrt()).abs() < 1e-14);
    for eta in [0.0, 0.5, 1.0] {
        let mut denoiser = from_fn(|x: &f64, at: Point| Prediction::Epsilon.x0(x, -0.6, at.level));
        let Ok(step) = Ddim { eta }.run(&grid, 0.8, &mut denoiser, &mut NeverDrawn).next().unwrap();
        assert_eq!((step.x, step.x0), (x0, x0));
    }
}

/// Predicts the same, whatever it sees.
struct Constant(f32);

impl Network for Constant {
    type Error = Infallible;

    fn predict(
        &mut self,
        x: &Batch,
        _timesteps: &[f64],
        _labels: Option<&[u32]>,
    ) -> Result<Batch, Infallible> {
        Ok(Batch::new(x.row_shape().to_vec(), vec![self.0; x.data().len()]))
    }
}

#[test]
fn a_network_that_predicts_x0_steps_as_one_that_predicts_the_same_epsilon() {
    let schedule = Schedule::linear_1000();
    let grid = Grid::from_timesteps(&schedule, &[500, 400]).unwrap();
    let (t, s) = (schedule.level(500).alpha_bar(), schedule.level(400).alpha_bar());
    let (x, x0) = (1.25, -0.75);
    let epsilon = (x - t.sqrt() * x0) / (1.0 - t).sqrt();
    let expected = s.sqrt() * x0 + (1.0 - s).sqrt() * epsilon;
    #[expect(clippy::cast_possible_truncation, reason = "networks speak f32")]
    for (prediction, output) in [(Prediction::X0, x0), (Prediction::Epsilon, epsilon)] {
        let network = Constant(output as f32);
        let mut denoiser = NetworkDenoiser::new(network, prediction, schedule.clone()).unwrap();
        let x = Batch::new(vec![1], vec![x as f32]);
        let Ok(step) = Ddim::default().run(&grid, x, &mut denoiser, &mut NeverDrawn).next().unwrap();
        let found = f64::from(step.x.data()[0]);
        // A rounded ε is scaled by σ/α = 3.4 in x̂₀: a few units of 6e-8.
        assert!((found - expected).abs() < 5e-7, "{prediction:?}: {found} is not {expected}");
    }
}

#[test]
fn eta_outside_its_range_is_refused() {
    let error = "ddim:eta=1.5".parse::<crate::AnySampler>().unwrap_err().to_string();
    assert_eq!(error, "option eta=1.5 of ddim: expected a number from 0 to 1");
    assert!("ddim:eta=nan".parse::<crate::AnySampler>().is_err());
    assert!(
        "ddim:eta".parse::<crate::AnySampler>().unwrap_err().to_string().contains("name=value")
    );
}

proptest::proptest! {
    #[test]
    fn with_eta_1_it_is_the_posterior_over_any_hop(from in -12.0..8.0_f64, h in 1e-6..20.0_f64) {
        let level = |lambda| Point::off_grid(Level::from_lambda(lambda).unwrap());
        let hop = Hop::between(level(from), level(from + h));
        let (c, posterior) = (Ddim { eta: 1.0 }.coefficients(&hop), Posterior::of(&hop));
        // h is rounded against λ before either sees it, so they agree to a few units in the last
        // place.
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-14 * b.abs();
        proptest::prop_assert!(close(c.x0, posterior.on_x0), "{:?} {:?}", c, posterior);
        proptest::prop_assert!(close(c.x_from, posterior.on_x_from), "{c:?} {posterior:?}");
        proptest::prop_assert!(close(c.noise.powi(2), posterior.beta_tilde));
    }
}
