//! The points that a run visits, and the hops between them.

use thiserror::Error;

use crate::level::Level;
use crate::names::names;
use crate::options::OptionError;
use crate::schedule::Schedule;

mod any;
mod beta;
mod cut;
mod even;
mod levels;

pub use crate::point::Point;
pub use any::AnySpacing;
pub use levels::LevelSpacing;
use levels::check_steps;

/// One denoising move from a point to the next of its grid, or a part of it; `to` is always cleaner
/// than `from`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hop {
    from: Point,
    to: Point,
}

impl Hop {
    pub(crate) fn between(from: Point, to: Point) -> Self {
        Self { from, to }
    }

    /// Its first part, to the point off the grid that is `share` of its length h behind its start.
    /// Of a hop with an end to h, 0 < `share`; above 1 it goes further than the hop.
    pub(crate) fn part(&self, share: f64) -> Self {
        let lambda = self.from.level.lambda() + share * self.h();
        let level = Level::from_lambda(lambda).expect("a part of a hop of finite length");
        Self::between(self.from, Point::off_grid(level))
    }

    /// Where the hop starts; the noisier end.
    #[must_use]
    pub fn from(&self) -> Point {
        self.from
    }

    /// Where it ends; the cleaner end.
    #[must_use]
    pub fn to(&self) -> Point {
        self.to
    }

    /// Its length in half log-SNR, `h = λ_to − λ_from` > 0; infinite at either end of the scale.
    #[must_use]
    pub fn h(&self) -> f64 {
        self.to.level.lambda() - self.from.level.lambda()
    }

    /// Whether it ends at clean data, as the last hop of a grid does.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.to.level == Level::CLEAN
    }
}

/// How a grid of few steps is laid over the T training timesteps.
///
/// # Source
/// Names and values as in diffusers (`timestep_spacing`); Lin et al. 2023, arXiv:2305.08891,
/// table 2. Ties are rounded to even, as NumPy does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Spacing {
    /// `round(T − i T/n) − 1`: starts at T−1. The default: the network is given pure noise where
    /// it expects pure noise.
    #[default]
    Trailing,
    /// `round(i (T−1)/(n−1))`: from T−1 to 0.
    Linspace,
    /// `i ⌊T/n⌋ + offset`: ends at `offset`, and starts below T−1.
    Leading {
        /// Added to every timestep (`steps_offset`), 0 or 1 in known models; 0 by name.
        offset: usize,
    },
}

names! {
    Spacing, 3:
    "trailing" => Trailing,
    "linspace" => Linspace,
    or "leading" => Leading { offset: 0 }
}

impl Spacing {
    /// `steps` timesteps of `0..total`, descending.
    fn timesteps(self, total: usize, steps: usize) -> Vec<usize> {
        // Pure noise is where a run starts, under every spacing (a single step at t = 0 would
        // treat it as almost clean).
        if steps == 1 {
            return vec![total - 1];
        }
        let (n, t) = (steps as f64, total as f64);
        match self {
            Self::Trailing => {
                // NumPy's arange(T, 0, −T/n), whose step is the difference of its first two
                // entries, kept to n entries.
                let stride = (t + (-t / n)) - t;
                (0..steps).map(|i| round_even(t + i as f64 * stride) - 1).collect()
            }
            Self::Linspace => {
                let stride = (t - 1.0) / (n - 1.0);
                (0..steps).rev().map(|i| round_even(i as f64 * stride)).collect()
            }
            Self::Leading { offset } => {
                let stride = total.div_euclid(steps);
                (0..steps).rev().map(|i| i * stride + offset).collect()
            }
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "timesteps are small and not negative"
)]
fn round_even(value: f64) -> usize {
    value.round_ties_even() as usize
}

impl std::str::FromStr for Spacing {
    type Err = OptionError;

    fn from_str(name: &str) -> Result<Self, OptionError> {
        Self::from_name(name)
            .ok_or_else(|| OptionError::name("spacing", name, Self::NAMES.to_vec()))
    }
}

/// A grid that cannot be.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum GridError {
    /// No step at all.
    #[error("0 steps asked of a schedule of {total} timesteps: a run has 1 to {total} steps")]
    NoSteps {
        /// Timesteps of the schedule.
        total: usize,
    },
    /// A list without a point.
    #[error("a grid has at least 1 point, found none")]
    NoPoints,
    /// More steps than timesteps.
    #[error("{steps} steps asked of a schedule of {total} timesteps: at most {total}")]
    TooManySteps {
        /// Steps asked for.
        steps: usize,
        /// Timesteps of the schedule.
        total: usize,
    },
    /// `leading` with an offset that leaves the schedule.
    #[error(
        "{steps} steps with leading spacing and offset {offset} start at timestep {first}, \
         outside 0..{total} of the schedule"
    )]
    Offset {
        /// Steps asked for.
        steps: usize,
        /// The offset.
        offset: usize,
        /// The first timestep that would follow.
        first: usize,
        /// Timesteps of the schedule.
        total: usize,
    },
    /// A timestep of the user's own list is outside the schedule.
    #[error("timestep {timestep} (entry {index}) is outside 0..{total} of the schedule")]
    Timestep {
        /// The timestep.
        timestep: usize,
        /// Its place in the list, from 0.
        index: usize,
        /// Timesteps of the schedule.
        total: usize,
    },
    /// The user's own list does not descend.
    #[error("timesteps must descend, but {second} (entry {index}) follows {first}")]
    NotDescending {
        /// The earlier entry.
        first: usize,
        /// The later entry, not below it.
        second: usize,
        /// Place of the later entry in the list, from 0.
        index: usize,
    },
    /// Levels that do not get strictly cleaner.
    #[error("lambda must rise from point to point, but {second} (entry {index}) follows {first}")]
    NotDenoising {
        /// The earlier λ.
        first: f64,
        /// The later λ, not above it.
        second: f64,
        /// Place of the later entry in the list, from 0.
        index: usize,
    },
    /// A ρ of [`LevelSpacing::Karras`] that is none.
    #[error("rho {rho} is not a number from 0.1 to 1000")]
    Rho {
        /// The ρ.
        rho: f64,
    },
    /// An end of the scale, to which there is no even way.
    #[error("lambda {lambda} cannot be reached by even hops: expected a finite number")]
    Infinite {
        /// The λ.
        lambda: f64,
    },
    /// A strength that is no share of a grid.
    #[error("strength {strength} is outside (0, 1]")]
    Strength {
        /// The strength.
        strength: f64,
    },
}

