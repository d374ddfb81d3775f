//! The header of a weight file: its entries, and whether they are valid.

use std::fmt;

use ::safetensors::tensor::Dtype as FileDtype;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::SafetensorsError;
use crate::array::{Array, Dtype};
use crate::bounds::AtMost;

/// The longest header that is read. Those of the largest U-Nets take a quarter of a mebibyte.
pub(super) const MOST_BYTES: u64 = 16 << 20;
/// No network has as many tensors. More would only fill the memory.
const MOST_TENSORS: usize = 1 << 16;
const MOST_AXES: usize = 8;
const LONGEST_NAME: usize = 1024;

/// The key that names no tensor.
const METADATA: &str = "__metadata__";

/// A tensor of the header whose shape, number format and place agree.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
    /// Bytes of its data.
    pub(super) length: u64,
}

/// The tensors of the header in the order of their data, which follow each other without a gap.
pub(super) fn entries(json: &[u8]) -> Result<Vec<Entry>, SafetensorsError> {
    let Tensors(mut tensors) =
        serde_json::from_slice(json).map_err(|reason| SafetensorsError::Header { reason })?;
    refuse_twins(&mut tensors)?;
    tensors.sort_by_key(|(_, described)| described.data_offsets);
    let gapless = |at: usize| {
        let [.., end] = at.checked_sub(1).map_or([0; 2], |before| tensors[before].1.data_offsets);
        adjoin(&tensors[at], end, || tensors[at - 1].0.clone())
    };
    (0..tensors.len()).try_for_each(gapless)?;
    tensors.into_iter().map(|(name, described)| described.entry(name)).collect()
}

fn refuse_twins(tensors: &mut [(String, Described)]) -> Result<(), SafetensorsError> {
    tensors.sort_by(|(a, _), (b, _)| a.cmp(b));
    match tensors.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => Err(SafetensorsError::Twice { tensor: pair[0].0.clone() }),
        None => Ok(()),
    }
}

/// Refuses a tensor that does not begin where the one before it, the `other`, ends.
fn adjoin(
    (tensor, described): &(String, Described),
    end: u64,
    other: impl FnOnce() -> String,
) -> Result<(), SafetensorsError> {
    let [from, to] = described.data_offsets;
    if to < from {
        Err(SafetensorsError::Offsets { tensor: tensor.clone(), from, to })
    } else if from < end {
        Err(SafetensorsError::Overlap { tensor: tensor.clone(), from, other: other() })
    } else if from > end {
        Err(SafetensorsError::Gap { tensor: tensor.clone(), from: end, to: from })
    } else {
        Ok(())
    }
}

/// The entry of a tensor in the header.
#[derive(serde::Deserialize)]
struct Described {
    dtype: FileDtype,
    shape: AtMost<MOST_AXES, usize>,
    data_offsets: [u64; 2],
}

impl Described {
    fn entry(self, name: String) -> Result<Entry, SafetensorsError> {
        let Self { dtype: found, shape: AtMost(shape), data_offsets: [from, to] } = self;
        let Some(dtype) = our_dtype(found) else {
            return Err(SafetensorsError::Dtype { tensor: name, found });
        };
        match Array::byte_size(dtype, &shape) {
            Err(reason) => Err(SafetensorsError::Array { tensor: name, reason }),
            Ok(expected) if expected as u64 == to - from => {
                Ok(Entry { name, dtype, shape, length: to - from })
            }
            Ok(expected) => Err(SafetensorsError::Length {
                tensor: name,
                shape,
                dtype: found,
                expected: expected as u64,
                found: to - from,
            }),
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum that grows")]
fn our_dtype(found: FileDtype) -> Option<Dtype> {
    match found {
        FileDtype::F16 => Some(Dtype::F16),
        FileDtype::BF16 => Some(Dtype::BF16),
        FileDtype::F32 => Some(Dtype::F32),
        FileDtype::F64 => Some(Dtype::F64),
        _ => None,
    }
}

/// The header, with its names in the order of the file, even if one appears twice.
struct Tensors(Vec<(String, Described)>);

impl<'de> Deserialize<'de> for Tensors {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(TensorsVisitor)
    }
}

struct TensorsVisitor;

impl<'de> Visitor<'de> for TensorsVisitor {
    type Value = Tensors;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object of at most {MOST_TENSORS} tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tensors, A::Error> {
        let mut tensors = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if name == METADATA {
                // Only a note, and old files have none.
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            if tensors.len() == MOST_TENSORS {
                return Err(A::Error::invalid_length(MOST_TENSORS + 1, &self));
            }
            if name.len() > LONGEST_NAME {
                return Err(A::Error::custom(format_args!(
                    "a tensor's name takes {} bytes, expected at most {LONGEST_NAME}",
                    name.len()
                )));
            }
            let described = map.next_value();
            let described =
                described.map_err(|reason| A::Error::custom(format!("tensor {name:?}: {reason}")));
            tensors.push((name, described?));
        }
        Ok(Tensors(tensors))
    }
}
