//! From one number format to another.

use half::{bf16, f16};
use thiserror::Error;

use super::{Array, Dtype, elements};
use crate::listed::short;

/// A finite value that another number format cannot hold.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("value {index}, {}, is beyond the range of {dtype}, which ends at {}", short(*value), dtype.largest())]
pub struct TooLarge {
    /// The element, counted from 0 in C order.
    pub index: usize,
    /// Its value.
    pub value: f64,
    /// The number format.
    pub dtype: Dtype,
}

impl Array {
    /// The same values in another number format. An array that has it already stays bit for bit.
    ///
    /// # Numerics
    /// Exact to a wider format; to a narrower one rounded once, to nearest, ties to even. What is
    /// not finite stays so.
    ///
    /// # Errors
    /// If a finite value would become infinite.
    pub fn to_dtype(&self, dtype: Dtype) -> Result<Self, TooLarge> {
        if self.dtype == dtype {
            return Ok(self.clone());
        }
        let mut bytes = Vec::with_capacity(self.len() * dtype.size());
        for (index, value) in self.to_f64().enumerate() {
            if !push(&mut bytes, dtype, value) {
                return Err(TooLarge { index, value, dtype });
            }
        }
        Ok(Self { dtype, shape: self.shape.clone(), bytes })
    }

    /// The elements, exactly.
    pub(super) fn to_f64(&self) -> Box<dyn Iterator<Item = f64> + '_> {
        match self.dtype {
            Dtype::F16 => Box::new(elements(&self.bytes, |b| f16::from_le_bytes(b).to_f64())),
            Dtype::BF16 => Box::new(elements(&self.bytes, |b| bf16::from_le_bytes(b).to_f64())),
            Dtype::F32 => Box::new(elements(&self.bytes, |b| f64::from(f32::from_le_bytes(b)))),
            Dtype::F64 => Box::new(elements(&self.bytes, f64::from_le_bytes)),
        }
    }
}

impl Dtype {
    /// The largest finite number.
    fn largest(self) -> f64 {
        match self {
            Self::F16 => f16::MAX.to_f64(),
            Self::BF16 => bf16::MAX.to_f64(),
            Self::F32 => f64::from(f32::MAX),
            Self::F64 => f64::MAX,
        }
    }
}

/// Appends a value; `false` if it is finite, but not in this number format.
#[expect(clippy::cast_possible_truncation, reason = "the rounding is the documented purpose")]
fn push(bytes: &mut Vec<u8>, dtype: Dtype, value: f64) -> bool {
    let finite = match dtype {
        Dtype::F16 => {
            let rounded = f16::from_f32(to_odd(value));
            bytes.extend(rounded.to_le_bytes());
            rounded.is_finite()
        }
        Dtype::BF16 => {
            let rounded = bf16::from_f32(to_odd(value));
            bytes.extend(rounded.to_le_bytes());
            rounded.is_finite()
        }
        Dtype::F32 => {
            let rounded = value as f32;
            bytes.extend(rounded.to_le_bytes());
            rounded.is_finite()
        }
        Dtype::F64 => {
            bytes.extend(value.to_le_bytes());
            true
        }
    };
    finite || !value.is_finite()
}

/// The f32 next to `value` towards 0, its last bit set where it is not exact. Rounded once more, to
/// a format with two bits less at least, it gives what one rounding of `value` would.
#[expect(clippy::cast_possible_truncation, reason = "what is lost sets the last bit")]
fn to_odd(value: f64) -> f32 {
    let nearest = value as f32;
    if f64::from(nearest) == value || value.is_nan() {
        return nearest;
    }
    let beyond = f64::from(nearest).abs() > value.abs();
    f32::from_bits((nearest.to_bits() - u32::from(beyond)) | 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f64s(values: &[f64]) -> Array {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Array::new(Dtype::F64, vec![values.len()], bytes).unwrap()
    }

    fn bits(value: f64, dtype: Dtype) -> u16 {
        let bytes = f64s(&[value]).to_dtype(dtype).unwrap().bytes;
        u16::from_le_bytes(bytes.try_into().unwrap())
    }

    /// 2 to the power of `exponent`.
    fn two(exponent: i32) -> f64 {
        2_f64.powi(exponent)
    }

    #[test]
    fn ties_go_to_even_and_what_is_beyond_them_up() {
        for (dtype, one, fraction) in [(Dtype::F16, 0x3c00, 10), (Dtype::BF16, 0x3f80, 7)] {
            let half = two(-fraction - 1);
            assert_eq!(bits(1.0 + half, dtype), one);
            assert_eq!(bits(1.0 + half - two(-50), dtype), one);
            assert_eq!(bits(1.0 + half + two(-50), dtype), one + 1);
            assert_eq!(bits(1.0 + 3.0 * half, dtype), one + 2);
            assert_eq!(bits(-1.0 - half - two(-50), dtype), 0x8000 | (one + 1));
        }
        let half = two(-24);
        let values = f64s(&[1.0 + half, 1.0 + half + two(-50)]).to_dtype(Dtype::F32).unwrap();
        assert_eq!(values.to_f32(), [1.0, 1.0 + f32::EPSILON]);
    }

    #[test]
    fn the_smallest_numbers_are_rounded_like_any() {
        assert_eq!(bits(two(-24), Dtype::F16), 1);
        assert_eq!(bits(two(-25), Dtype::F16), 0);
        assert_eq!(bits(two(-25) + two(-70), Dtype::F16), 1);
        assert_eq!(bits(-1e-300, Dtype::F16), 0x8000);
        assert_eq!(bits(two(-134), Dtype::BF16), 0);
        assert_eq!(bits(1.5 * two(-134), Dtype::BF16), 1);
    }

    #[test]
    fn a_value_that_would_become_infinite_is_refused() {
        // Halfway between the largest f16 and the power of two above it is where infinity begins.
        assert_eq!(bits(65519.999, Dtype::F16), 0x7bff);
        assert_eq!(
            f64s(&[0.5, -65520.0]).to_dtype(Dtype::F16).unwrap_err().to_string(),
            "value 1, -65520, is beyond the range of F16, which ends at 65504"
        );
        for dtype in [Dtype::BF16, Dtype::F32] {
            assert_eq!(
                f64s(&[1e300]).to_dtype(dtype),
                Err(TooLarge { index: 0, value: 1e300, dtype })
            );
        }
    }

    #[test]
    fn what_is_not_finite_stays_so() {
        let values = f64s(&[f64::INFINITY, f64::NEG_INFINITY, f64::NAN]);
        for dtype in Dtype::ALL {
            let converted = values.to_dtype(dtype).unwrap().to_f32();
            assert_eq!(converted[..2], [f32::INFINITY, f32::NEG_INFINITY]);
            assert!(converted[2].is_nan());
        }
    }

    #[test]
    fn wider_and_back_is_bit_for_bit_the_same() {
        let all: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
        for dtype in [Dtype::F16, Dtype::BF16] {
            let array = Array::new(dtype, vec![1 << 16], all.clone()).unwrap();
            assert_eq!(array.to_dtype(dtype).unwrap(), array);
            let back = |wide| array.to_dtype(wide).unwrap().to_dtype(dtype).unwrap();
            for wide in [Dtype::F32, Dtype::F64] {
                let pairs = back(wide).to_f32().into_iter().zip(array.to_f32());
                assert!(pairs.into_iter().all(|(a, b)| a == b || (a.is_nan() && b.is_nan())));
            }
        }
    }
}
