//! Why a file is not an array.

use crate::counted::counted;
use crate::{DatasetError, TableError};
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Why a file was not read as an array.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NpyError {
    /// The file system refused.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// The file does not begin as a `.npy` file does.
    #[error("{} is not a .npy file: it begins with {start:?}", path.display())]
    NotNpy {
        /// The file.
        path: PathBuf,
        /// The first few characters of the file.
        start: String,
    },
    /// The header is damaged or not understood.
    #[error("the .npy header of {} is damaged", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
    /// The array holds something other than floating-point numbers of 4 or 8 bytes.
    #[error(
        "{} holds values of dtype {found}, but '<f4' or '<f8' (float32 or float64, \
         little-endian) is expected",
        path.display()
    )]
    Dtype {
        /// The file.
        path: PathBuf,
        /// The dtype as the file states it.
        found: String,
    },
    /// The shape is larger than memory can be.
    #[error("the shape {shape:?} of {} is too large", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// The shape that the file states.
        shape: Vec<u64>,
    },
    /// There are fewer or more bytes than the shape calls for: truncated, or something appended.
    #[error(
        "{} has {found} bytes of data, but its shape {shape:?} calls for {expected}",
        path.display()
    )]
    Length {
        /// The file.
        path: PathBuf,
        /// The shape that the file states.
        shape: Vec<usize>,
        /// The number of bytes that the shape calls for.
        expected: usize,
        /// The number of bytes after the header.
        found: usize,
    },
    /// A float64 value is finite but too large for float32.
    #[error("value {value:e} at position {position} of {} is too large for float32", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The value.
        value: f64,
        /// Its position in the file, counted from 0.
        position: usize,
    },
    /// There are more bytes than the shape calls for.
    #[error("{} continues after the {expected} bytes of its shape {shape:?}", path.display())]
    TooLong {
        /// The file, or the entry of an archive.
        path: PathBuf,
        /// The shape that the file states.
        shape: Vec<usize>,
        /// The number of bytes that the shape calls for.
        expected: usize,
    },
    /// The array holds something other than numbers.
    #[error(
        "{} holds values of dtype {found}, but bool, integers and floats of 1 to 8 bytes are supported",
        path.display()
    )]
    NoNumbers {
        /// The file, or the entry of an archive.
        path: PathBuf,
        /// The dtype as the file states it.
        found: String,
    },
    /// The archive is damaged.
    #[error("the .npz archive {} is damaged", path.display())]
    Archive {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
    /// No entry of an archive is the one to take.
    #[error(
        "no array of {} is named x, images, data, samples or arr_0; it holds: {found}",
        path.display()
    )]
    NoEntry {
        /// The file.
        path: PathBuf,
        /// The arrays in it with their dtypes and shapes.
        found: String,
    },
    /// There is not one label for each row.
    #[error(
        "{} holds {} for {}",
        path.display(), counted(*labels, "label"), counted(*rows, "row")
    )]
    LabelCount {
        /// The entry that holds the labels.
        path: PathBuf,
        /// The number of labels.
        labels: usize,
        /// The length of the first axis of the values.
        rows: usize,
    },
    /// A label is too large to be distinguished from its neighbours.
    #[error("label {value} of row {row} in {} is beyond 2^53", path.display())]
    Label {
        /// The entry that holds the labels.
        path: PathBuf,
        /// The label, rounded.
        value: f64,
        /// The row, counted from 1.
        row: usize,
    },
    /// The shape is not that of pictures.
    #[error(
        "{} has the shape {shape:?}, but pictures are [n, h, w], [n, c, h, w] or [n, h, w, c] \
         with 1, 3 or 4 channels",
        path.display()
    )]
    NoPictures {
        /// The file, or the entry of an archive.
        path: PathBuf,
        /// The shape that the file states.
        shape: Vec<usize>,
    },
    /// Three axes; the last two do not look like the sides of a picture.
    #[error(
        "{} has the shape {shape:?}, which may be signals, with channels and a length: to learn them as \
         pictures of {}x{}, store x[:, None], of shape [n, 1, h, w]; to learn them as rows of a table, \
         store x.reshape(len(x), -1)",
        path.display(), shape[1], shape[2]
    )]
    Signals {
        /// The file, or the entry of an archive.
        path: PathBuf,
        /// The shape that the file states.
        shape: [usize; 3],
    },
    /// Integers of unknown range are not pictures.
    #[error(
        "{} holds integers of unknown range: store pictures as uint8 (0 to 255), or as float32 \
         (-1 to 1)",
        path.display()
    )]
    Range {
        /// The file, or the entry of an archive.
        path: PathBuf,
    },
    /// The values are not a data set: there are none, or one is not finite.
    #[error("{} is not a data set", path.display())]
    Dataset {
        /// The file, or the entry of an archive.
        path: PathBuf,
        /// What is wrong with the values.
        source: DatasetError,
    },
    /// The rows are no table.
    #[error("{} is not a table", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// What is wrong with them.
        source: TableError,
    },
}
