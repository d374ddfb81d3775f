//! Charts: the course of a training run, points of the plane, the columns of a table, errors over
//! costs, curves in panels.

mod axis;
mod canvas;
mod dots;
mod errors;
mod loss;
mod marginals;
mod panels;
mod scatter;
mod ticks;
mod window;

use crate::counted::counted;
use thiserror::Error;

pub use errors::{ErrorLine, error_chart};
pub use loss::loss_chart;
pub use marginals::marginals;
pub use panels::{Panel, panels, panels_svg};
pub use scatter::{ScatterStyle, scatter};
pub use window::Window;

/// Why something cannot be drawn.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ChartError {
    /// There is no loss to draw.
    #[error("a loss chart needs at least one loss, got none")]
    Empty,
    /// There is no row or point to draw.
    #[error("a chart needs at least one row, got none")]
    NoRows,
    /// A loss has no place on an axis.
    #[error("loss {loss} at step {step} is not finite")]
    Loss {
        /// The loss.
        loss: f64,
        /// The step.
        step: u64,
    },
    /// A point has no place on logarithmic axes.
    #[error("{line}: the point ({x}, {y}) is not above 0 and finite, as logarithmic axes need")]
    Point {
        /// The line that it is of.
        line: String,
        /// Its place along the x axis.
        x: f64,
        /// Its place along the y axis.
        y: f64,
    },
    /// The steps do not ascend.
    #[error("step {to} follows step {from}, but steps must ascend")]
    Order {
        /// The earlier step in the list.
        from: u64,
        /// The later one.
        to: u64,
    },
    /// A number has no place on an axis.
    #[error("value {value} in row {row} cannot be drawn: numbers within ±1e300 are expected")]
    Value {
        /// The number.
        value: f64,
        /// The row or point, counted from 0.
        row: usize,
    },
    /// The number of labels differs from the number of points.
    #[error(
        "{} for {}: one label a point is needed",
        counted(*labels, "label"), counted(*points, "point")
    )]
    Labels {
        /// The number of labels.
        labels: usize,
        /// The number of points.
        points: usize,
    },
    /// The image is too small for axes.
    #[error("a scatter plot of {side} pixels a side is too small: at least {least} are needed")]
    Side {
        /// The side in pixels.
        side: u16,
        /// The shortest side.
        least: u16,
    },
}
