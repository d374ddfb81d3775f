//! Logarithm, sine and cosine in f32, to the last bit as PyTorch's vector code has them.
//!
//! The polynomials are those of `logf`, `sinf` and `cosf` in S. L. Moshier's Cephes library. Which
//! operations are fused into one is what a compiler made of PyTorch's source; the results are its own,
//! errors included, and not those of the system's functions.

use std::f32::consts::{FRAC_1_PI, FRAC_1_SQRT_2};

/// ln x, for x in (0, 1] that is no subnormal number.
#[inline]
pub(super) fn ln(x: f32) -> f32 {
    const POLYNOMIAL: [f32; 9] = [
        0.070_376_836,
        -0.115_146_1,
        0.116_769_984,
        -0.124_201_41,
        0.142_493_23,
        -0.166_680_57,
        0.200_007_14,
        -0.249_999_94,
        0.333_333_3,
    ];
    // ln 2 in two parts, the first short enough that its products with exponents are exact.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -0.000_212_194_44;

    // x = m 2ᵉ with m in [½, 1), then in [√½, √2).
    let bits = x.to_bits();
    let mantissa = f32::from_bits((bits & 0x007f_ffff) | 0x3f00_0000);
    let exponent = (bits >> 23).cast_signed() - 126;
    let small = mantissa < FRAC_1_SQRT_2;
    let e = (exponent - i32::from(small)) as f32;
    let x = (mantissa - 1.0) + if small { mantissa } else { 0.0 };

    // ln(1 + x) = x − x²/2 + x³ P(x)
    let z = x * x;
    let y = mul_add(horner(&POLYNOMIAL, x) * x, z, e * LN_2_LOW) - 0.5 * z;
    mul_add(e, LN_2_HIGH, x + y)
}

/// (sin x, cos x), for x in [0, 2π].
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the whole part is wanted, and below 9")]
pub(super) fn sin_cos(x: f32) -> (f32, f32) {
    const COS: [f32; 3] = [2.443_315_7e-5, -0.001_388_731_6, 0.041_666_646];
    const SIN: [f32; 3] = [-0.000_195_152_96, 0.008_332_161, -0.166_666_55];
    // −π/4 in three parts.
    const REDUCTION: [f32; 3] = [-0.785_156_25, -0.000_241_875_65, -3.774_895e-8];

    // The nearest multiple of π/2 is j π/4, with j even; of the rest, both series.
    let octant = ((4.0 * FRAC_1_PI * x) as i32 + 1) & !1;
    let x = REDUCTION.iter().fold(x, |x, part| mul_add(octant as f32, *part, x));
    let z = x * x;
    let cos = mul_add(horner(&COS, z) * z, z, -0.5 * z) + 1.0;
    let sin = mul_add(horner(&SIN, z) * z, x, x);

    let (sin, cos) = if octant & 2 == 0 { (sin, cos) } else { (cos, sin) };
    let signed = |value: f32, negative: bool| if negative { -value } else { value };
    (signed(sin, octant & 4 != 0), signed(cos, (octant + 2) & 4 != 0))
}

/// The polynomial with these coefficients, the highest power's first.
#[inline]
fn horner(coefficients: &[f32], x: f32) -> f32 {
    coefficients[1..].iter().fold(coefficients[0], |sum, c| mul_add(sum, x, *c))
}

/// a b + c, rounded once.
///
/// The product of two f32 is exact in f64. The sum is rounded to f64 and from there to f32, which
/// is not always as if it were rounded once; but it is for each of the 2²⁴ uniforms that the
/// functions here are called with, and a test tries them all. (`f32::mul_add` is a slow call
/// wherever the compiler may not count on the instruction.)
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is the purpose")]
fn mul_add(a: f32, b: f32, c: f32) -> f32 {
    let sum = (f64::from(a) * f64::from(b) + f64::from(c)) as f32;
    #[cfg(test)]
    assert_eq!(sum.to_bits(), a.mul_add(b, c).to_bits(), "{a:e} {b:e} {c:e}");
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All values of `TorchGenerator::uniform_f32`.
    fn uniforms() -> impl Iterator<Item = f32> {
        (0..1_u32 << 24).map(|k| k as f32 / (1_u32 << 24) as f32)
    }

    // `mul_add` checks itself here, for every argument there is; the bounds are what was found,
    // rounded up.

    #[test]
    fn the_logarithm_of_every_uniform_is_fused_exactly_and_near_the_truth() {
        for x in uniforms().map(|u| 1.0 - u) {
            let truth = f64::from(x).ln();
            let error = (f64::from(ln(x)) - truth).abs();
            assert!(error <= 1.1e-7 * truth.abs(), "ln {x:e} is off by {error:e} of {truth:e}");
        }
    }

    #[test]
    fn the_sine_and_cosine_of_every_uniform_are_fused_exactly_and_near_the_truth() {
        for x in uniforms().map(|v| std::f32::consts::TAU * v) {
            let (sin, cos) = sin_cos(x);
            let truth = f64::from(x).sin_cos();
            let error = (f64::from(sin) - truth.0).abs().max((f64::from(cos) - truth.1).abs());
            assert!(error <= 8e-8, "sine or cosine of {x:e} is off by {error:e}");
        }
    }
}
