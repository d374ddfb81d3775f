//! One file becomes one picture, within bounds, or a reason why not.

use super::error::Flaw;
use super::picture::{Picture, Precision, Remarks};
use super::several::Several;
use super::survey::Facts;
use super::{float_tiff, format, jpeg, whole};
use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};
use std::fs::{self, File};
use std::io::{BufReader, Cursor, Read};
use std::path::Path;

/// The longest side in pixels: JPEG and GIF know no longer one.
pub(super) const MAX_SIDE: usize = 65_535;

/// The most bytes that the samples of one picture may take: 89 megapixels of 8-bit RGB.
pub(super) const MAX_SAMPLES: usize = 256 << 20;

/// The longest file.
const MAX_FILE: u64 = 512 << 20;

/// How much of a JPEG file is read for its header; the whole file, if that is not enough.
const GLANCE: u64 = 64 << 10;

/// Reads the file at `path`.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Flaw> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(Flaw::NotAFile);
    }
    if metadata.len() > MAX_FILE {
        return Err(Flaw::TooLong { length: metadata.len(), limit: MAX_FILE });
    }
    Ok(fs::read(path)?)
}

/// Bytes of the file at `path`; 0 if it is missing, which its reader will report.
pub(super) fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// Decodes the bytes of a file.
pub(super) fn decode(bytes: &[u8]) -> Result<Picture, Flaw> {
    let format = readable_format(bytes)?;
    if !whole::is_whole(format, bytes) {
        return Err(Flaw::CutShort);
    }
    let (mut picture, orientation) = picture(format, bytes)?;
    picture.remarks = Remarks {
        turned: orientation != Orientation::NoTransforms,
        first_of: Several::of(format, bytes),
        is_drawn: is_drawn(format, bytes),
    };
    Ok(picture)
}

/// The header of the file at `path`; the picture is not decoded, except in TIFF files and those with palettes.
pub(super) fn glance(path: &Path) -> Result<Facts, Flaw> {
    let mut head = Vec::new();
    File::open(path)?.take(GLANCE).read_to_end(&mut head)?;
    let facts = |size: (u32, u32), colours: ColorType, orientation: Orientation| {
        let (width, height) = (size.0 as usize, size.1 as usize);
        check_dimensions(width, height, colours.bytes_per_pixel())?;
        // The last four of the eight orientations of EXIF exchange the sides.
        let [width, height] =
            if orientation.to_exif() > 4 { [height, width] } else { [width, height] };
        Ok(Facts {
            width,
            height,
            is_grey: !colours.has_color(),
            is_transparent: colours.has_alpha(),
            precision: if colours.bytes_per_pixel() == colours.channel_count() {
                Precision::Bytes
            } else {
                Precision::Words
            },
            remarks: Remarks {
                turned: orientation != Orientation::NoTransforms,
                ..Remarks::default()
            },
        })
    };
    let format = readable_format(&head)?;
    if format == ImageFormat::Tiff || PALETTES.contains(&format) {
        return decode(&read(path)?).map(|picture| Facts::new(&picture));
    }
    if format == ImageFormat::Jpeg {
        let (size, is_grey, orientation) =
            jpeg::glance(&head).or_else(|_| jpeg::glance(&read(path)?))?;
        return facts(size, if is_grey { ColorType::L8 } else { ColorType::Rgb8 }, orientation);
    }
    let reader = ImageReader::with_format(BufReader::new(File::open(path)?), format);
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation()?;
    facts(decoder.dimensions(), decoder.color_type(), orientation)
}

/// The picture, right side up, and what that took.
fn picture(format: ImageFormat, bytes: &[u8]) -> Result<(Picture, Orientation), Flaw> {
    if format == ImageFormat::Tiff
        && let Some(picture) = float_tiff::decode(bytes)?
    {
        return Ok(picture);
    }
    let (mut image, orientation) =
        if format == ImageFormat::Jpeg { jpeg::decode(bytes)? } else { decode_as(format, bytes)? };
    image.apply_orientation(orientation);
    if PALETTES.contains(&format) {
        image = without_colour(image);
    }
    Ok((Picture::new(image)?, orientation))
}

/// Formats that have a palette of colours even where all of them are grey.
const PALETTES: [ImageFormat; 2] = [ImageFormat::Gif, ImageFormat::Bmp];

/// The same picture as a grey one, if all its colours are.
fn without_colour(image: DynamicImage) -> DynamicImage {
    if !image.to_rgb8().pixels().all(|pixel| pixel.0.iter().all(|value| *value == pixel.0[0])) {
        return image;
    }
    if image.color().has_alpha() { image.to_luma_alpha8().into() } else { image.to_luma8().into() }
}

/// Whether the metadata of a PNG name this program as its writer, as in all its samples and charts.
fn is_drawn(format: ImageFormat, bytes: &[u8]) -> bool {
    /// The metadata are before the pixels.
    const HEAD: usize = 1024;
    let head = &bytes[..bytes.len().min(HEAD)];
    let text = b"tEXtSoftware\0ancestral ";
    format == ImageFormat::Png && head.windows(text.len()).any(|window| window == text)
}

fn readable_format(bytes: &[u8]) -> Result<ImageFormat, Flaw> {
    match format::format(bytes) {
        Some(format) if format.reading_enabled() || format == ImageFormat::Jpeg => Ok(format),
        Some(format) => Err(Flaw::Format { format: format!("{format:?}") }),
        None if bytes.is_empty() => Err(Flaw::Empty),
        None => {
            let start = String::from_utf8_lossy(&bytes[..bytes.len().min(16)]).into_owned();
            Err(Flaw::NotAPicture { start })
        }
    }
}

fn decode_as(format: ImageFormat, bytes: &[u8]) -> Result<(DynamicImage, Orientation), Flaw> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_SAMPLES as u64);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    check_dimensions(width as usize, height as usize, decoder.color_type().bytes_per_pixel())?;
    let orientation = decoder.orientation()?;
    Ok((DynamicImage::from_decoder(decoder)?, orientation))
}

/// Refuses a picture before anything of its size is allocated.
pub(super) fn check_dimensions(width: usize, height: usize, depth: u8) -> Result<(), Flaw> {
    let longest = width.max(height);
    if longest > MAX_SIDE || width * height > MAX_SAMPLES / usize::from(depth) {
        return Err(Flaw::TooLarge { width, height, side: MAX_SIDE, limit: MAX_SAMPLES >> 20 });
    }
    Ok(())
}

impl From<ImageError> for Flaw {
    fn from(error: ImageError) -> Self {
        Self::Undecoded(error.to_string())
    }
}
