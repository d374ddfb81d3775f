//! Churn: noise that is added before a deterministic step removes more.

use crate::grid::{Grid, Hop, Point};
use crate::level::Level;
use crate::noise::Noise;
use crate::options::{OptionError, OptionInfo, Options};
use crate::sample::Sample;

/// How much noise is added before each step of an otherwise deterministic sampler; none by default.
///
/// # Formula
/// Where `min ≤ k ≤ max`, of a run of n hops, k = σ/α:
/// ```text
/// k̂ = (1 + γ) k,     γ = min(churn/n, √2 − 1)
/// x̂/α̂ = x/α + noise √(k̂² − k²) z
/// ```
/// # Source
/// Karras et al. 2022, arXiv:2206.00364, algorithm 2, lines 4–6: S_churn, S_tmin, S_tmax, S_noise.
/// Differs from the paper: no noise is added on the last hop, whose result is the clean estimate
/// itself, nor above the level where the grid starts, about which a network knows nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Churn {
    /// Noise added over the whole run, in lengths of hops; not negative.
    pub churn: f64,
    /// Least σ/α at which it is added; not negative.
    pub min: f64,
    /// Greatest σ/α at which it is added.
    pub max: f64,
    /// Scale of what is added, positive; a little over 1 makes up for a network that removes too
    /// much.
    pub noise: f64,
}

impl Default for Churn {
    fn default() -> Self {
        Self { churn: 0.0, min: 0.0, max: f64::INFINITY, noise: 1.0 }
    }
}

impl Churn {
    /// The options of every sampler that has it.
    pub(crate) const OPTIONS: &'static [OptionInfo] = &[
        OptionInfo { name: "churn", default: "0", about: "noise added on the way, 0 or more" },
        OptionInfo { name: "min", default: "0", about: "least sigma/alpha at which it is added" },
        OptionInfo { name: "max", default: "inf", about: "greatest such sigma/alpha" },
        OptionInfo { name: "noise", default: "1", about: "scale of the added noise, above 0" },
    ];

    pub(crate) fn values(&self) -> Vec<String> {
        [self.churn, self.min, self.max, self.noise].map(|value| value.to_string()).to_vec()
    }

    pub(crate) fn from_options(mut options: Options) -> Result<Self, OptionError> {
        let default = Self::default();
        let finite = |value: &f64| *value >= 0.0 && value.is_finite();
        let churn = options.take("churn", "a number from 0", finite)?.unwrap_or(default.churn);
        let min = options.take("min", "a number from 0", finite)?.unwrap_or(default.min);
        let max = options.take("max", "a number from 0, or inf", |max: &f64| *max >= 0.0)?;
        let above = |value: &f64| *value > 0.0 && value.is_finite();
        let noise = options.take("noise", "a number above 0", above)?.unwrap_or(default.noise);
        options.finish(Self::OPTIONS)?;
        Ok(Self { churn, min, max: max.unwrap_or(default.max), noise })
    }

    /// Whether it adds anything at all.
    pub(crate) fn is_on(&self) -> bool {
        self.churn > 0.0
    }

    /// Whether for data that is a single point the marginals stay exact.
    pub(crate) fn is_exact(&self) -> bool {
        !self.is_on() || self.noise == 1.0
    }

    /// `x` and its hop with noise added, if any is to be.
    pub(crate) fn raise<X, N>(&self, run: &Churned, hop: &Hop, x: X, noise: &mut N) -> (X, Hop)
    where
        X: Sample,
        N: Noise<X> + ?Sized,
    {
        let level = hop.from().level;
        let k = level.karras_sigma();
        if !self.is_on() || hop.is_last() || k < self.min || k > self.max {
            return (x, *hop);
        }
        let gamma = (self.churn / run.hops).min(std::f64::consts::SQRT_2 - 1.0);
        let lambda = (level.lambda() - gamma.ln_1p()).max(run.noisiest.lambda());
        if lambda >= level.lambda() {
            return (x, *hop);
        }
        let raised = Level::from_lambda(lambda).expect("between two levels");
        // √(k̂² − k²) α̂ = σ̂ √(1 − (k/k̂)²).
        let added = raised.sigma() * (-(2.0 * (lambda - level.lambda())).exp_m1()).sqrt();
        let z = noise.draw(&x);
        let x = X::combine(&[(raised.alpha() / level.alpha(), &x), (self.noise * added, &z)]);
        (x, Hop::between(Point::off_grid(raised), hop.to()))
    }
}

/// What churn needs to know of a run.
#[derive(Clone, Copy, Debug)]
pub struct Churned {
    hops: f64,
    noisiest: Level,
}

impl Churned {
    pub(crate) fn start(grid: &Grid) -> Self {
        let points = grid.points();
        Self { hops: points.len() as f64, noisiest: points[0].level }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct One;
    impl Noise<f64> for One {
        fn draw(&mut self, _: &f64) -> f64 {
            1.0
        }
    }

    fn hop(from: f64, to: f64) -> Hop {
        let point = |k: f64| Point::off_grid(Level::from_lambda(-k.ln()).unwrap());
        Hop::between(point(from), point(to))
    }

    fn run(hops: f64) -> Churned {
        Churned { hops, noisiest: Level::from_lambda(-6.0).unwrap() }
    }

    #[test]
    fn by_hand() {
        // churn 2 over 8 hops: γ = ¼, k: 4 → 5, √(25 − 16) = 3. x/α = 7, so x̂/α̂ = 7 + 3·1.5.
        let churn = Churn { churn: 2.0, noise: 1.5, ..Churn::default() };
        let hop = hop(4.0, 1.0);
        let (x, raised) = churn.raise(&run(8.0), &hop, 7.0 * hop.from().level.alpha(), &mut One);
        assert!((raised.from().level.karras_sigma() - 5.0).abs() < 1e-14);
        assert!((x / raised.from().level.alpha() - 11.5).abs() < 1e-13, "{x}");
        assert_eq!(raised.to(), hop.to());
    }

    #[test]
    fn at_most_root_2_and_only_within_its_range() {
        let churn = Churn { churn: 40.0, min: 0.5, max: 10.0, ..Churn::default() };
        let level = |from: f64| {
            let (_, raised) = churn.raise(&run(8.0), &hop(from, 0.1), 1.0, &mut One);
            raised.from().level.karras_sigma() / from
        };
        assert!((level(2.0) - std::f64::consts::SQRT_2).abs() < 1e-14);
        assert_eq!((level(0.4), level(12.0)), (level(0.4).round(), level(12.0).round()));
    }

    #[test]
    fn never_above_the_start_of_the_grid_and_not_on_the_last_hop() {
        let churn = Churn { churn: 8.0, ..Churn::default() };
        let run = Churned { hops: 8.0, noisiest: hop(4.0, 1.0).from().level };
        let (x, same) = churn.raise(&run, &hop(4.0, 1.0), 1.0, &mut crate::NoNoise);
        assert_eq!((x, same), (1.0, hop(4.0, 1.0)));
        let (_, raised) = churn.raise(&run, &hop(3.9, 1.0), 1.0, &mut One);
        assert!((raised.from().level.karras_sigma() - 4.0).abs() < 1e-14);
        let last = Hop::between(hop(3.0, 1.0).from(), Point::off_grid(Level::CLEAN));
        assert_eq!(churn.raise(&run, &last, 1.0, &mut crate::NoNoise), (1.0, last));
    }
}
