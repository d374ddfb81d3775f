//! Images in sequence as an animated GIF.

use crate::{Channels, EncodeError, Raster, SaveError, save_bytes};
use gif::{Encoder, EncodingError, Frame, Repeat};
use std::path::Path;
use std::time::Duration;

/// How long the last frame of an animation stays, if that is longer than the others.
pub const LAST_FRAME_HOLD: Duration = Duration::from_secs(2);

/// The 256 colours are chosen by looking at about this many pixels, if a frame has more.
const PIXELS_LOOKED_AT: usize = 50_000;

/// Writes frames of equal size and channels as a GIF that repeats for ever.
///
/// Grey is exact. Of colours each frame keeps its best 256; where a pixel is transparent, white
/// shines through. The last frame is held for [`LAST_FRAME_HOLD`].
///
/// # Numerics
/// `delay` is rounded to hundredths of a second, and is at least two of them: browsers slow
/// down what claims to be faster.
///
/// # Errors
/// [`SaveError`] without frames, if a frame differs from the first in size or channels, or if
/// the file system refuses.
///
/// # Example
/// ```no_run
/// use ancestral_data::{Channels, Raster, write_gif};
/// use std::time::Duration;
///
/// let frame = |grey| Raster::new(1, 1, Channels::Grey, vec![grey]);
/// write_gif("fade.gif".as_ref(), &[frame(0)?, frame(255)?], Duration::from_millis(50))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_gif(path: &Path, frames: &[Raster], delay: Duration) -> Result<(), SaveError> {
    save_bytes(path, &encode_gif(frames, delay).map_err(|error| error.at(path))?)
}

/// The bytes that [`write_gif`] writes.
///
/// # Errors
/// [`EncodeError`] if there are no frames or they differ in size or channels.
pub fn encode_gif(frames: &[Raster], delay: Duration) -> Result<Vec<u8>, EncodeError> {
    checked(frames)?;
    encode(frames, delay).map_err(EncodeError::Gif)
}

/// The last frame, if all have the same size and channels.
pub(crate) fn checked(frames: &[Raster]) -> Result<&Raster, EncodeError> {
    let format = |frame: &Raster| (frame.width(), frame.height(), frame.channels());
    let [first, .., last] = frames else { return frames.first().ok_or(EncodeError::NoFrames) };
    let first = format(first);
    match frames.iter().position(|frame| format(frame) != first) {
        Some(frame) => {
            let found = format(&frames[frame]);
            Err(EncodeError::Frame { frame, found, first })
        }
        None => Ok(last),
    }
}

/// How long each of `count` frames stays.
pub(crate) fn held(delay: Duration, count: usize) -> impl Iterator<Item = Duration> {
    (1..=count).map(move |i| if i == count { delay.max(LAST_FRAME_HOLD) } else { delay })
}

fn encode(frames: &[Raster], delay: Duration) -> Result<Vec<u8>, EncodingError> {
    let (width, height) = (frames[0].width(), frames[0].height());
    let greys: Vec<u8> = (0..=u8::MAX).flat_map(|grey| [grey; 3]).collect();
    let palette = match frames[0].channels() {
        Channels::Grey => greys.as_slice(),
        Channels::Rgb | Channels::Rgba => &[], // each frame has its own
    };
    let mut encoder = Encoder::new(Vec::new(), width, height, palette)?;
    encoder.set_repeat(Repeat::Infinite)?;
    for (raster, delay) in frames.iter().zip(held(delay, frames.len())) {
        let mut frame = to_frame(raster);
        frame.delay = hundredths(delay);
        encoder.write_frame(&frame)?;
    }
    encoder.into_inner()
}

fn to_frame(raster: &Raster) -> Frame<'_> {
    let (width, height) = (raster.width(), raster.height());
    match raster.channels() {
        Channels::Grey => Frame { width, height, buffer: raster.data().into(), ..Frame::default() },
        Channels::Rgb => quantise(width, height, raster.data()),
        Channels::Rgba => quantise(width, height, &over_white(raster.data())),
    }
}

/// RGB pixels as indices into a palette of at most 256 colours.
pub(crate) fn quantise(width: u16, height: u16, rgb: &[u8]) -> Frame<'static> {
    // The speed is the stride of the pixels looked at, 1 to 30.
    let stride = (rgb.len() / 3 / PIXELS_LOOKED_AT).clamp(1, 30);
    Frame::from_rgb_speed(width, height, rgb, i32::try_from(stride).expect("at most 30"))
}

