//! Where a run of diffusers and one of our own differ.

use std::fmt;

use super::config::Config;
use super::kit::variance::VarianceType;
use super::table::Table;

/// One way in which a run of diffusers' scheduler differs from our own; as text, a sentence.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Difference {
    /// Timesteps that are found by subtracting a stride, not taken from the list.
    Stride {
        /// How many steps of the list it concerns.
        steps: usize,
        /// The steps of the list.
        of: usize,
        /// The first timestep of which it is true.
        from: i64,
        /// Where diffusers goes from there.
        diffusers: i64,
        /// Where the list goes; −1 is clean data.
        list: i64,
    },
    /// A list with one entry more than steps were asked for.
    ExtraStep {
        /// Its entries.
        entries: usize,
    },
    /// A single step that starts below the noisiest timestep.
    SingleStep {
        /// Its timestep.
        timestep: i64,
        /// The noisiest.
        noisiest: i64,
    },
    /// Noise on the last step.
    LastNoise {
        /// Its timestep.
        timestep: i64,
        /// The standard deviation; none if the network says it.
        std: Option<f32>,
    },
    /// A last step that does not end at clean data.
    NotClean {
        /// Its timestep.
        timestep: i64,
        /// ᾱ where it ends.
        alpha_bar: f32,
    },
    /// Fresh noise on the step from pure noise.
    FromPureNoise {
        /// Its timestep.
        timestep: i64,
    },
    /// ε stays what the network said where x̂₀ was clipped or thresholded.
    KeptEpsilon,
    /// A variance type that gives no number in diffusers.
    NotANumber {
        /// The type.
        variance: VarianceType,
    },
    /// A step on which rounding may leave diffusers the root of a number below 0.
    MaybeNotANumber {
        /// Where it starts.
        timestep: i64,
    },
    /// A step to clean data that gives no number in diffusers.
    NotANumberAtEnd {
        /// The setting that makes it so, and its value.
        setting: &'static str,
    },
    /// Nothing is known: the class is not compared with a sampler of ours.
    NotCompared {
        /// The class of diffusers.
        class: &'static str,
    },
}

impl Difference {
    /// Whether a scheduler of this module has it as well: diffusers has no number to be equal to.
    #[must_use]
    pub fn stays_in_compat(&self) -> bool {
        matches!(
            self,
            Self::NotANumber { .. } | Self::MaybeNotANumber { .. } | Self::NotANumberAtEnd { .. }
        )
    }

    /// Noise of `std` on the last step, unless it is too little to see in f32 data of size 1.
    pub(super) fn last_noise(timestep: i64, std: Option<f32>) -> Option<Self> {
        let seen = std.is_none_or(|std| std > 1e-8);
        seen.then_some(Self::LastNoise { timestep, std })
    }

    pub(super) fn not_clean(timestep: i64, alpha_bar: f32) -> Option<Self> {
        (alpha_bar < 1.0).then_some(Self::NotClean { timestep, alpha_bar })
    }
}

impl fmt::Display for Difference {
    #[expect(clippy::too_many_lines, reason = "one sentence a difference")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stride { steps, of, from, diffusers, list } => write!(
                f,
                "diffusers finds the next timestep by subtracting a stride: at {steps} of {of} \
                 steps it is not that of the list (from {from} to {}, where the list has {})",
                Place(*diffusers),
                Place(*list)
            ),
            Self::ExtraStep { entries } => write!(
                f,
                "diffusers makes {entries} steps for the {} asked for, the one too many at \
                 timestep -1, which it takes for the noisiest",
                entries - 1
            ),
            Self::SingleStep { timestep, noisiest } => write!(
                f,
                "diffusers takes pure noise for timestep {timestep} where a single step is made; \
                 we start at {noisiest}"
            ),
            Self::LastNoise { timestep, std: Some(std) } => write!(
                f,
                "diffusers adds noise of std {std:.4} on the last step, as it starts at timestep \
                 {timestep} and not 0; we add none"
            ),
            Self::LastNoise { timestep, std: None } => write!(
                f,
                "diffusers adds noise of the std that the network predicts on the last step, as it \
                 starts at timestep {timestep} and not 0; we add none"
            ),
            Self::NotClean { timestep, alpha_bar } => write!(
                f,
                "diffusers ends its last step, from timestep {timestep}, at alpha_bar \
                 {alpha_bar}: a share of {:.4} of noise stays in; we end at clean data",
                (1.0 - alpha_bar).sqrt()
            ),
            Self::FromPureNoise { timestep } => write!(
                f,
                "diffusers draws fresh noise on the step from pure noise at timestep {timestep}; \
                 we keep the noise that the sample started as"
            ),
            Self::KeptEpsilon => f.write_str(
                "diffusers keeps the predicted epsilon where it clips x0; ours follows the clipped \
                 x0",
            ),
            Self::NotANumber { variance } => write!(
                f,
                "diffusers gives NaN for variance_type {}; the variance that was meant is taken \
                 instead",
                variance.name()
            ),
            Self::MaybeNotANumber { timestep } => write!(
                f,
                "diffusers may give NaN on the step from timestep {timestep}, where it takes the \
                 root of a 0 that rounding can leave below 0; we take 0"
            ),
            Self::NotANumberAtEnd { setting } => {
                write!(f, "diffusers gives NaN with {setting} on the last step; ours is finite")
            }
            Self::NotCompared { class } => write!(
                f,
                "{class} of diffusers is not compared with our own sampler of that kind: expect \
                 other numbers"
            ),
        }
    }
}

/// A timestep, or clean data below 0.
struct Place(i64);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 0 { f.write_str("clean data") } else { self.0.fmt(f) }
    }
}

/// What is peculiar to the list of timesteps itself.
pub(super) fn of_list(timesteps: &[i64], config: &Config) -> Option<Difference> {
    let noisiest = super::kit::spacing::signed(config.timesteps) - 1;
    match timesteps {
        [timestep] if *timestep != noisiest => {
            Some(Difference::SingleStep { timestep: *timestep, noisiest })
        }
        [.., -1] => Some(Difference::ExtraStep { entries: timesteps.len() }),
        _ => None,
    }
}

/// Steps that `to` takes elsewhere than to the next entry of the list.
pub(super) fn stride(timesteps: &[i64], to: impl Fn(i64) -> i64) -> Option<Difference> {
    let next = timesteps.iter().skip(1).copied().chain([-1]);
    let elsewhere: Vec<(i64, i64, i64)> = std::iter::zip(timesteps.iter().copied(), next)
        // All below 0 is the end.
        .map(|(from, list)| (from, to(from).max(-1), list))
        .filter(|(_, diffusers, list)| diffusers != list)
        .collect();
    let &(from, diffusers, list) = elsewhere.first()?;
    Some(Difference::Stride { steps: elsewhere.len(), of: timesteps.len(), from, diffusers, list })
}

/// Noise drawn on a step from ᾱ = 0.
pub(super) fn from_pure_noise(timesteps: &[i64], table: &Table) -> Option<Difference> {
    let timestep = *timesteps.first().filter(|t| **t > 0 && table.at(**t) == 0.0)?;
    (timesteps.len() > 1).then_some(Difference::FromPureNoise { timestep })
}
