//! How a network learns the time.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

use super::{Linear, silu};

/// The sinusoids of a time, before anything is learned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sinusoids {
    /// How many columns come out.
    pub width: usize,
    /// Cosines before sines.
    pub flip_sin_to_cos: bool,
    /// What is subtracted from half the width in the exponent of the frequencies.
    pub freq_shift: f64,
}

impl Sinusoids {
    /// Sines and cosines of a row of times.
    ///
    /// # Formula
    /// ```text
    /// f_i = exp(−i ln 10000 / (half − shift)),     half = ⌊width / 2⌋, i = 0 … half − 1
    /// y = [sin t f_0 …, cos t f_0 …]               (cosines first if flipped; odd width: a zero)
    /// ```
    /// # Shapes
    /// `[batch]` → `[batch, width]`.
    /// # Numerics
    /// In f32, whatever the time: as the published checkpoints were trained.
    /// # Source
    /// Vaswani et al. 2017, arXiv:1706.03762; diffusers `get_timestep_embedding`.
    #[must_use]
    pub fn forward(&self, timesteps: Tensor<1>) -> Tensor<2> {
        let half = self.width / 2;
        let device = timesteps.device();
        let batch = timesteps.dims()[0];
        let frequencies =
            Tensor::from_data(TensorData::new(self.frequencies(half), [1, half]), &device);
        let angles = timesteps.reshape([batch, 1]) * frequencies;
        let (sin, cos) = (angles.clone().sin(), angles.cos());
        let mut parts = if self.flip_sin_to_cos { vec![cos, sin] } else { vec![sin, cos] };
        if self.width % 2 == 1 {
            parts.push(Tensor::zeros([batch, 1], &device));
        }
        Tensor::cat(parts, 1)
    }

    /// The frequencies as diffusers rounds them: the exponent to f32 after each operation.
    #[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is what is wanted")]
    fn frequencies(&self, half: usize) -> Vec<f32> {
        let ln_period = -(10_000.0_f64.ln()) as f32;
        let denominator = (half as f64 - self.freq_shift) as f32;
        (0..half).map(|i| f64::from(ln_period * i as f32 / denominator).exp() as f32).collect()
    }
}

/// The learned part of the time embedding.
///
/// # Formula
/// ```text
/// y = linear_2(silu(linear_1(x)))
/// ```
/// # Shapes
/// `[batch, from]` → `[batch, to]`.
#[derive(Module, Debug)]
pub struct TimeEmbedding {
    linear_1: Linear,
    linear_2: Linear,
}

impl TimeEmbedding {
    pub(crate) fn new(device: &Device, from: usize, to: usize) -> Self {
        Self { linear_1: Linear::new(device, from, to), linear_2: Linear::new(device, to, to) }
    }

    pub(crate) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.linear_2.forward(silu(self.linear_1.forward(x)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{device, parameters::values};

    #[test]
    fn sinusoids_by_hand() {
        let timesteps = || Tensor::from_floats([2.0], &device::cpu());
        let rows = |width, flip_sin_to_cos, freq_shift| {
            values(Sinusoids { width, flip_sin_to_cos, freq_shift }.forward(timesteps()))
        };
        let near = |found: Vec<f32>, expected: &[f64]| {
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(expected) {
                assert!((f64::from(*found) - expected).abs() < 1e-7, "{found} {expected}");
            }
        };
        // Shift 1, half 2: frequencies 1 and 1/10000. Shift 0: 1 and 1/100.
        let (a, b, c) = (2.0_f64, 2e-4_f64, 2e-2_f64);
        near(rows(4, false, 1.0), &[a.sin(), b.sin(), a.cos(), b.cos()]);
        near(rows(5, true, 0.0), &[a.cos(), c.cos(), a.sin(), c.sin(), 0.0]);
    }
}
