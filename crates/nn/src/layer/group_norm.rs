//! Group normalisation.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use super::silu;
use crate::blank::blank;

/// Group normalisation: each group of channels of a picture gets mean 0 and variance 1, each
/// channel then its own scale and offset.
///
/// # Formula
/// ```text
/// y = γ (x − mean) / √(variance + ε) + β
/// ```
/// with mean and (biased) variance over the channels of a group and all positions.
/// # Shapes
/// `weight` γ, `bias` β: `[channels]`; `[batch, height, width, channels]` → the same.
/// # Source
/// Wu and He 2018, arXiv:1803.08494.
#[derive(Module, Debug)]
pub struct GroupNorm {
    /// γ, `[channels]`.
    pub weight: Param<Tensor<1>>,
    /// β, `[channels]`.
    pub bias: Param<Tensor<1>>,
    groups: usize,
    epsilon: f64,
}

impl GroupNorm {
    /// A normalisation in so many groups.
    ///
    /// # Panics
    /// If `groups` does not divide `channels`.
    #[must_use]
    pub fn new(device: &Device, groups: usize, channels: usize, epsilon: f64) -> Self {
        assert!(
            groups > 0 && channels.is_multiple_of(groups),
            "{channels} channels cannot be cut into {groups} equal groups"
        );
        Self { weight: blank(device, [channels]), bias: blank(device, [channels]), groups, epsilon }
    }

    /// Normalises `x`.
    ///
    /// # Panics
    /// If `x` has another number of channels.
    #[must_use]
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [batch, height, width, channels] = x.dims();
        let (groups, share) = (self.groups, channels / self.groups);
        let x = x.reshape([batch, height * width, groups, share]);
        let mean = |x: Tensor<4>| x.mean_dim(3).mean_dim(1);
        let centred = x.clone() - mean(x);
        let root = (mean(centred.clone().square()) + self.epsilon).sqrt();
        let of_channels = |param: &Param<Tensor<1>>| param.val().reshape([1, 1, groups, share]);
        let y = centred / root * of_channels(&self.weight) + of_channels(&self.bias);
        y.reshape([batch, height, width, channels])
    }

    /// silu of the normalised `x`.
    pub(crate) fn forward_silu(&self, x: Tensor<4>) -> Tensor<4> {
        silu(self.forward(x))
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;
    use crate::{device, parameters::values};

    #[test]
    fn groups_and_channels_by_hand() {
        let device = device::cpu();
        let mut norm = GroupNorm::new(&device, 2, 4, 0.25);
        norm.weight = norm.weight.map(|_| Tensor::from_floats([1.0, 2.0, 3.0, 4.0], &device));
        norm.bias = norm.bias.map(|_| Tensor::from_floats([0.0, 10.0, 0.0, 0.0], &device));
        // Group 0: ±√0.75 about 5, so variance + ε = 1. Group 1: constant.
        let d = 0.75_f32.sqrt();
        let x = vec![5.0 - d, 5.0 + d, 7.0, 7.0, 5.0 + d, 5.0 - d, 7.0, 7.0];
        let x = Tensor::from_data(TensorData::new(x, [1, 1, 2, 4]), &device);
        let expected = [-d, 10.0 + 2.0 * d, 0.0, 0.0, d, 10.0 - 2.0 * d, 0.0, 0.0];
        for (y, expected) in values(norm.forward(x)).iter().zip(expected) {
            assert!((y - expected).abs() < 2e-6, "{y} {expected}");
        }
    }

    #[test]
    fn a_large_mean_does_not_drown_the_variance() {
        // Values 4096 ± 1: the mean of squares minus the square of the mean has no digits left.
        let device = device::cpu();
        let mut norm = GroupNorm::new(&device, 1, 1, 0.0);
        norm.weight = norm.weight.map(|_| Tensor::from_floats([1.0], &device));
        let x = vec![4095.0, 4097.0, 4095.0, 4097.0];
        let x: Tensor<4> = Tensor::from_data(TensorData::new(x, [1, 2, 2, 1]), &device);
        assert_eq!(values(norm.forward(x)), [-1.0, 1.0, -1.0, 1.0]);
    }
}
