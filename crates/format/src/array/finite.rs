//! Whether the values of an array are numbers.

use thiserror::Error;

use super::{Array, Dtype};

/// Values that are not finite in single precision, with which networks compute.
#[derive(Clone, Debug, PartialEq, Error)]
#[error(
    "{count} of {total} values are not finite in single precision, the first {value:?} at index {index}"
)]
pub struct NotFinite {
    /// How many.
    pub count: usize,
    /// How many values there are.
    pub total: usize,
    /// The first, counted from 0 in C order.
    pub index: usize,
    /// Its value.
    pub value: f64,
}

impl Array {
    /// Checks that no value is NaN, infinite, or beyond single precision.
    ///
    /// # Errors
    /// If there is one.
    pub fn check_finite(&self) -> Result<(), NotFinite> {
        let bytes = &self.bytes;
        let is_finite = match self.dtype {
            Dtype::F16 => all(bytes, |b| u16::from_le_bytes(b) & 0x7c00 != 0x7c00),
            Dtype::BF16 => all(bytes, |b| u16::from_le_bytes(b) & 0x7f80 != 0x7f80),
            Dtype::F32 => all(bytes, |b| u32::from_le_bytes(b) & 0x7f80_0000 != 0x7f80_0000),
            Dtype::F64 => all(bytes, |b| narrowed(f64::from_le_bytes(b)).is_finite()),
        };
        if is_finite { Ok(()) } else { Err(self.not_finite()) }
    }

    fn not_finite(&self) -> NotFinite {
        let values = self.to_f64().enumerate();
        let mut wrong = values.filter(|(_, value)| !narrowed(*value).is_finite());
        let (index, value) = wrong.next().expect("there is one");
        NotFinite { count: 1 + wrong.count(), total: self.len(), index, value }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "as the values are computed with")]
fn narrowed(value: f64) -> f32 {
    value as f32
}

/// Whether all elements hold: a block at a time without a branch, which is as fast as memory.
fn all<const N: usize>(bytes: &[u8], holds: impl Fn([u8; N]) -> bool) -> bool {
    let (elements, _) = bytes.as_chunks::<N>();
    elements.chunks(4096).all(|block| block.iter().fold(true, |all, &b| all & holds(b)))
}

#[cfg(test)]
mod tests {
    use half::{bf16, f16};

    use super::*;

    #[test]
    fn every_pattern_of_sixteen_bits_is_told() {
        for (dtype, to_f32) in [
            (Dtype::F16, (|bits| f16::from_bits(bits).to_f32()) as fn(u16) -> f32),
            (Dtype::BF16, |bits| bf16::from_bits(bits).to_f32()),
        ] {
            for bits in 0..=u16::MAX {
                let array = Array::new(dtype, vec![1], bits.to_le_bytes().to_vec()).unwrap();
                assert_eq!(array.check_finite().is_ok(), to_f32(bits).is_finite(), "{bits}");
            }
        }
    }

    #[test]
    fn the_first_is_named_and_all_are_counted() {
        let mut values = vec![f32::MAX; 10_000];
        let array = |values: &[f32]| Array::from_f32(vec![values.len()], values).unwrap();
        array(&values).check_finite().unwrap();
        values[9000] = f32::NEG_INFINITY;
        values[9999] = f32::NAN;
        assert_eq!(
            array(&values).check_finite().unwrap_err().to_string(),
            "2 of 10000 values are not finite in single precision, the first -inf at index 9000"
        );
        let wide = |value: f64| Array::new(Dtype::F64, vec![1], value.to_le_bytes().to_vec());
        wide(1e38).unwrap().check_finite().unwrap();
        assert_eq!(
            wide(1e300).unwrap().check_finite(),
            Err(NotFinite { count: 1, total: 1, index: 0, value: 1e300 })
        );
        array(&[]).check_finite().unwrap();
    }
}
