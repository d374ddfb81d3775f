//! bf16 values as tiles hold them.

/// Values of a line.
pub(crate) const VALUES: usize = 32;
/// Pairs of a line.
pub(super) const PAIRS: usize = VALUES / 2;

/// A line of a tile: 16 pairs of bf16 values that follow each other in k, the first of a pair in the
/// low half.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(64))]
pub(crate) struct Line(pub [u32; PAIRS]);

/// The bits of the nearest bf16 value, of two the even one; 0 for what is below the normal numbers,
/// as the instructions take it.
#[inline(always)]
pub(super) fn rounded(value: f32) -> u32 {
    let bits = value.to_bits();
    let nearest = bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16;
    match bits & 0x7fff_ffff {
        0..0x0080_0000 => 0,
        0x0080_0000..=0x7f80_0000 => nearest,
        _ => 0x7fc0, // no number
    }
}

/// Two values as a pair.
#[inline(always)]
pub(super) fn pair(first: f32, second: f32) -> u32 {
    rounded(first) | rounded(second) << 16
}

impl Line {
    /// The nearest values, of two the even one.
    #[inline(always)]
    pub(super) fn rounded(values: &[f32; VALUES]) -> Self {
        let mut halves = [0; VALUES];
        for (half, value) in halves.iter_mut().zip(values) {
            *half = rounded(*value);
        }
        let mut line = Self::default();
        for (pair, halves) in line.0.iter_mut().zip(halves.as_chunks::<2>().0) {
            *pair = halves[0] | halves[1] << 16;
        }
        line
    }
}

/// Lines that hold so many values.
pub(super) const fn lines(values: usize) -> usize {
    values.div_ceil(VALUES)
}
