//! The two seams: what a network says, and what a sampler sees.

use crate::batch::Batch;
use crate::grid::Point;

mod chunked;
mod clip;
mod conditional;
mod function;
mod guided;
mod inpainted;
mod limit;
mod network;
mod threshold;

pub use chunked::Chunked;
pub use clip::Clipped;
pub use conditional::{ClassConditional, Conditional};
pub use function::{FromFn, from_fn};
pub use guided::{Guidance, GuidanceError, GuidanceInterval, Guided};
pub use inpainted::Inpainted;
pub use limit::LimitError;
pub(crate) use network::split;
pub use network::{NetworkDenoiser, ZeroTerminalSnrError};
pub use threshold::Thresholded;

/// A raw network: predictions for a batch of rows, each with its own timestep and label, so that
/// one call can be shared between trajectories.
pub trait Network {
    /// Why a call can fail: cancelled, not finite, out of memory.
    type Error;

    /// The raw prediction for each row of `x`.
    ///
    /// # Shapes
    /// `x`: n rows of any shape; `timesteps`: n; `labels`: n class indices, if the network has
    /// classes. Result: n rows of the same shape, or, if the network also predicts a variance,
    /// with twice the length along the first axis of a row: prediction first, variance half after.
    ///
    /// # Errors
    /// As the network says.
    fn predict(
        &mut self,
        x: &Batch,
        timesteps: &[f64],
        labels: Option<&[u32]>,
    ) -> Result<Batch, Self::Error>;
}

impl<N: Network + ?Sized> Network for Box<N> {
    type Error = N::Error;

    fn predict(
        &mut self,
        x: &Batch,
        timesteps: &[f64],
        labels: Option<&[u32]>,
    ) -> Result<Batch, N::Error> {
        (**self).predict(x, timesteps, labels)
    }
}

impl<N: Network + ?Sized> Network for &mut N {
    type Error = N::Error;

    fn predict(
        &mut self,
        x: &Batch,
        timesteps: &[f64],
        labels: Option<&[u32]>,
    ) -> Result<Batch, N::Error> {
        (**self).predict(x, timesteps, labels)
    }
}

/// What a sampler sees of a sample.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Denoised<X> {
    /// The clean estimate x̂₀.
    pub x0: X,
    /// The network's raw variance half, if it has one.
    pub raw_variance: Option<X>,
}

impl<X> Denoised<X> {
    /// The clean estimate `x0`, of a network that predicts no variance.
    #[must_use]
    pub fn new(x0: X) -> Self {
        Self { x0, raw_variance: None }
    }

    /// The same with the network's raw variance half.
    #[must_use]
    pub fn with_raw_variance(self, raw_variance: X) -> Self {
        Self { raw_variance: Some(raw_variance), ..self }
    }
}

/// An estimate of the clean sample, E\[x₀ | x_t\] if it is perfect.
///
/// What the network predicts, clipping, thresholding, guidance, a mask: all of that happens in
/// here, once, by wrapping. ε is derived from x̂₀ where it is needed, so a clip is followed for
/// free.
///
/// [`from_fn`] makes one of a closure; a box of a denoiser and a mutable reference to one are
/// denoisers too.
pub trait Denoiser<X> {
    /// Why a call can fail; exact denoisers say [`std::convert::Infallible`].
    type Error;

    /// The clean estimate of `x`, which is at the noise level of `at`.
    ///
    /// # Errors
    /// As the network below says.
    fn denoise(&mut self, x: &X, at: Point) -> Result<Denoised<X>, Self::Error>;
}

impl<X, D: Denoiser<X> + ?Sized> Denoiser<X> for &mut D {
    type Error = D::Error;

    fn denoise(&mut self, x: &X, at: Point) -> Result<Denoised<X>, D::Error> {
        (**self).denoise(x, at)
    }
}

impl<X, D: Denoiser<X> + ?Sized> Denoiser<X> for Box<D> {
    type Error = D::Error;

    fn denoise(&mut self, x: &X, at: Point) -> Result<Denoised<X>, D::Error> {
        (**self).denoise(x, at)
    }
}
