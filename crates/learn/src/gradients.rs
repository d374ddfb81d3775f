//! The gradient of all parameters together.

use ancestral_cpu::train::sum_of_squares;
use ancestral_format::Layout;

/// The length of a gradient, and where it is not finite.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GradientNorm {
    /// The Euclidean norm over all parameters.
    pub norm: f64,
    /// The first parameter whose gradient is not finite.
    pub bad: Option<String>,
}

impl GradientNorm {
    /// The norm of gradients of this layout.
    ///
    /// # Formula
    /// ```text
    /// √ Σ g²
    /// ```
    /// # Numerics
    /// As [`sum_of_squares`]: values above 1e19 count as not finite.
    pub(crate) fn of(gradients: &[f32], layout: &Layout) -> Self {
        let norm = sum_of_squares(gradients).sqrt();
        let is_bad = |at| !sum_of_squares(&gradients[at]).is_finite();
        let bad = || layout.iter().find(|(_, _, at)| is_bad(at.clone()));
        let bad = if norm.is_finite() { None } else { bad() };
        Self { norm, bad: bad.map(|(name, ..)| name.to_owned()) }
    }

    /// What the gradients are multiplied by so that their norm is at most `limit`.
    ///
    /// # Source
    /// PyTorch's `clip_grad_norm_`, without its 1e-6 in the denominator.
    pub(crate) fn clip_factor(&self, limit: Option<f64>) -> f64 {
        limit.map_or(1.0, |limit| if self.norm > limit { limit / self.norm } else { 1.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn norm_of(gradients: [f32; 3]) -> GradientNorm {
        let layout =
            Layout::new(vec![("weight".to_owned(), vec![1, 2]), ("bias".to_owned(), vec![1])]);
        GradientNorm::of(&gradients, &layout)
    }

    #[test]
    fn the_norm_is_over_all_parameters_together() {
        // 2² + 3² + 6² = 7²
        let norm = norm_of([2.0, -3.0, 6.0]);
        assert_eq!(norm, GradientNorm { norm: 7.0, bad: None });
        assert!((norm.clip_factor(Some(1.0)) - 1.0 / 7.0).abs() < 1e-16);
        assert_eq!((norm.clip_factor(Some(8.0)), norm.clip_factor(None)), (1.0, 1.0));
    }

    #[test]
    fn the_first_bad_parameter_is_named() {
        let norm = norm_of([2.0, 1.0, f32::NAN]);
        assert!(norm.norm.is_nan());
        assert_eq!(norm.bad.as_deref(), Some("bias"));
        assert_eq!(norm_of([f32::INFINITY, 1.0, f32::NAN]).bad.as_deref(), Some("weight"));
    }
}
