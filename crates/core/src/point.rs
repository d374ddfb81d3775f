//! Where a denoiser is called.

use crate::level::Level;

/// Where a denoiser is called: a noise level, and the training timestep if it is known.
///
/// A point off the grid leaves the timestep to the denoiser, which inverts its own schedule; so
/// nothing is ever inverted from rounded numbers. A point with a timestep comes from a schedule
/// ([`point`](crate::Schedule::point), [`point_at`](crate::Schedule::point_at)), so that its level and
/// its timestep belong together.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Point {
    /// The noise level.
    pub level: Level,
    /// The training timestep, 0..T−1, integer for trained times.
    pub timestep: Option<f64>,
}

impl Point {
    /// A level off the grid.
    #[must_use]
    pub fn off_grid(level: Level) -> Self {
        Self { level, timestep: None }
    }
}
