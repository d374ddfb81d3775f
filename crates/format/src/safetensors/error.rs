//! What can go wrong with a weight file.

use std::io;

use ::safetensors::SafeTensorError;
use ::safetensors::tensor::Dtype as FileDtype;
use thiserror::Error;

use crate::array::ArrayError;
use crate::impostor::Impostor;
use crate::listed::counted;

/// Why a weight file cannot be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SafetensorsError {
    /// It is another kind of file.
    #[error("expected a safetensors file, found {found}")]
    Impostor {
        /// What it is.
        found: Impostor,
    },
    /// It is too short for the length of its header.
    #[error("too short for a safetensors file, {}: truncated?", counted(found, "byte"))]
    Short {
        /// Bytes of the file.
        found: u64,
    },
    /// The header is beyond all reason.
    #[error(
        "not a safetensors file, or a damaged one: the header would take {found} bytes, \
         expected at most {limit}"
    )]
    HeaderLength {
        /// The length at the file's start.
        found: u64,
        /// The longest header that is read.
        limit: u64,
    },
    /// The file ends inside the header.
    #[error("the header takes {expected} bytes, but the file has {found}: truncated?")]
    HeaderTruncated {
        /// Bytes to the end of the header.
        expected: u64,
        /// Bytes of the file.
        found: u64,
    },
    /// The header is not JSON, or not of the form that it must have.
    #[error("the header is not that of a safetensors file: {}", crate::config::plain(reason))]
    Header {
        /// What is wrong, and where.
        reason: serde_json::Error,
    },
    /// Two tensors have one name.
    #[error("the header names tensor {tensor:?} twice")]
    Twice {
        /// The name.
        tensor: String,
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
    /// The length of an array's data does not fit its shape and number format.
    #[error(
        "tensor {tensor:?}: shape {shape:?} of {dtype} needs {expected} bytes, \
         but the header gives it {found}"
    )]
    Length {
        /// The array.
        tensor: String,
        /// Its shape in the header.
        shape: Vec<usize>,
        /// Its number format in the header.
        dtype: FileDtype,
        /// The bytes that shape and type need.
        expected: u64,
        /// The bytes that the header's offsets enclose.
        found: u64,
    },
    /// An array ends before it begins.
    #[error("tensor {tensor:?} begins at byte {from} of the data, but ends at byte {to}")]
    Offsets {
        /// The array.
        tensor: String,
        /// Its first offset.
        from: u64,
        /// Its second offset.
        to: u64,
    },
    /// Two arrays share bytes.
    #[error("tensor {tensor:?} begins at byte {from} of the data, inside tensor {other:?}")]
    Overlap {
        /// The later array.
        tensor: String,
        /// Where it begins.
        from: u64,
        /// The earlier one.
        other: String,
    },
    /// Bytes belong to no array.
    #[error("bytes {from} to {to} of the data, before tensor {tensor:?}, belong to no tensor")]
    Gap {
        /// The array behind them.
        tensor: String,
        /// The first of the bytes.
        from: u64,
        /// Where the array begins.
        to: u64,
    },
    /// The file ends too early.
    #[error("the header describes {expected} bytes, but the file has {found}: truncated?")]
    Truncated {
        /// Bytes that the file must have.
        expected: u64,
        /// Bytes that it has.
        found: u64,
    },
    /// The file continues after the last array.
    #[error(
        "the header describes {expected} bytes, but the file has {found}: what follows the last \
         tensor?"
    )]
    Trailing {
        /// Bytes that the file must have.
        expected: u64,
        /// Bytes that it has.
        found: u64,
    },
    /// An array that contradicts itself.
    #[error("tensor {tensor:?}: {reason}")]
    Array {
        /// The array.
        tensor: String,
        /// What is wrong with it.
        reason: ArrayError,
    },
    /// An array is larger than the memory.
    #[error("tensor {tensor:?}: no memory for {bytes} bytes")]
    Memory {
        /// The array.
        tensor: String,
        /// What it takes.
        bytes: u64,
    },
    /// The bytes could not be had, or written.
    #[error("{reason}")]
    Io {
        /// The operating system's error.
        reason: io::Error,
    },
    /// The arrays cannot be written.
    #[error("{reason}")]
    Write {
        /// The library's error.
        reason: SafeTensorError,
    },
}
