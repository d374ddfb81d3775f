//! Several arrays in one `.npz` archive.

use super::encode_array;
use crate::{Pictures, SaveError, save_with};
use std::io::{self, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The values of an array that is written, in C order (the last axis runs fastest).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NpzValues<'a> {
    /// uint8.
    Bytes(&'a [u8]),
    /// int64, as labels are.
    Integers(&'a [i64]),
    /// float32.
    Reals(&'a [f32]),
}

/// An array of an `.npz` archive that is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NpzArray<'a> {
    /// Its name; `NumPy` calls arrays without names `arr_0`, `arr_1`, ….
    pub name: &'a str,
    /// The length of each axis.
    pub shape: &'a [usize],
    /// As many values as the product of the shape.
    pub values: NpzValues<'a>,
}

/// Writes arrays as an `.npz` archive without compression, as `numpy.savez` does. Equal arrays give
/// equal files.
///
/// # Errors
/// [`SaveError`] if the file system refuses, or two arrays have the same name.
///
/// # Panics
/// If the number of values of an array is not the product of its shape.
///
/// # Example
/// ```no_run
/// use ancestral_data::{NpzArray, NpzValues, write_npz};
///
/// let x = NpzArray { name: "x", shape: &[2, 1], values: NpzValues::Reals(&[0.5, 1.5]) };
/// let y = NpzArray { name: "y", shape: &[2], values: NpzValues::Integers(&[0, 1]) };
/// write_npz("points.npz".as_ref(), &[x, y])?;
/// # Ok::<(), ancestral_data::SaveError>(())
/// ```
pub fn write_npz(path: &Path, arrays: &[NpzArray]) -> Result<(), SaveError> {
    save_with(path, |file| encode(file, arrays))
}

/// Writes pictures as the evaluator of ADM reads samples: `arr_0` holds bytes, `arr_1` the labels, if
/// there are any. [`read_arrays`](crate::read_arrays) reads them back.
///
/// # Shapes
/// `arr_0`: uint8, `[count, height, width, channels]`; `arr_1`: int64, `[count]`.
///
/// # Source
/// Dhariwal and Nichol 2021, arXiv:2105.05233; `guided-diffusion`, evaluations/README.md.
///
/// # Errors
/// [`SaveError`] if the file system refuses.
///
/// # Panics
/// If there is not one label for each picture.
///
/// # Example
/// ```no_run
/// use ancestral_data::{Pictures, digits, write_npz_pictures};
///
/// let digits = digits();
/// let pictures = Pictures::new(digits.rows(), digits.shape())?;
/// write_npz_pictures("digits.npz".as_ref(), &pictures, None)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_npz_pictures(
    path: &Path,
    pictures: &Pictures,
    labels: Option<&[i64]>,
) -> Result<(), SaveError> {
    with_pictures(pictures, labels, |arrays| write_npz(path, arrays))
}

/// The bytes that [`write_npz_pictures`] writes.
///
/// # Panics
/// If there is not one label for each picture.
#[must_use]
pub fn encode_npz_pictures(pictures: &Pictures, labels: Option<&[i64]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    with_pictures(pictures, labels, |arrays| encode(&mut bytes, arrays))
        .expect("writing to memory does not fail, and names differ");
    bytes
}

/// Calls `write` with the arrays of pictures and labels.
fn with_pictures<T>(
    pictures: &Pictures,
    labels: Option<&[i64]>,
    write: impl FnOnce(&[NpzArray]) -> T,
) -> T {
    let count = pictures.count();
    let shape = [count, pictures.height(), pictures.width(), pictures.channels().count()];
    let mut bytes = Vec::with_capacity(shape.iter().product());
    for index in 0..count {
        bytes.extend_from_slice(pictures.raster(index).data());
    }
    let mut arrays =
        vec![NpzArray { name: "arr_0", shape: &shape, values: NpzValues::Bytes(&bytes) }];
    let labels = labels.map(NpzValues::Integers);
    arrays.extend(labels.map(|values| NpzArray { name: "arr_1", shape: &shape[..1], values }));
    write(&arrays)
}

fn encode(file: &mut dyn Write, arrays: &[NpzArray]) -> io::Result<()> {
    let mut archive = ZipWriter::new_stream(file);
    for array in arrays {
        // Without the 64-bit fields an entry ends at 4 GiB.
        let is_large = array.values.len_in_bytes() >= u64::from(u32::MAX) - (1 << 16);
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(is_large);
        archive.start_file(format!("{}.npy", array.name), options)?;
        match array.values {
            NpzValues::Bytes(values) => encode_array(&mut archive, array.shape, values),
            NpzValues::Integers(values) => encode_array(&mut archive, array.shape, values),
            NpzValues::Reals(values) => encode_array(&mut archive, array.shape, values),
        }?;
    }
    archive.finish()?;
    Ok(())
}

impl NpzValues<'_> {
    fn len_in_bytes(self) -> u64 {
        let bytes = match self {
            Self::Bytes(values) => size_of_val(values),
            Self::Integers(values) => size_of_val(values),
            Self::Reals(values) => size_of_val(values),
        };
        bytes as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[cfg(feature = "datasets")]
    #[test]
    fn pictures_and_labels_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        // Two pictures of 2 × 1 pixels: red, green, blue planes; byte b is (2 b − 255)/255.
        let bytes = [[0_u8, 51, 102, 153, 204, 255], [255, 0, 0, 0, 0, 51]];
        let values: Vec<f32> =
            bytes.as_flattened().iter().map(|&b| (2.0 * f32::from(b) - 255.0) / 255.0).collect();
        let pictures = Pictures::new(&values, &[3, 2, 1]).unwrap();
        write_npz_pictures(&path, &pictures, Some(&[4, 4])).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), encode_npz_pictures(&pictures, Some(&[4, 4])));
        let arrays = crate::read_arrays(&path).unwrap();
        assert_eq!(arrays.shape(), [2, 2, 1, 3]);
        assert_eq!(arrays.kind(), crate::NumberKind::Bytes);
        assert_eq!(arrays.labels(), Some([4, 4].as_slice()));
        // Pixel by pixel: channels are the last axis.
        let first: Vec<f64> = arrays.values().take(6).collect();
        assert_eq!(first, [0.0, 102.0, 204.0, 51.0, 153.0, 255.0]);
        assert_eq!(arrays.into_pictures().unwrap().data.rows(), values);
    }

    #[test]
    fn entries_are_npy_files_that_are_not_compressed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        let x = NpzArray { name: "x", shape: &[2, 1], values: NpzValues::Reals(&[0.5, 1.5]) };
        let y = NpzArray { name: "y", shape: &[], values: NpzValues::Integers(&[-7]) };
        write_npz(&path, &[x, y]).unwrap();
        let bytes = fs::read(&path).unwrap();
        let npy = crate::encode_npy(&[2, 1], &[0.5, 1.5]);
        assert!(bytes.windows(npy.len()).any(|window| window == npy));
        write_npz(&path, &[x, y]).unwrap();
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }

    #[test]
    fn a_failure_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        fs::write(&path, b"old").unwrap();
        let x = NpzArray { name: "x", shape: &[1], values: NpzValues::Bytes(&[1]) };
        assert!(matches!(write_npz(&path, &[x, x]), Err(SaveError::Io { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }
}
