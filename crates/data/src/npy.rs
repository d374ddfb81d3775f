//! Arrays in the `.npy` format of `NumPy`.

use crate::{SaveError, save_with};
use header::Header;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

#[cfg(feature = "datasets")]
mod arrays;
mod error;
mod header;
#[cfg(feature = "datasets")]
mod npz;
mod number;
mod numbers;
#[cfg(feature = "datasets")]
mod read;
mod strided;
#[cfg(test)]
mod tests;
#[cfg(feature = "datasets")]
mod words;
#[cfg(not(target_family = "wasm"))]
mod write_npz;

#[cfg(feature = "datasets")]
pub use arrays::Arrays;
pub use error::NpyError;
pub use number::NumberKind;
pub use numbers::{Numbers, decode_numbers, read_numbers};
#[cfg(feature = "datasets")]
pub use read::read_arrays;
#[cfg(not(target_family = "wasm"))]
pub use write_npz::{NpzArray, NpzValues, encode_npz_pictures, write_npz, write_npz_pictures};

/// An array of `f32` of any rank, in C order (the last axis runs fastest).
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    shape: Vec<usize>,
    data: Vec<f32>,
}

impl Array {
    /// The length of each axis; empty for a single number.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The values in C order: as many as the product of the shape.
    #[must_use]
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// The shape and the values.
    #[must_use]
    pub fn into_parts(self) -> (Vec<usize>, Vec<f32>) {
        (self.shape, self.data)
    }
}

/// Writes values as a float32 `.npy` file in C order.
///
/// # Shapes
/// `data` has as many values as the product of `shape`, the last axis running fastest. Any rank;
/// the empty shape is a single number.
///
/// # Errors
/// [`SaveError`] if the file system refuses.
///
/// # Panics
/// If the number of values is not the product of the shape.
///
/// # Example
/// ```no_run
/// ancestral_data::write_npy("samples.npy".as_ref(), &[2, 3], &[0.0, 0.1, 0.2, 1.0, 1.1, 1.2])?;
/// # Ok::<(), ancestral_data::SaveError>(())
/// ```
pub fn write_npy(path: &Path, shape: &[usize], data: &[f32]) -> Result<(), SaveError> {
    save_with(path, |file| encode_array(file, shape, data))
}

/// The bytes that [`write_npy`] writes.
///
/// # Panics
/// If the number of values is not the product of the shape.
#[must_use]
pub fn encode_npy(shape: &[usize], data: &[f32]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_array(&mut bytes, shape, data).expect("memory takes all that is written");
    bytes
}

/// The bytes of a `.npy` file in C order: of float32, or of float64 if a value is too large or too small
/// for float32.
///
/// # Panics
/// If the number of values is not the product of the shape.
#[must_use]
pub fn encode_npy_fitting(shape: &[usize], data: &[f64]) -> Vec<u8> {
    if let Some(data) = fitting(data) {
        return encode_npy(shape, &data);
    }
    let mut bytes = Vec::new();
    encode_array(&mut bytes, shape, data).expect("memory takes all that is written");
    bytes
}

/// A number as arrays have it.
trait Element: Copy {
    const DESCR: &str;

    fn write(self, bytes: &mut Vec<u8>);
}

macro_rules! elements {
    ($($type:ty = $descr:literal),+) => {
        $(impl Element for $type {
            const DESCR: &str = $descr;

            fn write(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
        })+
    };
}

elements!(u8 = "|u1", i64 = "<i8", f32 = "<f4", f64 = "<f8");

/// Values that are written together.
const TOGETHER: usize = 1 << 14;

/// One array in C order, with its header.
fn encode_array<T: Element>(mut file: impl Write, shape: &[usize], data: &[T]) -> io::Result<()> {
    let expected: usize = shape.iter().product();
    assert_eq!(data.len(), expected, "{} values for the shape {shape:?}", data.len());
    Header::write(&mut file, T::DESCR, shape)?;
    let mut bytes = Vec::new();
    for data in data.chunks(TOGETHER) {
        bytes.clear();
        for value in data {
            value.write(&mut bytes);
        }
        file.write_all(&bytes)?;
    }
    Ok(())
}

/// Values as float32, if all are within its range.
#[allow(clippy::cast_possible_truncation, reason = "what would be lost is looked at")]
fn fitting(values: &[f64]) -> Option<Vec<f32>> {
    let fit = |value: &f64| {
        let narrow = *value as f32;
        let is_kept = narrow.is_normal() || *value == 0.0 || !value.is_finite();
        is_kept.then_some(narrow)
    };
    values.iter().map(fit).collect()
}

/// Reads a `.npy` file of float32 or float64, little-endian, in C or Fortran order.
///
/// # Numerics
/// float64 is rounded to the nearest float32; Fortran order is turned into C order.
///
/// # Errors
/// [`NpyError`], which names the file, for anything else: another dtype, a damaged header, too
/// few or too many bytes, a number too large for float32.
///
/// # Example
/// ```no_run
/// let array = ancestral_data::read_npy("samples.npy".as_ref())?;
/// assert_eq!(array.data().len(), array.shape().iter().product::<usize>());
/// # Ok::<(), ancestral_data::NpyError>(())
/// ```
pub fn read_npy(path: &Path) -> Result<Array, NpyError> {
    let unreadable = |source| NpyError::Io { path: path.to_owned(), source };
    check_regular(path).map_err(unreadable)?;
    parse(path, &fs::read(path).map_err(unreadable)?)
}

/// Fails if reading could wait for ever, as of a pipe.
fn check_regular(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.is_file() { Ok(()) } else { Err(io::Error::other("not a regular file")) }
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Array, NpyError> {
    let found = Header::parse(path, bytes)?.0.descr;
    if !["'<f4'", "'<f8'"].contains(&found.as_str()) {
        return Err(NpyError::Dtype { path: path.to_owned(), found });
    }
    let (shape, values) = numbers::parse(path, bytes)?.into_parts();
    Ok(Array { shape, data: narrow(path, &values)? })
}

/// The shape, and the number of bytes that values of `width` bytes in that shape take.
fn checked_shape(
    path: &Path,
    header: &Header,
    width: usize,
) -> Result<(Vec<usize>, usize), NpyError> {
    let too_large = || NpyError::Shape { path: path.to_owned(), shape: header.shape.clone() };
    let axes = header.shape.iter().map(|&axis| usize::try_from(axis));
    let shape: Vec<usize> = axes.collect::<Result<_, _>>().map_err(|_| too_large())?;
    let bytes = shape.iter().try_fold(width, |bytes, &axis| bytes.checked_mul(axis));
    bytes.map(|bytes| (shape, bytes)).ok_or_else(too_large)
}

#[allow(clippy::cast_possible_truncation, reason = "rounding to float32 is what is wanted")]
fn narrow(path: &Path, data: &[f64]) -> Result<Vec<f32>, NpyError> {
    let narrow = |(position, &value): (usize, &f64)| {
        let narrowed = value as f32;
        if narrowed.is_infinite() && value.is_finite() {
            return Err(NpyError::TooLarge { path: path.to_owned(), value, position });
        }
        Ok(narrowed)
    };
    data.iter().enumerate().map(narrow).collect()
}
