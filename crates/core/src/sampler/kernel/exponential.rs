//! The exponential integrator: the part of the flow that is linear in x exactly, the network's part
//! by a polynomial in λ.

use super::quadrature::{integrals, moment};
use crate::grid::Hop;
use crate::level::Level;
use crate::names::names;
use crate::options::OptionError;
use crate::sample::Sample;

/// Which estimate a polynomial in λ goes through.
///
/// # Formula
/// The probability flow over a hop of length h, in either form exact:
/// ```text
/// data    x_s = (σ_s/σ_t) x_t + α_s ∫₀ʰ e^(u − h) x̂₀(λ_t + u) du
/// noise   x_s = (α_s/α_t) x_t − σ_s ∫₀ʰ e^(h − u) ε̂(λ_t + u) du
/// ```
/// # Source
/// Lu et al. 2022, arXiv:2211.01095, eq. 8 (data), and arXiv:2206.00927, eq. 3.4 (noise).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Form {
    /// The clean estimate x̂₀. It stays within the range of the data, whatever the guidance.
    #[default]
    Data,
    /// The noise ε̂ that belongs to it.
    Noise,
}

names! { Form, 2: "data" => Data, or "noise" => Noise }

impl std::str::FromStr for Form {
    type Err = OptionError;

    fn from_str(name: &str) -> Result<Self, OptionError> {
        Self::from_name(name).ok_or_else(|| OptionError::name("form", name, Self::NAMES.to_vec()))
    }
}

impl Form {
    /// The estimate of this form for `x` at `level`: x̂₀, or ε̂ = (x − α x̂₀)/σ.
    pub(crate) fn estimate<X: Sample>(self, level: Level, x: &X, x0: &X) -> X {
        match self {
            Self::Data => x0.clone(),
            Self::Noise => {
                let sigma = level.sigma();
                X::combine(&[(1.0 / sigma, x), (-level.alpha() / sigma, x0)])
            }
        }
    }
}

/// How the slope of a line through two estimates is weighed.
///
/// # Formula
/// The weight of a slope of 1 a hop, beside `1 − e^(−h)` for a constant; ½ h to first order:
/// ```text
/// midpoint  ½ (1 − e^(−h))
/// heun      1 − (1 − e^(−h))/h, which is exact for a line
/// ```
/// # Source
/// Lu et al. 2022, arXiv:2211.01095, algorithm 2 (midpoint); `solver_type` in diffusers and
/// k-diffusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Slope {
    /// As if it were that of the middle.
    #[default]
    Midpoint,
    /// Integrated exactly.
    Heun,
}

names! { Slope, 2: "midpoint" => Midpoint, or "heun" => Heun }

impl std::str::FromStr for Slope {
    type Err = OptionError;

    fn from_str(name: &str) -> Result<Self, OptionError> {
        Self::from_name(name).ok_or_else(|| OptionError::name("slope", name, Self::NAMES.to_vec()))
    }
}

impl Slope {
    /// The weights of one or two estimates, newest first.
    pub(crate) fn weights(self, update: &Update, nodes: &[f64]) -> Vec<f64> {
        let slope = match self {
            Self::Midpoint => 0.5 * update.whole(),
            Self::Heun => update.slope(),
        };
        match nodes {
            [_, node] => pair(update.whole(), slope, *node).to_vec(),
            _ => vec![update.whole()],
        }
    }
}

/// What one hop makes of x and the estimates behind it: x_s = `carried` x_t + `gain` Σ w_j v_j,
/// where the weights are those of an integral under `z e^(z (s − 1))`, s being the share of the hop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Update {
    pub(crate) carried: f64,
    pub(crate) gain: f64,
    pub(crate) z: f64,
}

impl Update {
    /// Over `hop`, neither from pure noise nor into clean data.
    pub(crate) fn over(hop: &Hop, form: Form) -> Self {
        let (from, to, h) = (hop.from().level, hop.to().level, hop.h());
        match form {
            Form::Data => Self { carried: to.sigma() / from.sigma(), gain: to.alpha(), z: h },
            Form::Noise => Self { carried: to.alpha() / from.alpha(), gain: to.sigma(), z: -h },
        }
    }

    /// Over `hop`, and the standard deviation of the noise to add, if a share `eta` of the flow is
    /// followed as the reverse SDE is:
    ///
    /// ```text
    /// x_s = (σ_s/σ_t) e^(−η h) x_t + α_s ∫₀ʰ (1 + η) e^((1 + η)(u − h)) x̂₀ du + σ_s √(1 − e^(−2ηh)) z
    /// ```
    pub(crate) fn with_noise(hop: &Hop, form: Form, eta: f64) -> (Self, f64) {
        let mut update = Self::over(hop, form);
        if eta == 0.0 {
            return (update, 0.0);
        }
        let h = hop.h();
        update.carried *= (-eta * h).exp();
        update.z += eta * h;
        (update, hop.to().level.sigma() * (-(-2.0 * eta * h).exp_m1()).sqrt())
    }

