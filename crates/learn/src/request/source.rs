//! What is learned, and how it is read.

use std::ffi::OsString;

use serde::{Deserialize, Serialize};

use super::name;

/// What is learned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// A built-in name or a path, as the user gives it; of rows that a program gives, any name. In JSON
    /// it is a string, or an array of its bytes if they are not UTF-8.
    #[serde(with = "name")]
    pub name: OsString,
    /// How it is read.
    pub reading: Reading,
}

impl Source {
    /// Data without options of reading.
    #[must_use]
    pub fn plain(name: impl Into<OsString>) -> Self {
        Self { name: name.into(), reading: Reading::Plain }
    }
}

/// How data are read, where there is a choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Reading {
    /// Without options: built-in pictures, IDX files, arrays, rows given by a program.
    Plain,
    /// Pictures in files of their own.
    Pictures {
        /// 1 is grey, 3 is colour, 4 is colour and opacity.
        channels: usize,
        /// `[height, width]` of every picture.
        size: [usize; 2],
        /// How pictures are fitted to the size.
        fit: Fit,
        /// Red, green and blue behind transparent pixels and around letterboxed pictures.
        background: [u8; 3],
        /// Whether sub-folders are classes.
        classes: bool,
        /// Whether pictures that cannot be read are skipped.
        skip_bad: bool,
    },
    /// A table with commas.
    Table {
        /// What its columns are, where the cells do not decide.
        schema: Option<Schema>,
        /// What empty cells are.
        missing: Missing,
        /// Whether columns that name the rows are learned.
        keep_ids: bool,
    },
    /// Points drawn from a toy set, with the seed of the training.
    Points {
        /// How many.
        count: usize,
        /// Whether the parts of the set are classes.
        classes: bool,
    },
}

/// A file that says what the columns of a table are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// The path of the file, as the user gives it.
    pub name: String,
    /// What the file held when it was read.
    pub json: String,
}

/// What empty cells of a table are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// One more state of their column: samples have about as many.
    #[default]
    Learn,
    /// A reason to leave the row out.
    Drop,
    /// A reason to refuse the table.
    Refuse,
}

/// How pictures are fitted to a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// They fill it; the excess is cropped equally on both sides.
    Crop,
    /// The whole picture is shown, with background around it.
    Letterbox,
}
