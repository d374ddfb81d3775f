//! Data whose densities have closed forms.

use std::convert::Infallible;
use std::f64::consts::{LN_2, PI};

use ancestral::exact::{Component, Gaussian, Mixture};
use ancestral::likelihood::{Bound, Decoder, VariationalBound};
use ancestral::variance::ReverseVariance;
use ancestral::{Batch, Grid, Noise, Schedule, Spacing};

pub fn unwrap<T>(result: Result<T, Infallible>) -> T {
    result.unwrap_or_else(|never| match never {})
}

pub fn all_timesteps() -> Grid {
    Grid::new(&Schedule::linear_1000(), Spacing::Trailing, 1000).unwrap()
}

/// Rows m ± s, and noise of ±1 beside each: means over them of quadratic functions are those over
/// N(m, s²) and N(0, 1).
pub fn signed_rows(mean: f64, std: f64) -> Batch<f64> {
    Batch::new(vec![1], vec![mean - std, mean - std, mean + std, mean + std])
}

pub struct Signs;

impl Noise<Batch<f64>> for Signs {
    fn draw(&mut self, like: &Batch<f64>) -> Batch<f64> {
        Batch::new(like.row_shape().to_vec(), vec![-1.0, 1.0, -1.0, 1.0])
    }
}

/// The bound of data N(m, s²) with their exact denoiser, without sampling error.
pub fn gaussian_bound(grid: &Grid, variance: impl Into<ReverseVariance>, data: Gaussian) -> f64 {
    let estimator = VariationalBound::new(grid, variance, Decoder::Density);
    let x0 = signed_rows(data.mean, data.std);
    let mut denoiser = data;
    let terms: Vec<_> = estimator.run(&x0, &mut denoiser, &mut Signs).map(unwrap).collect();
    let mut bound = Bound::default();
    bound.add(&estimator.prior(&x0), &terms);
    bound.total().mean()
}

pub fn gaussian_entropy(std: f64) -> f64 {
    0.5 * (2.0 * PI * std * std).log2() + 0.5 / LN_2
}

pub fn mixture() -> Mixture {
    let component = |weight, mean, std| Component { weight, mean: vec![mean], std };
    Mixture::new(vec![component(0.6, -0.5, 0.2), component(0.4, 0.7, 0.3)]).unwrap()
}

/// ln p of the mixture, from its definition.
pub fn mixture_log_density(x: f64) -> f64 {
    let normal =
        |mean: f64, std: f64| (-0.5 * ((x - mean) / std).powi(2)).exp() / (std * (2.0 * PI).sqrt());
    (0.6 * normal(-0.5, 0.2) + 0.4 * normal(0.7, 0.3)).ln()
}
