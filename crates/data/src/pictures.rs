//! Pictures in model space, checked once, and how their values become bytes.

use crate::{Channels, Raster};
use thiserror::Error;

/// The byte that shows a value of model space.
///
/// # Formula
/// ```text
/// byte = round(255 (x/2 + 1/2)), halves away from zero, clamped to 0 … 255
/// ```
/// # Numerics
/// Rounded, not truncated: 0 is 128 and −0.5 is 64. NaN becomes 0; [`Pictures`] refuses it.
/// # Example
/// ```
/// use ancestral_data::to_byte;
///
/// assert_eq!([-1.0, -0.5, 0.0, 0.5, 1.0].map(to_byte), [0, 64, 128, 191, 255]);
/// ```
#[must_use]
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float-to-integer cast clamps, which is what is wanted"
)]
pub fn to_byte(x: f32) -> u8 {
    ((x / 2.0 + 0.5) * 255.0).round() as u8
}

/// A view of pictures in model space, known to be sound.
///
/// # Shapes
/// `values`: `[count, channels, height, width]`, with 1, 3 or 4 channels. Range: −1 (black) to 1
/// (white); values outside are shown as black or white.
///
/// # Example
/// ```
/// use ancestral_data::Pictures;
///
/// let pictures = Pictures::new(&[0.5; 2 * 3 * 4 * 5], &[3, 4, 5])?;
/// assert_eq!((pictures.count(), pictures.height(), pictures.width()), (2, 4, 5));
/// assert_eq!(pictures.raster(1).data()[..3], [191, 191, 191]);
/// # Ok::<(), ancestral_data::PicturesError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pictures<'a> {
    values: &'a [f32],
    channels: Channels,
    height: usize,
    width: usize,
}

/// Why values do not make [`Pictures`].
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum PicturesError {
    /// The shape is not `[channels, height, width]`, or is empty or longer than a side may be.
    #[error(
        "shape {shape:?} is not that of a picture: [channels, height, width], sides 1 to {limit}"
    )]
    Shape {
        /// The shape of one row.
        shape: Vec<usize>,
        /// The longest side that a picture may have.
        limit: usize,
    },
    /// The number of channels is not 1, 3 or 4.
    #[error("a picture has 1 (grey), 3 (RGB) or 4 (RGBA) channels, not {channels}")]
    Channels {
        /// The number of channels.
        channels: usize,
    },
    /// The values do not fill one or more whole pictures.
    #[error("{values} values do not fill one or more pictures of shape {shape:?}")]
    Ragged {
        /// The number of values.
        values: usize,
        /// The shape of one picture.
        shape: Vec<usize>,
    },
    /// A value is infinite or not a number.
    #[error("picture {picture} holds the value {value}, which is not finite")]
    NotFinite {
        /// The picture, counted from 0.
        picture: usize,
        /// The value.
        value: f32,
    },
}

impl<'a> Pictures<'a> {
    /// Checks that `values` are one or more pictures of `shape`: `[channels, height, width]`.
    ///
    /// # Errors
    /// [`PicturesError`] if they are not, or if a value is not finite.
    pub fn new(values: &'a [f32], shape: &[usize]) -> Result<Self, PicturesError> {
        let limit = Raster::MAX_SIDE as usize;
        let &[channels, height, width] = shape else {
            return Err(PicturesError::Shape { shape: shape.to_vec(), limit });
        };
        if !(1..=limit).contains(&height) || !(1..=limit).contains(&width) {
            return Err(PicturesError::Shape { shape: shape.to_vec(), limit });
        }
        let channels =
            Channels::from_count(channels).ok_or(PicturesError::Channels { channels })?;
        let pictures = Self { values, channels, height, width };
        let picture_len = pictures.picture_len();
        if values.is_empty() || !values.len().is_multiple_of(picture_len) {
            return Err(PicturesError::Ragged { values: values.len(), shape: shape.to_vec() });
        }
        match values.iter().position(|value| !value.is_finite()) {
            Some(i) => Err(PicturesError::NotFinite { picture: i / picture_len, value: values[i] }),
            None => Ok(pictures),
        }
    }

