//! A decoded picture: its samples as the file stored them, and what a pixel is.

use super::error::Flaw;
use super::several::Several;
use image::DynamicImage;

/// How far outside [0, 1] rounding may have brought a floating-point sample.
const ROUNDING: f32 = 1e-6;

/// A decoded picture, right side up.
#[derive(Debug)]
pub(super) struct Picture {
    pub width: usize,
    pub height: usize,
    /// Samples a pixel: 1 grey, 2 grey and opacity, 3 RGB, 4 RGB and opacity.
    depth: usize,
    samples: Samples,
    pub remarks: Remarks,
}

/// What the user should know of a file beyond its pixels.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Remarks {
    /// Whether an orientation was applied.
    pub turned: bool,
    /// What else is in the file, if there is more than the picture that is taken.
    pub first_of: Option<Several>,
    /// Whether this program drew it.
    pub is_drawn: bool,
}

/// What a file stores its samples in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    Bytes,
    /// 16 bits.
    Words,
    Floats,
}

/// Samples in the order of pixels, those of a pixel side by side.
#[derive(Debug)]
enum Samples {
    Bytes(Vec<u8>),
    Words(Vec<u16>),
    /// From 0 to 1.
    Floats(Vec<f32>),
}

/// A pixel: colour in model space, opacity from 0 to 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pixel {
    pub colour: [f32; 3],
    pub opacity: f32,
}

impl Picture {
    pub(super) fn new(image: DynamicImage) -> Result<Self, Flaw> {
        let (width, height) = (image.width() as usize, image.height() as usize);
        let (depth, samples) = match image {
            DynamicImage::ImageLuma8(image) => (1, Samples::Bytes(image.into_raw())),
            DynamicImage::ImageLumaA8(image) => (2, Samples::Bytes(image.into_raw())),
            DynamicImage::ImageRgb8(image) => (3, Samples::Bytes(image.into_raw())),
            DynamicImage::ImageRgba8(image) => (4, Samples::Bytes(image.into_raw())),
            DynamicImage::ImageLuma16(image) => (1, Samples::Words(image.into_raw())),
            DynamicImage::ImageLumaA16(image) => (2, Samples::Words(image.into_raw())),
            DynamicImage::ImageRgb16(image) => (3, Samples::Words(image.into_raw())),
            DynamicImage::ImageRgba16(image) => (4, Samples::Words(image.into_raw())),
            DynamicImage::ImageRgb32F(_) | DynamicImage::ImageRgba32F(_) | _ => {
                return Err(Flaw::Samples { samples: format!("samples of {:?}", image.color()) });
            }
        };
        Ok(Self { width, height, depth, samples, remarks: Remarks::default() })
    }

    /// A picture of floating-point samples, at least one.
    pub(super) fn of_floats(
        [width, height, depth]: [usize; 3],
        mut samples: Vec<f32>,
    ) -> Result<Self, Flaw> {
        if let Some(sample) = samples.iter().copied().find(|sample| !sample.is_finite()) {
            return Err(Flaw::NotFinite { sample });
        }
        let (low, high) = samples.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |range, x| {
            (range.0.min(*x), range.1.max(*x))
        });
        if low < -ROUNDING || high > 1.0 + ROUNDING {
            return Err(Flaw::FloatRange { low, high });
        }
        for sample in &mut samples {
            *sample = sample.clamp(0.0, 1.0);
        }
        let samples = Samples::Floats(samples);
        Ok(Self { width, height, depth, samples, remarks: Remarks::default() })
    }

    /// What the file stores its samples in.
    pub(super) fn precision(&self) -> Precision {
        match self.samples {
            Samples::Bytes(_) => Precision::Bytes,
            Samples::Words(_) => Precision::Words,
            Samples::Floats(_) => Precision::Floats,
        }
    }

    /// Whether the file stores grey values.
    pub(super) fn is_grey(&self) -> bool {
        self.depth <= 2
    }

    /// Whether anything shines through.
    pub(super) fn is_transparent(&self) -> bool {
        let pixels = || 0..self.width * self.height;
        self.depth.is_multiple_of(2) && pixels().any(|place| self.pixel(place).opacity < 1.0)
    }

    /// The pixel at `place` = y · width + x.
    pub(super) fn pixel(&self, place: usize) -> Pixel {
        let value = |i| self.value(place * self.depth + i);
        let opacity = |i| f32::midpoint(value(i), 1.0);
        match self.depth {
            1 => Pixel { colour: [value(0); 3], opacity: 1.0 },
            2 => Pixel { colour: [value(0); 3], opacity: opacity(1) },
            3 => Pixel { colour: [value(0), value(1), value(2)], opacity: 1.0 },
            _ => Pixel { colour: [value(0), value(1), value(2)], opacity: opacity(3) },
        }
    }

    fn value(&self, i: usize) -> f32 {
        match &self.samples {
            Samples::Bytes(bytes) => from_byte(bytes[i]),
            Samples::Words(words) => from_word(words[i]),
            Samples::Floats(floats) => 2.0 * floats[i] - 1.0,
        }
    }
}

/// A byte in model space: 0 is −1, 255 is 1.
///
/// (2 s − max) / max is s / (max/2) − 1 without the cancellation around the middle.
pub(crate) fn from_byte(byte: u8) -> f32 {
    (2.0 * f32::from(byte) - 255.0) / 255.0
}

/// A sample of 16 bits in model space: 0 is −1, 65535 is 1.
fn from_word(word: u16) -> f32 {
    (2.0 * f32::from(word) - 65535.0) / 65535.0
}
