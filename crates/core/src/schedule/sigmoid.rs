//! β on a sigmoid.

use super::{Betas, NamedBetas, ScheduleError, ScheduleInfo, linspace, start_and_end};
use crate::options::{OptionInfo, Options};

/// `β_t = start + (end − start)/(1 + e^(−u))` with u linear from −6 to 6.
///
/// By name and without options, the defaults are multiplied by 1000/T.
///
/// # Source
/// Xu et al. 2022, arXiv:2203.02923 (GeoDiff); `sigmoid` in diffusers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sigmoid {
    /// The lower asymptote of β.
    pub start: f64,
    /// The upper asymptote of β.
    pub end: f64,
}

impl Default for Sigmoid {
    /// Those of diffusers, for T = 1000.
    fn default() -> Self {
        Self { start: 1e-4, end: 0.02 }
    }
}

impl Betas for Sigmoid {
    fn betas(&self, timesteps: usize) -> Vec<f64> {
        linspace(-6.0, 6.0, timesteps)
            .map(|u| self.start + (self.end - self.start) / (1.0 + (-u).exp()))
            .collect()
    }
}

impl NamedBetas for Sigmoid {
    const INFO: ScheduleInfo = ScheduleInfo {
        name: "sigmoid",
        about: "beta on a sigmoid of t (GeoDiff)",
        options: &[
            OptionInfo { name: "start", default: "1e-4*1000/T", about: "least beta, in (0, 1)" },
            OptionInfo { name: "end", default: "0.02*1000/T", about: "greatest beta, in (0, 1)" },
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