/// RGBA pixels blended on white: `colour · opacity + 255 · (1 − opacity)`, as RGB.
pub(crate) fn over_white(rgba: &[u8]) -> Vec<u8> {
    let blend = |colour: u8, opacity: u8| {
        let sum = u32::from(colour) * u32::from(opacity) + 255 * u32::from(255 - opacity);
        u8::try_from((sum + 127) / 255).expect("a mean of two bytes is a byte")
    };
    let pixels = rgba.chunks_exact(4);
    pixels.flat_map(|pixel| [0, 1, 2].map(|i| blend(pixel[i], pixel[3]))).collect()
}

fn hundredths(delay: Duration) -> u16 {
    let rounded = (delay.as_millis() + 5) / 10;
    u16::try_from(rounded).unwrap_or(u16::MAX).max(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gif::{ColorOutput, DecodeOptions};
    use std::fs::File;

    /// Size, repetition, and the delay and RGBA pixels of each frame.
    type Decoded = ((u16, u16), Repeat, Vec<(u16, Vec<u8>)>);

    fn decode(path: &Path) -> Decoded {
        let mut options = DecodeOptions::new();
        options.set_color_output(ColorOutput::RGBA);
        let mut decoder = options.read_info(File::open(path).unwrap()).unwrap();
        let size = (decoder.width(), decoder.height());
        let mut frames = Vec::new();
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            frames.push((frame.delay, frame.buffer.to_vec()));
        }
        (size, decoder.repeat(), frames)
    }

    fn raster(channels: Channels, data: &[u8]) -> Raster {
        Raster::new(2, 1, channels, data.to_vec()).unwrap()
    }

    #[test]
    fn grey_frames_come_back_exactly_and_the_last_is_held() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gif");
        let frames = [[0, 255], [127, 128], [1, 254]].map(|data| raster(Channels::Grey, &data));
        write_gif(&path, &frames, Duration::from_millis(80)).unwrap();
        let (size, repeat, decoded) = decode(&path);
        assert_eq!((size, repeat), ((2, 1), Repeat::Infinite));
        let by_hand = [
            (8, vec![0, 0, 0, 255, 255, 255, 255, 255]),
            (8, vec![127, 127, 127, 255, 128, 128, 128, 255]),
            (200, vec![1, 1, 1, 255, 254, 254, 254, 255]),
        ];
        assert_eq!(decoded, by_hand);
    }

    #[test]
    fn a_few_colours_come_back_exactly_and_opacity_is_blended_on_white() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gif");
        write_gif(&path, &[raster(Channels::Rgb, &[9, 0, 200, 1, 2, 3])], Duration::ZERO).unwrap();
        assert_eq!(decode(&path).2, [(200, vec![9, 0, 200, 255, 1, 2, 3, 255])]);
        let rgba = raster(Channels::Rgba, &[10, 20, 30, 255, 0, 100, 255, 51]);
        write_gif(&path, &[rgba.clone(), rgba], Duration::ZERO).unwrap();
        // 51/255 = 0.2: 0.2 · 0 + 0.8 · 255 = 204, 0.2 · 100 + 204 = 224
        let blended = vec![10, 20, 30, 255, 204, 224, 255, 255];
        assert_eq!(decode(&path).2, [(2, blended.clone()), (200, blended)]);
    }

    #[test]
    fn many_colours_are_quantised_closely() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gif");
        // A ramp of 1024 colours.
        let data: Vec<u8> = (0..32_u8)
            .flat_map(|y| (0..32_u8).flat_map(move |x| [8 * x, 8 * y, 4 * (x + y)]))
            .collect();
        let frame = Raster::new(32, 32, Channels::Rgb, data.clone()).unwrap();
        write_gif(&path, &[frame], Duration::ZERO).unwrap();
        let (_, _, frames) = decode(&path);
        let rgb = frames[0].1.chunks_exact(4).flat_map(|pixel| &pixel[..3]);
        let error: u32 = rgb.zip(&data).map(|(&a, &b)| u32::from(a.abs_diff(b))).sum();
        assert!(error < 8 * 3 * 1024, "mean error {}", f64::from(error) / 3072.0);
    }

    #[test]
    fn delays_are_rounded_to_hundredths() {
        let delays = [0, 14, 25, 334, 100_000_000].map(|ms| hundredths(Duration::from_millis(ms)));
        assert_eq!(delays, [2, 2, 3, 33, u16::MAX]);
    }

    #[test]
    fn no_frames_and_unequal_frames_are_refused() {
        let path = Path::new("a.gif");
        let error = write_gif(path, &[], Duration::ZERO).unwrap_err();
        assert_eq!(error.to_string(), "cannot write a.gif as GIF: it has no frames");
        let frames = [raster(Channels::Grey, &[0, 0]), raster(Channels::Rgb, &[0; 6])];
        let error = write_gif(path, &frames, Duration::ZERO).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot write a.gif as GIF: frame 1 is 2 × 1 Rgb, but frame 0 is 2 × 1 Grey"
        );
    }
}
