use super::*;
use crate::batch::Batch;
use crate::exact::{Gaussian, Mixture};
use crate::grid::{Point, Spacing};
use crate::level::Level;
use crate::noise::SampleNoise;
use crate::sampler::{Ddim, conformance};
use crate::schedule::Schedule;

fn trailing(steps: usize) -> Grid {
    Grid::new(&Schedule::linear_1000(), Spacing::Trailing, steps).unwrap()
}

#[test]
fn conforms_with_the_large_variance() {
    conformance::check(&Ddpm::new(Variance::FixedLarge));
}

#[test]
fn with_the_small_variance_it_is_ddim_with_eta_1() {
    let data = Gaussian { mean: -0.4, std: 0.6 };
    for steps in [1, 2, 10, 50] {
        let grid = trailing(steps);
        let ddpm = conformance::gaussian_moments(&Ddpm::default(), &grid, data);
        let ddim = conformance::gaussian_moments(&Ddim { eta: 1.0 }, &grid, data);
        for (a, b) in std::iter::zip(ddpm, ddim) {
            assert!((a.0 - b.0).abs() < 1e-14 && (a.1 - b.1).abs() < 1e-14, "{a:?} {b:?}");
        }
    }
}

#[test]
fn the_exact_gaussian_has_the_published_spread() {
    // N(0.3, 0.2²), linear, trailing, x_T ~ N(0, 1), no clipping; computed in f64 from the
    // recursion of mean and variance, to six digits.
    for (steps, small, large) in [
        (10, 0.093_462, 0.155_319),
        (50, 0.159_032, 0.211_691),
        (100, 0.174_684, 0.207_602),
        (1000, 0.196_298, 0.200_929),
    ] {
        for (variance, expected) in [(Variance::FixedSmall, small), (Variance::FixedLarge, large)] {
            let data = Gaussian { mean: 0.3, std: 0.2 };
            let moments =
                conformance::moments(&Ddpm::new(variance), &trailing(steps), (0.0, 1.0), data);
            let (mean, spread) = *moments.last().unwrap();
            let found = spread.sqrt();
            assert!((found - expected).abs() < 1e-6, "{variance} {steps}: {found}");
            assert!((mean - 0.299_999_5).abs() < 1e-6, "{variance} {steps}: mean {mean}");
        }
    }
}

#[test]
fn every_hop_has_the_moments_of_the_closed_recursion() {
    let data = Gaussian { mean: 0.7, std: 0.5 };
    for spacing in Spacing::ALL {
        let grid = Grid::new(&Schedule::linear_1000(), spacing, 37).unwrap();
        for variance in [Variance::FixedSmall, Variance::FixedLarge] {
            let found = conformance::gaussian_moments(&Ddpm::new(variance), &grid, data);
            let start = grid.points()[0].level;
            let (mut mean, mut spread) = (start.alpha() * data.mean, data.std_at(start).powi(2));
            for (hop, found) in std::iter::zip(grid.hops(), found) {
                // The published form with ᾱ, not the one that is computed.
                let (t, s) = (hop.from().level.alpha_bar(), hop.to().level.alpha_bar());
                let beta = 1.0 - t / s;
                let on_x0 = s.sqrt() * beta / (1.0 - t);
                let on_x = (t / s).sqrt() * (1.0 - s) / (1.0 - t);
                let k = t.sqrt() * 0.25 / (t * 0.25 + 1.0 - t);
                let gain = on_x0 * k + on_x;
                let noise = match variance {
                    _ if hop.is_last() => 0.0,
                    Variance::FixedLarge => beta,
                    Variance::FixedSmall | Variance::Learned | Variance::LearnedRange => {
                        (1.0 - s) / (1.0 - t) * beta
                    }
                };
                mean = gain * mean + on_x0 * data.mean * (1.0 - k * t.sqrt());
                spread = gain * gain * spread + noise;
                assert!((found.0 - mean).abs() < 1e-11, "mean {} is not {mean}", found.0);
                assert!((found.1 - spread).abs() < 1e-11, "variance {} is not {spread}", found.1);
            }
        }
    }
}

