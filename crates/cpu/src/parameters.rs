//! Weights by name, as the parts of a network take them.

use std::collections::BTreeMap;

use ancestral_format::{Array, Weights, nearest_name};
use thiserror::Error;

/// A parameter that a network has and the weights have not, or of another shape.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Named {
    /// It is not there.
    #[error("missing: {name}{}", nearest.as_ref().map(|n| format!(" (there is {n})")).unwrap_or_default())]
    Missing {
        /// Its name.
        name: String,
        /// The name that is most like it of those left over.
        nearest: Option<String>,
    },
    /// It has another shape.
    #[error("wrong shape: {name} is {found:?} instead of {expected:?}")]
    Shape {
        /// Its name.
        name: String,
        /// The shape found.
        found: Vec<usize>,
        /// The shape that the network needs.
        expected: Vec<usize>,
    },
    /// A parameter that the network has not.
    #[error("unexpected: {name}")]
    Unexpected {
        /// Its name.
        name: String,
    },
}

/// Weights from which each part of a network takes its own, which are then gone from memory.
pub(crate) struct Parameters<'a> {
    arrays: &'a mut BTreeMap<String, Array>,
    path: String,
}

impl<'a> Parameters<'a> {
    /// All of them by name.
    pub(crate) fn all(weights: Weights) -> BTreeMap<String, Array> {
        weights.into_iter().collect()
    }

    pub(crate) fn new(arrays: &'a mut BTreeMap<String, Array>) -> Self {
        Self { arrays, path: String::new() }
    }

    /// Those of the part called `name`.
    pub(crate) fn child(&mut self, name: impl std::fmt::Display) -> Parameters<'_> {
        Parameters { path: self.name(&name.to_string()), arrays: self.arrays }
    }

    /// As [`child`](Self::child), in place.
    pub(crate) fn into_child(mut self, name: impl std::fmt::Display) -> Self {
        self.path = self.name(&name.to_string());
        self
    }

    fn name(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// The values of a parameter, as f32.
    pub(crate) fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Named> {
        let name = self.name(name);
        let Some(array) = self.arrays.remove(&name) else {
            let nearest = nearest_name(&name, self.arrays.keys().map(String::as_str));
            return Err(Named::Missing { nearest: nearest.map(str::to_owned), name });
        };
        if array.shape() != shape {
            let (found, expected) = (array.shape().to_vec(), shape.to_vec());
            return Err(Named::Shape { name, found, expected });
        }
        Ok(array.to_f32())
    }

    /// Nothing may be left over.
    pub(crate) fn finish(self) -> Result<(), Named> {
        match self.arrays.pop_first() {
            Some((name, _)) => Err(Named::Unexpected { name }),
            None => Ok(()),
        }
    }
}
