//! The transform of Box and Muller, in blocks of sixteen as PyTorch has it.

use std::f32;
use std::f64;

use super::cephes;

/// Number of values that are made together.
pub(super) const BLOCK: usize = 16;

/// A type that normals are made in.
pub(super) trait Real: Copy {
    /// The normals r cos θ and r sin θ, with r = √(−2 ln(1 − u)) and θ = 2π v, of two uniforms in
    /// [0, 1).
    fn pair(u: Self, v: Self) -> (Self, Self);
}

impl Real for f32 {
    #[inline]
    fn pair(u: Self, v: Self) -> (Self, Self) {
        let radius = (-2.0 * cephes::ln(1.0 - u)).sqrt();
        let (sin, cos) = cephes::sin_cos(f32::consts::TAU * v);
        // PyTorch adds a mean of 0, which makes +0 of −0; likewise below.
        (radius * cos + 0.0, radius * sin + 0.0)
    }
}

impl Real for f64 {
    #[inline]
    fn pair(u: Self, v: Self) -> (Self, Self) {
        // Uniforms are multiples of 2⁻⁵³, so 1 − u is exact; `ln_1p` would differ in last bits.
        let rest = 1.0 - u;
        polar((-2.0 * rest.ln()).sqrt(), f64::consts::TAU * v)
    }
}

/// (r cos θ, r sin θ)
pub(super) fn polar(radius: f64, theta: f64) -> (f64, f64) {
    (radius * theta.cos() + 0.0, radius * theta.sin() + 0.0)
}

/// Normals for uniforms, value j paired with value j + 8.
pub(super) fn transform<T: Real>(block: &mut [T; BLOCK]) {
    let (first, second) = block.split_at_mut(8);
    for (u, v) in std::iter::zip(first, second) {
        (*u, *v) = T::pair(*u, *v);
    }
}
