//! Whether a file holds more than the picture that is taken: frames, or pages.

use gif::DecodeOptions;
use image::ImageFormat;
use std::io::Cursor;

/// What a file has several of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Several {
    /// The pictures of an animation.
    Frames,
    /// The pages of a document, or sizes of one picture.
    Pages,
}

impl Several {
    /// What a file holds several of, according to its header; the header of a damaged file may be wrong.
    #[allow(clippy::wildcard_enum_match_arm, reason = "a foreign enum that grows")]
    pub(super) fn of(format: ImageFormat, bytes: &[u8]) -> Option<Self> {
        let has_two_frames: fn(&[u8]) -> bool = match format {
            ImageFormat::Gif => gif_has_two_frames,
            ImageFormat::Png => png_has_two_frames,
            ImageFormat::WebP => webp_has_two_frames,
            ImageFormat::Tiff => return tiff_has_two_pages(bytes).then_some(Self::Pages),
            _ => return None,
        };
        has_two_frames(bytes).then_some(Self::Frames)
    }
}

fn gif_has_two_frames(bytes: &[u8]) -> bool {
    let mut options = DecodeOptions::new();
    options.skip_frame_decoding(true);
    options.read_info(Cursor::new(bytes)).is_ok_and(|mut decoder| {
        let mut is_frame = || matches!(decoder.next_frame_info(), Ok(Some(_)));
        is_frame() && is_frame()
    })
}

fn png_has_two_frames(bytes: &[u8]) -> bool {
    let reader = png::Decoder::new(Cursor::new(bytes)).read_info();
    let frames = |reader: &png::Reader<_>| reader.info().animation_control.map(|c| c.num_frames);
    reader.is_ok_and(|reader| frames(&reader).is_some_and(|frames| frames > 1))
}

/// Walks over the chunks: a name, a length, as many bytes and, if they are odd, another one.
fn webp_has_two_frames(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(12..).unwrap_or_default();
    let mut frames = 0;
    while let [a, b, c, d, e, f, g, h, after @ ..] = rest {
        frames += u32::from([*a, *b, *c, *d] == *b"ANMF");
        let length = u32::from_le_bytes([*e, *f, *g, *h]) as usize;
        rest = length
            .checked_next_multiple_of(2)
            .and_then(|length| after.get(length..))
            .unwrap_or_default();
    }
    frames > 1
}

fn tiff_has_two_pages(bytes: &[u8]) -> bool {
    tiff::decoder::Decoder::new(Cursor::new(bytes)).is_ok_and(|decoder| decoder.more_images())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webp(chunks: &[(&[u8; 4], usize)]) -> Vec<u8> {
        let chunk = |(name, length): &(&[u8; 4], usize)| {
            let padded = vec![0; length.next_multiple_of(2)];
            [&name[..], &u32::try_from(*length).unwrap().to_le_bytes(), &padded].concat()
        };
        let chunks: Vec<u8> = chunks.iter().flat_map(chunk).collect();
        [b"RIFF\0\0\0\0WEBP", &chunks[..]].concat()
    }

    #[test]
    fn frames_are_counted_not_looked_for() {
        let several = |chunks: &[_]| Several::of(ImageFormat::WebP, &webp(chunks));
        let frames = [(b"VP8X", 10), (b"ANIM", 6), (b"ANMF", 3), (b"ANMF", 5)];
        assert_eq!(several(&frames), Some(Several::Frames));
        assert_eq!(several(&frames[..3]), None);
        // A length beyond the end, and half a chunk.
        assert_eq!(Several::of(ImageFormat::WebP, b"RIFF\0\0\0\0WEBPANMF\xff\xff\xff\xff"), None);
        assert_eq!(Several::of(ImageFormat::WebP, b"RIFF"), None);
    }

    #[test]
    fn what_is_damaged_has_nothing_more() {
        for format in [ImageFormat::Gif, ImageFormat::Png, ImageFormat::Tiff, ImageFormat::Bmp] {
            assert_eq!(Several::of(format, b"GIF89a and no more"), None);
        }
    }
}
