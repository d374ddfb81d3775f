//! Weights in several files, and the index that maps each tensor to its file.

use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use thiserror::Error;

use super::FolderError;
use super::reader::Reader;
use crate::listed::counted;
use crate::weights::Weights;

/// The longest index that is read: as a header of as many tensors.
const LONGEST_INDEX: u64 = 16 << 20;
const MOST_TENSORS: usize = 1 << 16;
const LONGEST_NAME: usize = 1024;

/// Why the index of shards is refused, or they do not fit it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ShardError {
    /// The index is not JSON, or not of the form that it must have.
    #[error("not an index of shards: {}", crate::config::plain(reason))]
    Malformed {
        /// What is wrong, and where.
        reason: serde_json::Error,
    },
    /// A shard is not a file beside the index.
    #[error("tensor {tensor:?} is in {found:?}: expected the name of a file in the same folder")]
    Name {
        /// A tensor that the index has there.
        tensor: String,
        /// What the index calls the file.
        found: String,
    },
    /// A shard is not there.
    #[error(
        "no shard {shard}: the index names it for {}, such as {tensor:?}",
        counted(tensors, "tensor")
    )]
    Missing {
        /// The file.
        shard: String,
        /// One of its tensors.
        tensor: String,
        /// How many there are.
        tensors: usize,
    },
    /// A shard lacks a tensor.
    #[error("tensor {tensor:?} is not in {shard}, where the index has it")]
    NotInShard {
        /// The tensor.
        tensor: String,
        /// The file.
        shard: String,
    },
    /// A shard has a tensor that the index has not, or has in another shard.
    #[error("tensor {tensor:?} is in {shard}, but the index does not name it there")]
    NotInIndex {
        /// The tensor.
        tensor: String,
        /// The file.
        shard: String,
    },
}

/// Reads the shards that the index called `name` lists, if it is there.
pub(super) fn read(
    reader: &Reader<'_>,
    folder: &str,
    name: &str,
) -> Result<Option<Weights>, FolderError> {
    let Some(json) = reader.text(name, LONGEST_INDEX)? else {
        return Ok(None);
    };
    let refused = |reason| FolderError::Shards { path: reader.files.path(name), reason };
    let mut all = Weights::new();
    for (shard, tensors) in shards(&json).map_err(refused)? {
        let Some(found) = reader.tensors(&format!("{folder}{shard}"))? else {
            return Err(refused(missing(shard, tensors)));
        };
        compare(&shard, &tensors, &found).map_err(refused)?;
        found.into_iter().for_each(|(name, array)| drop(all.insert(name, array)));
    }
    Ok(Some(all))
}

/// The files that the index lists, and the tensors of each.
fn shards(json: &[u8]) -> Result<BTreeMap<String, BTreeSet<String>>, ShardError> {
    let Index { weight_map: Map(map) } =
        serde_json::from_slice(json).map_err(|reason| ShardError::Malformed { reason })?;
    let mut shards = BTreeMap::<String, BTreeSet<String>>::new();
    for (tensor, shard) in map {
        if !is_file_name(&shard) {
            return Err(ShardError::Name { tensor, found: shard });
        }
        shards.entry(shard).or_default().insert(tensor);
    }
    Ok(shards)
}

/// Whether a name is one of a file, and leads nowhere else.
fn is_file_name(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\', ':', '\0'])
}

fn missing(shard: String, tensors: BTreeSet<String>) -> ShardError {
    let count = tensors.len();
    let tensor = tensors.into_iter().next().unwrap_or_default();
    ShardError::Missing { shard, tensor, tensors: count }
}

fn compare(shard: &str, tensors: &BTreeSet<String>, found: &Weights) -> Result<(), ShardError> {
    if let Some(tensor) = tensors.iter().find(|tensor| found.get(tensor).is_none()) {
        return Err(ShardError::NotInShard { tensor: tensor.clone(), shard: shard.to_owned() });
    }
    match found.iter().find(|(tensor, _)| !tensors.contains(*tensor)) {
        Some((tensor, _)) => {
            Err(ShardError::NotInIndex { tensor: tensor.clone(), shard: shard.to_owned() })
        }
        None => Ok(()),
    }
}

/// The index; the total size that diffusers notes in it is not used.
#[derive(Deserialize)]
struct Index {
    weight_map: Map,
}

/// Which file has a tensor.
struct Map(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Map {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(MapVisitor)
    }
}

struct MapVisitor;

impl<'de> Visitor<'de> for MapVisitor {
    type Value = Map;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object of at most {MOST_TENSORS} tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Map, A::Error> {
        let mut tensors = BTreeMap::new();
        while let Some((tensor, shard)) = map.next_entry::<String, String>()? {
            if tensors.len() == MOST_TENSORS {
                return Err(A::Error::invalid_length(MOST_TENSORS + 1, &self));
            }
            let length = tensor.len().max(shard.len());
            if length > LONGEST_NAME {
                return Err(A::Error::custom(format_args!(
                    "a name takes {length} bytes, expected at most {LONGEST_NAME}"
                )));
            }
            match tensors.entry(tensor) {
                btree_map::Entry::Vacant(entry) => drop(entry.insert(shard)),
                btree_map::Entry::Occupied(entry) => {
                    let tensor = entry.key();
                    return Err(A::Error::custom(format_args!("tensor {tensor:?} appears twice")));
                }
            }
        }
        Ok(Map(tensors))
    }
}
