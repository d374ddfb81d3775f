//! β linear in the timestep.

use super::{Betas, NamedBetas, ScheduleError, ScheduleInfo, linspace, start_and_end};
use crate::options::{OptionInfo, Options};

/// `β_t` linear from `start` to `end`.
///
/// By name and without options, the defaults are multiplied by 1000/T.
///
/// # Source
/// Ho et al. 2020, arXiv:2006.11239, section 4.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linear {
    /// β₀.
    pub start: f64,
    /// β_{T−1}.
    pub end: f64,
}

impl Default for Linear {
    /// The paper's, for T = 1000.
    fn default() -> Self {
        Self { start: 1e-4, end: 0.02 }
    }
}

impl Betas for Linear {
    fn betas(&self, timesteps: usize) -> Vec<f64> {
        linspace(self.start, self.end, timesteps).collect()
    }
}

impl NamedBetas for Linear {
    const INFO: ScheduleInfo = ScheduleInfo {
        name: "linear",
        about: "beta linear in t (DDPM)",
        options: &[
            OptionInfo { name: "start", default: "1e-4*1000/T", about: "first beta, in (0, 1)" },
            OptionInfo { name: "end", default: "0.02*1000/T", about: "last beta, in (0, 1)" },
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
