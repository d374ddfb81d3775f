//! The posterior q(x_s | x_t, x₀): where the forward process was, given where it came from.

use crate::grid::Hop;

/// The Gaussian posterior of a hop from t to s: mean `on_x0 · x₀ + on_x_from · x_t`, variance
/// `beta_tilde`.
///
/// # Formula
/// ```text
/// β   = 1 − ᾱ_t/ᾱ_s            = σ_t² (1 − e^(−2h)),     h = λ_s − λ_t
/// β̃   = (1−ᾱ_s)/(1−ᾱ_t) β      = σ_s² (1 − e^(−2h))
/// μ̃   = √ᾱ_s β/(1−ᾱ_t) x₀ + √(ᾱ_t/ᾱ_s) (1−ᾱ_s)/(1−ᾱ_t) x_t
///     = α_s (1 − e^(−2h)) x₀ + (σ_s/σ_t) e^(−h) x_t
/// ```
/// With s = t − 1 these are β_t, β̃_t and eq. 7 of the paper.
/// # Numerics
/// The right-hand forms are the ones computed, with `exp_m1`: no difference of nearly equal ᾱ, and
/// right values at both ends (`λ_t = −∞`: pure noise; `λ_s = +∞`: mean x₀, variance 0).
/// # Source
/// Ho et al. 2020, arXiv:2006.11239, eq. 6–7, for any pair of levels.
///
/// # Example
/// ```
/// use ancestral::{Grid, Posterior, Schedule};
/// let grid = Grid::from_timesteps(&Schedule::linear_1000(), &[900, 800])?;
/// let posterior = Posterior::of(&grid.hops().next().unwrap());
/// assert!((posterior.beta - 0.820_735_8).abs() < 5e-8);
/// assert!((posterior.beta_tilde - 0.819_720_1).abs() < 5e-8);
/// # Ok::<(), ancestral::grid::GridError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Posterior {
    /// Coefficient of x₀ in the mean.
    pub on_x0: f64,
    /// Coefficient of x_t in the mean.
    pub on_x_from: f64,
    /// Forward variance of the hop, β.
    pub beta: f64,
    /// Posterior variance, β̃.
    pub beta_tilde: f64,
}

impl Posterior {
    /// The posterior of `hop`.
    #[must_use]
    pub fn of(hop: &Hop) -> Self {
        let (from, to, h) = (hop.from().level, hop.to().level, hop.h());
        let removed = -(-2.0 * h).exp_m1();
        Self {
            on_x0: to.alpha() * removed,
            on_x_from: to.sigma() / from.sigma() * (-h).exp(),
            beta: from.sigma_squared() * removed,
            beta_tilde: to.sigma_squared() * removed,
        }
    }
}

#[cfg(test)]
mod tests;
