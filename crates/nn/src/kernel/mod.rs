//! Operations that the CPU computes by kernels of `ancestral_cpu`, with gradients of their own.
//!
//! One operation a file: a trait that adds it to Burn's CPU and to automatic differentiation, and
//! the function on tensors that calls it. Maps are channels last. Layers ask [`serves`] first: other
//! devices and other kinds of numbers compute the same by Burn's operations.

mod attention;
mod conv3;
mod group_norm;
mod linear;
mod silu;
mod update;

use burn::backend::autodiff::{NodeId, grads::Gradients};
use burn::backend::{Backend, DispatchDevice, Flex, tensor::FloatTensor};
use burn::tensor::{DType, Shape, Tensor, TensorData};

pub(crate) use attention::attention;
pub(crate) use conv3::{Convolution, conv3};
pub(crate) use group_norm::{Kind as NormKind, group_norm};
pub(crate) use linear::linear;
pub(crate) use silu::silu;
pub(crate) use update::{Kept, sum_of_squares, update};

/// Whether the kernels compute with such tensors.
pub(crate) fn serves<const D: usize>(x: &Tensor<D>) -> bool {
    x.dtype() == DType::F32
        && matches!(x.device().without_autodiff().as_dispatch(), DispatchDevice::Flex(_))
}

type CpuTensor = FloatTensor<Flex>;

/// The same with its values in C order.
fn in_order(tensor: &CpuTensor) -> CpuTensor {
    tensor.to_contiguous()
}

/// The values of a tensor that is in order.
fn values(tensor: &CpuTensor) -> &[f32] {
    tensor.as_slice().expect("the tensor is in order")
}

fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> CpuTensor {
    CpuTensor::from_data(TensorData::new(values, shape.into()))
}

fn empty() -> CpuTensor {
    tensor(Vec::new(), [0])
}

/// Adds gradients to those of the parents that are differentiated.
fn register<B: Backend, const N: usize>(
    parents: [Option<NodeId>; N],
    gradients: [FloatTensor<B>; N],
    all: &mut Gradients,
) {
    for (node, gradient) in parents.into_iter().zip(gradients) {
        if let Some(node) = node {
            all.register::<B>(node, gradient);
        }
    }
}

/// There are no kernels for second derivatives.
fn no_second_derivative() -> ! {
    unimplemented!("gradients of gradients")
}

#[cfg(test)]
mod tests;
