//! Weight files: `.safetensors` ↔ [`Weights`].
//!
//! What we write carries the metadata `{"format": "pt"}` and nothing else: older readers refuse a
//! file without it. Arrays lie in the file by falling width of their elements, then by name, so
//! equal weights make equal files.

use std::borrow::Cow;
use std::collections::HashMap;

use ::safetensors::tensor::{Dtype as FileDtype, View};
use ::safetensors::{SafeTensorError, SafeTensors, serialize};
use serde::Deserialize;
use thiserror::Error;

use crate::array::{Array, ArrayError, Dtype};
use crate::weights::Weights;

/// Why a weight file cannot be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SafetensorsError {
    /// The bytes are no safetensors file, or a damaged one.
    #[error("not a sound safetensors file: {reason}")]
    Malformed {
        /// What the parser says.
        reason: SafeTensorError,
    },
    /// The length of an array's data does not fit its shape and number format.
    #[error(
        "tensor {tensor:?}: shape {shape:?} of {dtype} asks for {expected} bytes, \
         but the header gives it {found}"
    )]
    Length {
        /// The array.
        tensor: String,
        /// Its shape in the header.
        shape: Vec<usize>,
        /// Its number format in the header.
        dtype: FileDtype,
        /// The bytes that both ask for.
        expected: usize,
        /// The bytes that the header's offsets enclose.
        found: usize,
    },
    /// A number format that holds no weights.
    #[error(
        "tensor {tensor:?} is {found}, which is not supported (supported: F16, BF16, F32, F64)"
    )]
    Dtype {
        /// The array.
        tensor: String,
        /// Its number format.
        found: FileDtype,
    },
    /// An array that contradicts itself.
    #[error("tensor {tensor:?}: {reason}")]
    Array {
        /// The array.
        tensor: String,
        /// What is wrong with it.
        reason: ArrayError,
    },
}

/// Reads the bytes of a weight file.
///
/// # Errors
/// If they are damaged or hold a number format that we do not support; the error names the array
/// where that can be told.
///
/// # Example
/// ```
/// use ancestral_format::{Array, Weights, safetensors};
///
/// let mut weights = Weights::new();
/// weights.insert("bias", Array::from_f32(vec![2], &[1.0, 2.0])?);
/// let bytes = safetensors::to_bytes(&weights)?;
/// assert_eq!(safetensors::from_bytes(&bytes)?, weights);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn from_bytes(bytes: &[u8]) -> Result<Weights, SafetensorsError> {
    let file = SafeTensors::deserialize(bytes).map_err(|reason| diagnose(bytes, reason))?;
    file.iter()
        .map(|(name, view)| {
            let dtype = our_dtype(view.dtype()).ok_or_else(|| SafetensorsError::Dtype {
                tensor: name.to_owned(),
                found: view.dtype(),
            })?;
            let array = Array::new(dtype, view.shape().to_vec(), view.data().to_vec());
            let array = array
                .map_err(|reason| SafetensorsError::Array { tensor: name.to_owned(), reason })?;
            Ok((name.to_owned(), array))
        })
        .collect()
}

/// The bytes of a weight file.
///
/// # Errors
/// If the header would be larger than the format allows (100 MB).
pub fn to_bytes(weights: &Weights) -> Result<Vec<u8>, SafetensorsError> {
    encode(weights)
}

/// How many bytes [`to_bytes`] gives; only the header is made to tell.
///
/// # Errors
/// As [`to_bytes`].
pub fn byte_size(weights: &Weights) -> Result<u64, SafetensorsError> {
    let header = encode(weights.iter().map(|(name, array)| (name, Described(array))))?;
    let data: usize = weights.iter().map(|(_, array)| array.bytes().len()).sum();
    Ok((header.len() + data) as u64)
}

fn encode<'a, V: View>(
    arrays: impl IntoIterator<Item = (&'a String, V)>,
) -> Result<Vec<u8>, SafetensorsError> {
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    serialize(arrays, Some(metadata)).map_err(|reason| SafetensorsError::Malformed { reason })
}

/// An array whose entry in the header is written, but not its data.
struct Described<'a>(&'a Array);

impl View for Described<'_> {
    fn dtype(&self) -> FileDtype {
        View::dtype(&self.0)
    }

    fn shape(&self) -> &[usize] {
        self.0.shape()
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::default()
    }

    fn data_len(&self) -> usize {
        self.0.bytes().len()
    }
}

impl View for &Array {
    fn dtype(&self) -> FileDtype {
        match Array::dtype(self) {
            Dtype::F16 => FileDtype::F16,
            Dtype::BF16 => FileDtype::BF16,
            Dtype::F32 => FileDtype::F32,
            Dtype::F64 => FileDtype::F64,
        }
    }

    fn shape(&self) -> &[usize] {
        Array::shape(self)
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.bytes().into()
    }

    fn data_len(&self) -> usize {
        self.bytes().len()
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum that grows")]
fn our_dtype(found: FileDtype) -> Option<Dtype> {
    match found {
        FileDtype::F16 => Some(Dtype::F16),
        FileDtype::BF16 => Some(Dtype::BF16),
        FileDtype::F32 => Some(Dtype::F32),
        FileDtype::F64 => Some(Dtype::F64),
        _ => None,
    }
}

#[derive(Deserialize)]
struct Entry {
    dtype: FileDtype,
    shape: Vec<usize>,
    data_offsets: [usize; 2],
}

/// Finds the array that the parser complains about without naming it.
fn diagnose(bytes: &[u8], reason: SafeTensorError) -> SafetensorsError {
    if !matches!(reason, SafeTensorError::TensorInvalidInfo) {
        return SafetensorsError::Malformed { reason };
    }
    let culprit = header(bytes).into_iter().flatten().find_map(|(tensor, entry)| {
        let Entry { dtype, shape, data_offsets: [start, end] } =
            serde_json::from_value(entry).ok()?;
        let bits = shape.iter().try_fold(dtype.bitsize(), |bits, &axis| bits.checked_mul(axis))?;
        let (expected, found) = (bits / 8, end.checked_sub(start)?);
        let wrong = SafetensorsError::Length { tensor, shape, dtype, expected, found };
        (expected != found).then_some(wrong)
    });
    culprit.unwrap_or(SafetensorsError::Malformed { reason })
}

fn header(bytes: &[u8]) -> Option<serde_json::Map<String, serde_json::Value>> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    serde_json::from_slice(rest.get(..length)?).ok()
}

#[cfg(test)]
mod tests;
