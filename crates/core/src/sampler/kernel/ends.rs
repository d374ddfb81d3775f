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
    begin_whole(hop.from().level == Level::NOISE, hop, x, denoiser)
}

/// How long in λ a hop from λ < −3 may be to be taken in stages: over longer ones σ/α falls from
/// more than 20 to less than a twentieth of it, and an estimate from within says less about the start
/// than nothing.
///
/// Schedules that end near pure noise begin with such a hop. Of a trained network with σ/α from
/// 20 000 to 6 in the first hop, whose estimates of noise are off by a tenth, a rule in σ/α with two
/// stages leaves samples a thousand times too large.
const LONGEST: f64 = 3.0;

/// Whether a sampler with stages takes this hop by the estimate at its start alone, in one call: into
/// clean data, from pure noise, and if it is too long.
pub(crate) fn is_whole(hop: &Hop) -> bool {
    let level = hop.from().level;
    let is_long = level.lambda() < -LONGEST && hop.h() > LONGEST;
    hop.is_last() || level == Level::NOISE || is_long
}

/// As [`begin`]; a hop that is taken `whole` is done as from pure noise.
pub(crate) fn begin_whole<X, D>(
    whole: bool,
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
    } else if whole {
        let x = deterministic(hop, x, &denoised.x0);
        ControlFlow::Break(Stepped { x, x0: denoised.x0 })
    } else {
        ControlFlow::Continue(denoised)
    })
}
