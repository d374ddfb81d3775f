//! Pictures and labels in the IDX format, as MNIST and its kin are published.

use crate::picture_folder::from_byte;
use crate::{Dataset, DatasetError};
use flate2::read::GzDecoder;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

mod error;
#[cfg(test)]
mod tests;

pub use error::IdxError;

/// The first two bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The only kind of values that is read: unsigned bytes.
const BYTES: u8 = 0x08;

/// Reads the pictures of an IDX file, with the labels of the file beside it.
///
/// Either file may be packed with gzip. `path` is the file of pictures, or a folder with a
/// `…train-images…` file. The labels are found in the same folder, by the name with `labels` for
/// `images` and `idx1` for `idx3`; without such a file there are no labels.
///
/// # Formula
/// ```text
/// value = (2 byte − 255) / 255
/// ```
/// # Shapes
/// The file holds bytes `[count, height, width]`; a row is `[1, height, width]`. Range: −1 to 1.
/// The classes are "0", "1", … up to the largest label.
///
/// # Errors
/// [`IdxError`], which names the file: not an IDX file, labels alone, values other than unsigned
/// bytes, fewer or more bytes than the header states, damaged gzip, another number of labels than
/// of pictures. No more is unpacked than the header states, and one byte.
///
/// # Example
/// ```no_run
/// let digits = ancestral_data::read_idx("mnist/train-images-idx3-ubyte.gz".as_ref())?;
/// assert_eq!((digits.len(), digits.shape()), (60_000, [1, 28, 28].as_slice()));
/// # Ok::<(), ancestral_data::IdxError>(())
/// ```
pub fn read_idx(path: &Path) -> Result<Dataset, IdxError> {
    let path = &pictures_file(path)?;
    let Idx { shape, bytes } = Idx::read(path)?;
    let &[_, height, width] = shape.as_slice() else {
        return Err(match shape.len() {
            1 => IdxError::LabelsAlone { path: path.clone() },
            _ => IdxError::Axes { path: path.clone(), shape, expected: "[count, height, width]" },
        });
    };
    let unsound = |source| IdxError::Dataset { path: path.clone(), source };
    let rows = bytes.iter().copied().map(from_byte).collect();
    let data = Dataset::new(vec![1, height, width], rows).map_err(unsound)?;
    match labels_file(path) {
        None => Ok(data),
        Some(labels) => with_labels(data, &labels),
    }
}

/// Whether `path` is an IDX file of unsigned bytes, packed or not, or a folder that
/// [`read_idx`] would find pictures in. The contents decide; a file that cannot be read does not count.
///
/// # Example
/// ```
/// assert!(!ancestral_data::is_idx("Cargo.toml".as_ref()));
/// ```
#[must_use]
pub fn is_idx(path: &Path) -> bool {
    if path.is_dir() {
        return images_in(path).is_ok_and(|images| images.iter().any(|path| is_training(path)));
    }
    let magic = || {
        let mut magic = [0; 4];
        open(path)?.read_exact(&mut magic)?;
        io::Result::Ok(magic)
    };
    matches!(magic(), Ok([0, 0, BYTES, 1..=4]))
}

