//! What every sampler does at both ends of the scale.

use std::ops::ControlFlow;

use crate::denoiser::{Denoised, Denoiser};
use crate::grid::Hop;
use crate::level::Level;
use crate::sample::Sample;
use crate::sampler::Stepped;
use crate::sampler::ddim::deterministic;

/// Asks the denoiser about `x` at the start of `hop`. Into clean data the step is the clean
/// estimate, from pure noise that of DDIM: then the step is done. Elsewhere it goes on with what
/// the denoiser said.
pub(crate) fn begin<X, D>(
    hop: &Hop,
    x: &X,
    denoiser: &mut D,
) -> Result<ControlFlow<Stepped<X>, Denoised<X>>, D::Error>
where
    X: Sample,
    D: Denoiser<X> + ?Sized,
{
    let denoised = denoiser.denoise(x, hop.from())?;
    Ok(if hop.is_last() {
        ControlFlow::Break(Stepped { x: denoised.x0.clone(), x0: denoised.x0 })
    } else if hop.from().level == Level::NOISE {
        let x = deterministic(hop, x, &denoised.x0);
        ControlFlow::Break(Stepped { x, x0: denoised.x0 })
    } else {
        ControlFlow::Continue(denoised)
    })
}
