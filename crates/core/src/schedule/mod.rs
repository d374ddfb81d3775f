//! Schedules: from training timesteps to noise levels. One family of betas a file.

use thiserror::Error;

use crate::level::Level;
use crate::options::{OptionError, OptionInfo, Options};
use crate::point::Point;

mod rescale;

/// Betas of the forward process, for any number of timesteps.
pub trait Betas {
    /// β₀ … β_{T−1}.
    fn betas(&self, timesteps: usize) -> Vec<f64>;

    /// The schedule of `timesteps` steps.
    ///
    /// # Errors
    /// If a beta is outside (0, 1), or there is no timestep.
    fn schedule(&self, timesteps: usize) -> Result<Schedule, ScheduleError> {
        Schedule::from_betas(&self.betas(timesteps))
    }
}

/// A family of betas that can be chosen by its name, with options in text.
pub trait NamedBetas: Betas + Default {
    /// Name, one line about it, and its options.
    const INFO: ScheduleInfo;

    /// The value that each of its options has, in the order of [`ScheduleInfo::options`].
    fn values(&self) -> Vec<String>;

    /// Reads its options for a schedule of `timesteps`, the rest by default.
    ///
    /// # Errors
    /// If an option is unknown or its value does not fit, or `timesteps` and defaults don't go
    /// together.
    fn from_options(options: Options, timesteps: usize) -> Result<Self, ScheduleError>;
}

/// What a family of betas is called and takes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ScheduleInfo {
    /// Its name.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// What it takes after a colon.
    pub options: &'static [OptionInfo],
}

/// The one list of schedules: the run-time choice, its names and its tests come from here.
macro_rules! schedules {
    ($($module:ident :: $Type:ident),* $(,)?) => {
        $(mod $module; pub use $module::$Type;)*

        /// A family of betas, chosen at run time.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum AnySchedule {
            $(#[doc = concat!("See [`", stringify!($Type), "`].")] $Type($Type),)*
        }

        impl AnySchedule {
            /// All families, with their default options for 1000 timesteps.
            #[must_use]
            pub fn all() -> Vec<Self> {
                vec![$(Self::$Type($Type::default())),*]
            }

            /// The family called `name`, with `options`, for a schedule of `timesteps`.
            ///
            /// # Errors
            /// If the name or an option is unknown, a value does not fit, or defaults and
            /// `timesteps` don't go together.
            pub fn named(
                name: &str,
                options: Options,
                timesteps: usize,
            ) -> Result<Self, ScheduleError> {
                $(if name == $Type::INFO.name {
                    return $Type::from_options(options, timesteps).map(Self::$Type);
                })*
                let known = Self::all().iter().map(|family| family.info().name).collect();
                Err(OptionError::name("schedule", name, known).into())
            }

            /// Reads `name` or `name:option=value,…` for a schedule of `timesteps`, on which defaults
            /// depend: [`str::parse`] could not know them.
            ///
            /// # Errors
            /// As [`named`](Self::named), and if an option is not of the form `name=value`.
            pub fn parse(text: &str, timesteps: usize) -> Result<Self, ScheduleError> {
                let (name, options) = Options::split(text)?;
                Self::named(&name, options, timesteps)
            }

            /// The value that each of its options has, in the order of [`ScheduleInfo::options`].
            #[must_use]
            pub fn values(&self) -> Vec<String> {
                match self { $(Self::$Type(family) => family.values(),)* }
            }

            /// What the chosen family is called and takes.
            #[must_use]
            pub fn info(&self) -> ScheduleInfo {
                match self { $(Self::$Type(_) => $Type::INFO,)* }
            }

            /// The schedule of `timesteps` steps.
            ///
            /// # Errors
            /// If a beta is outside (0, 1), or there is no timestep.
            pub fn schedule(&self, timesteps: usize) -> Result<Schedule, ScheduleError> {
                match self { $(Self::$Type(family) => family.schedule(timesteps),)* }
            }
        }

        impl std::fmt::Display for AnySchedule {
            /// Writes `name:option=value,…` with every option, which reads back as the same for any
            /// number of timesteps.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                crate::options::write(f, self.info().name, self.info().options, &self.values())
            }
        }
    };
}

