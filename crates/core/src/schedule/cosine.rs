//! ᾱ on a squared cosine.

use std::f64::consts::FRAC_PI_2;

use super::{Betas, NamedBetas, ScheduleError, ScheduleInfo};
use crate::options::Options;

/// `β_t = min(1 − a((t+1)/T)/a(t/T), 0.999)` with `a(u) = cos²(π/2 · (u + 0.008)/1.008)`.
///
/// # Numerics
/// `1 − a(v)/a(u) = sin(y−x) sin(y+x)/cos² x` with x, y the angles at u and v: no difference of
/// nearly equal cosines.
/// # Source
/// Nichol & Dhariwal 2021, arXiv:2102.09672, eq. 17; `squaredcos_cap_v2` in diffusers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Cosine {}

impl Betas for Cosine {
    fn betas(&self, timesteps: usize) -> Vec<f64> {
        let angle = |t: usize| FRAC_PI_2 * (t as f64 / timesteps as f64 + 0.008) / 1.008;
        let step = FRAC_PI_2 / (1.008 * timesteps as f64);
        (0..timesteps)
            .map(|t| {
                let (x, y) = (angle(t), angle(t + 1));
                (step.sin() * (x + y).sin() / x.cos().powi(2)).min(0.999)
            })
            .collect()
    }
}

impl NamedBetas for Cosine {
    const INFO: ScheduleInfo = ScheduleInfo {
        name: "cosine",
        about: "alpha_bar on a squared cosine, beta capped at 0.999 (improved DDPM)",
        options: &[],
    };

    fn values(&self) -> Vec<String> {
        Vec::new()
    }

    fn from_options(options: Options, _timesteps: usize) -> Result<Self, ScheduleError> {
        options.finish(Self::INFO.options)?;
        Ok(Self {})
    }
}
