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

impl Line {
    /// The nearest values of both, of two the even one, side by side as pairs.
    #[inline(always)]
    pub(super) fn pairs(first: &[f32; PAIRS], second: &[f32; PAIRS]) -> Self {
        let mut line = Self::default();
        for (j, pair) in line.0.iter_mut().enumerate() {
            *pair = rounded(first[j]) | rounded(second[j]) << 16;
        }
        line
    }

    /// Makes columns of rows, a pair for a pair.
    pub(super) fn transpose(lines: &mut [Self; PAIRS]) {
        for i in 0..PAIRS {
            for j in 0..i {
                let pair = lines[i].0[j];
                lines[i].0[j] = std::mem::replace(&mut lines[j].0[i], pair);
            }
        }
    }

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
