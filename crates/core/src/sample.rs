//! What a sampler needs of the thing it samples: linear combinations.

/// Anything that can be combined linearly: a number, a batch of rows, a user's own tensor.
///
/// Coefficients are f64, whatever a sample is made of.
pub trait Sample: Clone {
    /// `Σ cᵢ xᵢ`, in the order given, for at least one term.
    #[must_use]
    fn combine(terms: &[(f64, &Self)]) -> Self;

    /// `exp(a + b f) ⊙ z`, element by element: noise scaled by a learned log-standard-deviation
    /// that is affine in a network's output `f`.
    #[must_use]
    fn exp_scaled(a: f64, b: f64, f: &Self, z: &Self) -> Self;
}

/// A [`Sample`] whose elements can be changed one by one, as clipping and exact denoisers do.
pub trait Elementwise: Sample {
    /// Applies `f` to every element.
    #[must_use]
    fn map(self, f: impl Fn(f64) -> f64) -> Self;
}

impl Sample for f64 {
    fn combine(terms: &[(f64, &Self)]) -> Self {
        terms.iter().map(|(c, x)| c * **x).sum()
    }

    fn exp_scaled(a: f64, b: f64, f: &Self, z: &Self) -> Self {
        (a + b * f).exp() * z
    }
}

impl Elementwise for f64 {
    fn map(self, f: impl Fn(f64) -> f64) -> Self {
        f(self)
    }
}
