//! Two-dimensional convolution.

use ancestral_cpu::train::Motion;
use burn::module::{Module, Param};
use burn::tensor::ops::{ConvOptions, PadMode};
use burn::tensor::{Tensor, module};

use super::linear::affine;
use crate::init::Initializer;
use crate::kernel::{self, Convolution};

/// What a convolution assumes around the picture: zeros, but where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// This many on each of the four sides.
    Around(usize),
    /// One at the right and one at the bottom, as old DDPM checkpoints downsample.
    RightBottom,
}

/// A convolution with a square kernel.
///
/// # Shapes
/// `weight`: `[out, in, k, k]`, `bias`: `[out]`; `[batch, height, width, in]` →
/// `[batch, height', width', out]`.
#[derive(Module, Debug)]
pub struct Conv2d {
    /// The kernel, `[out, in, k, k]`.
    pub weight: Param<Tensor<4>>,
    /// The offset of each output channel, `[out]`.
    pub bias: Param<Tensor<1>>,
    stride: usize,
    #[module(skip)]
    padding: Padding,
}

impl Conv2d {
    /// A convolution of stride 1 that keeps height and width; `kernel` is odd.
    #[must_use]
    pub fn same(init: &Initializer, channels: [usize; 2], kernel: usize) -> Self {
        Self::new(init, channels, kernel, 1, Padding::Around(kernel / 2))
    }

    /// A convolution from `channels[0]` to `channels[1]` with weights as PyTorch starts them.
    ///
    /// # Formula
    /// ```text
    /// weight, bias ~ U(−b, b),     b = 1/√(in k²)
    /// ```
    #[must_use]
    pub fn new(
        init: &Initializer,
        channels: [usize; 2],
        kernel: usize,
        stride: usize,
        padding: Padding,
    ) -> Self {
        let [from, to] = channels;
        let bound = 1.0 / ((from * kernel * kernel) as f64).sqrt();
        Self {
            weight: init.uniform("weight", [to, from, kernel, kernel], bound),
            bias: init.uniform("bias", [to], bound),
            stride,
            padding,
        }
    }

    /// Convolves `x`.
    ///
    /// # Panics
    /// If `x` has another number of channels than the kernel.
    #[must_use]
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.forward_onto(x, Onto::default())
    }

    /// Convolves `x` and adds to it.
    pub(crate) fn forward_onto(&self, x: Tensor<4>, onto: Onto) -> Tensor<4> {
        if kernel::serves(&x)
            && let Some(motion) = self.motion(&x)
        {
            return self.by_kernel(x, onto, motion);
        }
        let y = if self.is_pointwise() { self.pointwise(x) } else { self.composed(x) };
        onto.added(y)
    }

    /// Convolves `x` with each value repeated, to twice its height and width.
    pub(crate) fn forward_repeated(&self, x: Tensor<4>) -> Tensor<4> {
        if kernel::serves(&x) && self.motion(&x) == Some(Motion::Same) {
            return self.by_kernel(x, Onto::default(), Motion::Repeated);
        }
        self.forward(repeated(x))
    }

    /// How a kernel of 3 × 3 moves over `x`, if it is one of those that are known.
    fn motion(&self, x: &Tensor<4>) -> Option<Motion> {
        let ([_, _, kernel, _], [_, height, width, _]) = (self.weight.shape().dims(), x.dims());
        let is_even = height.is_multiple_of(2) && width.is_multiple_of(2);
        match (kernel, self.stride, self.padding) {
            (3, 1, Padding::Around(1)) => Some(Motion::Same),
            (3, 2, Padding::Around(1)) if is_even => Some(Motion::Halved { before: 1 }),
            (3, 2, Padding::RightBottom) if is_even => Some(Motion::Halved { before: 0 }),
            _ => None,
        }
    }

    fn by_kernel(&self, x: Tensor<4>, onto: Onto, motion: Motion) -> Tensor<4> {
        let (weight, bias, Onto { by_row, residual }) = (self.weight.val(), self.bias.val(), onto);
        kernel::conv3(x, Convolution { weight, bias, by_row, residual, motion })
    }

    fn is_pointwise(&self) -> bool {
        let [_, _, kernel, _] = self.weight.shape().dims();
        (kernel, self.stride, self.padding) == (1, 1, Padding::Around(0))
    }

    /// The linear layer that a kernel of 1 × 1 is.
    fn pointwise(&self, x: Tensor<4>) -> Tensor<4> {
        let [batch, height, width, from] = x.dims();
        let weight = self.weight.val();
        let to = weight.dims()[0];
        let rows = x.reshape([batch * height * width, from]);
        let y = affine(rows, weight.reshape([to, from]), self.bias.val(), None);
        y.reshape([batch, height, width, to])
    }

    fn composed(&self, x: Tensor<4>) -> Tensor<4> {
        let x = x.permute([0, 3, 1, 2]);
        let (x, padding) = match self.padding {
            Padding::Around(padding) => (x, padding),
            Padding::RightBottom => (x.pad((0, 1, 0, 1), PadMode::Constant(0.0)), 0),
        };
        let options = ConvOptions::new([self.stride; 2], [padding; 2], [1, 1], 1);
        let y = module::conv2d(x, self.weight.val(), Some(self.bias.val()), options);
        y.permute([0, 2, 3, 1])
    }
}

