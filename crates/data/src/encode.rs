//! Why something can't be a file of its kind.

use crate::{Channels, SaveError};
use std::path::Path;
use thiserror::Error;

/// Why something can't be the bytes of a file of its kind.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The image or its metadata cannot be a PNG.
    #[error("not a PNG")]
    Png(#[source] png::EncodingError),
    /// The frames cannot be a GIF.
    #[error("not a GIF")]
    Gif(#[source] gif::EncodingError),
    /// An animation has no frames.
    #[error("not an animation: it has no frames")]
    NoFrames,
    /// A frame differs from the first.
    #[error(
        "not an animation: frame {frame} is {} × {} {:?}, but frame 0 is {} × {} {:?}",
        found.0, found.1, found.2, first.0, first.1, first.2
    )]
    Frame {
        /// The frame, counted from 0.
        frame: usize,
        /// Width, height and channels of that frame.
        found: (u16, u16, Channels),
        /// Width, height and channels of the first frame.
        first: (u16, u16, Channels),
    },
}

impl EncodeError {
    /// The same of a file that was to be written.
    pub(crate) fn at(self, path: &Path) -> SaveError {
        let path = path.to_owned();
        match self {
            Self::Png(source) => SaveError::Png { path, source },
            Self::Gif(source) => SaveError::Gif { path, source },
            Self::NoFrames => SaveError::NoFrames { path },
            Self::Frame { frame, found, first } => SaveError::Frame { path, frame, found, first },
        }
    }
}
