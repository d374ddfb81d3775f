//! What a network predicts of `x_t = α x₀ + σ ε`, and every way from one to the other.

use crate::level::Level;
use crate::sample::Sample;

/// What a network was trained to predict.
///
/// # Formula
/// ```text
/// ε   = (x_t − α x₀)/σ
/// v   = α ε − σ x₀                so   x₀ = α x_t − σ v,   ε = α v + σ x_t
/// ```
/// # Source
/// ε: Ho et al. 2020, arXiv:2006.11239, eq. 11. v: Salimans & Ho 2022, arXiv:2202.00512, section 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Prediction {
    /// The noise ε.
    Epsilon,
    /// The clean sample x₀.
    X0,
    /// The velocity v.
    V,
}

impl Prediction {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Epsilon, Self::X0, Self::V];

    /// The coefficients (on `x_t`, on the prediction) that give x₀ at `level`.
    ///
    /// For ε at pure noise they are infinite: x_t says nothing about x₀ there.
    #[must_use]
    pub fn to_x0(self, level: Level) -> (f64, f64) {
        match self {
            Self::Epsilon => (1.0 / level.alpha(), -level.karras_sigma()),
            Self::X0 => (0.0, 1.0),
            Self::V => (level.alpha(), -level.sigma()),
        }
    }

    /// The coefficients (on `x_t`, on the prediction) that give ε at `level`.
    ///
    /// For x₀ at clean data they are infinite.
    #[must_use]
    pub fn to_epsilon(self, level: Level) -> (f64, f64) {
        match self {
            Self::Epsilon => (0.0, 1.0),
            Self::X0 => (1.0 / level.sigma(), -level.lambda().exp()),
            Self::V => (level.sigma(), level.alpha()),
        }
    }

    /// The coefficients (on x₀, on ε) of what is predicted at `level`: the target of training.
    #[must_use]
    pub fn target(self, level: Level) -> (f64, f64) {
        match self {
            Self::Epsilon => (0.0, 1.0),
            Self::X0 => (1.0, 0.0),
            Self::V => (-level.sigma(), level.alpha()),
        }
    }

    /// The clean estimate x̂₀ that `prediction` at `x` and `level` stands for.
    #[must_use]
    pub fn x0<X: Sample>(self, x: &X, prediction: X, level: Level) -> X {
        match self {
            Self::X0 => prediction,
            Self::Epsilon | Self::V => {
                let (on_x, on_prediction) = self.to_x0(level);
                X::combine(&[(on_x, x), (on_prediction, &prediction)])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{Betas, Cosine, Schedule};

    #[test]
    fn v_at_t_500_by_hand() {
        // x0 = 0.5, eps = -0.25 at t = 500 of the linear schedule: x = -0.1006183, v = -0.5498872.
        let level = Schedule::linear_1000().level(500);
        let x = level.alpha() * 0.5 - level.sigma() * 0.25;
        let (on_x0, on_eps) = Prediction::V.target(level);
        let v = on_x0 * 0.5 - on_eps * 0.25;
        assert!((x + 0.100_618_3).abs() < 5e-8 && (v + 0.549_887_2).abs() < 5e-8);
        let (a, b) = Prediction::V.to_epsilon(level);
        assert!((a * x + b * v + 0.25).abs() < 1e-15);
        assert!((Prediction::V.x0(&x, v, level) - 0.5).abs() < 1e-15);
    }

    #[test]
    fn every_prediction_gives_back_x0_and_epsilon_at_every_timestep() {
        let schedule = Schedule::linear_1000();
        for level in schedule.levels() {
            let (x0, eps) = (0.7, -1.3);
            let x = level.alpha() * x0 + level.sigma() * eps;
            for prediction in Prediction::ALL {
                let (a, b) = prediction.target(*level);
                let output = a * x0 + b * eps;
                let (on_x, on_output) = prediction.to_x0(*level);
                assert!((on_x * x + on_output * output - x0).abs() < 1e-13 / level.alpha());
                let (on_x, on_output) = prediction.to_epsilon(*level);
                assert!((on_x * x + on_output * output - eps).abs() < 1e-13 / level.sigma());
            }
        }
    }

    #[test]
    fn at_the_cleanest_timestep_of_a_short_cosine_nothing_is_divided_by_zero() {
        let level = Cosine::default().schedule(250).unwrap().level(0);
        assert!(level.alpha_bar() < 1.0);
        let (x0, eps) = (0.7, -1.3);
        let x = level.alpha() * x0 + level.sigma() * eps;
        assert!((Prediction::Epsilon.x0(&x, eps, level) - x0).abs() < 1e-15);
        for prediction in Prediction::ALL {
            for (a, b) in [prediction.to_x0(level), prediction.to_epsilon(level)] {
                assert!(a.is_finite() && b.is_finite(), "{prediction:?}: {a} {b}");
            }
        }
    }

    #[test]
    fn at_pure_noise_v_is_minus_x0() {
        assert_eq!(Prediction::V.to_x0(Level::NOISE), (0.0, -1.0));
        assert_eq!(Prediction::V.target(Level::NOISE), (-1.0, 0.0));
    }
}