/// Says the optimal variance of Gaussian data as a network would, as a log-variance.
struct Optimal {
    data: Gaussian,
    hops: Vec<Hop>,
}
impl Denoiser<Batch<f64>> for Optimal {
    type Error = std::convert::Infallible;
    fn denoise(&mut self, x: &Batch<f64>, at: Point) -> Result<Denoised<Batch<f64>>, Self::Error> {
        let hop = self.hops.iter().find(|hop| hop.from() == at).unwrap();
        let posterior = Posterior::of(hop);
        let of_x0 = 0.25 * at.level.sigma_squared() / self.data.std_at(at.level).powi(2);
        let log = (posterior.beta_tilde + posterior.on_x0 * posterior.on_x0 * of_x0).ln();
        let variance = Some(Batch::new(vec![1], vec![log; x.rows()]));
        let Ok(Denoised { x0, .. }) = self.data.denoise(x, at);
        Ok(Denoised { x0, raw_variance: variance })
    }
}

#[test]
fn an_optimal_learned_variance_gives_the_exact_moments_at_every_hop() {
    // Var[x_s | x_t] = β̃ + (coefficient of x₀)² Var[x₀ | x_t] for Gaussian data; then the only
    // error is that of x_T, here none.
    let data = Gaussian { mean: 0.7, std: 0.5 };
    let grid = trailing(25);
    let start = grid.points()[0].level;
    let optimal = Optimal { data, hops: grid.hops().collect() };
    let sampler = Ddpm::new(Variance::Learned);
    let start = (start.alpha() * data.mean, data.std_at(start));
    let moments = conformance::moments(&sampler, &grid, start, optimal);
    for (hop, (mean, variance)) in std::iter::zip(grid.hops(), moments) {
        if !hop.is_last() {
            let level = hop.to().level;
            assert!((mean - level.alpha() * 0.7).abs() < 1e-13);
            assert!((variance - data.std_at(level).powi(2)).abs() < 1e-13);
        }
    }
}

struct One;
impl Noise<f64> for One {
    fn draw(&mut self, _: &f64) -> f64 {
        1.0
    }
}

#[test]
fn one_hop_by_hand() {
    // ᾱ: 0.25 → 0.64, x = 2, x̂₀ = 0.5, z = 1.
    // β = 1 − 0.25/0.64 = 0.609375; β̃ = 0.36/0.75·β = 0.2925; √ᾱ_s β/(1−ᾱ_t) = 0.65;
    // √(ᾱ_t/ᾱ_s)(1−ᾱ_s)/(1−ᾱ_t) = 0.625·0.48 = 0.3; mean = 0.325 + 0.6.
    let points = [0.25, 0.64].map(|a| Point::off_grid(Level::from_alpha_bar(a).unwrap()));
    let grid = Grid::from_points(points.to_vec()).unwrap();
    for (variance, expected) in [(Variance::FixedSmall, 0.2925), (Variance::FixedLarge, 0.609_375)]
    {
        let mut half = crate::from_fn(|_: &f64, _: Point| 0.5);
        let Ok(step) = Ddpm::new(variance).run(&grid, 2.0, &mut half, &mut One).next().unwrap();
        assert!((step.x - (0.925 + f64::sqrt(expected))).abs() < 1e-15);
    }
}

#[test]
fn from_pure_noise_the_first_hop_is_that_of_ddim() {
    // ᾱ: 0 → 0.36, x_T = 2, x̂₀ = 0.5: 0.6·0.5 + 0.8·2, with no noise asked for.
    let points = [0.0, 0.36].map(|a| Point::off_grid(Level::from_alpha_bar(a).unwrap()));
    let grid = Grid::from_points(points.to_vec()).unwrap();
    for name in Variance::NAMES {
        let sampler = Ddpm::new(name.parse::<Variance>().unwrap());
        let mut half = crate::from_fn(|_: &f64, _: Point| 0.5);
        let Ok(step) = sampler.run(&grid, 2.0, &mut half, &mut crate::NeverDrawn).next().unwrap();
        assert!((step.x - 1.9).abs() < 1e-15, "{name}: {}", step.x);
    }
}

