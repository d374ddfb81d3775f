//! Group normalisation, with or without the sigmoid linear unit behind it.

use ancestral_cpu::train::GroupNorm;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::Tensor;

use super::{CpuTensor, in_order, no_second_derivative, register, tensor, values};

/// What tells one normalisation from another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub groups: usize,
    pub epsilon: f64,
    pub silu: bool,
}

#[backend_extension(Flex, Autodiff)]
trait Normalise: Backend {
    /// The result, and what makes the standard values of the input.
    fn group_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        kind: Kind,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    fn group_norm_backward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        standard: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        kind: Kind,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

fn shape(x: &CpuTensor, kind: Kind) -> GroupNorm {
    let [rows, height, width, channels] = x.shape().dims();
    let Kind { groups, epsilon, silu } = kind;
    GroupNorm { rows, positions: height * width, channels, groups, epsilon, silu }
}

impl Normalise for Flex {
    fn group_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        kind: Kind,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let norm = shape(&x, kind);
        let [x, gamma, beta] = [x, gamma, beta].map(|tensor| in_order(&tensor));
        let mut standard = vec![0.0; 2 * norm.rows * norm.channels];
        let mut y = vec![0.0; values(&x).len()];
        norm.forward(values(&x), values(&gamma), values(&beta), &mut standard, &mut y);
        (tensor(y, x.shape()), tensor(standard, [norm.rows, 2, norm.channels]))
    }

    fn group_norm_backward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        standard: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        kind: Kind,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let norm = shape(&x, kind);
        let [x, gamma, beta, standard, grad] =
            [x, gamma, beta, standard, grad].map(|tensor| in_order(&tensor));
        let mut dx = vec![0.0; values(&x).len()];
        let [mut dgamma, mut dbeta] = [0; 2].map(|_| vec![0.0; norm.channels]);
        norm.backward(
            values(&x),
            values(&gamma),
            values(&beta),
            values(&standard),
            values(&grad),
            &mut dx,
            &mut dgamma,
            &mut dbeta,
        );
        let channels = [norm.channels];
        (tensor(dx, x.shape()), tensor(dgamma, channels), tensor(dbeta, channels))
    }
}

impl<B: Normalise, C: CheckpointStrategy> Normalise for Autodiff<B, C> {
    fn group_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        kind: Kind,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        #[derive(Debug)]
        struct Node;

        impl<B: Normalise> Backward<B, 3> for Node {
            type State = ([FloatTensor<B>; 4], Kind);

            fn backward(
                self,
                ops: Ops<Self::State, 3>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let grad = grads.consume::<B>(&ops.node);
                let parents = ops.parents.map(|parent| Some(parent?.id));
                let ([x, gamma, beta, standard], kind) = ops.state;
                let (dx, dgamma, dbeta) =
                    B::group_norm_backward(x, gamma, beta, standard, grad, kind);
                register::<B, 3>(parents, [dx, dgamma, dbeta], grads);
            }
        }

        let parents = [x.node(), gamma.node(), beta.node()];
        let [x, gamma, beta] = [x, gamma, beta].map(FloatTensor::<Self>::into_primitive);
        let (y, standard) = B::group_norm(x.clone(), gamma.clone(), beta.clone(), kind);
        let saved = <Self as burn::backend::AutodiffBackend>::from_inner(standard.clone());
        let y = match Node.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(node) => node.finish(([x, gamma, beta, standard], kind), y),
            OpsKind::UnTracked(node) => node.finish(y),
        };
        (y, saved)
    }

    fn group_norm_backward(
        _x: FloatTensor<Self>,
        _gamma: FloatTensor<Self>,
        _beta: FloatTensor<Self>,
        _standard: FloatTensor<Self>,
        _grad: FloatTensor<Self>,
        _kind: Kind,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        no_second_derivative()
    }
}

/// Normalises `x`, where [`serves`](super::serves) says so.
pub(crate) fn group_norm(x: Tensor<4>, gamma: Tensor<1>, beta: Tensor<1>, kind: Kind) -> Tensor<4> {
    let [x, gamma, beta] = [x.into_dispatch(), gamma.into_dispatch(), beta.into_dispatch()];
    Tensor::from_dispatch(<Dispatch as Normalise>::group_norm(x, gamma, beta, kind).0)
}