schedules! {
    linear::Linear, scaled_linear::ScaledLinear, cosine::Cosine, sigmoid::Sigmoid, laplace::Laplace,
}

/// A schedule that cannot be.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ScheduleError {
    /// No timestep at all.
    #[error("a schedule has at least 1 timestep, found 0")]
    Empty,
    /// A beta outside (0, 1); 1 is allowed at the last timestep alone.
    #[error("beta {beta:?} at timestep {timestep} is outside (0, 1)")]
    Beta {
        /// The beta.
        beta: f64,
        /// Its timestep.
        timestep: usize,
    },
    /// A level that is not noisier than the one before.
    #[error(
        "alpha_bar does not fall from timestep to timestep: {alpha_bar:?} at timestep {timestep}"
    )]
    NotFalling {
        /// ᾱ of the later timestep.
        alpha_bar: f64,
        /// The later timestep.
        timestep: usize,
    },
    /// A single timestep, which can't be both kept and moved to pure noise.
    #[error("a schedule of 1 timestep can't be rescaled to zero terminal SNR: it needs at least 2")]
    RescaleOne,
    /// Default betas scaled to so few timesteps that one would reach 1.
    #[error(
        "{timesteps} timesteps are too few for the default betas of {name}, which grow with \
         1000/timesteps: take at least 21, or give start and end"
    )]
    TooFewTimesteps {
        /// Timesteps asked for.
        timesteps: usize,
        /// The schedule's name.
        name: &'static str,
    },
    /// A name or an option that is none.
    #[error(transparent)]
    Option(#[from] OptionError),
}

/// The noise levels of the training timesteps 0..T, each noisier than the one before.
///
/// Index convention, here and at every interface: timestep 0 is the cleanest trained level, T−1
/// the noisiest. The paper's t = 1..T is index + 1; clean data, its t = 0, has no index.
///
/// # Example
/// ```
/// use ancestral::Schedule;
/// let schedule = Schedule::linear_1000();
/// assert!((schedule.level(999).alpha_bar() - 4.0358e-5).abs() < 1e-9);
/// assert!((schedule.beta(0) - 1e-4).abs() < 1e-17);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    levels: Vec<Level>,
}

impl Schedule {
    /// The schedule of the DDPM paper: T = 1000, β linear from 1e-4 to 0.02.
    ///
    /// # Panics
    /// Never: these betas are valid.
    #[must_use]
    pub fn linear_1000() -> Self {
        Linear::default().schedule(1000).expect("the paper's betas are valid")
    }

    /// The user's own betas. `ln ᾱ` is summed with `ln_1p(−β)`, so no digit of `1 − ᾱ` is lost.
    ///
    /// # Errors
    /// If there is none, or one is outside (0, 1). A last beta of 1 (zero terminal SNR) is
    /// allowed.
    pub fn from_betas(betas: &[f64]) -> Result<Self, ScheduleError> {
        let last = betas.len().checked_sub(1).ok_or(ScheduleError::Empty)?;
        let mut log_alpha_bar = 0.0;
        let mut levels = Vec::with_capacity(betas.len());
        for (timestep, &beta) in betas.iter().enumerate() {
            if !(beta > 0.0 && (beta < 1.0 || (beta == 1.0 && timestep == last))) {
                return Err(ScheduleError::Beta { beta, timestep });
            }
            log_alpha_bar += (-beta).ln_1p();
            let level = Level::from_log_alpha_bar(log_alpha_bar);
            levels.push(level.map_err(|_| ScheduleError::Beta { beta, timestep })?);
        }
        Self::from_levels(levels)
    }

    /// Levels that get strictly noisier, none of them clean.
    ///
    /// # Errors
    /// If there is none, or one is not noisier than the one before.
    pub fn from_levels(levels: Vec<Level>) -> Result<Self, ScheduleError> {
        if levels.is_empty() {
            return Err(ScheduleError::Empty);
        }
        let mut before = Level::CLEAN;
        for (timestep, &level) in levels.iter().enumerate() {
            if level >= before {
                return Err(ScheduleError::NotFalling { alpha_bar: level.alpha_bar(), timestep });
            }
            before = level;
        }
        Ok(Self { levels })
    }

