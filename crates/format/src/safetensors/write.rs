//! From arrays to the bytes of a weight file.

use std::borrow::Cow;
use std::collections::HashMap;

use ::safetensors::serialize;
use ::safetensors::tensor::{Dtype as FileDtype, View};

use super::SafetensorsError;
use crate::array::{Array, Dtype};

pub(super) fn encode<'a, V: View>(
    arrays: impl IntoIterator<Item = (&'a String, V)>,
) -> Result<Vec<u8>, SafetensorsError> {
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    serialize(arrays, Some(metadata)).map_err(|reason| SafetensorsError::Write { reason })
}

/// An array whose entry in the header is written, but not its data.
pub(super) struct Described<'a>(pub(super) &'a Array);

impl View for Described<'_> {
    fn dtype(&self) -> FileDtype {
        View::dtype(&self.0)
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

impl View for &Array {
    fn dtype(&self) -> FileDtype {
        match Array::dtype(self) {
            Dtype::F16 => FileDtype::F16,
            Dtype::BF16 => FileDtype::BF16,
            Dtype::F32 => FileDtype::F32,
            Dtype::F64 => FileDtype::F64,
        }
    }

    fn shape(&self) -> &[usize] {
        Array::shape(self)
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.bytes().into()
    }

    fn data_len(&self) -> usize {
        self.bytes().len()
    }
}
