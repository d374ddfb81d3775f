//! Halving and doubling a feature map without weights.

use burn::tensor::Tensor;
use burn::tensor::ops::PadMode;

use crate::layer::repeated;

/// How a residual block changes the resolution of both its branches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resample {
    /// Not at all.
    Keep,
    /// Halved: means of 2 × 2.
    Mean,
    /// Doubled: each value repeated.
    Nearest,
    /// Halved by the filter 1 3 3 1.
    FilterDown,
    /// Doubled by the filter 1 3 3 1.
    FilterUp,
}

impl Resample {
    pub(super) fn apply(self, x: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Keep => x,
            Self::Mean => mean(x),
            Self::Nearest => repeated(x),
            Self::FilterDown => filter_down(x),
            Self::FilterUp => filter_up(x),
        }
    }
}

/// Halves height and width by the mean of each 2 × 2.
fn mean(x: Tensor<4>) -> Tensor<4> {
    let [batch, height, width, channels] = x.dims();
    let x: Tensor<6> = x.reshape([batch, height / 2, 2, width / 2, 2, channels]);
    x.mean_dim(4).mean_dim(2).reshape([batch, height / 2, width / 2, channels])
}

/// Halves height and width by the binomial filter 1 3 3 1, with zeros around the picture.
///
/// # Formula
/// ```text
/// y_i = (x_(2i−1) + 3 x_(2i) + 3 x_(2i+1) + x_(2i+2)) / 8          along each of the two axes
/// ```
/// # Source
/// Karras et al. 2020, arXiv:1912.04958; diffusers `FirDownsample2D` without a convolution.
pub(super) fn filter_down(x: Tensor<4>) -> Tensor<4> {
    halve(halve(x, 1), 2)
}

/// Doubles height and width by the binomial filter 1 3 3 1, with zeros around the picture.
///
/// # Formula
/// ```text
/// y_(2i) = (x_(i−1) + 3 x_i) / 4,     y_(2i+1) = (3 x_i + x_(i+1)) / 4        along each of the two axes
/// ```
/// # Source
/// As [`filter_down`]; diffusers `FirUpsample2D` without a convolution.
pub(super) fn filter_up(x: Tensor<4>) -> Tensor<4> {
    double(double(x, 1), 2)
}

fn halve(x: Tensor<4>, axis: usize) -> Tensor<4> {
    let half = x.dims()[axis] / 2;
    // Pairs of neighbours (x_(2j−1), x_(2j)), j = 0 … half.
    let pairs = split_axis(framed(x, axis), axis, half + 1);
    let at = |from: usize, which: usize| {
        pairs.clone().narrow(axis, from, half).narrow(axis + 1, which, 1).squeeze_dim::<4>(axis + 1)
    };
    (at(0, 0) + at(0, 1) * 3.0 + at(1, 0) * 3.0 + at(1, 1)) / 8.0
}

fn double(x: Tensor<4>, axis: usize) -> Tensor<4> {
    let count = x.dims()[axis];
    let mut shape = x.dims();
    shape[axis] = 2 * count;
    let framed = framed(x, axis);
    let at = |from: usize| framed.clone().narrow(axis, from, count);
    let even = (at(0) + at(1) * 3.0) / 4.0;
    let odd = (at(1) * 3.0 + at(2)) / 4.0;
    Tensor::stack::<5>(vec![even, odd], axis + 1).reshape(shape)
}

/// One zero before and after, along an axis.
fn framed(x: Tensor<4>, axis: usize) -> Tensor<4> {
    let mut frame = [(0, 0); 4];
    frame[axis] = (1, 1);
    x.pad(frame, PadMode::Constant(0.0))
}

/// An axis of 2 · `pairs` as two.
fn split_axis(x: Tensor<4>, axis: usize, pairs: usize) -> Tensor<5> {
    let dims = x.dims();
    let mut shape = [2; 5];
    shape[..axis].copy_from_slice(&dims[..axis]);
    shape[axis] = pairs;
    shape[axis + 2..].copy_from_slice(&dims[axis + 1..]);
    x.reshape(shape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{device, parameters::values};

    fn column(x: &[f32]) -> Tensor<4> {
        Tensor::<1>::from_floats(x, &device::cpu()).reshape([1, x.len(), 1, 1])
    }

    #[test]
    fn filters_by_hand() {
        // Along the height only, so that the other axis does not come in.
        assert_eq!(values(halve(column(&[8.0, 16.0, 24.0, 8.0]), 1)), [12.0, 14.0]);
        assert_eq!(values(double(column(&[4.0, 8.0]), 1)), [3.0, 5.0, 7.0, 6.0]);
        assert_eq!(filter_down(column(&[1.0; 4]).repeat_dim(2, 6)).dims(), [1, 2, 3, 1]);
        assert_eq!(filter_up(column(&[1.0; 4]).repeat_dim(2, 6)).dims(), [1, 8, 12, 1]);
    }

    #[test]
    fn both_axes_are_treated_alike() {
        let x = Tensor::<1>::from_floats([1.0, 5.0, 2.0, -3.0, 0.5, 4.0, 7.0, 6.0], &device::cpu());
        let x = x.reshape([1, 4, 2, 1]);
        for resample in
            [Resample::FilterDown, Resample::FilterUp, Resample::Mean, Resample::Nearest]
        {
            let turned = resample.apply(x.clone().swap_dims(1, 2)).swap_dims(1, 2);
            for (a, b) in values(resample.apply(x.clone())).iter().zip(values(turned)) {
                assert!((a - b).abs() < 1e-6, "{resample:?}");
            }
        }
        assert_eq!(values(Resample::Mean.apply(x))[..1], [1.25]);
    }
}
