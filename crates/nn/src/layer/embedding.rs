//! A table of vectors.

use burn::module::{Module, Param};
use burn::tensor::{Device, Int, Tensor};

use crate::blank::blank;

/// A table of learned vectors, one a class.
///
/// # Shapes
/// `weight`: `[count, width]`; `[batch]` → `[batch, width]`.
#[derive(Module, Debug)]
pub struct Embedding {
    /// The vectors, `[count, width]`.
    pub weight: Param<Tensor<2>>,
}

impl Embedding {
    /// A table of `count` vectors.
    #[must_use]
    pub fn new(device: &Device, count: usize, width: usize) -> Self {
        Self { weight: blank(device, [count, width]) }
    }

    /// Looks up one vector a row.
    ///
    /// # Panics
    /// If an index is not below the number of vectors (on some devices the result is undefined
    /// instead: check first).
    #[must_use]
    pub fn forward(&self, indices: Tensor<1, Int>) -> Tensor<2> {
        self.weight.val().select(0, indices)
    }
}

/// The embedded time with the class of each row added, if the network distinguishes classes.
///
/// # Panics
/// If there are labels and the network takes none, or vice versa.
pub(crate) fn add_class(
    time: Tensor<2>,
    classes: Option<&Embedding>,
    labels: Option<Tensor<1, Int>>,
) -> Tensor<2> {
    match (classes, labels) {
        (Some(embedding), Some(labels)) => time + embedding.forward(labels),
        (None, None) => time,
        (Some(_), None) => panic!("the network needs a label a row"),
        (None, Some(_)) => panic!("the network takes no labels"),
    }
}
