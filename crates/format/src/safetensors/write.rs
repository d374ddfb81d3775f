//! From arrays to the bytes of a weight file.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::io::Write;

use ::safetensors::serialize;
use ::safetensors::tensor::{Dtype as FileDtype, View};

use super::SafetensorsError;
use crate::array::{Array, Dtype};
use crate::weights::Weights;

/// Writes the header, then the data in the order in which it has them.
pub(super) fn write(weights: &Weights, out: &mut dyn Write) -> Result<(), SafetensorsError> {
    let mut arrays: Vec<_> = weights.iter().collect();
    arrays.sort_by_key(|(name, array)| (Reverse(View::dtype(&Described(array))), *name));
    let io = |reason| SafetensorsError::Io { reason };
    out.write_all(&header(weights)?).map_err(io)?;
    arrays.into_iter().try_for_each(|(_, array)| out.write_all(array.bytes())).map_err(io)
}

/// The bytes before the data.
pub(super) fn header(weights: &Weights) -> Result<Vec<u8>, SafetensorsError> {
    let arrays = weights.iter().map(|(name, array)| (name, Described(array)));
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    serialize(arrays, Some(metadata)).map_err(|reason| SafetensorsError::Write { reason })
}

/// An array whose entry in the header is written, but not its data.
struct Described<'a>(&'a Array);

impl View for Described<'_> {
    fn dtype(&self) -> FileDtype {
        match self.0.dtype() {
            Dtype::F16 => FileDtype::F16,
            Dtype::BF16 => FileDtype::BF16,
            Dtype::F32 => FileDtype::F32,
            Dtype::F64 => FileDtype::F64,
        }
    }

    fn shape(&self) -> &[usize] {
        self.0.shape()
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::default()
    }

    fn data_len(&self) -> usize {
        self.0.bytes().len()
    }
}
