//! Why a file is not a data set in the IDX format.

use super::DatasetError;
use crate::counted::counted;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Why an IDX file was not read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IdxError {
    /// The file system refused.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// The file begins as gzip does and cannot be unpacked to its end.
    #[error("the gzip data of {} are damaged or cut short", path.display())]
    Gzip {
        /// The file.
        path: PathBuf,
        /// The decoder's error.
        source: io::Error,
    },
    /// The file does not begin as an IDX file does.
    #[error(
        "{} is not an IDX file: it begins with {start:02x?}, but 00 00 08 and the number of axes, \
         01 to 04, are expected (unpack what gzip packed, unless it is IDX)",
        path.display()
    )]
    NotIdx {
        /// The file.
        path: PathBuf,
        /// Its first bytes, unpacked; at most four.
        start: Vec<u8>,
    },
    /// The values are not unsigned bytes.
    #[error("{} holds values of kind {kind:#04x}, but only unsigned bytes, 0x08, are supported", path.display())]
    Kind {
        /// The file.
        path: PathBuf,
        /// The third byte of the file.
        kind: u8,
    },
    /// The file ends within its header.
    #[error("{} ends before the lengths of its {axes} axes", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// The number of axes that it states.
        axes: u8,
    },
    /// The file has another number of axes than pictures or labels have.
    #[error("{} has the shape {shape:?}, but {expected} is expected", path.display())]
    Axes {
        /// The file.
        path: PathBuf,
        /// The shape that it states.
        shape: Vec<usize>,
        /// The shape in words.
        expected: &'static str,
    },
    /// The file of labels was given instead of that of pictures.
    #[error("{} holds only labels: give the file of pictures; the labels are found beside it", path.display())]
    LabelsAlone {
        /// The file.
        path: PathBuf,
    },
    /// The stated shape is larger than any file.
    #[error("the shape {shape:?} of {} is too large", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The shape that it states.
        shape: Vec<usize>,
    },
    /// There are fewer bytes than stated.
    #[error(
        "{} is cut short: its shape {shape:?} calls for {expected} bytes, but {found} are there",
        path.display()
    )]
    CutShort {
        /// The file.
        path: PathBuf,
        /// The shape that it states.
        shape: Vec<usize>,
        /// The number of bytes that the shape calls for.
        expected: u64,
        /// The number of bytes after the header.
        found: u64,
    },
    /// There are more bytes than stated.
    #[error("{} continues after the {expected} bytes of its shape {shape:?}", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The shape that it states.
        shape: Vec<usize>,
        /// The number of bytes that the shape calls for.
        expected: u64,
    },
    /// Pictures and labels do not belong together.
    #[error(
        "{} holds {} for {}",
        path.display(), counted(*labels, "label"), counted(*pictures, "picture")
    )]
    Count {
        /// The file of labels.
        path: PathBuf,
        /// The number of labels.
        labels: usize,
        /// The number of pictures.
        pictures: usize,
    },
    /// A folder has no IDX file of training pictures.
    #[error(
        "{} holds no IDX file named …train-images…, and {found} of other images", path.display()
    )]
    NoPictures {
        /// The folder.
        path: PathBuf,
        /// The number of other files of images.
        found: usize,
    },
    /// There are no values.
    #[error("{} is not a data set", path.display())]
    Dataset {
        /// The file.
        path: PathBuf,
        /// What is wrong with the values.
        source: DatasetError,
    },
}