/// The contents of one file.
struct Idx {
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Idx {
    fn read(path: &Path) -> Result<Self, IdxError> {
        let mut file = open(path).map_err(|source| io_error(path, source))?;
        let shape = read_header(path, &mut file)?;
        let expected = shape.iter().try_fold(1_u64, |len, &axis| len.checked_mul(axis as u64));
        let limit = expected.and_then(|expected| expected.checked_add(1));
        let Some((expected, limit)) = expected.zip(limit) else {
            return Err(IdxError::TooLarge { path: path.to_owned(), shape });
        };
        let mut bytes = Vec::new();
        file.take(limit).read_to_end(&mut bytes).map_err(|source| io_error(path, source))?;
        let found = bytes.len() as u64;
        if found < expected {
            return Err(IdxError::CutShort { path: path.to_owned(), shape, expected, found });
        }
        if found > expected {
            return Err(IdxError::TooLong { path: path.to_owned(), shape, expected });
        }
        Ok(Self { shape, bytes })
    }
}

/// Magic: two zeros, the kind of values, the number of axes. Then their lengths, big-endian.
fn read_header(path: &Path, file: &mut impl Read) -> Result<Vec<usize>, IdxError> {
    let mut start = Vec::new();
    file.take(4).read_to_end(&mut start).map_err(|source| io_error(path, source))?;
    let axes = match start[..] {
        [0, 0, BYTES, axes @ 1..=4] => axes,
        [0, 0, kind @ 0x09..=0x0e, _] => {
            return Err(IdxError::Kind { path: path.to_owned(), kind });
        }
        _ => return Err(IdxError::NotIdx { path: path.to_owned(), start }),
    };
    let mut lengths = Vec::new();
    file.take(4 * u64::from(axes))
        .read_to_end(&mut lengths)
        .map_err(|source| io_error(path, source))?;
    let shape = lengths
        .chunks_exact(4)
        .map(|axis| axis.iter().fold(0_usize, |length, &byte| (length << 8) | usize::from(byte)));
    let shape: Vec<usize> = shape.collect();
    if lengths.len() < 4 * usize::from(axes) {
        return Err(IdxError::Header { path: path.to_owned(), axes });
    }
    Ok(shape)
}

/// The file, unpacked if it begins as gzip does.
fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    let mut start = Vec::new();
    File::open(path)?.take(2).read_to_end(&mut start)?;
    let file = BufReader::new(File::open(path)?);
    Ok(if start == GZIP { Box::new(GzDecoder::new(file)) } else { Box::new(file) })
}

/// Damage that the decoder finds is not the file system's fault.
fn io_error(path: &Path, source: io::Error) -> IdxError {
    let path = path.to_owned();
    let kinds =
        [io::ErrorKind::InvalidInput, io::ErrorKind::InvalidData, io::ErrorKind::UnexpectedEof];
    if kinds.contains(&source.kind()) {
        return IdxError::Gzip { path, source };
    }
    IdxError::Io { path, source }
}

/// The file of pictures that `path` stands for.
fn pictures_file(path: &Path) -> Result<PathBuf, IdxError> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let images = images_in(path).map_err(|source| io_error(path, source))?;
    let found = images.len();
    let training = images.into_iter().find(|path| is_training(path));
    training.ok_or_else(|| IdxError::NoPictures { path: path.to_owned(), found })
}

/// The IDX files in a folder that hold images according to their names, sorted.
fn images_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    let mut images: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
    images.retain(|path| path.is_file() && name(path).contains("images") && is_idx(path));
    images.sort();
    Ok(images)
}

fn is_training(path: &Path) -> bool {
    name(path).contains("train-images")
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// The file of labels for a file of pictures, compressed or not.
fn labels_file(pictures: &Path) -> Option<PathBuf> {
    let labels = name(pictures).replace("images", "labels").replace("idx3", "idx1");
    let plain = labels.strip_suffix(".gz").unwrap_or(&labels);
    let candidates = [labels.clone(), plain.to_owned(), format!("{plain}.gz")];
    let paths = candidates.into_iter().map(|name| pictures.with_file_name(name));
    paths.filter(|path| path != pictures).find(|path| path.is_file())
}

fn with_labels(data: Dataset, path: &Path) -> Result<Dataset, IdxError> {
    let Idx { shape, bytes } = Idx::read(path)?;
    if shape.len() != 1 {
        return Err(IdxError::Axes { path: path.to_owned(), shape, expected: "[count]" });
    }
    let (labels, pictures) = (bytes.len(), data.len());
    if labels != pictures {
        return Err(IdxError::Count { path: path.to_owned(), labels, pictures });
    }
    let classes = bytes.iter().max().map_or(0, |&largest| u32::from(largest) + 1);
    let names = (0..classes).map(|class| class.to_string()).collect();
    data.with_labels(bytes.into_iter().map(u32::from).collect(), names)
        .map_err(|source| IdxError::Dataset { path: path.to_owned(), source })
}
