//! Weight files: `.safetensors` ↔ [`Weights`].
//!
//! A file is the length of its header (eight bytes, little-endian), the header (JSON: name → number
//! format, shape, place in the data) and the data. It is read in one pass, each tensor into its own
//! memory, after the header was found to describe every byte of the data once.
//!
//! What we write carries the metadata `{"format": "pt"}` and nothing else: older readers refuse a
//! file without it. Arrays are stored by falling width of their elements, then by name, so
//! equal weights make equal files.

mod error;
mod header;
mod read;
mod write;

use std::io::{Read, Write};

pub use error::SafetensorsError;

use crate::weights::Weights;

/// Reads the bytes of a weight file.
///
/// # Errors
/// If they are damaged or hold a number format that we do not support; the error names the array
/// if it is known.
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
    read::read(&mut { bytes }, bytes.len() as u64)
}

/// Reads a weight file of `length` bytes from its first to its last. It takes as much memory as the
/// weights and, for the header, at most 64 MiB; less, if the file is shorter.
///
/// # Errors
/// As [`from_bytes`], and if the bytes cannot be read.
pub fn from_reader(mut file: impl Read, length: u64) -> Result<Weights, SafetensorsError> {
    read::read(&mut file, length)
}

/// The bytes of a weight file.
///
/// # Errors
/// If the header would be larger than the format allows (100 MB).
pub fn to_bytes(weights: &Weights) -> Result<Vec<u8>, SafetensorsError> {
    let mut bytes = Vec::new();
    write(weights, &mut bytes)?;
    Ok(bytes)
}

/// Writes the bytes of a weight file; no array is copied.
///
/// # Errors
/// As [`to_bytes`], and if the bytes cannot be written.
pub fn write(weights: &Weights, out: &mut dyn Write) -> Result<(), SafetensorsError> {
    write::write(weights, out)
}

/// The number of bytes that [`to_bytes`] returns; only the header is built for it.
///
/// # Errors
/// As [`to_bytes`].
pub fn byte_size(weights: &Weights) -> Result<u64, SafetensorsError> {
    let header = write::header(weights)?;
    let data: usize = weights.iter().map(|(_, array)| array.bytes().len()).sum();
    Ok((header.len() + data) as u64)
}

#[cfg(test)]
mod tests;
