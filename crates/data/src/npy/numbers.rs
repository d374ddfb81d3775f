//! An array of any numbers, at full precision.

use super::number::{Number, NumberKind};
use super::{Header, NpyError, check_regular, checked_shape, strided};
use std::fs;
use std::path::Path;

/// An array of numbers of any kind and rank, in C order (the last axis runs fastest).
#[derive(Debug, Clone, PartialEq)]
pub struct Numbers {
    shape: Vec<usize>,
    kind: NumberKind,
    values: Vec<f64>,
}

impl Numbers {
    /// The numbers of an array in memory, in C order.
    ///
    /// # Panics
    /// If there are not as many values as the shape says.
    #[must_use]
    pub fn new(shape: Vec<usize>, kind: NumberKind, values: Vec<f64>) -> Self {
        assert_eq!(shape.iter().product::<usize>(), values.len(), "values of shape {shape:?}");
        Self { shape, kind, values }
    }

    /// The length of each axis; empty for a single number.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// What the numbers are.
    #[must_use]
    pub fn kind(&self) -> NumberKind {
        self.kind
    }

    /// The values in C order: as many as the product of the shape. Integers beyond 2⁵³ are rounded;
    /// false is 0, true 1.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The values as those of pictures, from −1 (black) to 1 (white): bytes, words of two bytes and bools
    /// are scaled, reals are taken as they are. `None` for integers whose range nobody knows.
    #[must_use]
    pub fn of_pictures(&self) -> Option<Vec<f64>> {
        let scaled = || self.values.iter().map(|value| self.kind.in_model_space(*value)).collect();
        (self.kind != NumberKind::Integers).then(scaled)
    }

    /// The values as shares of a mask, from 0 to 1 if they are one: false is 0 and true is 1, and 255 is 1
    /// in bytes that are not all 0 or 1.
    #[must_use]
    pub fn of_mask(&self) -> Vec<f64> {
        let is_picture = self.kind == NumberKind::Bytes && self.values.iter().any(|v| *v > 1.0);
        let white = if is_picture { 255.0 } else { 1.0 };
        self.values.iter().map(|value| value / white).collect()
    }

    /// The shape and the values.
    #[must_use]
    pub fn into_parts(self) -> (Vec<usize>, Vec<f64>) {
        (self.shape, self.values)
    }
}

/// Reads a `.npy` file of bool, integers or floats of 1 to 8 bytes, little- or big-endian, in C or
/// Fortran order.
///
/// # Errors
/// [`NpyError`], which names the file: values that are no numbers, a damaged header, too few or too
/// many bytes.
///
/// # Example
/// ```no_run
/// let mask = ancestral_data::read_numbers("mask.npy".as_ref())?;
/// assert_eq!(mask.values().len(), mask.shape().iter().product::<usize>());
/// # Ok::<(), ancestral_data::NpyError>(())
/// ```
pub fn read_numbers(path: &Path) -> Result<Numbers, NpyError> {
    let unreadable = |source| NpyError::Io { path: path.to_owned(), source };
    check_regular(path).map_err(unreadable)?;
    parse(path, &fs::read(path).map_err(unreadable)?)
}

/// The numbers of the bytes of a `.npy` file, which errors call `name`.
///
/// # Errors
/// As [`read_numbers`].
///
/// # Example
/// ```
/// use ancestral_data::{decode_numbers, encode_npy};
///
/// let numbers = decode_numbers("mask", &encode_npy(&[2], &[0.0, 1.0]))?;
/// assert_eq!((numbers.shape(), numbers.values()), (&[2][..], &[0.0, 1.0][..]));
/// # Ok::<(), ancestral_data::NpyError>(())
/// ```
pub fn decode_numbers(name: &str, bytes: &[u8]) -> Result<Numbers, NpyError> {
    parse(Path::new(name), bytes)
}

pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Numbers, NpyError> {
    let (header, bytes) = Header::parse(path, bytes)?;
    let Some(number) = Number::from_descr(&header.descr) else {
        return Err(NpyError::NoNumbers { path: path.to_owned(), found: header.descr });
    };
    let (shape, expected) = checked_shape(path, &header, number.width())?;
    let found = bytes.len();
    if found != expected {
        return Err(NpyError::Length { path: path.to_owned(), shape, expected, found });
    }
    let strides = strided::strides(&shape, header.is_fortran);
    let value = |place: usize| number.value(&bytes[place * number.width()..][..number.width()]);
    let values = strided::places(&shape, &strides).map(value).collect();
    Ok(Numbers { shape, kind: number.kind(), values })
}
