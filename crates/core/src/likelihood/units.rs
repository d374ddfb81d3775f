//! Nats of a row, and bits per dimension.

use std::f64::consts::LN_2;

/// `nats` of a row of `dimensions` elements, in bits per dimension.
///
/// # Example
/// ```
/// use ancestral::likelihood::bits_per_dimension;
/// // Each of 3 bytes as likely as any other.
/// assert_eq!(bits_per_dimension(3.0 * 256_f64.ln(), 3), 8.0);
/// ```
#[must_use]
pub fn bits_per_dimension(nats: f64, dimensions: usize) -> f64 {
    nats / (dimensions as f64 * LN_2)
}