/// The strictly denoising list of points that a run visits; the last hop ends at clean data.
///
/// The predecessor of a point is the next point of the list, never one found by subtracting a
/// stride.
///
/// # Example
/// ```
/// use ancestral::{Grid, Schedule, Spacing};
/// let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, 13)?;
/// let timesteps: Vec<_> = grid.points().iter().filter_map(|p| p.timestep).collect();
/// assert_eq!(timesteps[..3], [999.0, 922.0, 845.0]);
/// assert_eq!(grid.hops().len(), 13);
/// assert!(grid.hops().last().unwrap().is_last());
/// # Ok::<(), ancestral::grid::GridError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    points: Vec<Point>,
}

impl Grid {
    /// `steps` points of `schedule`, spaced by a [`Spacing`], a [`LevelSpacing`] or [`AnySpacing`];
    /// with one step the run starts at T−1 under every spacing.
    ///
    /// # Errors
    /// If `steps` is not in 1..=T, an offset leaves the schedule, points over levels are not all
    /// different, or ρ is not a number above 0.
    pub fn new(
        schedule: &Schedule,
        spacing: impl Into<AnySpacing>,
        steps: usize,
    ) -> Result<Self, GridError> {
        match spacing.into() {
            AnySpacing::Timesteps(spacing) => Self::over_timesteps(schedule, spacing, steps),
            AnySpacing::Levels(spacing) => Self::over_levels(schedule, spacing, steps),
            AnySpacing::Beta => {
                check_steps(schedule.len(), steps)?;
                Self::from_timesteps(schedule, &beta::timesteps(schedule.len(), steps))
            }
        }
    }

    fn over_timesteps(
        schedule: &Schedule,
        spacing: Spacing,
        steps: usize,
    ) -> Result<Self, GridError> {
        let total = schedule.len();
        check_steps(total, steps)?;
        let timesteps = spacing.timesteps(total, steps);
        if let Spacing::Leading { offset } = spacing
            && timesteps[0] >= total
        {
            return Err(GridError::Offset { steps, offset, first: timesteps[0], total });
        }
        Self::from_timesteps(schedule, &timesteps)
    }

    /// The user's own list of timesteps, strictly descending, each in 0..T.
    ///
    /// # Errors
    /// If the list is empty, does not descend, or leaves the schedule.
    pub fn from_timesteps(schedule: &Schedule, timesteps: &[usize]) -> Result<Self, GridError> {
        let total = schedule.len();
        if let Some((index, &timestep)) = timesteps.iter().enumerate().find(|(_, t)| **t >= total) {
            return Err(GridError::Timestep { timestep, index, total });
        }
        if let Some(i) = timesteps.windows(2).position(|pair| pair[0] <= pair[1]) {
            let (first, second) = (timesteps[i], timesteps[i + 1]);
            return Err(GridError::NotDescending { first, second, index: i + 1 });
        }
        Self::from_points(timesteps.iter().map(|&t| schedule.point(t)).collect())
    }

    /// Any list of points that get strictly cleaner, none of them clean already.
    ///
    /// # Errors
    /// If the list is empty or λ does not rise strictly up to clean data.
    pub fn from_points(points: Vec<Point>) -> Result<Self, GridError> {
        let lambdas: Vec<f64> =
            points.iter().map(|p| p.level.lambda()).chain([f64::INFINITY]).collect();
        if points.is_empty() {
            return Err(GridError::NoPoints);
        }
        match lambdas.windows(2).position(|pair| pair[0] >= pair[1]) {
            Some(i) => Err(GridError::NotDenoising {
                first: lambdas[i],
                second: lambdas[i + 1],
                index: i + 1,
            }),
            None => Ok(Self { points }),
        }
    }

    /// The points, noisiest first; clean data is not among them.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The hops, one a point; the last ends at clean data.
    #[must_use]
    pub fn hops(&self) -> impl ExactSizeIterator<Item = Hop> + DoubleEndedIterator + use<> {
        let mut hops: Vec<Hop> =
            self.points.windows(2).map(|pair| Hop { from: pair[0], to: pair[1] }).collect();
        if let Some(&from) = self.points.last() {
            hops.push(Hop { from, to: Point::off_grid(Level::CLEAN) });
        }
        hops.into_iter()
    }
}

#[cfg(test)]
mod tests;
