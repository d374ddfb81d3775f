//! Images in sequence as an animated PNG.

use crate::animation::{checked, held};
use crate::still::{encoder, write_metadata};
use crate::{EncodeError, Raster};
use std::time::Duration;

/// The bytes of an animated PNG of frames of equal size and channels, with pairs of keyword and text
/// in it.
///
/// It repeats for ever, with all colours and shares of opacity. The last frame is held for
/// [`LAST_FRAME_HOLD`](crate::LAST_FRAME_HOLD). Programs that know no animations show the last frame.
///
/// # Numerics
/// `delay` is cut to milliseconds, at most 65.535 s.
///
/// # Errors
/// [`EncodeError`] without frames, if a frame differs from the first in size or channels, or if a
/// keyword is not allowed.
///
/// # Source
/// APNG, in the third edition of the PNG specification, W3C 2025, section 11.3.6.
///
/// # Example
/// ```
/// use ancestral_data::{Channels, Raster, encode_apng};
/// use std::time::Duration;
///
/// let frame = |grey| Raster::new(1, 1, Channels::Grey, vec![grey]);
/// let bytes = encode_apng(&[frame(0)?, frame(255)?], Duration::from_millis(50), &[])?;
/// assert_eq!(bytes[1..4], *b"PNG");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn encode_apng(
    frames: &[Raster],
    delay: Duration,
    metadata: &[(String, String)],
) -> Result<Vec<u8>, EncodeError> {
    encode(checked(frames)?, frames, delay, metadata).map_err(EncodeError::Png)
}

fn encode(
    last: &Raster,
    frames: &[Raster],
    delay: Duration,
    metadata: &[(String, String)],
) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = encoder(&mut bytes, last);
    write_metadata(&mut encoder, metadata)?;
    encoder.set_animated(u32::try_from(frames.len()).unwrap_or(u32::MAX), 0)?;
    encoder.set_sep_def_img(true)?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(last.data())?;
    for (frame, delay) in frames.iter().zip(held(delay, frames.len())) {
        writer.set_frame_delay(u16::try_from(delay.as_millis()).unwrap_or(u16::MAX), 1000)?;
        writer.write_image_data(frame.data())?;
    }
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Channels;
    use std::io::Cursor;

    #[test]
    fn frames_and_delays_come_back_and_the_last_stands_for_all() {
        let frames: Vec<Raster> = [[0, 9, 200, 255, 1, 2, 3, 0], [7; 8], [255; 8]]
            .map(|data| Raster::new(2, 1, Channels::Rgba, data.to_vec()).unwrap())
            .into();
        let pair = ("seed".to_owned(), "7".to_owned());
        let bytes = encode_apng(&frames, Duration::from_millis(80), &[pair]).unwrap();
        let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().unwrap();
        let control = reader.info().animation_control.unwrap();
        assert_eq!([control.num_frames, control.num_plays], [3, 0]);
        assert_eq!(reader.info().uncompressed_latin1_text[0].text, "7");
        let mut found = Vec::new();
        for _ in 0..4 {
            let mut data = vec![0; 8];
            reader.next_frame(&mut data).unwrap();
            let delay = reader.info().frame_control.map(|c| (c.delay_num, c.delay_den));
            found.push((delay, data));
        }
        let rows = |i: usize| frames[i].data().to_vec();
        let ms = |delay| Some((delay, 1000));
        let expected = [(None, rows(2)), (ms(80), rows(0)), (ms(80), rows(1)), (ms(2000), rows(2))];
        assert_eq!(found, expected);
    }

    #[test]
    fn no_frames_are_refused() {
        assert!(matches!(encode_apng(&[], Duration::ZERO, &[]), Err(EncodeError::NoFrames)));
    }
}