    /// The number of pictures, at least 1.
    #[must_use]
    pub fn count(&self) -> usize {
        self.values.len() / self.picture_len()
    }

    /// The channels of a pixel.
    #[must_use]
    pub fn channels(&self) -> Channels {
        self.channels
    }

    /// The height of each picture in pixels.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// The width of each picture in pixels.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// One picture as bytes, at its own size.
    ///
    /// # Panics
    /// If `index` is not below [`count`](Self::count).
    #[must_use]
    pub fn raster(&self, index: usize) -> Raster {
        assert!(index < self.count(), "picture {index} of {}", self.count());
        let mut raster = Raster::blank(self.width, self.height, self.channels);
        self.draw(index, 1, &mut raster, 0, 0);
        raster
    }

    /// Draws one picture into `raster`, every pixel `scale` × `scale`, its top left at (`left`, `top`).
    pub(crate) fn draw(
        &self,
        index: usize,
        scale: usize,
        raster: &mut Raster,
        left: usize,
        top: usize,
    ) {
        let picture = &self.values[index * self.picture_len()..][..self.picture_len()];
        for y in 0..self.height * scale {
            let row = raster.row_mut(top + y);
            let pixels = row.chunks_exact_mut(self.channels.count()).skip(left);
            for (x, pixel) in pixels.take(self.width * scale).enumerate() {
                let place = (y / scale) * self.width + x / scale;
                let planes = picture.chunks_exact(self.height * self.width);
                for (byte, plane) in pixel.iter_mut().zip(planes) {
                    *byte = to_byte(plane[place]);
                }
            }
        }
    }

    fn picture_len(&self) -> usize {
        self.channels.count() * self.height * self.width
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_rounded_and_clamped() {
        assert_eq!([-1.0, -0.5, 0.0, 0.5, 1.0].map(to_byte), [0, 64, 128, 191, 255]);
        assert_eq!([-1.5, 1.5, f32::MIN, f32::MAX].map(to_byte), [0, 255, 0, 255]);
        // The middle of each byte's interval and its two edges, by hand: x = (2 byte − 255) / 255.
        for byte in 0..=255_u8 {
            let middle = (2.0 * f32::from(byte) - 255.0) / 255.0;
            for offset in [-0.49, 0.0, 0.49] {
                assert_eq!(to_byte(middle + offset * 2.0 / 255.0), byte);
            }
        }
    }

    #[test]
    fn planes_become_interleaved_pixels() {
        // Two 1 × 2 pictures: red plane, green plane, blue plane.
        let values = [-1.0, 1.0, 0.0, 0.5, 1.0, -0.5, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0];
        let pictures = Pictures::new(&values, &[3, 1, 2]).unwrap();
        assert_eq!(pictures.count(), 2);
        assert_eq!(pictures.raster(0).data(), [0, 128, 255, 255, 191, 64]);
        assert_eq!(pictures.raster(1).data(), [255, 255, 0, 255, 0, 0]);
    }

    #[test]
    fn other_channels_and_shapes_are_refused() {
        let error = Pictures::new(&[0.0; 8], &[2, 2, 2]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a picture has 1 (grey), 3 (RGB) or 4 (RGBA) channels, not 2"
        );
        for shape in [[2].as_slice(), &[1, 0, 2], &[1, 2, 0], &[1, usize::MAX, 3], &[1, 1, 2, 2]] {
            let error = Pictures::new(&[0.0; 8], shape).unwrap_err();
            assert!(matches!(error, PicturesError::Shape { .. }), "{error}");
        }
    }

    #[test]
    fn part_pictures_and_no_pictures_are_refused() {
        for count in [0, 3, 5] {
            let error = Pictures::new(&[0.0; 5][..count], &[1, 2, 2]).unwrap_err();
            assert_eq!(error, PicturesError::Ragged { values: count, shape: vec![1, 2, 2] });
        }
    }

    #[test]
    fn a_value_that_is_not_finite_names_its_picture() {
        let mut values = [0.0; 12];
        values[9] = f32::NEG_INFINITY;
        let error = Pictures::new(&values, &[1, 2, 2]).unwrap_err();
        assert_eq!(error.to_string(), "picture 2 holds the value -inf, which is not finite");
    }
}
