//! Clipping the clean estimate to the range of the data.

use super::{Denoised, Denoiser};
use crate::grid::Point;
use crate::sample::Elementwise;

/// A denoiser whose x̂₀ is clipped to `−range ..= range`.
///
/// For data that fills the range (pictures in [−1, 1]). For points, tables and latents, whose
/// values may leave any range, it ruins samples.
///
/// # Source
/// Ho et al. 2020, arXiv:2006.11239, the authors' code; `clip_sample` in diffusers. ε follows the
/// clipped x̂₀, where diffusers' DDIM keeps the old one.
#[derive(Clone, Copy, Debug)]
pub struct Clipped<D> {
    inner: D,
    range: f64,
}

impl<D> Clipped<D> {
    /// Clips the estimates of `inner` to ±`range`.
    ///
    /// # Panics
    /// If `range` is not positive.
    #[must_use]
    pub fn new(inner: D, range: f64) -> Self {
        assert!(range > 0.0, "a clipping range is positive, found {range}");
        Self { inner, range }
    }
}

impl<X: Elementwise, D: Denoiser<X>> Denoiser<X> for Clipped<D> {
    type Error = D::Error;

    fn denoise(&mut self, x: &X, at: Point) -> Result<Denoised<X>, D::Error> {
        let Denoised { x0, variance } = self.inner.denoise(x, at)?;
        Ok(Denoised { x0: x0.map(|value| value.clamp(-self.range, self.range)), variance })
    }
}
