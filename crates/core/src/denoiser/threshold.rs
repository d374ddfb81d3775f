//! Dynamic thresholding: clipping that follows each sample's own spread.

use super::{Denoised, Denoiser, LimitError};
use crate::batch::{Batch, Scalar};
use crate::grid::Point;

/// A denoiser whose x̂₀ is, sample by sample, clipped at a quantile of its own absolute values and
/// scaled back into [−1, 1].
///
/// # Formula
/// ```text
/// s = min(max(quantile(|x̂₀|, ratio), 1), max),    x̂₀ ← clamp(x̂₀, −s, s)/s
/// ```
/// The quantile is interpolated linearly. With `max = 1` this is clipping to [−1, 1].
/// # Source
/// Saharia et al. 2022, arXiv:2205.11487, section 2.3.
#[derive(Clone, Copy, Debug)]
pub struct Thresholded<D> {
    inner: D,
    ratio: f64,
    max: f64,
}

impl<D> Thresholded<D> {
    /// Thresholds the estimates of `inner` at the quantile `ratio`, with a scale of at most `max`.
    ///
    /// # Errors
    /// If `ratio` is outside [0, 1], or `max` is not above 0.
    pub fn new(inner: D, ratio: f64, max: f64) -> Result<Self, LimitError> {
        if !(0.0..=1.0).contains(&ratio) {
            return Err(LimitError::Quantile(ratio));
        }
        if max > 0.0 { Ok(Self { inner, ratio, max }) } else { Err(LimitError::Scale(max)) }
    }
}

impl<T: Scalar, D: Denoiser<Batch<T>>> Denoiser<Batch<T>> for Thresholded<D> {
    type Error = D::Error;

    fn denoise(&mut self, x: &Batch<T>, at: Point) -> Result<Denoised<Batch<T>>, D::Error> {
        let Denoised { mut x0, raw_variance } = self.inner.denoise(x, at)?;
        for row in x0.iter_rows_mut() {
            let scale = quantile_of_magnitudes(row, self.ratio).max(1.0).min(self.max);
            for value in row {
                *value = T::from_f64(value.to_f64().clamp(-scale, scale) / scale);
            }
        }
        Ok(Denoised { x0, raw_variance })
    }
}

/// Quantile of the absolute values, interpolated linearly between order statistics.
fn quantile_of_magnitudes<T: Scalar>(row: &[T], ratio: f64) -> f64 {
    let mut magnitudes: Vec<f64> = row.iter().map(|value| value.to_f64().abs()).collect();
    let position = ratio * (magnitudes.len() - 1) as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in the row"
    )]
    let below = position.floor() as usize;
    let (_, low, above) = magnitudes.select_nth_unstable_by(below, f64::total_cmp);
    let low = *low;
    let high = above.iter().copied().fold(f64::INFINITY, f64::min);
    if above.is_empty() { low } else { low + (position - below as f64) * (high - low) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::denoiser::from_fn;
    use crate::level::Level;

    fn thresholded(values: [f64; 3], ratio: f64, max: f64) -> Vec<f64> {
        let x0 = Batch::new(vec![3], values.to_vec());
        let mut denoiser =
            Thresholded::new(from_fn(|x: &Batch<f64>, _: Point| x.clone()), ratio, max).unwrap();
        denoiser.denoise(&x0, Point::off_grid(Level::NOISE)).unwrap().x0.into_data()
    }

    #[test]
    fn by_hand_and_with_max_1_it_is_plain_clipping() {
        assert_eq!(thresholded([0.5, -2.0, 4.0], 0.5, 10.0), [0.25, -1.0, 1.0]);
        assert_eq!(thresholded([0.5, -2.0, 4.0], 0.5, 1.0), [0.5, -1.0, 1.0]);
    }

    #[test]
    fn small_samples_are_left_alone_and_quantiles_are_interpolated() {
        assert_eq!(thresholded([0.5, -0.25, 0.75], 0.995, 10.0), [0.5, -0.25, 0.75]);
        // Magnitudes 1, 2, 4; quantile 0.75 lies halfway between 2 and 4.
        assert_eq!(thresholded([1.0, -2.0, 4.0], 0.75, 10.0), [1.0 / 3.0, -2.0 / 3.0, 1.0]);
    }

    #[test]
    fn limits_that_are_none_are_refused_with_their_value() {
        let denoiser = || from_fn(|x: &f64, _: Point| *x);
        for ratio in [-0.1, 1.5, f64::NAN] {
            assert!(matches!(
                Thresholded::new(denoiser(), ratio, 1.0),
                Err(LimitError::Quantile(_))
            ));
        }
        for limit in [0.0, -1.0, f64::NAN] {
            assert!(matches!(Thresholded::new(denoiser(), 0.9, limit), Err(LimitError::Scale(_))));
            assert!(matches!(
                crate::denoiser::Clipped::new(denoiser(), limit),
                Err(LimitError::Range(_))
            ));
        }
        let refused = Thresholded::new(denoiser(), 1.5, 1.0).err().unwrap();
        assert_eq!(refused.to_string(), "a quantile is in [0, 1], found 1.5");
    }

    #[test]
    fn each_row_has_its_own_scale() {
        let x0 = Batch::new(vec![2], vec![2.0_f32, -4.0, 0.5, 1.0]);
        let mut denoiser =
            Thresholded::new(from_fn(|x: &Batch, _: Point| x.clone()), 1.0, 10.0).unwrap();
        let out = denoiser.denoise(&x0, Point::off_grid(Level::NOISE)).unwrap().x0;
        assert_eq!(out.data(), [0.5, -1.0, 0.5, 1.0]);
    }
}
