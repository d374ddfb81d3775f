//! An image as bytes, as in files and on screens.

use crate::Channels;
use thiserror::Error;

/// An image of 8 bits a channel.
///
/// # Shapes
/// `data`: `[height, width, channels]`, from the top left. Sides: 1 to [`Raster::MAX_SIDE`].
///
/// # Example
/// ```
/// use ancestral_data::{Channels, Raster};
///
/// let raster = Raster::new(2, 1, Channels::Grey, vec![0, 255])?;
/// assert_eq!(raster.data(), [0, 255]);
/// assert!(Raster::new(2, 2, Channels::Grey, vec![0, 255]).is_err());
/// # Ok::<(), ancestral_data::RasterError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raster {
    width: u16,
    height: u16,
    channels: Channels,
    data: Vec<u8>,
}

/// Why bytes do not make a [`Raster`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RasterError {
    /// A side is 0 pixels long.
    #[error("an image of {width} × {height} pixels has no pixels")]
    Empty {
        /// The width in pixels.
        width: u16,
        /// The height in pixels.
        height: u16,
    },
    /// The number of bytes is not width × height × channels.
    #[error(
        "{width} × {height} pixels of {channels:?} take {expected} bytes, but there are {found}"
    )]
    Length {
        /// The width in pixels.
        width: u16,
        /// The height in pixels.
        height: u16,
        /// The channels of a pixel.
        channels: Channels,
        /// The number of bytes needed.
        expected: usize,
        /// The number of bytes given.
        found: usize,
    },
}

impl Raster {
    /// The longest side in pixels: 65 535, the limit of the GIF format and of many viewers.
    pub const MAX_SIDE: u16 = u16::MAX;

    /// Makes an image of bytes, row by row from the top left, channels together.
    ///
    /// # Errors
    /// [`RasterError`] if a side is 0 or the number of bytes does not fit.
    pub fn new(
        width: u16,
        height: u16,
        channels: Channels,
        data: Vec<u8>,
    ) -> Result<Self, RasterError> {
        if width == 0 || height == 0 {
            return Err(RasterError::Empty { width, height });
        }
        let expected = usize::from(width) * usize::from(height) * channels.count();
        let found = data.len();
        if found != expected {
            return Err(RasterError::Length { width, height, channels, expected, found });
        }
        Ok(Self { width, height, channels, data })
    }

    /// An all-white, opaque image.
    ///
    /// # Panics
    /// If a side is 0 or above [`MAX_SIDE`](Self::MAX_SIDE).
    pub(crate) fn blank(width: usize, height: usize, channels: Channels) -> Self {
        let side = |length: usize| u16::try_from(length).expect("the caller has checked the side");
        let data = vec![u8::MAX; width * height * channels.count()];
        Self::new(side(width), side(height), channels, data).expect("the length is the product")
    }

    /// The width in pixels.
    #[must_use]
    pub fn width(&self) -> u16 {
        self.width
    }

    /// The height in pixels.
    #[must_use]
    pub fn height(&self) -> u16 {
        self.height
    }

    /// The channels of a pixel.
    #[must_use]
    pub fn channels(&self) -> Channels {
        self.channels
    }

    /// The bytes, row by row from the top left, channels together.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The bytes of row `y`.
    pub(crate) fn row_mut(&mut self, y: usize) -> &mut [u8] {
        let row_len = usize::from(self.width) * self.channels.count();
        &mut self.data[y * row_len..][..row_len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_must_fit_the_size() {
        let error = Raster::new(2, 3, Channels::Rgb, vec![0; 17]).unwrap_err();
        assert_eq!(error.to_string(), "2 × 3 pixels of Rgb take 18 bytes, but there are 17");
        assert!(Raster::new(2, 3, Channels::Rgb, vec![0; 18]).is_ok());
        let empty = Raster::new(0, 3, Channels::Grey, vec![]);
        assert_eq!(empty, Err(RasterError::Empty { width: 0, height: 3 }));
    }
}
