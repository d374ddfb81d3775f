//! √β linear in the timestep.

use super::{Betas, NamedBetas, ScheduleError, ScheduleInfo, linspace, start_and_end};
use crate::options::{OptionInfo, Options};

/// `√β_t` linear from `√start` to `√end`.
///
/// By name and without options, the defaults are multiplied by 1000/T.
///
/// # Source
/// Rombach et al. 2022, arXiv:2112.10752 (latent diffusion); `scaled_linear` in diffusers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScaledLinear {
    /// β₀.
    pub start: f64,
    /// β_{T−1}.
    pub end: f64,
}

impl Default for ScaledLinear {
    /// Those of latent diffusion, for T = 1000.
    fn default() -> Self {
        Self { start: 0.00085, end: 0.012 }
    }
}

impl Betas for ScaledLinear {
    fn betas(&self, timesteps: usize) -> Vec<f64> {
        linspace(self.start.sqrt(), self.end.sqrt(), timesteps).map(|root| root * root).collect()
    }
}

impl NamedBetas for ScaledLinear {
    const INFO: ScheduleInfo = ScheduleInfo {
        name: "scaled-linear",
        about: "square root of beta linear in t (latent diffusion)",
        options: &[
            OptionInfo { name: "start", default: "0.00085*1000/T", about: "first beta, in (0, 1)" },
            OptionInfo { name: "end", default: "0.012*1000/T", about: "last beta, in (0, 1)" },
        ],
    };

    fn values(&self) -> Vec<String> {
        vec![self.start.to_string(), self.end.to_string()]
    }

    fn from_options(options: Options, timesteps: usize) -> Result<Self, ScheduleError> {
        let Self { start, end } = Self::default();
        let (start, end) = start_and_end(options, timesteps, &Self::INFO, (start, end))?;
        Ok(Self { start, end })
    }
}
