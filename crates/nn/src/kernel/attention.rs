//! Attention between the positions of a map.

use ancestral_cpu::train::Attention;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::Tensor;

use super::{CpuTensor, in_order, no_second_derivative, register, tensor, values};

#[backend_extension(Flex, Autodiff)]
trait Attend: Backend {
    fn attend(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        heads: usize,
    ) -> FloatTensor<Self>;

    fn attention_backward(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        heads: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

fn shape(q: &CpuTensor, heads: usize) -> Attention {
    let [rows, positions, channels] = q.shape().dims();
    Attention { rows, positions, heads, width: channels / heads }
}

impl Attend for Flex {
    fn attend(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        heads: usize,
    ) -> FloatTensor<Self> {
        let attention = shape(&q, heads);
        let all = [q, k, v].map(|tensor| in_order(&tensor));
        let mut y = vec![0.0; values(&all[0]).len()];
        attention.forward(all.each_ref().map(values), &mut y);
        tensor(y, all[0].shape())
    }

    fn attention_backward(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        heads: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let attention = shape(&q, heads);
        let all = [q, k, v].map(|tensor| in_order(&tensor));
        let grad = in_order(&grad);
        let [mut dq, mut dk, mut dv] = [0; 3].map(|_| vec![0.0; values(&grad).len()]);
        let gradients = [&mut dq[..], &mut dk, &mut dv];
        attention.backward(all.each_ref().map(values), values(&grad), gradients);
        let [dq, dk, dv] = [dq, dk, dv].map(|gradient| tensor(gradient, grad.shape()));
        (dq, dk, dv)
    }
}

impl<B: Attend, C: CheckpointStrategy> Attend for Autodiff<B, C> {
    fn attend(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        heads: usize,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Node;

        impl<B: Attend> Backward<B, 3> for Node {
            type State = ([FloatTensor<B>; 3], usize);

            fn backward(
                self,
                ops: Ops<Self::State, 3>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let grad = grads.consume::<B>(&ops.node);
                let parents = ops.parents.map(|parent| Some(parent?.id));
                let ([q, k, v], heads) = ops.state;
                let (dq, dk, dv) = B::attention_backward(q, k, v, grad, heads);
                register::<B, 3>(parents, [dq, dk, dv], grads);
            }
        }

        let parents = [q.node(), k.node(), v.node()];
        let [q, k, v] = [q, k, v].map(FloatTensor::<Self>::into_primitive);
        match Node.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(node) => {
                let y = B::attend(q.clone(), k.clone(), v.clone(), heads);
                node.finish(([q, k, v], heads), y)
            }
            OpsKind::UnTracked(node) => node.finish(B::attend(q, k, v, heads)),
        }
    }

    fn attention_backward(
        _q: FloatTensor<Self>,
        _k: FloatTensor<Self>,
        _v: FloatTensor<Self>,
        _grad: FloatTensor<Self>,
        _heads: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        no_second_derivative()
    }
}

/// softmax(q kᵀ/√width) v of each head, where [`serves`](super::serves) says so.
///
/// # Shapes
/// `[batch, positions, channels]`, thrice → the same.
pub(crate) fn attention([q, k, v]: [Tensor<3>; 3], heads: usize) -> Tensor<3> {
    let [q, k, v] = [q, k, v].map(Tensor::into_dispatch);
    Tensor::from_dispatch(<Dispatch as Attend>::attend(q, k, v, heads))
}
