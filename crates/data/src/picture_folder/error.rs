//! Why files are not a data set of pictures, and why one file is not a picture.

use crate::Own;
use crate::counted::counted;
use std::fmt::{self, Display};
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// The formats that are read, as messages list them.
pub(super) const FORMATS: &str = "PNG, JPEG, WebP, GIF, BMP, TIFF or PNM";

/// As many damaged files are listed by name in one message.
const LISTED: usize = 20;

/// Why [`read_pictures`](crate::read_pictures) read nothing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PictureSetError {
    /// The file system refused.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// There is not a single picture.
    #[error(
        "no picture in {}: looked for {FORMATS} by content, and found {}{}{}",
        path.display(), counted(*others, "other file"), but_hidden(*hidden), but_for(left_out)
    )]
    NoPictures {
        /// The file or folder.
        path: PathBuf,
        /// The number of files that are no pictures.
        others: usize,
        /// The number of folders and pictures whose names begin with a dot.
        hidden: usize,
        /// Folders that this program wrote, which were not looked into.
        left_out: Vec<(PathBuf, Own)>,
    },
    /// The folder is one that this program wrote.
    #[error("{} holds {own}, not data: name the folder of pictures to learn from", path.display())]
    Own {
        /// The folder.
        path: PathBuf,
        /// What is in it.
        own: Own,
    },
    /// Some pictures are damaged, or all of them.
    #[error("{} of {} cannot be read:{}", bad.len(), counted(*total, "picture"), list(bad))]
    Bad {
        /// Every damaged file and the reason.
        bad: Vec<(PathBuf, String)>,
        /// The number of pictures, damaged ones included.
        total: usize,
    },
    /// Classes are requested, but the path is not a folder.
    #[error("{} is a file: classes need a folder with one sub-folder per class", path.display())]
    NotAFolder {
        /// The file.
        path: PathBuf,
    },
    /// A picture is beside the class folders.
    #[error("{} is in no class: put every picture into a sub-folder", path.display())]
    OutsideClasses {
        /// The picture.
        path: PathBuf,
    },
    /// A class has no pictures, or none that can be read.
    #[error("the class {} has no picture that can be read", path.display())]
    EmptyClass {
        /// The folder.
        path: PathBuf,
    },
    /// The requested size is empty or too large.
    #[error(
        "the size {} x {} (height x width) is not a valid size of pictures: sides are 1 to {limit}",
        size[0], size[1]
    )]
    Size {
        /// `[height, width]`.
        size: [usize; 2],
        /// The longest side.
        limit: usize,
    },
    /// All pictures together do not fit into memory.
    #[error("{} of shape {shape:?} do not fit into memory", counted(*count, "picture"))]
    TooLarge {
        /// The number of pictures.
        count: usize,
        /// The shape of each.
        shape: [usize; 3],
    },
}

fn but_for(left_out: &[(PathBuf, Own)]) -> impl Display {
    fmt::from_fn(move |f| {
        left_out
            .iter()
            .try_for_each(|(path, own)| write!(f, "; left out {}: {own}", path.display()))
    })
}

fn but_hidden(hidden: usize) -> String {
    match hidden {
        0 => String::new(),
        hidden => format!(", {hidden} with a name that begins with a dot"),
    }
}

/// One file on the same line, more of them on lines of their own: so names are escaped here.
fn list(bad: &[(PathBuf, String)]) -> impl Display {
    let line =
        |(path, reason): &(PathBuf, String)| escaped(&format!("{}: {reason}", path.display()));
    let mut lines: Vec<String> = bad.iter().take(LISTED).map(line).collect();
    if bad.len() > LISTED {
        lines.push(format!("… and {} more", bad.len() - LISTED));
    }
    let start = if bad.len() == 1 { " " } else { "\n  " };
    start.to_owned() + &lines.join(start)
}

/// The same text without line ends and other control characters.
fn escaped(text: &str) -> String {
    let escape = |c: char| c.is_control().then(|| c.escape_debug().to_string());
    text.chars().map(|c| escape(c).unwrap_or_else(|| c.to_string())).collect()
}

/// Why one file is not a picture.
#[derive(Debug, Error)]
pub(super) enum Flaw {
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("is not a regular file")]
    NotAFile,
    #[error("is empty")]
    Empty,
    #[error("is not {FORMATS}: it begins with {start:?}")]
    NotAPicture { start: String },
    #[error("is {format}, but only {FORMATS} are supported")]
    Format { format: String },
    #[error("is cut short: its end is missing")]
    CutShort,
    #[error(
        "is {width} x {height} pixels, too large: a side is at most {side}, and samples {limit} MiB"
    )]
    TooLarge { width: usize, height: usize, side: usize, limit: usize },
    #[error("has {length} bytes, more than {limit}")]
    TooLong { length: u64, limit: u64 },
    #[error(
        "holds floating-point samples from {low} to {high}, expected 0 (black) to 1 (white): scale \
         them, or save it with 8 or 16 bits or as .npy"
    )]
    FloatRange { low: f32, high: f32 },
    #[error("holds the sample {sample}, expected numbers from 0 (black) to 1 (white)")]
    NotFinite { sample: f32 },
    #[error("holds {samples}, which are not supported: save it with 8 or 16 bits, or as .npy")]
    Samples { samples: String },
    #[error("cannot be decoded: {0}")]
    Undecoded(String),
}
