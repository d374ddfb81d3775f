//! Vector arithmetic that every kernel shares.
//!
//! Kernels are written once, over the vectors of whatever instruction set the machine has. Each
//! element is computed by the same operations in the same order everywhere, fused where the machine
//! can fuse, so equal machines give equal bits however work is cut.

use pulp::Simd;

/// At most a vector of values, zeros behind them.
#[inline(always)]
pub(crate) fn load<S: Simd>(simd: S, values: &[f32]) -> S::f32s {
    match S::as_simd_f32s(values).0 {
        [whole, ..] => *whole,
        [] => simd.partial_load_f32s(values),
    }
}

/// Stores as many values as there is room for.
#[inline(always)]
pub(crate) fn store<S: Simd>(simd: S, out: &mut [f32], values: S::f32s) {
    if out.len() < S::F32_LANES {
        return simd.partial_store_f32s(out, values);
    }
    if let [whole, ..] = S::as_mut_simd_f32s(out).0 {
        *whole = values;
    }
}

/// Calls `f` with the start and the length of each vector of `length` values: all lanes, of which
/// the compiler then knows, but for the last.
#[inline(always)]
pub(crate) fn vectors<S: Simd>(length: usize, mut f: impl FnMut(usize, usize)) {
    let whole = length / S::F32_LANES * S::F32_LANES;
    for first in (0..whole).step_by(S::F32_LANES) {
        f(first, S::F32_LANES);
    }
    if whole < length {
        f(whole, length - whole);
    }
}

/// a b + c. It is rounded once everywhere but in WebAssembly, which has no such instruction: rounded twice it
/// is 20 times as fast there.
#[inline(always)]
pub(crate) fn mul_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    if cfg!(target_family = "wasm") {
        simd.mul_add_e_f32s(a, b, c)
    } else {
        simd.mul_add_f32s(a, b, c)
    }
}

/// `f` of each element of `x` and of what is beside it in `a` and `b`; all of one length.
#[inline(always)]
pub(crate) fn map3<S: Simd>(
    simd: S,
    out: &mut [f32],
    [x, a, b]: [&[f32]; 3],
    f: impl Fn(S::f32s, S::f32s, S::f32s) -> S::f32s,
) {
    let length = out.len();
    let (out, out_tail) = S::as_mut_simd_f32s(out);
    let (x, x_tail) = S::as_simd_f32s(&x[..length]);
    let (a, a_tail) = S::as_simd_f32s(&a[..length]);
    let (b, b_tail) = S::as_simd_f32s(&b[..length]);
    for (((out, x), a), b) in out.iter_mut().zip(x).zip(a).zip(b) {
        *out = f(*x, *a, *b);
    }
    if !out_tail.is_empty() {
        let x = simd.partial_load_f32s(x_tail);
        let (a, b) = (simd.partial_load_f32s(a_tail), simd.partial_load_f32s(b_tail));
        simd.partial_store_f32s(out_tail, f(x, a, b));
    }
}

/// e^x, within 2e-7 of itself between −87 and 88; clamped beyond.
///
/// # Formula
/// ```text
/// n = round(x / ln 2),   r = x − n ln 2,   e^x = 2ⁿ (1 + r + r² p(r))
/// ```
#[inline(always)]
pub(crate) fn exp<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    macro_rules! splat {
        ($value:expr) => {
            simd.splat_f32s($value)
        };
    }
    let x = simd.min_f32s(simd.max_f32s(x, splat!(-87.0)), splat!(88.0));
    // Adding 1.5 · 2²³ leaves the rounded quotient in the low bits.
    let magic = splat!(12_582_912.0);
    let shifted = mul_add(simd, x, splat!(std::f32::consts::LOG2_E), magic);
    let n = simd.sub_f32s(shifted, magic);
    let r = mul_add(simd, n, splat!(-0.693_145_75), x);
    let r = mul_add(simd, n, splat!(-1.428_606_8e-6), r);
    let mut p = splat!(1.987_569_2e-4);
    for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5] {
        p = mul_add(simd, p, r, splat!(c));
    }
    let p = mul_add(simd, p, simd.mul_f32s(r, r), simd.add_f32s(r, splat!(1.0)));
    let bits = simd.transmute_u32s_f32s(shifted);
    let scale = simd.wrapping_dyn_shl_u32s(bits, simd.splat_u32s(23));
    let bits = simd.add_u32s(simd.transmute_u32s_f32s(p), scale);
    simd.transmute_f32s_u32s(bits)
}

/// x / (1 + e^−x).
#[inline(always)]
pub(crate) fn silu<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let e = exp(simd, simd.neg_f32s(x));
    simd.div_f32s(x, simd.add_f32s(e, simd.splat_f32s(1.0)))
}

/// The slope of [`silu`]: σ (1 + x (1 − σ)), σ = 1 / (1 + e^−x).
#[inline(always)]
pub(crate) fn silu_slope<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let one = simd.splat_f32s(1.0);
    let e = exp(simd, simd.neg_f32s(x));
    let sigmoid = simd.div_f32s(one, simd.add_f32s(e, one));
    let rest = simd.mul_f32s(x, simd.sub_f32s(one, sigmoid));
    mul_add(simd, sigmoid, rest, sigmoid)
}

/// [`silu`] within 2e-4 of itself: for what is rounded to bf16 at once.
///
/// # Formula
/// ```text
/// n = round(−x log₂ e),   f = −x log₂ e − n,   e^−x = 2ⁿ p(f),   d = 1 + e^−x
/// r ≈ 1/d,   c = 1 − d r,   x r (1 + c + c²)
/// ```
#[inline(always)]
pub(crate) fn rough_silu<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    macro_rules! splat {
        ($value:expr) => {
            simd.splat_f32s($value)
        };
    }
    let one = splat!(1.0);
    let inside = simd.min_f32s(simd.max_f32s(x, splat!(-86.0)), splat!(86.0));
    // Adding 1.5 · 2²³ leaves the rounded value in the low bits.
    let (magic, slope) = (splat!(12_582_912.0), splat!(-std::f32::consts::LOG2_E));
    let shifted = mul_add(simd, inside, slope, magic);
    let f = mul_add(simd, inside, slope, simd.sub_f32s(magic, shifted));
    let mut p = splat!(0.055_171_49);
    for c in [0.242_610_94, 0.693_261, 0.999_928_1] {
        p = mul_add(simd, p, f, splat!(c));
    }
    let scale = simd.wrapping_dyn_shl_u32s(simd.transmute_u32s_f32s(shifted), simd.splat_u32s(23));
    let power = simd.transmute_f32s_u32s(simd.add_u32s(simd.transmute_u32s_f32s(p), scale));
    let d = simd.add_f32s(power, one);
    // The bits of a number are about its logarithm: their difference from a constant, a reciprocal.
    let bits = simd.sub_u32s(simd.splat_u32s(0x7ef3_11c3), simd.transmute_u32s_f32s(d));
    let r = simd.transmute_f32s_u32s(bits);
    let c = simd.negate_mul_add_f32s(d, r, one);
    simd.mul_f32s(x, mul_add(simd, r, mul_add(simd, c, c, c), r))
}
