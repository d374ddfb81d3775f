//! Why a file is not an array.

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
        /// What the system said.
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
    #[error("value {value} at position {position} of {} is too large for float32", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The value.
        value: f64,
        /// Its position in the file, counted from 0.
        position: usize,
    },
}
