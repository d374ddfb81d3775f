//! One array in memory.

mod convert;
mod finite;

use std::fmt;

use half::{bf16, f16};
use thiserror::Error;

pub use convert::TooLarge;
pub use finite::NotFinite;

/// The number formats of weights that we read and write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dtype {
    /// IEEE half precision: 5 bits of exponent, 10 of fraction.
    F16,
    /// The upper half of an [`F32`](Self::F32): 8 bits of exponent, 7 of fraction.
    BF16,
    /// IEEE single precision.
    F32,
    /// IEEE double precision.
    F64,
}

impl Dtype {
    /// Every number format, from narrow to wide.
    pub const ALL: [Self; 4] = [Self::F16, Self::BF16, Self::F32, Self::F64];

    /// Bytes an element takes.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::F16 | Self::BF16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F16 => "F16",
            Self::BF16 => "BF16",
            Self::F32 => "F32",
            Self::F64 => "F64",
        })
    }
}

/// Why an [`Array`] cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ArrayError {
    /// The number of bytes or values does not match the shape.
    #[error("shape {shape:?} needs {expected} {unit}, found {found}")]
    Length {
        /// The requested shape.
        shape: Vec<usize>,
        /// How many the shape needs.
        expected: usize,
        /// How many were found.
        found: usize,
        /// What is counted: `"bytes"` or `"values"`.
        unit: &'static str,
    },
    /// The shape needs more bytes than a machine word can count.
    #[error("shape {shape:?} needs more bytes than can be counted")]
    Overflow {
        /// The requested shape.
        shape: Vec<usize>,
    },
}

/// One array: little-endian numbers of one [`Dtype`], in C order (the last axis runs fastest).
///
/// # Example
/// ```
/// use ancestral_format::{Array, Dtype};
///
/// let array = Array::new(Dtype::F16, vec![2, 1], vec![0x00, 0x38, 0x00, 0xc0])?;
/// assert_eq!(array.shape(), [2, 1]);
/// assert_eq!(array.to_f32(), [0.5, -2.0]);
/// # Ok::<(), ancestral_format::ArrayError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Array {
    /// Takes little-endian bytes in C order.
    ///
    /// # Errors
    /// If the number of bytes is not the product of `shape` times the size of `dtype`.
    pub fn new(dtype: Dtype, shape: Vec<usize>, bytes: Vec<u8>) -> Result<Self, ArrayError> {
        let expected = Self::byte_size(dtype, &shape)?;
        if bytes.len() == expected {
            Ok(Self { dtype, shape, bytes })
        } else {
            Err(ArrayError::Length { shape, expected, found: bytes.len(), unit: "bytes" })
        }
    }

    /// Takes values in C order; the array is [`Dtype::F32`].
    ///
    /// # Errors
    /// If the number of values is not the product of `shape`.
    pub fn from_f32(shape: Vec<usize>, values: &[f32]) -> Result<Self, ArrayError> {
        let expected = Self::byte_size(Dtype::F32, &shape)? / Dtype::F32.size();
        if values.len() == expected {
            let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
            Ok(Self { dtype: Dtype::F32, shape, bytes })
        } else {
            Err(ArrayError::Length { shape, expected, found: values.len(), unit: "values" })
        }
    }

    /// The bytes that an array of this shape takes.
    pub(crate) fn byte_size(dtype: Dtype, shape: &[usize]) -> Result<usize, ArrayError> {
        shape
            .iter()
            .try_fold(dtype.size(), |bytes, &axis| bytes.checked_mul(axis))
            .ok_or_else(|| ArrayError::Overflow { shape: shape.to_vec() })
    }

    /// The same elements under other axes.
    ///
    /// # Errors
    /// If the shapes do not have the same number of elements.
    pub fn reshaped(self, shape: Vec<usize>) -> Result<Self, ArrayError> {
        Self::new(self.dtype, shape, self.bytes)
    }

    /// The number format of the elements.
    #[must_use]
    pub const fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// The lengths of the axes; empty for a scalar.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The elements as little-endian bytes in C order.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The number of elements.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.bytes.len() / self.dtype.size()
    }

    /// Whether there is no element, because an axis has length 0.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The elements in C order as single precision.
    ///
    /// # Numerics
    /// Exact from the narrower formats; from [`Dtype::F64`] rounded to nearest, ties to even.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the rounding is the documented purpose")]
    pub fn to_f32(&self) -> Vec<f32> {
        let bytes = &self.bytes;
        match self.dtype {
            Dtype::F16 => elements(bytes, |b| f16::from_le_bytes(b).to_f32()).collect(),
            Dtype::BF16 => elements(bytes, |b| bf16::from_le_bytes(b).to_f32()).collect(),
            Dtype::F32 => elements(bytes, f32::from_le_bytes).collect(),
            Dtype::F64 => elements(bytes, |b| f64::from_le_bytes(b) as f32).collect(),
        }
    }
}

fn elements<const N: usize, T>(
    bytes: &[u8],
    decode: impl Fn([u8; N]) -> T,
) -> impl Iterator<Item = T> {
    let (whole, rest) = bytes.as_chunks::<N>();
    debug_assert!(rest.is_empty(), "the constructor checked the length");
    whole.iter().map(move |&element| decode(element))
}

#[cfg(test)]
mod tests;
