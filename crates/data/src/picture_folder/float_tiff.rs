//! TIFF files of floating-point samples, as scientific programs write them, grey ones among them.

use super::decode::{MAX_SAMPLES, check_dimensions};
use super::error::Flaw;
use super::picture::Picture;
use image::metadata::Orientation;
use image::{ImageBuffer, Luma, LumaA, Pixel, Rgb, Rgba, imageops};
use std::io::Cursor;
use tiff::ColorType;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::{SampleFormat, Tag};

/// The picture, right side up, and what that took; `None` if its samples are unsigned integers,
/// which are for the decoder of all formats.
pub(super) fn decode(bytes: &[u8]) -> Result<Option<(Picture, Orientation)>, Flaw> {
    let mut decoder = Decoder::new(Cursor::new(bytes))?.with_limits(limits());
    let formats = decoder.find_tag_unsigned_vec::<u16>(Tag::SampleFormat)?.unwrap_or_default();
    let Some(format) = formats.iter().find(|format| **format != SampleFormat::Uint.to_u16()) else {
        return Ok(None);
    };
    let (width, height) = decoder.dimensions()?;
    let colours = decoder.colortype()?;
    let is_read = |bits| *format == SampleFormat::IEEEFP.to_u16() && [16, 32, 64].contains(&bits);
    let Some((depth, bits)) = depth(colours).filter(|(_, bits)| is_read(*bits)) else {
        return Err(Flaw::Samples { samples: about(*format, colours) });
    };
    check_dimensions(width as usize, height as usize, bits / 8 * depth)?;
    let orientation = decoder.find_tag_unsigned::<u8>(Tag::Orientation)?;
    let orientation =
        orientation.and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms);
    let samples = samples(&mut decoder, width as usize * height as usize, usize::from(depth))?;
    let turned = match depth {
        1 => upright::<Luma<f32>>(width, height, samples, orientation),
        2 => upright::<LumaA<f32>>(width, height, samples, orientation),
        3 => upright::<Rgb<f32>>(width, height, samples, orientation),
        _ => upright::<Rgba<f32>>(width, height, samples, orientation),
    };
    let ([width, height], samples) = turned.ok_or_else(short)?;
    let shape = [width, height, usize::from(depth)];
    Ok(Some((Picture::of_floats(shape, samples)?, orientation)))
}

/// A file cannot make the decoder take more than a picture may.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = MAX_SAMPLES;
    limits.intermediate_buffer_size = MAX_SAMPLES;
    limits
}

/// Samples a pixel, as [`Picture`] counts them, and bits a sample.
#[allow(clippy::wildcard_enum_match_arm, reason = "a foreign enum that grows")]
fn depth(colours: ColorType) -> Option<(u8, u8)> {
    match colours {
        ColorType::Gray(bits) => Some((1, bits)),
        ColorType::GrayA(bits) | ColorType::Multiband { bit_depth: bits, num_samples: 2 } => {
            Some((2, bits))
        }
        ColorType::RGB(bits) => Some((3, bits)),
        ColorType::RGBA(bits) => Some((4, bits)),
        _ => None,
    }
}

/// What is not read, in words.
fn about(format: u16, colours: ColorType) -> String {
    let format = match SampleFormat::from_u16(format) {
        Some(SampleFormat::Int) => "signed integers".to_owned(),
        Some(SampleFormat::IEEEFP) => "floating-point samples".to_owned(),
        _ => format!("samples of format {format}"),
    };
    format!("{format} of colour type {colours:?}")
}

/// All samples, those of a pixel side by side.
fn samples<R: std::io::Read + std::io::Seek>(
    decoder: &mut Decoder<R>,
    area: usize,
    depth: usize,
) -> Result<Vec<f32>, Flaw> {
    let mut buffer = DecodingResult::F32(Vec::new());
    let layout = decoder.read_image_to_buffer(&mut buffer)?;
    // If all planes are beyond the limits it is content with the first.
    if buffer.as_buffer(0).as_bytes().len() < layout.complete_len {
        return Err(short());
    }
    #[expect(clippy::cast_possible_truncation, reason = "samples are rounded to f32")]
    let samples: Vec<f32> = if let DecodingResult::F16(samples) = buffer {
        samples.into_iter().map(f32::from).collect()
    } else if let DecodingResult::F64(samples) = buffer {
        samples.into_iter().map(|sample| sample as f32).collect()
    } else if let DecodingResult::F32(samples) = buffer {
        samples
    } else {
        return Err(short());
    };
    match layout.planes {
        0 | 1 if samples.len() == area * depth => Ok(samples),
        // One plane per channel; further planes have no known meaning.
        2.. if samples.len() >= area * depth => {
            let places = (0..area).flat_map(|i| (0..depth).map(move |c| c * area + i));
            Ok(places.map(|place| samples[place]).collect())
        }
        _ => Err(short()),
    }
}

/// `[width, height]` and the samples of a picture that is turned upright; `None` if they are too
/// few.
fn upright<P: Pixel<Subpixel = f32> + 'static>(
    width: u32,
    height: u32,
    samples: Vec<f32>,
    orientation: Orientation,
) -> Option<([usize; 2], Vec<f32>)> {
    let image: ImageBuffer<P, Vec<f32>> = ImageBuffer::from_raw(width, height, samples)?;
    let image = match orientation {
        Orientation::NoTransforms => image,
        Orientation::Rotate90 => imageops::rotate90(&image),
        Orientation::Rotate180 => imageops::rotate180(&image),
        Orientation::Rotate270 => imageops::rotate270(&image),
        Orientation::FlipHorizontal => imageops::flip_horizontal(&image),
        Orientation::FlipVertical => imageops::flip_vertical(&image),
        Orientation::Rotate90FlipH => imageops::flip_horizontal(&imageops::rotate90(&image)),
        Orientation::Rotate270FlipH => imageops::flip_horizontal(&imageops::rotate270(&image)),
    };
    let size = [image.width() as usize, image.height() as usize];
    Some((size, image.into_raw()))
}

fn short() -> Flaw {
    Flaw::Undecoded("its samples are not as many as its size needs".to_owned())
}

impl From<tiff::TiffError> for Flaw {
    fn from(error: tiff::TiffError) -> Self {
        Self::Undecoded(error.to_string())
    }
}
