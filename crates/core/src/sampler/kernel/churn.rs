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
    pub(crate) amount: f64,
    /// Least σ/α at which it is added; not negative.
    pub(crate) min: f64,
    /// Greatest σ/α at which it is added.
    pub(crate) max: f64,
    /// Scale of what is added, positive; a little over 1 makes up for a network that removes too
    /// much.
    pub(crate) noise: f64,
}

impl Default for Churn {
    fn default() -> Self {
        Self { amount: 0.0, min: 0.0, max: f64::INFINITY, noise: 1.0 }
    }
}

const FROM_0: &str = "a number from 0";
const FROM_0_OR_INF: &str = "a number from 0, or inf";
const ABOVE_0: &str = "a number above 0";

fn is_from_0(value: f64) -> bool {
    value >= 0.0 && value.is_finite()
}

fn is_above_0(value: f64) -> bool {
    value > 0.0 && value.is_finite()
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
        [self.amount, self.min, self.max, self.noise].map(|value| value.to_string()).to_vec()
    }

    pub(crate) fn from_options(mut options: Options) -> Result<Self, OptionError> {
        let default = Self::default();
        let from_0 = |value: &f64| is_from_0(*value);
        let above_0 = |value: &f64| is_above_0(*value);
        let amount = options.take("churn", FROM_0, from_0)?.unwrap_or(default.amount);
        let min = options.take("min", FROM_0, from_0)?.unwrap_or(default.min);
        let max = options.take("max", FROM_0_OR_INF, |max: &f64| *max >= 0.0)?;
        let noise = options.take("noise", ABOVE_0, above_0)?.unwrap_or(default.noise);
        options.finish(Self::OPTIONS)?;
        Ok(Self { amount, min, max: max.unwrap_or(default.max), noise })
    }

    /// With noise of `amount` lengths of hops over the whole run, 0 or more.
    ///
    /// # Errors
    /// If `amount` is negative or not finite.
    pub fn new(amount: f64) -> Result<Self, OptionError> {
        let amount = OptionError::check("churn", "churn", amount, FROM_0, is_from_0)?;
        Ok(Self { amount, ..Self::default() })
    }

    /// The same where σ/α is `min` to `max` alone.
    ///
    /// # Errors
    /// If one is negative or NaN, or `min` is infinite.
    pub fn between(self, min: f64, max: f64) -> Result<Self, OptionError> {
        let min = OptionError::check("churn", "min", min, FROM_0, is_from_0)?;
        let max = OptionError::check("churn", "max", max, FROM_0_OR_INF, |max| max >= 0.0)?;
        Ok(Self { min, max, ..self })
    }

    /// The same with what is added scaled by `noise`: a little over 1 makes up for a network that
    /// removes too much.
    ///
    /// # Errors
    /// If `noise` is not a number above 0.
    pub fn with_noise(self, noise: f64) -> Result<Self, OptionError> {
        Ok(Self {
            noise: OptionError::check("churn", "noise", noise, ABOVE_0, is_above_0)?,
            ..self
        })
    }

    /// Whether it adds anything at all.
    pub(crate) fn is_on(&self) -> bool {
        self.amount > 0.0
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
        let gamma = (self.amount / run.hops).min(std::f64::consts::SQRT_2 - 1.0);
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
        let churn = Churn { amount: 2.0, noise: 1.5, ..Churn::default() };
        let hop = hop(4.0, 1.0);
        let (x, raised) = churn.raise(&run(8.0), &hop, 7.0 * hop.from().level.alpha(), &mut One);
        assert!((raised.from().level.karras_sigma() - 5.0).abs() < 1e-14);
        assert!((x / raised.from().level.alpha() - 11.5).abs() < 1e-13, "{x}");
        assert_eq!(raised.to(), hop.to());
    }

    #[test]
    fn at_most_root_2_and_only_within_its_range() {
        let churn = Churn { amount: 40.0, min: 0.5, max: 10.0, ..Churn::default() };
        let level = |from: f64| {
            let (_, raised) = churn.raise(&run(8.0), &hop(from, 0.1), 1.0, &mut One);
            raised.from().level.karras_sigma() / from
        };
        assert!((level(2.0) - std::f64::consts::SQRT_2).abs() < 1e-14);
        assert_eq!((level(0.4), level(12.0)), (level(0.4).round(), level(12.0).round()));
    }

    #[test]
    fn never_above_the_start_of_the_grid_and_not_on_the_last_hop() {
        let churn = Churn { amount: 8.0, ..Churn::default() };
        let run = Churned { hops: 8.0, noisiest: hop(4.0, 1.0).from().level };
        let (x, same) = churn.raise(&run, &hop(4.0, 1.0), 1.0, &mut crate::NeverDrawn);
        assert_eq!((x, same), (1.0, hop(4.0, 1.0)));
        let (_, raised) = churn.raise(&run, &hop(3.9, 1.0), 1.0, &mut One);
        assert!((raised.from().level.karras_sigma() - 4.0).abs() < 1e-14);
        let last = Hop::between(hop(3.0, 1.0).from(), Point::off_grid(Level::CLEAN));
        assert_eq!(churn.raise(&run, &last, 1.0, &mut crate::NeverDrawn), (1.0, last));
    }
}
