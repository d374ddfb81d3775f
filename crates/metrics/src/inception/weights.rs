//! The parameters of the network.

use crate::network::{Convolution, Window};
use thiserror::Error;

/// What is added to variances.
const EPSILON: f64 = 1e-3;

/// A parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tensor<'a> {
    /// The length of each axis.
    pub shape: &'a [usize],
    /// The values in C order.
    pub values: &'a [f32],
}

/// Why weights are not those of the network.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InceptionError {
    /// A tensor is missing.
    #[error(
        "no tensor is named {name}: weights of InceptionV3 with pytorch-fid's names are needed"
    )]
    Missing {
        /// Its name.
        name: String,
    },
    /// A tensor has another shape.
    #[error("{name} has the shape {found:?}, but {expected:?} is needed")]
    Shape {
        /// Its name.
        name: String,
        /// The shape that it has.
        found: Vec<usize>,
        /// The shape of the network's parameter.
        expected: Vec<usize>,
    },
    /// A value is not a number, or a variance is negative.
    #[error("{name} holds values that are not finite, or negative variances")]
    Values {
        /// The tensor's name.
        name: String,
    },
}

type Find<'r, 'a> = dyn Fn(&str) -> Option<Tensor<'a>> + 'r;

/// Reads the layers under a name.
pub(super) struct Reader<'r, 'a> {
    find: &'r Find<'r, 'a>,
}

impl<'r, 'a> Reader<'r, 'a> {
    pub(super) fn new(find: &'r Find<'r, 'a>) -> Self {
        Self { find }
    }

    /// A convolution over a square window.
    pub(super) fn square(
        &self,
        name: &str,
        channels: [usize; 2],
        side: usize,
        stride: usize,
        padding: usize,
    ) -> Result<Convolution, InceptionError> {
        self.layer(name, channels, Window { size: [side; 2], stride, padding: [padding; 2] })
    }

    /// A convolution `name`, from and to so many channels.
    pub(super) fn layer(
        &self,
        name: &str,
        [from, to]: [usize; 2],
        window: Window,
    ) -> Result<Convolution, InceptionError> {
        let shape = [to, from, window.size[0], window.size[1]];
        let kernel = self.tensor(&format!("{name}.conv.weight"), &shape)?;
        let norm = |part: &str| self.tensor(&format!("{name}.bn.{part}"), &[to]);
        let (scale, shift) = (norm("weight")?, norm("bias")?);
        let (mean, variance) = (norm("running_mean")?, norm("running_var")?);
        if variance.iter().any(|&variance| variance < 0.0) {
            return Err(InceptionError::Values { name: format!("{name}.bn.running_var") });
        }
        let factors: Vec<f64> = scale
            .iter()
            .zip(variance)
            .map(|(&scale, &variance)| f64::from(scale) / (f64::from(variance) + EPSILON).sqrt())
            .collect();
        // scale (w x − mean)/√(variance + ε) + shift
        #[allow(clippy::cast_possible_truncation, reason = "the network computes in f32")]
        let weights = kernel
            .chunks_exact(kernel.len() / to)
            .zip(&factors)
            .flat_map(|(kernel, factor)| {
                kernel.iter().map(move |&w| (f64::from(w) * factor) as f32)
            })
            .collect();
        #[allow(clippy::cast_possible_truncation, reason = "the network computes in f32")]
        let bias = (0..to)
            .map(|i| (f64::from(shift[i]) - f64::from(mean[i]) * factors[i]) as f32)
            .collect();
        Ok(Convolution { weights, bias, window })
    }

    fn tensor(&self, name: &str, shape: &[usize]) -> Result<&'a [f32], InceptionError> {
        let Some(tensor) = (self.find)(name) else {
            return Err(InceptionError::Missing { name: name.to_owned() });
        };
        if tensor.shape != shape || tensor.values.len() != shape.iter().product() {
            let (found, expected) = (tensor.shape.to_vec(), shape.to_vec());
            return Err(InceptionError::Shape { name: name.to_owned(), found, expected });
        }
        if tensor.values.iter().any(|value| !value.is_finite()) {
            return Err(InceptionError::Values { name: name.to_owned() });
        }
        Ok(tensor.values)
    }
}
