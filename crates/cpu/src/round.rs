//! Rounding to the numbers that networks compute with.

/// The nearest f32, of two the even one.
#[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is the purpose")]
#[inline(always)]
pub(crate) fn to_f32(value: f64) -> f32 {
    value as f32
}
