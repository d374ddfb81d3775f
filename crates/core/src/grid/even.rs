//! Grids even in λ: what theory states orders of convergence for.

use crate::grid::{Grid, GridError, Point};
use crate::level::Level;

impl Grid {
    /// `hops` hops of equal length in λ from level `from` to level `to`, and the one from there into
    /// clean data; with no hops, `from` alone. The points are off the grid of any schedule.
    ///
    /// # Errors
    /// If λ is infinite at an end, or does not rise.
    ///
    /// # Panics
    /// Never: a number that is finite is a level.
    ///
    /// # Example
    /// ```
    /// use ancestral::{Grid, Level};
    /// let (from, to) = (Level::from_lambda(-5.0)?, Level::from_lambda(3.0)?);
    /// let grid = Grid::even(from, to, 4)?;
    /// let lambdas: Vec<f64> = grid.points().iter().map(|point| point.level.lambda()).collect();
    /// assert_eq!(lambdas, [-5.0, -3.0, -1.0, 1.0, 3.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn even(from: Level, to: Level, hops: usize) -> Result<Self, GridError> {
        let (start, end) = (from.lambda(), to.lambda());
        if let Some(lambda) = [start, end].into_iter().find(|lambda| lambda.is_infinite()) {
            return Err(GridError::Infinite { lambda });
        }
        let lambda = |i| match i {
            0 => start,
            _ => start + (end - start) * i as f64 / hops as f64,
        };
        let point = |i| Point::off_grid(Level::from_lambda(lambda(i)).expect("finite"));
        Self::from_points((0..=hops).map(point).collect())
    }
}
