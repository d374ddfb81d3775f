//! The prior term: how far the noisiest level is from pure noise.

use crate::batch::Scalar;
use crate::level::Level;

/// KL(q(x_T | x₀) || N(0, I)) of a row in nats, where x_T is at `level`.
///
/// # Formula
/// ```text
/// KL = ½ Σ (ᾱ x₀² − ᾱ − ln(1 − ᾱ))
/// ```
/// No denoiser changes it: it is what a schedule costs that does not end in pure noise.
/// # Source
/// Ho et al. 2020, arXiv:2006.11239, L_T of eq. 5.
///
/// # Example
/// ```
/// use ancestral::Schedule;
/// use ancestral::likelihood::{bits_per_dimension, prior_divergence};
/// let level = Schedule::linear_1000().noisiest();
/// let bits = bits_per_dimension(prior_divergence(&[1.0_f32, -1.0], level), 2);
/// assert!((bits - 2.911e-5).abs() < 5e-9);
/// ```
#[must_use]
pub fn prior_divergence<T: Scalar>(x0: &[T], level: Level) -> f64 {
    let alpha_bar = level.alpha_bar();
    let squares: f64 = x0.iter().map(|x0| x0.to_f64().powi(2)).sum();
    let of_the_level = -alpha_bar - level.sigma_squared().ln();
    // Near pure noise 1 − ᾱ has few digits of ᾱ left.
    let of_the_level =
        if alpha_bar < 0.5 { -alpha_bar - (-alpha_bar).ln_1p() } else { of_the_level };
    0.5 * (alpha_bar * squares + x0.len() as f64 * of_the_level)
}
