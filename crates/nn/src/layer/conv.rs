//! Two-dimensional convolution.

use burn::module::{Module, Param};
use burn::tensor::ops::{ConvOptions, PadMode};
use burn::tensor::{Device, FloatDType, Tensor, module};

use super::linear::affine;
use crate::blank::blank;

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
    pub fn same(device: &Device, channels: [usize; 2], kernel: usize) -> Self {
        Self::new(device, channels, kernel, 1, Padding::Around(kernel / 2))
    }

    /// A convolution from `channels[0]` to `channels[1]`.
    #[must_use]
    pub fn new(
        device: &Device,
        channels: [usize; 2],
        kernel: usize,
        stride: usize,
        padding: Padding,
    ) -> Self {
        let [from, to] = channels;
        Self {
            weight: blank(device, [to, from, kernel, kernel]),
            bias: blank(device, [to]),
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
        if self.is_pointwise() { self.pointwise(x) } else { self.convolved(x) }
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
        let y = affine(rows, weight.reshape([to, from]), self.bias.val());
        y.reshape([batch, height, width, to])
    }

    fn convolved(&self, x: Tensor<4>) -> Tensor<4> {
        let x = x.permute([0, 3, 1, 2]);
        let (x, padding) = match self.padding {
            Padding::Around(padding) => (x, padding),
            Padding::RightBottom => (x.pad((0, 1, 0, 1), PadMode::Constant(0.0)), 0),
        };
        let options = ConvOptions::new([self.stride; 2], [padding; 2], [1, 1], 1);
        // In the type of the kernel; everything around it is f32.
        let weight = self.weight.val();
        let y = module::conv2d(x.cast(weight.dtype()), weight, None, options);
        y.permute([0, 2, 3, 1]).cast(FloatDType::F32) + self.bias.val().unsqueeze()
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
    use super::*;
    use crate::{device, parameters::values};

    /// Kernel 1 … 9, no offset, on the picture 1 … 16.
    fn convolved(stride: usize, padding: Padding) -> Tensor<4> {
        let device = device::cpu();
        let mut conv = Conv2d::new(&device, [1, 1], 3, stride, padding);
        let counted = |n: i64| Tensor::<1, burn::tensor::Int>::arange(1..n + 1, &device).float();
        conv.weight = conv.weight.map(|_| counted(9).reshape([1, 1, 3, 3]));
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
}
