//! Clipping the clean estimate to the range of the data.

use super::{Denoised, Denoiser, LimitError};
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
    /// # Errors
    /// If `range` is not above 0.
    pub fn new(inner: D, range: f64) -> Result<Self, LimitError> {
        if range > 0.0 { Ok(Self { inner, range }) } else { Err(LimitError::Range(range)) }
    }
}

impl<X: Elementwise, D: Denoiser<X>> Denoiser<X> for Clipped<D> {
    type Error = D::Error;

    fn denoise(&mut self, x: &X, at: Point) -> Result<Denoised<X>, D::Error> {
        let Denoised { x0, raw_variance } = self.inner.denoise(x, at)?;
        Ok(Denoised { x0: x0.map(|value| value.clamp(-self.range, self.range)), raw_variance })
    }
}
