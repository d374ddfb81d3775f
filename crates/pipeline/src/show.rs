//! How samples look, and the bytes of files that show them: pictures as a grid, points as a scatter
//! plot, tables as marginals.

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::time::Duration;

use ancestral::Batch;
use ancestral_data::{
    Channels, ChartError, Columns, EncodeError, GridError, GridLayout, Pictures, PicturesError,
    Raster, ScatterStyle, Window, encode_apng, encode_csv_with, encode_gif, encode_npy,
    encode_npy_fitting, encode_npz_pictures, encode_png, grid, marginals, scatter,
};
use ancestral_format::counted;
use thiserror::Error;

use crate::model::Model;
use crate::samples::Samples;

/// Time from frame to frame.
const FRAME_DELAY: Duration = Duration::from_millis(80);
/// Side of a scatter plot, and of one that moves.
const SIDE: u16 = 640;
const MOVING_SIDE: u16 = 420;
/// More rows of the data than this make a plot slower, and no better.
const MOST_BEHIND: usize = 5000;
/// Snapshots that an animation shows.
const FRAMES: usize = 50;
/// Snapshots that a picture of trajectories shows.
const COLUMNS: usize = 10;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// A picture.
    Png,
    /// An animation from noise to data.
    Gif,
    /// The same as an animated PNG, with all colours.
    Apng,
    /// An array of float32: of pictures in [−1, 1], of points and tables in the data's own units. Of
    /// float64 if a value is beyond the range of float32.
    Npy,
    /// Pictures as bytes, as the evaluator of ADM reads them: `arr_0`, `[n, height, width, channels]`.
    Npz,
    /// A table.
    Csv,
}

/// What a file shows of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum View {
    /// The samples; of pictures in a grid.
    #[default]
    Samples,
    /// The samples; of pictures side by side.
    Row,
    /// Their trajectories: a row a sample from noise at the left to data at the right; of arrays a
    /// leading axis of snapshots.
    Trajectories,
}

/// Why samples can't be shown so.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ShowError {
    /// Pictures as a table.
    #[error("samples are pictures, not rows of a table: take .png or .npy")]
    NotRows,
    /// Not the channels of pictures.
    #[error(
        "samples of {} are not pictures (those have 1, 3 or 4): take .npy",
        counted(*channels, "channel")
    )]
    NotPictures {
        /// The channels.
        channels: usize,
    },
    /// No animation shows rows of so many columns.
    #[error(
        "samples are rows of {}, which no animation shows: take .png, .csv or .npy",
        counted(*columns, "column")
    )]
    NotMoving {
        /// The columns.
        columns: usize,
    },
    /// Words or dates as numbers.
    #[error("column {name:?} holds words or dates, which an array does not: take .csv")]
    Words {
        /// The column.
        name: String,
    },
    /// Trajectories of points or tables in a picture or a table.
    #[error("trajectories of points or rows of a table: take .npy or .gif")]
    NotTrajectories,
    /// Trajectories of a table with words or dates.
    #[error("there are no trajectories of words and dates: leave the trajectories out")]
    TrajectoriesOfWords,
    /// Not pictures of bytes.
    #[error("a .npz holds pictures as bytes, without trajectories: take .npy, or .csv for a table")]
    NotBytes,
    /// The pictures are too large, or too many.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// The values are no pictures.
    #[error(transparent)]
    Pictures(#[from] PicturesError),
    /// There is nothing to plot.
    #[error(transparent)]
    Chart(#[from] ChartError),
    /// The encoder refused.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl Format {
    /// How many snapshots of trajectories the file needs, at most a step each.
    #[must_use]
    pub fn snapshots(self, view: View) -> usize {
        match (self, view) {
            (Self::Png, View::Trajectories) => COLUMNS,
            (Self::Gif | Self::Apng, View::Samples | View::Row) => FRAMES,
            (Self::Gif | Self::Apng | Self::Npy | Self::Csv, View::Trajectories) => usize::MAX,
            (Self::Png | Self::Npy | Self::Csv, View::Samples | View::Row) | (Self::Npz, _) => 0,
        }
    }

    /// Checks, before they are drawn, that `count` samples of `model` can be shown so, after so many
    /// hops.
    ///
    /// # Errors
    /// If they can't.
    pub fn check(
        self,
        view: View,
        model: &Model,
        shape: &[usize],
        count: usize,
        hops: usize,
    ) -> Result<(), ShowError> {
        match (model.columns(), self, view) {
            (Some(columns), _, View::Trajectories) if !columns.are_numeric() => {
                return Err(ShowError::TrajectoriesOfWords);
            }
            (Some(columns), Self::Gif | Self::Apng, _) if !Show::can_move(Some(columns)) => {
                return Err(ShowError::NotMoving { columns: columns.len() });
            }
            (Some(_), Self::Png | Self::Csv, View::Trajectories) => {
                return Err(ShowError::NotTrajectories);
            }
            (Some(columns), Self::Npy, _) => return only_numbers(columns),
            (None, Self::Csv, _) => return Err(ShowError::NotRows),
            (Some(_), Self::Npz, _) | (None, Self::Npz, View::Trajectories) => {
                return Err(ShowError::NotBytes);
            }
            (None, Self::Npz, _) if Channels::from_count(shape[0]).is_some() => return Ok(()),
            (Some(_), ..) | (None, Self::Npy, _) => return Ok(()),
            (None, Self::Png | Self::Gif | Self::Apng | Self::Npz, _)
                if Channels::from_count(shape[0]).is_none() =>
            {
                return Err(ShowError::NotPictures { channels: shape[0] });
            }
            (None, Self::Png | Self::Gif | Self::Apng | Self::Npz, _) => {}
        }
        // Pictures are drawn once for nothing, which is quick, to know that they are not too large.
        let blank = Batch::zeros(count, shape.to_vec());
        match (self, view) {
            (Self::Png, View::Trajectories) => trajectories(&vec![blank; hops.min(COLUMNS) + 1])?,
            (Self::Png, View::Row) => row(&blank)?,
            _ => picture(&blank)?,
        };
        Ok(())
    }
}

/// What is known of samples that are to be shown.
#[derive(Clone, Debug)]
pub struct Show<'a> {
    /// The columns of points and tables; `None` for pictures.
    pub columns: Option<&'a Columns>,
    /// The data that points and tables are drawn over, a row after the other, in model space.
    pub behind: Option<Cow<'a, [f32]>>,
    /// The title of plots.
    pub title: &'a str,
}

