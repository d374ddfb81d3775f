//! The gradient of all parameters together.

/// The length of a gradient, and where it is not finite.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GradientNorm {
    /// The Euclidean norm over all parameters.
    pub norm: f64,
    /// The first parameter whose gradient is not finite.
    pub bad: Option<String>,
}

impl GradientNorm {
    /// What the gradients are multiplied by so that their norm is at most `limit`.
    ///
    /// # Source
    /// PyTorch's `clip_grad_norm_`, without its 1e-6 in the denominator.
    pub(crate) fn clip_factor(&self, limit: Option<f64>) -> f64 {
        limit.map_or(1.0, |limit| if self.norm > limit { limit / self.norm } else { 1.0 })
    }
}
