//! Two-dimensional convolution.

use burn::module::{Module, Param};
use burn::tensor::ops::{ConvOptions, PadMode};
use burn::tensor::{Tensor, module};

use crate::init::Initializer;

/// With fewer channels a convolution gains nothing from being one matrix product.
const LEAST_CHANNELS: usize = 8;

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
/// `weight`: `[out, in, k, k]`, `bias`: `[out]`; `[batch, in, height, width]` →
/// `[batch, out, height', width']`.
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
    /// # Numerics
    /// While gradients are recorded on the CPU, most convolutions are computed as matrix products,
    /// whose gradients are twice as fast; the last bits then differ from those of inference.
    ///
    /// # Panics
    /// If `x` has another number of channels than the kernel.
    #[must_use]
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let (weight, bias) = (self.weight.val(), self.bias.val());
        if self.is_faster_as_products(&weight) {
            return convolve_by_products(x, weight, bias);
        }
        let (x, padding) = match self.padding {
            Padding::Around(padding) => (x, padding),
            Padding::RightBottom => (x.pad((0, 1, 0, 1), PadMode::Constant(0.0)), 0),
        };
        let options = ConvOptions::new([self.stride; 2], [padding; 2], [1, 1], 1);
        module::conv2d(x, weight, Some(bias), options)
    }

    fn is_faster_as_products(&self, weight: &Tensor<4>) -> bool {
        let [_, from, kernel, _] = weight.dims();
        let keeps_size = self.stride == 1 && self.padding == Padding::Around(kernel / 2);
        let device = weight.device();
        keeps_size
            && kernel > 1
            && from >= LEAST_CHANNELS
            && device.is_autodiff()
            && device.without_autodiff() == crate::device::cpu()
    }
}

/// Convolves with an odd kernel of k × k, keeping height and width, by one matrix product.
///
/// # Formula
/// ```text
/// u[b, i, j, (q, c)] = x[b, c, i − r, j + q − r]        rows widened: r = ⌊k/2⌋, q = 0 … k − 1
/// z[b, i, j, (p, o)] = Σ_(q, c) u[b, i, j, (q, c)] weight[o, c, p, q]
/// y[b, o, i, j]      = bias[o] + Σ_p z[b, i + p, j, (p, o)]
/// ```
/// Sums are k · in long and the picture is copied k times, where a product over whole patches
/// copies it k² times.
fn convolve_by_products(x: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>) -> Tensor<4> {
    let [batch, from, height, width] = x.dims();
    let [to, _, kernel, _] = weight.dims();
    let border = kernel / 2;
    let tall = height + 2 * border;
    let x = x.permute([0, 2, 3, 1]); // [batch, height, width, from]
    let frame = [(0, 0), (border, border), (border, border), (0, 0)];
    let x = x.pad(frame, PadMode::Constant(0.0));
    let shifted = (0..kernel).map(|q| x.clone().narrow(2, q, width)).collect();
    let wide: Tensor<4> = Tensor::cat(shifted, 3); // [batch, tall, width, kernel · from]
    let rows = wide.reshape([batch * tall * width, kernel * from]);
    let weight = weight.permute([3, 1, 2, 0]).reshape([kernel * from, kernel * to]);
    let z = rows.matmul(weight).reshape([batch, tall, width, kernel * to]);
    let sum = (0..kernel)
        .map(|p| z.clone().slice([0..batch, p..p + height, 0..width, p * to..(p + 1) * to]))
        .reduce(|sum, part| sum + part)
        .expect("a kernel has at least one row");
    (sum + bias.reshape([1, 1, 1, to])).permute([0, 3, 1, 2]) // [batch, to, height, width]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{device, parameters::values};

    /// Kernel 1 … 9, no offset, on the picture 1 … 16.
    fn convolved(stride: usize, padding: Padding) -> Tensor<4> {
        let device = device::cpu();
        let mut conv = Conv2d::new(&Initializer::new(0, &device), [1, 1], 3, stride, padding);
        let counted = |n: i64| Tensor::<1, burn::tensor::Int>::arange(1..n + 1, &device).float();
        conv.weight = conv.weight.map(|_| counted(9).reshape([1, 1, 3, 3]));
        conv.bias = conv.bias.map(|bias| bias * 0.0);
        conv.forward(counted(16).reshape([1, 1, 4, 4]))
    }

    #[test]
    fn both_kinds_of_padding_by_hand() {
        // At the corner (0, 0) the kernel covers 1 2 5 6 with its entries 5 6 8 9.
        let around = convolved(2, Padding::Around(1));
        assert_eq!(around.dims(), [1, 1, 2, 2]);
        assert_eq!(values(around)[0], 5.0 + 12.0 + 40.0 + 54.0);
        // Without a border at left and top it covers 1 2 3 5 6 7 9 10 11 with all of them; the last
        // position covers 11 12 15 16 with its entries 1 2 4 5.
        let right_bottom = convolved(2, Padding::RightBottom);
        assert_eq!(right_bottom.dims(), [1, 1, 2, 2]);
        let right_bottom = values(right_bottom);
        assert_eq!(right_bottom[0], 348.0);
        assert_eq!(right_bottom[3], 11.0 + 24.0 + 60.0 + 80.0);
        assert_eq!(convolved(1, Padding::Around(1)).dims(), [1, 1, 4, 4]);
    }

    #[test]
    fn products_give_the_same_values_and_gradients() {
        use burn::tensor::TensorData;
        let device = device::cpu();
        let counted = |shape: [usize; 4], step: f32| {
            let values = (0..shape.iter().product()).map(|i: usize| (i as f32 * step).sin());
            Tensor::<4>::from_data(TensorData::new(values.collect::<Vec<_>>(), shape), &device)
        };
        for kernel in [3, 5] {
            let init = Initializer::new(0, &device);
            let conv = Conv2d::same(&init, [LEAST_CHANNELS, 3], kernel).train();
            let (weight, bias) = (conv.weight.val(), conv.bias.val());
            assert!(conv.is_faster_as_products(&weight));
            let leaf = || counted([2, LEAST_CHANNELS, 4, 6], 0.37).autodiff().require_grad();
            let sample = |y: Tensor<4>| (y * counted([2, 3, 4, 6], 0.73).autodiff()).sum();
            let gradients = |x: Tensor<4>, y: Tensor<4>| {
                let found = sample(y.clone()).backward();
                let grads = [x.grad(&found), weight.grad(&found)].map(|g| values(g.unwrap()));
                [&grads[0][..], &grads[1], &values(bias.grad(&found).unwrap()), &values(y)].concat()
            };
            let x = leaf();
            let products = gradients(x.clone(), conv.forward(x));
            let x = leaf();
            let options = ConvOptions::new([1, 1], [kernel / 2; 2], [1, 1], 1);
            let y = module::conv2d(x.clone(), weight.clone(), Some(bias.clone()), options);
            let direct = gradients(x, y);
            assert_eq!(products.len(), direct.len());
            for (a, b) in products.iter().zip(&direct) {
                assert!((a - b).abs() < 1e-5, "{a} {b}");
            }
        }
    }
}