    /// The weights of estimates at `nodes` (shares of the hop, 0 its start, 1 its end), if the
    /// polynomial through them is integrated exactly.
    pub(crate) fn exact(&self, nodes: &[f64]) -> Vec<f64> {
        integrals(self.z, nodes).into_iter().map(|weight| self.z * weight).collect()
    }

    /// The sum of all weights: `1 − e^(−z)`.
    pub(crate) fn whole(&self) -> f64 {
        -(-self.z).exp_m1()
    }

    /// The weight of the slope of a line, integrated exactly.
    pub(crate) fn slope(&self) -> f64 {
        self.z * moment(self.z, 1)
    }

    /// The weight of the square of the share of the hop, integrated exactly.
    pub(crate) fn curvature(&self) -> f64 {
        self.z * moment(self.z, 2)
    }

    /// x_s from x and weighted estimates, with `noise` if it is any: one combination.
    pub(crate) fn apply<'a, X: Sample>(
        &self,
        x: &'a X,
        estimates: impl IntoIterator<Item = (f64, &'a X)>,
        noise: Option<(f64, &'a X)>,
    ) -> X {
        let mut terms = vec![(self.carried, x)];
        for (weight, v) in estimates {
            terms.push((self.gain * weight, v));
        }
        terms.extend(noise);
        X::combine(&terms)
    }
}

/// The weights of two estimates, at the start of a hop and at the share `node` of it, where `whole`
/// is that of a constant and `slope` that of a slope of 1 a hop.
pub(crate) fn pair(whole: f64, slope: f64, node: f64) -> [f64; 2] {
    let second = slope / node;
    [whole - second, second]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Point;

    fn hop(from: f64, to: f64) -> Hop {
        let point = |lambda| Point::off_grid(Level::from_lambda(lambda).unwrap());
        Hop::between(point(from), point(to))
    }

    #[test]
    fn of_one_estimate_both_forms_are_ddim() {
        for (from, to) in [(-6.0, -1.0), (-0.3, -0.3 + 1e-9), (2.0, 9.0)] {
            let hop = hop(from, to);
            let (x, x0) = (0.8, -0.4);
            let (t, s) = (hop.from().level, hop.to().level);
            let eps = (x - t.alpha() * x0) / t.sigma();
            let truth = s.alpha() * x0 + s.sigma() * eps;
            for form in Form::ALL {
                let update = Update::over(&hop, form);
                let estimate = form.estimate(t, &x, &x0);
                let weights = update.exact(&[0.0]);
                let found = update.apply(&x, [(weights[0], &estimate)], None);
                // In the noise form x/α is huge where α is small: e⁶ units in the last place.
                assert!((found - truth).abs() < 1e-13, "{form:?} {from} {to}: {found} {truth}");
                assert!((weights[0] / update.whole() - 1.0).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn weights_are_those_of_the_published_formulas() {
        // φ₂ = (e^(−h) − 1 + h)/h and 2 φ₃ = 1 − 2 φ₂/h weigh the slope and the curvature.
        let (h, r) = (0.7_f64, 0.4);
        let update = Update::over(&hop(-1.0, -0.3), Form::Data);
        let phi_2 = ((-h).exp_m1() + h) / h;
        assert!((update.slope() - phi_2).abs() < 1e-15);
        let w = update.exact(&[0.0, -r]);
        assert!(
            (w[1] + phi_2 / r).abs() < 1e-15 && (w[0] + w[1] - (1.0 - (-h).exp())).abs() < 1e-15
        );
        let two = pair(update.whole(), update.slope(), -r);
        assert!((two[0] - w[0]).abs() < 1e-15 && (two[1] - w[1]).abs() < 1e-15);
        let w = update.exact(&[0.0, -r, -1.0]);
        let squares = w[1] * r * r + w[2];
        assert!((squares - (1.0 - 2.0 * phi_2 / h)).abs() < 1e-15);
    }

    #[test]
    fn a_tiny_hop_keeps_its_digits() {
        let update = Update::over(&hop(-1.0, -1.0 + 1e-9), Form::Data);
        // ½ h to first order; the naive (e^(−h) − 1 + h)/h has no digit of it.
        assert!((update.slope() / (0.5 * update.z) - 1.0).abs() < 1e-9);
    }
}
