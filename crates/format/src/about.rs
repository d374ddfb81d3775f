//! `ancestral.json`: facts that the `diffusers` layout has no place for.

mod calibration;
mod column;

use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

pub use calibration::AboutCalibration;
pub use column::{
    AboutCategory, AboutColumn, AboutColumnKind, AboutDate, AboutNotation, AboutNumber, AboutScale,
};

use crate::bounds::{AtMost, MOST_CLASSES, OutOfRange};
use crate::config::{plain, pretty};
use crate::listed::counted;
use crate::scheduler_config::PredictionType;

/// The version of `ancestral.json` that we write and read.
pub const ABOUT_FORMAT: u32 = 1;

/// What a model was made of and how: the content of `ancestral.json`.
///
/// # Example
/// ```
/// use ancestral_format::{About, AboutData};
///
/// let about = About {
///     data: AboutData { name: "moons".into(), shape: vec![2], ..AboutData::default() },
///     ..About::default()
/// };
/// assert_eq!(About::from_json(about.to_json().as_bytes())?, about);
/// # Ok::<(), ancestral_format::AboutError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    /// What the model samples.
    pub data: AboutData,
    /// How it was trained, if we trained it.
    pub training: Option<AboutTraining>,
    /// What was measured for its optimal variance, if anything.
    pub calibration: Option<AboutCalibration>,
}

/// What a model samples.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AboutData {
    /// A built-in name or the name of the user's file or folder.
    pub name: String,
    /// The shape of one sample: channels, height, width for images; the width of all columns for tables.
    pub shape: Vec<usize>,
    /// The names of the labels 0, 1, …; `None` if the data have no labels.
    #[serde(default, deserialize_with = "class_names")]
    pub class_names: Option<Vec<String>>,
    /// How many rows of the data each class has, in the order of their names; `None` if that is not
    /// known.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "class_counts")]
    pub class_counts: Option<Vec<u64>>,
    /// The columns of a table, in the order of a row's numbers; `None` for other data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<AboutColumn>>,
    /// How the data were read, where that was chosen.
    #[serde(default, skip_serializing_if = "AboutReading::is_default")]
    pub reading: AboutReading,
}

/// How the data of a training were read: other data for the model are read the same way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AboutReading {
    /// Whether pictures are shown whole, with bars beside them; they fill their size otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub letterbox: bool,
    /// Red, green and blue behind transparent pixels and around pictures that are shown whole; `None`: white.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<[u8; 3]>,
    /// Whether pictures that cannot be read are skipped.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub skip_bad: bool,
    /// Whether rows of a table with empty cells are left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub drop_holes: bool,
    /// Columns of the table that were left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

impl AboutReading {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Reads no more names than a network may have classes.
fn class_names<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<String>>, D::Error> {
    let names = Option::<AtMost<MOST_CLASSES, String>>::deserialize(from)?;
    Ok(names.map(|AtMost(names)| names))
}

/// Reads no more counts than that.
fn class_counts<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<u64>>, D::Error> {
    let counts = Option::<AtMost<MOST_CLASSES, u64>>::deserialize(from)?;
    Ok(counts.map(|AtMost(counts)| counts))
}

/// How a model was trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AboutTraining {
    /// Optimiser steps.
    pub steps: u64,
    /// Samples an optimiser step.
    pub batch: usize,
    /// The seed of every random stream.
    pub seed: u64,
    /// What the network learned to predict.
    pub prediction: PredictionType,
    /// Numbers that were learned.
    pub parameters: usize,
    /// The loss at the end; `None` before the first step.
    pub final_loss: Option<f64>,
    /// The share of the data that was held out, if any was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holdout: Option<f64>,
    /// The command line that repeats the training.
    pub command: String,
}

/// The file, as stored on disk.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File<D, T, C> {
    format: u32,
    data: D,
    training: T,
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    calibration: Option<C>,
}

/// The one key that is read before anything else.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl About {
    /// Reads `ancestral.json`.
    ///
    /// # Errors
    /// If it is not JSON, has another format, lacks a key, has an unknown key, or if
    /// [`validate`](Self::validate) refuses it.
    pub fn from_json(json: &[u8]) -> Result<Self, AboutError> {
        let malformed = |reason| AboutError::Malformed { reason };
        let Format { format } = serde_json::from_slice(json).map_err(malformed)?;
        if format != ABOUT_FORMAT {
            return Err(AboutError::Format { found: format });
        }
        let File { data, training, calibration, .. } =
            serde_json::from_slice(json).map_err(malformed)?;
        let about = Self { data, training, calibration };
        about.validate()?;
        Ok(about)
    }

    /// The text of `ancestral.json`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let Self { data, training, calibration } = self;
        pretty(&File { format: ABOUT_FORMAT, data, training, calibration: calibration.as_ref() })
    }

    /// Checks the classes, the calibration and the columns.
    ///
    /// # Errors
    /// If the counts are not one per class, or are all 0; if the calibration is not a number for each
    /// level; if the columns do not take as many numbers as a row has, or a number of a column is not usable.
    pub fn validate(&self) -> Result<(), AboutError> {
        if let Some(counts) = &self.data.class_counts {
            let names = self.data.class_names.as_deref().unwrap_or_default().len();
            let rows = counts.iter().try_fold(0_u64, |sum, count| sum.checked_add(*count));
            if counts.len() != names || matches!(rows, None | Some(0)) {
                return Err(AboutError::ClassCounts { found: counts.clone(), names });
            }
        }
        if let Some(reason) = self.calibration.as_ref().and_then(AboutCalibration::problem) {
            return Err(AboutError::Calibration { reason });
        }
        let Some(columns) = &self.data.columns else {
            return Ok(());
        };
        let width = columns.iter().fold(0_usize, |sum, column| sum.saturating_add(column.width));
        if self.data.shape != [width] {
            let shape = self.data.shape.clone();
            return Err(AboutError::Columns { found: width, shape });
        }
        columns.iter().try_for_each(|column| {
            column
                .validate()
                .map_err(|reason| AboutError::Column { column: column.name.clone(), reason })
        })
    }
}

/// Why `ancestral.json` is refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AboutError {
    /// A newer version of this program wrote it.
    #[error("format {found} is not supported (supported: {ABOUT_FORMAT})")]
    Format {
        /// The format it names.
        found: u32,
    },
    /// It is not JSON, lacks a key, or has an unknown key.
    #[error("{}", plain(reason))]
    Malformed {
        /// The key, the value and what was expected.
        reason: serde_json::Error,
    },
    /// The counts are not one per class, or all 0, or too large to add.
    #[error("class_counts is {found:?}, expected how many rows each of {} has", counted(*names, "class"))]
    ClassCounts {
        /// The counts.
        found: Vec<u64>,
        /// How many classes have names.
        names: usize,
    },
    /// The columns do not take as many numbers as a row has.
    #[error("columns take {}, so shape must be [{found}], but it is {shape:?}", counted(*found, "number"))]
    Columns {
        /// The width of all columns.
        found: usize,
        /// `shape`.
        shape: Vec<usize>,
    },
    /// The calibration is no table of levels.
    #[error("calibration: {reason}")]
    Calibration {
        /// Which number, and what is expected.
        reason: String,
    },
    /// A number of a column is not usable.
    #[error("column {column:?}: {reason}")]
    Column {
        /// The column's name.
        column: String,
        /// Which number, and what is allowed.
        reason: OutOfRange,
    },
}

#[cfg(test)]
mod tests;
