//! Arrays from `.npy` files and `.npz` archives.

use super::arrays::{self, Arrays};
use super::{NpyError, check_regular, npz};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Reads a `.npy` file or the values and labels of an `.npz` archive; the contents decide which.
///
/// Numbers are bool, integers and floats of 1 to 8 bytes, little- or big-endian, in C or Fortran
/// order. In an archive, names are compared without case and without `train_` or `_train`: the
/// values are the first of x, images, data, samples, arr_0, or else the only array that is not
/// the labels; the labels are the first of labels, label, y, targets, target, classes, class that
/// holds integers `[n]` or `[n, 1]`, or else words, bools or one-hot rows `[n, k]` of that name, or else
/// the only array of n such integers, some of them alike, beside n values.
///
/// # Errors
/// [`NpyError`], which names the file and the entry: another format, values that are no numbers, a
/// damaged header or archive, too few or too many bytes, no array to take (all are listed then),
/// another number of labels than of rows. No more is unpacked than a header states, and one byte.
///
/// # Example
/// ```no_run
/// let table = ancestral_data::read_arrays("points.npy".as_ref())?;
/// assert!(table.is_rows());
/// let values: Vec<f64> = table.values().collect();
/// # Ok::<(), ancestral_data::NpyError>(())
/// ```
pub fn read_arrays(path: &Path) -> Result<Arrays, NpyError> {
    let unreadable = |source| NpyError::Io { path: path.to_owned(), source };
    check_regular(path).map_err(unreadable)?;
    let mut start = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(2).read_to_end(&mut start).map_err(unreadable)?;
    let file = File::open(path).map_err(unreadable)?;
    if start == b"PK" {
        return npz::read(path, file);
    }
    arrays::read_one(path, file)
}

#[cfg(test)]
mod tests;
