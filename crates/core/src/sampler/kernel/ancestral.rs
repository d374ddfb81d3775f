//! Ancestral steps: a deterministic method to a level below the end of a hop, and fresh noise back up.

use std::ops::ControlFlow;

use super::{Singlestep, begin_whole, is_whole};
use crate::denoiser::Denoiser;
use crate::grid::Hop;
use crate::noise::Noise;
use crate::sample::Sample;
use crate::sampler::Stepped;

/// A singlestep method made ancestral: with y = x/α and k = σ/α, over a hop from k to k′,
///
/// ```text
/// y′ = METHOD(y, k → k_down) + k_up z,   k_up = η k′ √(1 − k′²/k²),   k_down² = k′² − k_up²
/// ```
/// Noise takes the marginal of the lower level to that of the higher one exactly, so the moments
/// have the order of the deterministic method.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ancestral {
    pub(crate) method: Singlestep,
    /// The share of ancestral noise. What is below 0 counts as 0, above 1 as 1.
    pub(crate) eta: f64,
}

impl Ancestral {
    pub(crate) fn step<X, D, N>(
        self,
        hop: &Hop,
        x: &X,
        denoiser: &mut D,
        noise: &mut N,
    ) -> Result<Stepped<X>, D::Error>
    where
        X: Sample,
        D: Denoiser<X> + ?Sized,
        N: Noise<X> + ?Sized,
    {
        let x0 = match begin_whole(is_whole(hop), hop, x, denoiser)? {
            ControlFlow::Break(stepped) => return Ok(stepped),
            ControlFlow::Continue(denoised) => denoised.x0,
        };
        let (to, removed) = (hop.to().level, -(-2.0 * hop.h()).exp_m1());
        let eta = if self.eta > 0.0 { self.eta.min(1.0) } else { 0.0 };
        // ln(k_down/k′) = ½ ln(1 − η² (1 − e^(−2h))).
        let down = hop.part(1.0 - 0.5 * (-eta * eta * removed).ln_1p() / hop.h());
        let (mut update, estimates) = self.method.update(&down, x, &x0, denoiser)?;
        // From y at the lower level to x at the higher one.
        let up = to.alpha() / down.to().level.alpha();
        update.carried *= up;
        update.gain *= up;
        let std = eta * to.sigma() * removed.sqrt();
        let z = (std > 0.0).then(|| noise.draw(x));
        let noise = z.as_ref().map(|z| (std, z));
        let x = update.apply(x, estimates.iter().map(|(w, v)| (*w, v)), noise);
        Ok(Stepped { x, x0 })
    }
}