    /// Number of timesteps, T.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a schedule is never empty")]
    pub fn len(&self) -> usize {
        self.levels.len()
    }

    /// All levels, by timestep.
    #[must_use]
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// The level of `timestep`.
    ///
    /// # Panics
    /// If `timestep` is not below T.
    #[must_use]
    pub fn level(&self, timestep: usize) -> Level {
        self.levels[timestep]
    }

    /// The noisiest level, that of T−1.
    #[must_use]
    pub fn noisiest(&self) -> Level {
        self.levels[self.len() - 1]
    }

    /// The point of a trained `timestep`.
    ///
    /// # Panics
    /// If `timestep` is not below T.
    #[must_use]
    pub fn point(&self, timestep: usize) -> Point {
        Point { level: self.level(timestep), timestep: Some(timestep as f64) }
    }

    /// The point of any `level`, at its [`timestep`](Self::timestep).
    #[must_use]
    pub fn point_at(&self, level: Level) -> Point {
        Point { level, timestep: Some(self.timestep(level)) }
    }

    /// `β_t = 1 − ᾱ_t/ᾱ_{t−1} = σ_t² (1 − e^(2(λ_t − λ_{t−1})))`.
    ///
    /// # Panics
    /// If `timestep` is not below T.
    #[must_use]
    pub fn beta(&self, timestep: usize) -> f64 {
        let cleaner = timestep.checked_sub(1).map_or(Level::CLEAN, |before| self.level(before));
        let level = self.level(timestep);
        level.sigma_squared() * -(2.0 * (level.lambda() - cleaner.lambda())).exp_m1()
    }

    /// The (fractional) timestep of any level: linear in λ between trained neighbours (in α where
    /// the noisier one is pure noise, whose λ has no end), kept in 0..=T−1. That of a trained level
    /// is its own, exactly.
    #[must_use]
    pub fn timestep(&self, level: Level) -> f64 {
        let noisier = self.levels.partition_point(|trained| *trained > level);
        if noisier == 0 {
            return 0.0;
        }
        if noisier == self.len() {
            return (noisier - 1) as f64;
        }
        let (above, below) = (self.levels[noisier - 1], self.levels[noisier]);
        let fraction = if below == Level::NOISE {
            // 1 − α/α_above, whose quotient can't be 0/0.
            1.0 - (level.lambda() - above.lambda()).exp() * level.sigma() / above.sigma()
        } else {
            (above.lambda() - level.lambda()) / (above.lambda() - below.lambda())
        };
        (noisier - 1) as f64 + fraction
    }
}

/// `count` values from `start` to `end`, both included.
fn linspace(start: f64, end: f64, count: usize) -> impl Iterator<Item = f64> {
    let step = if count > 1 { (end - start) / (count - 1) as f64 } else { 0.0 };
    (0..count).map(move |i| start + i as f64 * step)
}

/// Start and end of a schedule whose betas were tuned for T = 1000: as given, else the defaults
/// times 1000/T, so that ᾱ_T stays what it was.
fn start_and_end(
    mut options: Options,
    timesteps: usize,
    info: &ScheduleInfo,
    defaults: (f64, f64),
) -> Result<(f64, f64), ScheduleError> {
    let mut take = |name| options.take(name, "a beta in (0, 1)", |b: &f64| *b > 0.0 && *b < 1.0);
    let (start, end) = (take("start")?, take("end")?);
    options.finish(info.options)?;
    if (start.is_none() || end.is_none()) && timesteps <= 20 {
        return Err(ScheduleError::TooFewTimesteps { timesteps, name: info.name });
    }
    let scale = 1000.0 / timesteps as f64;
    Ok((start.unwrap_or(defaults.0 * scale), end.unwrap_or(defaults.1 * scale)))
}

#[cfg(test)]
mod tests;
