//! From a network's output to x̂₀ and ε̂, and what keeps x̂₀ in range.

use super::elementwise::zip;
use crate::batch::{Batch, Scalar};
use crate::compat::config::{Config, Threshold};
use crate::prediction::Prediction;

impl Config {
    /// x̂₀ before it is kept in range, from `output` at `x` of level `alpha_bar`.
    pub(in crate::compat) fn x0(&self, alpha_bar: f32, output: &Batch, x: &Batch) -> Batch {
        self.x0_at(scales(alpha_bar), output, x)
    }

    /// x̂₀ before it is kept in range, from `output` at `x` = α x₀ + σ ε.
    pub(in crate::compat) fn x0_at(
        &self,
        (alpha, sigma): (f32, f32),
        output: &Batch,
        x: &Batch,
    ) -> Batch {
        match self.prediction {
            Prediction::Epsilon => zip(x, output, |x, epsilon| (x - sigma * epsilon) / alpha),
            Prediction::X0 => output.clone(),
            Prediction::V => zip(x, output, |x, v| alpha * x - sigma * v),
        }
    }

    /// ε̂, which does not know of a range.
    pub(in crate::compat) fn epsilon(&self, alpha_bar: f32, output: &Batch, x: &Batch) -> Batch {
        self.epsilon_at(scales(alpha_bar), output, x)
    }

    /// ε̂ from `output` at `x` = α x₀ + σ ε.
    pub(in crate::compat) fn epsilon_at(
        &self,
        (alpha, sigma): (f32, f32),
        output: &Batch,
        x: &Batch,
    ) -> Batch {
        match self.prediction {
            Prediction::Epsilon => output.clone(),
            Prediction::X0 => epsilon_from((alpha, sigma), output, x),
            Prediction::V => zip(x, output, |x, v| alpha * v + sigma * x),
        }
    }

    /// x̂₀ before it is kept in range, from `output` at `x` = x₀ + σ ε; the network saw
    /// `x/√(σ² + 1)`. `raised` is σ with churn in it, which only the formula of ε heeds.
    pub(in crate::compat) fn x0_of_sigma(
        &self,
        sigma: f32,
        raised: f32,
        output: &Batch,
        x: &Batch,
    ) -> Batch {
        let variance = sigma * sigma + 1.0;
        let on_v = -sigma / variance.sqrt();
        match self.prediction {
            Prediction::Epsilon => zip(x, output, |x, epsilon| x - raised * epsilon),
            Prediction::X0 => output.clone(),
            Prediction::V => zip(x, output, |x, v| v * on_v + x / variance),
        }
    }

    /// x̂₀ kept in range: thresholded, else clipped, else as it is.
    pub(in crate::compat) fn limit(&self, mut x0: Batch) -> Batch {
        if let Some(threshold) = self.threshold {
            x0.iter_rows_mut().for_each(|row| threshold.apply(row));
        } else if let Some(range) = self.clip.map(f32::from_f64) {
            x0.data_mut().iter_mut().for_each(|value| *value = value.clamp(-range, range));
        }
        x0
    }
}

/// The ε̂ that follows from `x0`.
pub(in crate::compat) fn epsilon_of(alpha_bar: f32, x0: &Batch, x: &Batch) -> Batch {
    epsilon_from(scales(alpha_bar), x0, x)
}

/// The ε̂ that follows from `x0` at `x` = α x₀ + σ ε.
pub(in crate::compat) fn epsilon_from((alpha, sigma): (f32, f32), x0: &Batch, x: &Batch) -> Batch {
    zip(x, x0, |x, x0| (x - alpha * x0) / sigma)
}

/// α and σ of a level.
fn scales(alpha_bar: f32) -> (f32, f32) {
    (alpha_bar.sqrt(), (1.0 - alpha_bar).sqrt())
}

impl Threshold {
    fn apply(self, row: &mut [f32]) {
        // In this order: a maximum below 1 wins.
        let scale = self.quantile(row).max(1.0).min(f32::from_f64(self.max));
        for value in row {
            *value = value.clamp(-scale, scale) / scale;
        }
    }

    /// The quantile of the magnitudes as PyTorch has it: the ratio in f32, the rank in f64, and
    /// from the nearer of its neighbours with one rounding.
    fn quantile(self, row: &[f32]) -> f32 {
        let mut magnitudes: Vec<f32> = row.iter().map(|value| value.abs()).collect();
        magnitudes.sort_by(f32::total_cmp);
        let rank = f64::from(f32::from_f64(self.ratio)) * (magnitudes.len() - 1) as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place in the row"
        )]
        let (below, above) = (rank.floor() as usize, rank.ceil() as usize);
        let (low, high) = (magnitudes[below], magnitudes[above]);
        let weight = f32::from_f64(rank - below as f64);
        if weight < 0.5 {
            weight.mul_add(high - low, low)
        } else {
            (weight - 1.0).mul_add(high - low, high)
        }
    }
}
