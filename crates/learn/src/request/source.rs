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
    /// Without options: built-in pictures, IDX files, arrays, tables, rows given by a program.
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
    /// Points drawn from a toy set, with the seed of the training.
    Points {
        /// How many.
        count: usize,
        /// Whether the parts of the set are classes.
        classes: bool,
    },
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
