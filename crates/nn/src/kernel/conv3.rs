//! The 3 × 3 convolution.

use ancestral_cpu::train::{Conv3, Motion, column_sums, conv3::Added, sums_by_row};
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::Tensor;

use super::{CpuTensor, empty, in_order, no_second_derivative, register, tensor, values};

/// The gradients of input, weights, bias and what was added by row.
type Gradients4<T> = (T, T, T, T);

#[backend_extension(Flex, Autodiff)]
trait Convolve: Backend {
    fn conv3(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        by_row: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        motion: Motion,
    ) -> FloatTensor<Self>;

    fn conv3_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        motion: Motion,
        wants_x: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

fn shape(x: &CpuTensor, weight: &CpuTensor, motion: Motion) -> Conv3 {
    let ([rows, height, width, from], [to, ..]) = (x.shape().dims(), weight.shape().dims::<4>());
    Conv3 { rows, height, width, from, to, motion }
}

impl Convolve for Flex {
    fn conv3(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        by_row: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        motion: Motion,
    ) -> FloatTensor<Self> {
        let conv = shape(&x, &weight, motion);
        let [x, weight, bias, by_row, residual] =
            [x, weight, bias, by_row, residual].map(|tensor| in_order(&tensor));
        let [height, width] = conv.output();
        let mut y = vec![0.0; conv.rows * height * width * conv.to];
        let some = |tensor| Some(values(tensor)).filter(|values| !values.is_empty());
        let added = Added { by_row: some(&by_row), residual: some(&residual) };
        conv.forward(values(&x), values(&weight), values(&bias), added, &mut y);
        tensor(y, [conv.rows, height, width, conv.to])
    }

    fn conv3_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        motion: Motion,
        wants_x: bool,
    ) -> Gradients4<FloatTensor<Self>> {
        let conv = shape(&x, &weight, motion);
        let [x, weight, grad] = [x, weight, grad].map(|tensor| in_order(&tensor));
        let dy = values(&grad);
        let mut dw = vec![0.0; values(&weight).len()];
        conv.weight_gradient(values(&x), dy, &mut dw);
        let mut by_row = vec![0.0; conv.rows * conv.to];
        sums_by_row(dy, conv.to, &mut by_row);
        let mut bias = vec![0.0; conv.to];
        column_sums(&by_row, &mut bias);
        let dx = if wants_x {
            let mut dx = vec![0.0; values(&x).len()];
            conv.input_gradient(values(&weight), dy, &mut dx);
            tensor(dx, x.shape())
        } else {
            empty()
        };
        let by_row = tensor(by_row, [conv.rows, conv.to]);
        (dx, tensor(dw, weight.shape()), tensor(bias, [conv.to]), by_row)
    }
}

impl<B: Convolve, C: CheckpointStrategy> Convolve for Autodiff<B, C> {
    fn conv3(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        by_row: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        motion: Motion,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Node;

        impl<B: Convolve> Backward<B, 5> for Node {
            type State = (FloatTensor<B>, FloatTensor<B>, Motion);

            fn backward(
                self,
                ops: Ops<Self::State, 5>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let grad = grads.consume::<B>(&ops.node);
                let parents = ops.parents.map(|parent| Some(parent?.id));
                let (x, weight, motion) = ops.state;
                let wants_x = parents[0].is_some();
                let (dx, dw, db, by_row) =
                    B::conv3_backward(x, weight, grad.clone(), motion, wants_x);
                register::<B, 5>(parents, [dx, dw, db, by_row, grad], grads);
            }
        }

        let parents = [x.node(), weight.node(), bias.node(), by_row.node(), residual.node()];
        let [x, weight, bias, by_row, residual] =
            [x, weight, bias, by_row, residual].map(FloatTensor::<Self>::into_primitive);
        match Node.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(node) => {
                let y = B::conv3(x.clone(), weight.clone(), bias, by_row, residual, motion);
                node.finish((x, weight, motion), y)
            }
            OpsKind::UnTracked(node) => {
                node.finish(B::conv3(x, weight, bias, by_row, residual, motion))
            }
        }
    }

    fn conv3_backward(
        _x: FloatTensor<Self>,
        _weight: FloatTensor<Self>,
        _grad: FloatTensor<Self>,
        _motion: Motion,
        _wants_x: bool,
    ) -> Gradients4<FloatTensor<Self>> {
        no_second_derivative()
    }
}

/// A 3 × 3 convolution and what is added to it.
#[derive(Debug)]
pub(crate) struct Convolution {
    /// `[out, in, 3, 3]`
    pub weight: Tensor<4>,
    /// `[out]`
    pub bias: Tensor<1>,
    /// `[batch, out]`
    pub by_row: Option<Tensor<2>>,
    /// As the output.
    pub residual: Option<Tensor<4>>,
    pub motion: Motion,
}

/// Convolves `x`, where [`serves`](super::serves) says so.
pub(crate) fn conv3(x: Tensor<4>, convolution: Convolution) -> Tensor<4> {
    let Convolution { weight, bias, by_row, residual, motion } = convolution;
    let device = x.device();
    let by_row = by_row.unwrap_or_else(|| Tensor::zeros([0, 0], &device));
    let residual = residual.unwrap_or_else(|| Tensor::zeros([0, 0, 0, 0], &device));
    Tensor::from_dispatch(<Dispatch as Convolve>::conv3(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        by_row.into_dispatch(),
        residual.into_dispatch(),
        motion,
    ))
}
