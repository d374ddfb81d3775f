//! From the bytes of a weight file to arrays.

use std::cmp::Ordering;
use std::io::{Cursor, Read};

use super::SafetensorsError;
use super::header::{self, Entry};
use crate::array::Array;
use crate::impostor::{Impostor, PREFIX};
use crate::weights::Weights;

/// Bytes in front of the header: its length.
const LENGTH: usize = 8;

/// Reads a weight file of `length` bytes from its first to its last.
///
/// Each tensor is read directly into its own memory: together they take no more than the file.
pub(super) fn read(file: &mut dyn Read, length: u64) -> Result<Weights, SafetensorsError> {
    let start = take(file, length.min(PREFIX as u64))?;
    let mut file = Cursor::new(&start).chain(file);
    let entries = header(&mut file, length).map_err(|error| match impostor(&start) {
        Some(found) => SafetensorsError::Impostor { found },
        None => error,
    })?;
    entries.into_iter().map(|entry| array(&mut file, entry)).collect()
}

/// What a file that was refused is instead. With a brace in its place it is ours, however it begins:
/// the length of a header may look like anything.
fn impostor(start: &[u8]) -> Option<Impostor> {
    if start.get(LENGTH) == Some(&b'{') { None } else { Impostor::of(start) }
}

/// The tensors that the header describes, which are all that the file holds.
fn header(file: &mut dyn Read, length: u64) -> Result<Vec<Entry>, SafetensorsError> {
    if length < LENGTH as u64 {
        return Err(SafetensorsError::Short { found: length });
    }
    let mut header = [0; LENGTH];
    file.read_exact(&mut header).map_err(|reason| SafetensorsError::Io { reason })?;
    let header = u64::from_le_bytes(header);
    if header > header::MOST_BYTES {
        let limit = header::MOST_BYTES;
        return Err(SafetensorsError::HeaderLength { found: header, limit });
    }
    let end = LENGTH as u64 + header;
    if end > length {
        return Err(SafetensorsError::HeaderTruncated { expected: end, found: length });
    }
    let entries = header::entries(&take(file, header)?)?;
    let data: u64 = entries.iter().map(|entry| entry.length).sum();
    check_length(end.saturating_add(data), length)?;
    Ok(entries)
}

fn check_length(expected: u64, found: u64) -> Result<(), SafetensorsError> {
    match found.cmp(&expected) {
        Ordering::Less => Err(SafetensorsError::Truncated { expected, found }),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(SafetensorsError::Trailing { expected, found }),
    }
}

fn array(file: &mut dyn Read, entry: Entry) -> Result<(String, Array), SafetensorsError> {
    let Entry { name, dtype, shape, length } = entry;
    let mut bytes = Vec::new();
    // The file has as many bytes, but a sparse one may have more than there is memory.
    if usize::try_from(length).map_or(true, |length| bytes.try_reserve_exact(length).is_err()) {
        return Err(SafetensorsError::Memory { tensor: name, bytes: length });
    }
    fill(file, length, &mut bytes)?;
    match Array::new(dtype, shape, bytes) {
        Ok(array) => Ok((name, array)),
        Err(reason) => Err(SafetensorsError::Array { tensor: name, reason }),
    }
}

/// The next `length` bytes.
fn take(file: &mut dyn Read, length: u64) -> Result<Vec<u8>, SafetensorsError> {
    let mut bytes = Vec::new();
    fill(file, length, &mut bytes)?;
    Ok(bytes)
}

fn fill(file: &mut dyn Read, length: u64, bytes: &mut Vec<u8>) -> Result<(), SafetensorsError> {
    let found = file.take(length).read_to_end(bytes);
    match found.map_err(|reason| SafetensorsError::Io { reason })? as u64 {
        found if found == length => Ok(()),
        // The file was shortened after its length was read.
        found => Err(SafetensorsError::Truncated { expected: length, found }),
    }
}