/// What is added to a convolution.
#[derive(Debug, Default)]
pub(crate) struct Onto {
    /// A value a row and channel: `[batch, out]`.
    pub by_row: Option<Tensor<2>>,
    /// A map as the output.
    pub residual: Option<Tensor<4>>,
}

impl Onto {
    fn added(self, mut y: Tensor<4>) -> Tensor<4> {
        if let Some(by_row) = self.by_row {
            let [batch, channels] = by_row.dims();
            y = y + by_row.reshape([batch, 1, 1, channels]);
        }
        match self.residual {
            Some(residual) => y + residual,
            None => y,
        }
    }
}

/// Each value four times: twice the height and width.
pub(crate) fn repeated(x: Tensor<4>) -> Tensor<4> {
    let [batch, height, width, channels] = x.dims();
    let x: Tensor<6> = x.reshape([batch, height, 1, width, 1, channels]);
    let x = x.expand([batch, height, 2, width, 2, channels]);
    x.reshape([batch, 2 * height, 2 * width, channels])
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;
    use crate::{device, parameters::values};

    /// Kernel 1 … 9, no offset, on the picture 1 … 16.
    fn convolved(stride: usize, padding: Padding) -> Tensor<4> {
        let device = device::cpu();
        let mut conv = Conv2d::new(&Initializer::new(0, &device), [1, 1], 3, stride, padding);
        let counted = |n: i64| Tensor::<1, burn::tensor::Int>::arange(1..n + 1, &device).float();
        conv.weight = conv.weight.map(|_| counted(9).reshape([1, 1, 3, 3]));
        conv.bias = conv.bias.map(|bias| bias * 0.0);
        conv.forward(counted(16).reshape([1, 4, 4, 1]))
    }

    #[test]
    fn both_kinds_of_padding_by_hand() {
        // At the corner (0, 0) the kernel covers 1 2 5 6 with its entries 5 6 8 9.
        let around = convolved(2, Padding::Around(1));
        assert_eq!(around.dims(), [1, 2, 2, 1]);
        assert_eq!(values(around)[0], 5.0 + 12.0 + 40.0 + 54.0);
        // Without a border at left and top it covers 1 2 3 5 6 7 9 10 11 with all of them; the last
        // position covers 11 12 15 16 with its entries 1 2 4 5.
        let right_bottom = convolved(2, Padding::RightBottom);
        assert_eq!(right_bottom.dims(), [1, 2, 2, 1]);
        let right_bottom = values(right_bottom);
        assert_eq!(right_bottom[0], 348.0);
        assert_eq!(right_bottom[3], 11.0 + 24.0 + 60.0 + 80.0);
        assert_eq!(convolved(1, Padding::Around(1)).dims(), [1, 4, 4, 1]);
    }

    #[test]
    fn kernels_and_composed_operations_have_the_same_values_and_gradients() {
        let device = device::cpu();
        let counted = |shape: [usize; 4], step: f32| {
            let values = (0..shape.iter().product()).map(|i: usize| (i as f32 * step).sin());
            let data = TensorData::new(values.collect::<Vec<_>>(), shape);
            Tensor::<4>::from_data(data, &device).autodiff()
        };
        let init = Initializer::new(0, &device);
        let around = Padding::Around(1);
        for (stride, padding, repeats) in [
            (1, around, false),
            (1, around, true),
            (2, around, false),
            (2, Padding::RightBottom, false),
        ] {
            let conv = Conv2d::new(&init, [5, 3], 3, stride, padding).train();
            let all = |by_kernel: bool| {
                let x = counted([2, 4, 6, 5], 0.37).require_grad();
                let by_row = counted([2, 3, 1, 1], 0.5).reshape([2, 3]).require_grad();
                let y = match (by_kernel, repeats) {
                    (true, true) => conv.forward_repeated(x.clone()),
                    (false, true) => conv.composed(repeated(x.clone())),
                    (true, false) => {
                        let onto = Onto { by_row: Some(by_row.clone()), residual: None };
                        conv.forward_onto(x.clone(), onto)
                    }
                    (false, false) => {
                        let onto = Onto { by_row: Some(by_row.clone()), residual: None };
                        onto.added(conv.composed(x.clone()))
                    }
                };
                let residual = counted(y.dims(), 0.9).require_grad();
                let y = y + residual.clone();
                let found = (y.clone() * counted(y.dims(), 0.73)).sum().backward();
                let grads = [
                    values(x.grad(&found).unwrap()),
                    values(conv.weight.val().grad(&found).unwrap()),
                    values(conv.bias.val().grad(&found).unwrap()),
                    by_row.grad(&found).map(values).unwrap_or_default(),
                ];
                (values(y), grads.concat())
            };
            let ((y, gradients), (expected_y, expected)) = (all(true), all(false));
            assert_eq!((y.len(), gradients.len()), (expected_y.len(), expected.len()));
            for (a, b) in y.iter().chain(&gradients).zip(expected_y.iter().chain(&expected)) {
                assert!((a - b).abs() < 2e-5, "{stride} {padding:?} {repeats}: {a} {b}");
            }
        }
    }
}
