//! Whether a file has its end: decoders pass over a missing one.

use image::ImageFormat;

/// The last chunk of every PNG: no data, its name, its checksum.
const PNG_END: &[u8] = b"\0\0\0\0IEND\xaeB`\x82";

/// Whether the end of the file is there, in the formats that mark it.
pub(super) fn is_whole(format: ImageFormat, bytes: &[u8]) -> bool {
    if format == ImageFormat::Jpeg {
        jpeg_has_end(bytes)
    } else if format == ImageFormat::Png {
        bytes.windows(PNG_END.len()).any(|window| window == PNG_END)
    } else {
        format != ImageFormat::WebP || webp_has_end(bytes)
    }
}

/// Walks from marker to marker. A search for the two bytes of the last one would be content with
/// that of a thumbnail.
fn jpeg_has_end(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(place) = rest.iter().position(|&byte| byte == 0xff) {
        rest = &rest[place + 1..];
        match rest {
            [0xd9, ..] => return true,
            // Fill bytes, a stuffed 0xff of the data, and markers without a segment.
            [0xff, ..] => {}
            [0x00 | 0x01 | 0xd0..=0xd8, after @ ..] => rest = after,
            [_, high, low, ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                rest = rest.get(1 + length..).unwrap_or_default();
            }
            _ => return false,
        }
    }
    false
}

/// The file states the number of bytes that follow its first eight.
fn webp_has_end(bytes: &[u8]) -> bool {
    match bytes {
        [_, _, _, _, a, b, c, d, after @ ..] => {
            after.len() >= u32::from_le_bytes([*a, *b, *c, *d]) as usize
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_thumbnail_is_not_that_of_the_picture() {
        // SOI, APP1 of 6 bytes with a whole thumbnail, SOS of 2, data with a stuffed 0xff, EOI.
        let whole = b"\xff\xd8\xff\xe1\x00\x06\xff\xd8\xff\xd9\xff\xda\x00\x02ab\xff\x00c\xff\xd9";
        assert!(is_whole(ImageFormat::Jpeg, whole));
        for length in 0..whole.len() {
            assert!(!is_whole(ImageFormat::Jpeg, &whole[..length]), "{length}");
        }
    }

    #[test]
    fn bytes_after_the_end_do_no_harm() {
        assert!(is_whole(ImageFormat::Jpeg, b"\xff\xd8\xff\xd9appended"));
        assert!(is_whole(ImageFormat::Png, &[PNG_END, b"appended"].concat()));
        assert!(is_whole(ImageFormat::WebP, b"RIFF\x04\0\0\0WEBPappended"));
        assert!(!is_whole(ImageFormat::WebP, b"RIFF\x05\0\0\0WEBP"));
    }
}
