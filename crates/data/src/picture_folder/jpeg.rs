//! JPEG files, by a decoder that takes no part of a picture for the whole.

use super::decode::{MAX_SIDE, check_dimensions};
use super::error::Flaw;
use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, RgbImage};
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// Decodes a grey picture to grey, all others to RGB, CMYK as Adobe stores it among them.
pub(super) fn decode(bytes: &[u8]) -> Result<(DynamicImage, Orientation), Flaw> {
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(MAX_SIDE)
        .set_max_height(MAX_SIDE);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers()?;
    let is_grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    let (colours, depth) = if is_grey { (ColorSpace::Luma, 1) } else { (ColorSpace::RGB, 3) };
    decoder.set_options(options.jpeg_set_out_colorspace(colours));
    let (width, height) = decoder.dimensions().ok_or_else(no_size)?;
    check_dimensions(width, height, depth)?;
    let pixels = decoder.decode()?;
    let sides = u32::try_from(width).ok().zip(u32::try_from(height).ok());
    let image = sides.and_then(|(width, height)| {
        if is_grey {
            GrayImage::from_raw(width, height, pixels).map(DynamicImage::ImageLuma8)
        } else {
            RgbImage::from_raw(width, height, pixels).map(DynamicImage::ImageRgb8)
        }
    });
    let exif = decoder.exif().and_then(|chunk| Orientation::from_exif_chunk(chunk));
    Ok((image.ok_or_else(no_size)?, exif.unwrap_or(Orientation::NoTransforms)))
}

/// Width and height as stored, whether it is grey, and how it is turned, from the beginning of a file.
pub(super) fn glance(bytes: &[u8]) -> Result<((u32, u32), bool, Orientation), Flaw> {
    let options = DecoderOptions::default().set_max_width(MAX_SIDE).set_max_height(MAX_SIDE);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers()?;
    let (width, height) = decoder.dimensions().ok_or_else(no_size)?;
    let sides = u32::try_from(width).ok().zip(u32::try_from(height).ok());
    let exif = decoder.exif().and_then(|chunk| Orientation::from_exif_chunk(chunk));
    let is_grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    Ok((sides.ok_or_else(no_size)?, is_grey, exif.unwrap_or(Orientation::NoTransforms)))
}

fn no_size() -> Flaw {
    Flaw::Undecoded("it states no size".to_owned())
}

impl From<DecodeErrors> for Flaw {
    fn from(error: DecodeErrors) -> Self {
        Self::Undecoded(error.to_string())
    }
}