#[test]
fn the_last_hop_adds_no_noise_whatever_its_timestep() {
    let schedule = Schedule::linear_1000();
    let grids = [
        trailing(10),
        Grid::new(&schedule, Spacing::Leading { offset: 1 }, 10).unwrap(),
        Grid::from_timesteps(&schedule, &[999, 500, 99]).unwrap(),
    ];
    for grid in &grids {
        let last = *grid.points().last().unwrap();
        let one_hop = Grid::from_points(vec![last]).unwrap();
        let sampler = Ddpm::new(Variance::FixedLarge);
        let end = |seed| {
            let mut data = Gaussian { mean: 0.3, std: 0.2 };
            let mut noise = SampleNoise::new(seed, [0]);
            let Ok(step) = sampler.run(&one_hop, 0.8, &mut data, &mut noise).next().unwrap();
            (step.x, step.x0)
        };
        let (x, x0) = end(1);
        assert_eq!(x.to_bits(), x0.to_bits());
        assert_eq!(end(1), end(2), "two noise streams at {last:?}");
    }
}

#[test]
fn samples_of_a_finite_set_end_on_its_points_in_equal_shares() {
    // Five points, well apart; 2000 runs of 60 hops. With x_T ~ N(0, I) each point has share 1/5 up
    // to a bias far below the statistical error; χ² with 4 degrees of freedom is above 18.47 with
    // probability 0.001. The seed is fixed: the test can't flake.
    let points = vec![-1.0, -1.0, 1.0, -1.0, 0.0, 0.0, -1.0, 1.0, 1.0, 1.0_f32];
    let mut data = Mixture::data_set(&Batch::new(vec![2], points.clone())).unwrap();
    let mut noise = SampleNoise::new(5, 0..2000);
    let x: Batch = noise.draw(&Batch::zeros(2000, vec![2]));
    let sampler = Ddpm::default();
    let Ok(last) = sampler.run(&trailing(60), x, &mut data, &mut noise).last().unwrap();
    let mut counts = [0.0_f64; 5];
    for row in last.x.iter_rows() {
        let nearest = points
            .chunks(2)
            .position(|p| (row[0] - p[0]).abs() < 1e-3 && (row[1] - p[1]).abs() < 1e-3);
        counts[nearest.unwrap_or_else(|| panic!("{row:?} is no point of the set"))] += 1.0;
    }
    let chi_squared: f64 = counts.iter().map(|n| (n - 400.0).powi(2) / 400.0).sum();
    assert!(chi_squared < 18.47, "chi squared {chi_squared}, counts {counts:?}");
}

#[test]
fn options_are_read_and_refused_by_name() {
    let parse = |text: &str| text.parse::<crate::AnySampler>();
    for name in Variance::NAMES {
        assert!(parse(&format!("ddpm:variance={name}")).is_ok());
    }
    assert_eq!(
        parse("ddpm:variance=big").unwrap_err().to_string(),
        "option variance=big of ddpm: expected one of fixed-small, fixed-large, learned, \
         learned-range"
    );
    assert_eq!(
        parse("ddpm:eta=1").unwrap_err().to_string(),
        "ddpm has no option \"eta\": it takes variance"
    );
    assert_eq!(
        parse("ddpm:variance=learned,variance=learned").unwrap_err().to_string(),
        "option \"variance\" of ddpm is given more than once"
    );
    let (name, mut options) = crate::options::Options::split("ddpm:variance=learned").unwrap();
    assert!(options.has("variance") && !options.has("eta"));
    assert!(options.add("variance", "fixed-large").is_err());
    let given = crate::AnySampler::named(&name, options);
    assert_eq!(given, parse("ddpm:variance=learned"));
    assert!(parse("dpm").unwrap_err().to_string().contains("expected one of ddpm, ddim"));
}
