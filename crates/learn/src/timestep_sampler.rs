//! Which timesteps training draws.

mod second_moment;

use std::fmt;

use serde::{Deserialize, Serialize};

pub(crate) use second_moment::SecondMoment;

/// How the timesteps of training samples are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimestepSampler {
    /// All alike.
    #[default]
    Uniform,
    /// The more often, the larger their losses were of late. A sample counts the less for that, so
    /// the mean loss stays what it is, with less noise.
    ///
    /// # Formula
    /// ```text
    /// p_t = 0.999 √E[L_t²]/Σ √E[L_t²] + 0.001/T,      a sample counts 1/(T p_t)
    /// ```
    /// with the last ten losses of each timestep. Until there are so many of all, p is uniform.
    /// # Source
    /// Nichol & Dhariwal 2021, arXiv:2102.09672, eq. 18; `LossSecondMomentResampler` of
    /// openai/guided-diffusion.
    SecondMoment,
}

impl TimestepSampler {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::SecondMoment => "second-moment",
        }
    }
}

impl fmt::Display for TimestepSampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
