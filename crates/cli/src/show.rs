//! How samples look: pictures as a grid, points as a scatter plot, tables as marginals.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use ancestral::Batch;
use ancestral_data::{
    Columns, GridLayout, Pictures, Raster, ScatterStyle, Window, grid, marginals, scatter,
    write_gif,
};
use anyhow::Result;

/// Time from frame to frame.
const FRAME_DELAY: Duration = Duration::from_millis(80);
/// Side of a scatter plot, and of one that moves.
const SIDE: u16 = 640;
const MOVING_SIDE: u16 = 420;
/// More rows of the data than this make a plot slower, and no better.
const MOST_BEHIND: usize = 5000;

/// What is known of samples that are to be drawn.
#[derive(Clone, Debug)]
pub struct Show<'a> {
    /// The columns of points and tables; `None` for pictures.
    pub columns: Option<&'a Columns>,
    /// The data that points and tables are drawn over, a row after the other, in model space.
    pub behind: Option<Cow<'a, [f32]>>,
    pub title: &'a str,
}

impl Show<'_> {
    /// Samples in one picture.
    pub fn still(&self, samples: &Batch) -> Result<Raster> {
        let Some(columns) = self.columns else { return picture(samples) };
        let (rows, behind) = (columns.from_model_rows(samples.data()), self.behind(columns));
        if columns.len() == 2 {
            let style = ScatterStyle {
                title: self.title,
                axes: axes(columns),
                reference: behind.as_chunks().0,
                side: SIDE,
                ..ScatterStyle::default()
            };
            return Ok(scatter(rows.as_chunks().0, &style)?);
        }
        let behind = Some(behind.as_slice()).filter(|rows| !rows.is_empty());
        let title = match behind {
            Some(_) => format!("{}: samples (blue) over the data (grey)", self.title),
            None => self.title.to_owned(),
        };
        Ok(marginals(&title, columns, &rows, behind)?)
    }

    /// Whether there is an animation of such samples: of pictures and of points of the plane.
    pub fn can_move(columns: Option<&Columns>) -> bool {
        columns.is_none_or(|columns| columns.len() == 2)
    }

    /// The way from noise to data as an animation.
    pub fn write_animation(&self, path: &Path, way: &[Batch]) -> Result<()> {
        let frames = match self.columns {
            None => way.iter().map(picture).collect::<Result<Vec<_>>>()?,
            Some(columns) => self.moving_points(columns, way)?,
        };
        Ok(write_gif(path, &frames, FRAME_DELAY)?)
    }

    /// Scatter plots that show the same part of the plane.
    fn moving_points(&self, columns: &Columns, way: &[Batch]) -> Result<Vec<Raster>> {
        let behind = self.behind(columns);
        let rows: Vec<Vec<f64>> =
            way.iter().map(|moment| columns.from_model_rows(moment.data())).collect();
        let last = rows.last().map(|rows| rows.as_chunks().0).unwrap_or_default();
        let style = ScatterStyle {
            title: self.title,
            axes: axes(columns),
            reference: behind.as_chunks().0,
            window: Some(Window::with_noise(&[last, behind.as_chunks().0].concat())?),
            side: MOVING_SIDE,
            ..ScatterStyle::default()
        };
        Ok(rows.iter().map(|rows| scatter(rows.as_chunks().0, &style)).collect::<Result<_, _>>()?)
    }

    /// Rows of the data in their own units, evenly chosen if there are many.
    fn behind(&self, columns: &Columns) -> Vec<f64> {
        let rows = self.behind.as_deref().unwrap_or_default().chunks_exact(columns.len());
        let stride = rows.len().div_ceil(MOST_BEHIND).max(1);
        columns.from_model_rows(&rows.step_by(stride).flatten().copied().collect::<Vec<_>>())
    }
}

fn axes(columns: &Columns) -> [&str; 2] {
    [0, 1].map(|i| columns.as_slice()[i].name())
}

/// Pictures as one grid.
pub fn picture(samples: &Batch) -> Result<Raster> {
    let pictures = Pictures::new(samples.data(), samples.shape())?;
    Ok(grid(&pictures, &GridLayout::default())?)
}
