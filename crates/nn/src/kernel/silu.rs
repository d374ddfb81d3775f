//! The sigmoid linear unit.

use ancestral_cpu::train;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::Tensor;

use super::{in_order, no_second_derivative, register, tensor, values};

#[backend_extension(Flex, Autodiff)]
trait Silu: Backend {
    fn silu(x: FloatTensor<Self>) -> FloatTensor<Self>;

    fn silu_backward(x: FloatTensor<Self>, grad: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl Silu for Flex {
    fn silu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let x = in_order(&x);
        let mut y = vec![0.0; values(&x).len()];
        train::silu(values(&x), &mut y);
        tensor(y, x.shape())
    }

    fn silu_backward(x: FloatTensor<Self>, grad: FloatTensor<Self>) -> FloatTensor<Self> {
        let (x, grad) = (in_order(&x), in_order(&grad));
        let mut dx = vec![0.0; values(&x).len()];
        train::silu_gradient(values(&x), values(&grad), &mut dx);
        tensor(dx, x.shape())
    }
}

impl<B: Silu, C: CheckpointStrategy> Silu for Autodiff<B, C> {
    fn silu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Node;

        impl<B: Silu> Backward<B, 1> for Node {
            type State = FloatTensor<B>;

            fn backward(
                self,
                ops: Ops<Self::State, 1>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let grad = grads.consume::<B>(&ops.node);
                let parents = ops.parents.map(|parent| Some(parent?.id));
                register::<B, 1>(parents, [B::silu_backward(ops.state, grad)], grads);
            }
        }

        match Node.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(node) => {
                let x = x.into_primitive();
                let y = B::silu(x.clone());
                node.finish(x, y)
            }
            OpsKind::UnTracked(node) => node.finish(B::silu(x.into_primitive())),
        }
    }

    fn silu_backward(_x: FloatTensor<Self>, _grad: FloatTensor<Self>) -> FloatTensor<Self> {
        no_second_derivative()
    }
}

/// x / (1 + e^−x), where [`serves`](super::serves) says so.
pub(crate) fn silu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as Silu>::silu(x.into_dispatch()))
}
