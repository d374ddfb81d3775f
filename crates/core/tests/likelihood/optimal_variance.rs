//! The optimal fixed variance of Gaussian data, in the bound and in sampling.

use ancestral::exact::Gaussian;
use ancestral::sampler::Ddpm;
use ancestral::variance::{NoiseNorms, OptimalVariance, OptimalVarianceError, ReverseVariance};
use ancestral::{Grid, Level, Noise, Posterior, Sampler, Schedule, Spacing, Variance};

use crate::data::{Signs, all_timesteps, gaussian_bound, gaussian_entropy, signed_rows, unwrap};

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