impl<'a> Show<'a> {
    /// Samples of a model, without data behind them.
    #[must_use]
    pub fn of(model: &'a Model) -> Self {
        Self { columns: model.columns(), behind: None, title: model.name() }
    }
}

impl Show<'_> {
    /// The bytes of a file of samples. Pictures carry `metadata`, pairs of keyword and text.
    ///
    /// # Errors
    /// If the samples can't be shown so, or have not the snapshots that they need.
    ///
    /// # Example
    /// ```
    /// use ancestral_pipeline::{Format, Pipeline, Settings, Show, View};
    ///
    /// let pipeline = Pipeline::built_in()?;
    /// let samples = pipeline.sample(&Settings::new().count(4).steps(5))?;
    /// let show = Show::of(pipeline.model());
    /// let png = show.encode(&samples, Format::Png, View::Samples, &[])?;
    /// assert_eq!(png[1..4], *b"PNG");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn encode(
        &self,
        samples: &Samples,
        format: Format,
        view: View,
        metadata: &[(String, String)],
    ) -> Result<Vec<u8>, ShowError> {
        Ok(match (format, view, self.columns) {
            (Format::Png, View::Row, None) => encode_png(&row(&samples.x)?, metadata)?,
            (Format::Png, View::Samples | View::Row, _) => {
                encode_png(&self.still(&samples.x)?, metadata)?
            }
            (Format::Png, View::Trajectories, _) => {
                encode_png(&trajectories(&samples.snapshots)?, metadata)?
            }
            (Format::Gif, ..) => self.animation(&samples.snapshots)?,
            (Format::Apng, ..) => {
                encode_apng(&self.frames(&samples.snapshots)?, FRAME_DELAY, metadata)?
            }
            (Format::Npy, View::Samples | View::Row, _) => {
                self.array(&[], &[&samples.x], &samples.given)?
            }
            (Format::Npy, View::Trajectories, _) => {
                let snapshots = samples.snapshots.iter().collect::<Vec<_>>();
                self.array(&[snapshots.len()], &snapshots, &samples.given)?
            }
            (Format::Npz, _, None) => {
                let pictures = Pictures::new(samples.x.data(), samples.x.row_shape())?;
                encode_npz_pictures(&pictures, None)
            }
            (Format::Npz, _, Some(_)) => return Err(ShowError::NotBytes),
            (Format::Csv, _, Some(columns)) => {
                encode_csv_with(columns, samples.x.data(), &samples.given)
            }
            (Format::Csv, _, None) => return Err(ShowError::NotRows),
        })
    }

    /// Samples in one picture.
    ///
    /// # Errors
    /// If they can't be.
    pub fn still(&self, samples: &Batch) -> Result<Raster, ShowError> {
        let Some(columns) = self.columns else { return picture(samples) };
        let (rows, behind) = (columns.from_model_rows(samples.data()), self.behind(columns));
        if columns.are_plane() {
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

    /// Whether there is an animation of such samples: of pictures and of points of a plane.
    #[must_use]
    pub fn can_move(columns: Option<&Columns>) -> bool {
        columns.is_none_or(Columns::are_plane)
    }

    /// Snapshots from noise to data as the bytes of a GIF.
    ///
    /// # Errors
    /// If there are no snapshots, or they can't be shown.
    pub fn animation(&self, snapshots: &[Batch]) -> Result<Vec<u8>, ShowError> {
        Ok(encode_gif(&self.frames(snapshots)?, FRAME_DELAY)?)
    }

    /// Snapshots as pictures of equal size.
    fn frames(&self, snapshots: &[Batch]) -> Result<Vec<Raster>, ShowError> {
        match self.columns {
            None => snapshots.iter().map(picture).collect(),
            Some(columns) => self.moving_points(columns, snapshots),
        }
    }

    /// Scatter plots that show the same part of the plane.
    fn moving_points(
        &self,
        columns: &Columns,
        snapshots: &[Batch],
    ) -> Result<Vec<Raster>, ShowError> {
        let behind = self.behind(columns);
        // Noise is shown where it is, neither rounded nor bounded.
        let loosely = |snapshot: &Batch| columns.from_model_rows_loosely(snapshot.data());
        let moving = snapshots.iter().take(snapshots.len().saturating_sub(1)).map(loosely);
        let end = snapshots.last().map(|snapshot| columns.from_model_rows(snapshot.data()));
        let rows: Vec<Vec<f64>> = moving.flatten().chain(end).collect();
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
        let rows = self.behind.as_deref().unwrap_or_default().chunks_exact(columns.width());
        let stride = rows.len().div_ceil(MOST_BEHIND).max(1);
        columns.from_model_rows(&rows.step_by(stride).flatten().copied().collect::<Vec<_>>())
    }

    /// Batches of samples, one after the other, as an array of shape `[…leading, n, …]`: of tables in the
    /// data's own units, with the cells that are `given` in the last.
    fn array(
        &self,
        leading: &[usize],
        batches: &[&Batch],
        given: &[Option<f64>],
    ) -> Result<Vec<u8>, ShowError> {
        let rows = batches.first().map_or(0, |batch| batch.rows());
        let Some(columns) = self.columns else {
            let row = batches.first().map_or(&[][..], |batch| batch.row_shape());
            let values = batches.iter().flat_map(|batch| batch.data());
            let shape = [leading, &[rows], row].concat();
            return Ok(encode_npy(&shape, &values.copied().collect::<Vec<_>>()));
        };
        only_numbers(columns)?;
        let (last, before) = batches.split_last().map_or((None, batches), |(l, b)| (Some(l), b));
        let before = before.iter().flat_map(|batch| columns.from_model_rows(batch.data()));
        let last = last.map(|batch| columns.from_model_rows_with(batch.data(), given));
        let values: Vec<f64> = before.chain(last.into_iter().flatten()).collect();
        Ok(encode_npy_fitting(&[leading, &[rows, columns.len()]].concat(), &values))
    }
}

/// Refuses columns of words and dates.
fn only_numbers(columns: &Columns) -> Result<(), ShowError> {
    match columns.as_slice().iter().find(|column| !column.is_numeric()) {
        Some(column) => Err(ShowError::Words { name: column.name().to_owned() }),
        None => Ok(()),
    }
}

fn axes(columns: &Columns) -> [&str; 2] {
    [0, 1].map(|i| columns.as_slice()[i].name())
}

/// Pictures as one grid.
///
/// # Errors
/// If samples are no pictures, or too many.
pub fn picture(samples: &Batch) -> Result<Raster, ShowError> {
    let pictures = Pictures::new(samples.data(), samples.row_shape())?;
    Ok(grid(&pictures, &GridLayout::default())?)
}

/// A row a sample, from noise at the left to data at the right.
fn trajectories(snapshots: &[Batch]) -> Result<Raster, ShowError> {
    let Some(first) = snapshots.first() else { return Err(EncodeError::NoFrames.into()) };
    let rows = 0..first.rows();
    let data = rows.flat_map(|row| snapshots.iter().map(move |snapshot| snapshot.row(row)));
    let data: Vec<f32> = data.flatten().copied().collect();
    in_columns(&Pictures::new(&data, first.row_shape())?, snapshots.len())
}

/// Samples side by side.
fn row(samples: &Batch) -> Result<Raster, ShowError> {
    in_columns(&Pictures::new(samples.data(), samples.row_shape())?, samples.rows())
}

fn in_columns(pictures: &Pictures<'_>, columns: usize) -> Result<Raster, ShowError> {
    let layout = GridLayout { columns: NonZeroUsize::new(columns), ..GridLayout::default() };
    Ok(grid(pictures, &layout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trajectories_are_drawn_a_row_a_sample() {
        let snapshot = |a, b| Batch::new(vec![1, 40, 40], [vec![a; 1600], vec![b; 1600]].concat());
        let snapshots = [snapshot(-1.0, 1.0), snapshot(0.0, 1.0), snapshot(1.0, -1.0)];
        let raster = trajectories(&snapshots).unwrap();
        assert_eq!((raster.width(), raster.height()), (124, 82));
        let pixel = |column: usize, row: usize| {
            raster.data()[(row * 42 + 1) * usize::from(raster.width()) + column * 42 + 1]
        };
        assert_eq!([pixel(0, 0), pixel(1, 0), pixel(2, 0)], [0, 128, 255]);
        assert_eq!([pixel(0, 1), pixel(1, 1), pixel(2, 1)], [255, 255, 0]);
    }
}
