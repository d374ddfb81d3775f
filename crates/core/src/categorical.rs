//! Categories: as states that jump (the multinomial process), or as numbers of the Gaussian process of which a
//! network predicts logits. Samples of tables were better with the second.

mod logits;

use crate::Level;
use crate::grid::Hop;
use crate::posterior::Posterior;

pub use logits::{Categories, Category, CategoryError};

/// The shares of the states of a category at a noise level, given those of clean data: with probability ᾱ
/// a state is kept, otherwise any of the K states is drawn.
///
/// # Formula
/// ```text
/// q(x_t | x₀) = ᾱ_t x₀ + (1 − ᾱ_t)/K
/// ```
/// # Source
/// Hoogeboom et al. 2021, arXiv:2102.05379, eq. 11; Austin et al. 2021, arXiv:2107.03006, uniform.
/// # Example
/// ```
/// use ancestral::{Level, categorical};
///
/// let level = Level::from_alpha_bar(0.25)?;
/// assert_eq!(categorical::noised(level, &[1.0, 0.0]), [0.625, 0.375]);
/// # Ok::<(), ancestral::level::LevelError>(())
/// ```
#[must_use]
pub fn noised(level: Level, x0: &[f64]) -> Vec<f64> {
    let uniform = level.sigma_squared() / x0.len() as f64;
    x0.iter().map(|share| level.alpha_bar() * share + uniform).collect()
}

/// The posterior q(x_s | x_t, x₀) of a category, for a hop from t to s.
///
/// # Formula
/// ```text
/// q(x_s = k | x_t = i, x₀ = j) = a_k b_kj/z_j
/// a_k = ᾱ_t/ᾱ_s δ_ki + β/K,     β = 1 − ᾱ_t/ᾱ_s
/// b_kj = ᾱ_s δ_kj + (1 − ᾱ_s)/K,     z_j = ᾱ_t δ_ij + (1 − ᾱ_t)/K
/// ```
/// With shares p_j of x₀ instead of one state it is the mixture Σ_j p_j q(x_s | x_t, x₀ = j). If p is the
/// exact p(x₀ | x_t), so is the mixture p(x_s | x_t). Hoogeboom et al. put p into a·b and normalise
/// afterwards, which is the same for a single state and not in between.
/// # Numerics
/// Without differences of nearly equal ᾱ, and without logarithms: a probability may be 0. Work grows as K.
/// # Source
/// Austin et al. 2021, arXiv:2107.03006, eq. 3 and 4; Hoogeboom et al. 2021, arXiv:2102.05379, eq. 12.
/// # Example
/// ```
/// use ancestral::{Grid, Schedule, categorical::CategoricalPosterior};
///
/// let grid = Grid::from_timesteps(&Schedule::linear_1000(), &[900, 800])?;
/// let posterior = CategoricalPosterior::of(&grid.hops().next().unwrap());
/// let shares = posterior.shares(2, &[0.5, 0.25, 0.25]);
/// assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-14);
/// # Ok::<(), ancestral::grid::GridError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CategoricalPosterior {
    from: Level,
    to: Level,
    /// ᾱ_t/ᾱ_s and 1 − ᾱ_t/ᾱ_s.
    kept: f64,
    beta: f64,
}

impl CategoricalPosterior {
    /// The posterior of `hop`.
    #[must_use]
    pub fn of(hop: &Hop) -> Self {
        let (from, to) = (hop.from().level, hop.to().level);
        let kept = from.alpha_bar() / to.alpha_bar();
        Self { from, to, kept, beta: Posterior::of(hop).beta }
    }

    /// The probabilities of the states at the end of the hop, which begins in state `x_from`, for clean data
    /// with the probabilities `x0`.
    ///
    /// # Panics
    /// If there is no such state.
    #[must_use]
    pub fn shares(&self, x_from: usize, x0: &[f64]) -> Vec<f64> {
        let count = x0.len();
        assert!(x_from < count, "state {x_from} of {count}");
        let k = count as f64;
        let is_from = |state: usize| f64::from(u8::from(state == x_from));
        // p_j/z_j
        let weight = |(state, share): (usize, &f64)| {
            let (kept, drawn) = (self.from.alpha_bar(), self.from.sigma_squared() / k);
            share / (kept * is_from(state) + drawn)
        };
        let weights: Vec<f64> = x0.iter().enumerate().map(weight).collect();
        // Σ_j p_j b_kj/z_j = ᾱ_s p_k/z_k + (1 − ᾱ_s)/K Σ_j p_j/z_j
        let all = self.to.sigma_squared() / k * weights.iter().sum::<f64>();
        let share = |(state, weight): (usize, &f64)| {
            let jump = self.kept * is_from(state) + self.beta / k;
            jump * (self.to.alpha_bar() * weight + all)
        };
        weights.iter().enumerate().map(share).collect()
    }
}

#[cfg(test)]
mod tests;
