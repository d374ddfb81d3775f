//! The affine map of rows.

use ancestral_cpu::train::{Linear, column_sums};
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::Tensor;

use super::{CpuTensor, empty, in_order, no_second_derivative, register, tensor, values};

#[backend_extension(Flex, Autodiff)]
trait Affine: Backend {
    fn affine(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        residual: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    fn linear_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        wants_x: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

fn shape(x: &CpuTensor, weight: &CpuTensor) -> Linear {
    let ([rows, from], [to, _]) = (x.shape().dims(), weight.shape().dims::<2>());
    Linear { rows, from, to }
}

impl Affine for Flex {
    fn affine(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        residual: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let linear = shape(&x, &weight);
        let [x, weight, bias, residual] =
            [x, weight, bias, residual].map(|tensor| in_order(&tensor));
        let mut y = vec![0.0; linear.rows * linear.to];
        let residual = Some(values(&residual)).filter(|values| !values.is_empty());
        linear.forward(values(&x), values(&weight), values(&bias), residual, &mut y);
        tensor(y, [linear.rows, linear.to])
    }

    fn linear_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        wants_x: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let linear = shape(&x, &weight);
        let [x, weight, grad] = [x, weight, grad].map(|tensor| in_order(&tensor));
        let dy = values(&grad);
        let mut dw = vec![0.0; values(&weight).len()];
        linear.weight_gradient(values(&x), dy, &mut dw);
        let mut db = vec![0.0; linear.to];
        column_sums(dy, &mut db);
        let dx = if wants_x {
            let mut dx = vec![0.0; values(&x).len()];
            linear.input_gradient(values(&weight), dy, &mut dx);
            tensor(dx, x.shape())
        } else {
            empty()
        };
        (dx, tensor(dw, weight.shape()), tensor(db, [linear.to]))
    }
}

impl<B: Affine, C: CheckpointStrategy> Affine for Autodiff<B, C> {
    fn affine(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        residual: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Node;

        impl<B: Affine> Backward<B, 4> for Node {
            type State = (FloatTensor<B>, FloatTensor<B>);

            fn backward(
                self,
                ops: Ops<Self::State, 4>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let grad = grads.consume::<B>(&ops.node);
                let parents = ops.parents.map(|parent| Some(parent?.id));
                let (x, weight) = ops.state;
                let wants_x = parents[0].is_some();
                let (dx, dw, db) = B::linear_backward(x, weight, grad.clone(), wants_x);
                register::<B, 4>(parents, [dx, dw, db, grad], grads);
            }
        }

        let parents = [x.node(), weight.node(), bias.node(), residual.node()];
        let [x, weight, bias, residual] =
            [x, weight, bias, residual].map(FloatTensor::<Self>::into_primitive);
        match Node.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(node) => {
                let y = B::affine(x.clone(), weight.clone(), bias, residual);
                node.finish((x, weight), y)
            }
            OpsKind::UnTracked(node) => node.finish(B::affine(x, weight, bias, residual)),
        }
    }

    fn linear_backward(
        _x: FloatTensor<Self>,
        _weight: FloatTensor<Self>,
        _grad: FloatTensor<Self>,
        _wants_x: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        no_second_derivative()
    }
}

/// x Wᵀ + b + residual, where [`serves`](super::serves) says so.
pub(crate) fn linear(
    x: Tensor<2>,
    weight: Tensor<2>,
    bias: Tensor<1>,
    residual: Option<Tensor<2>>,
) -> Tensor<2> {
    let residual = residual.unwrap_or_else(|| Tensor::zeros([0, 0], &x.device()));
    Tensor::from_dispatch(<Dispatch as Affine>::affine(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        residual.into_dispatch(),
    ))
}
