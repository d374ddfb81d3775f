//! Pictures by the protocol of kitty.

use super::pixels::Pixels;
use crate::{Channels, Raster, encode_png};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt::{self, Write as _};

/// The longest part of the payload that one sequence carries.
const MOST_BYTES: usize = 4096;

/// A PNG in pieces: `a=T` transmits and shows, `f=100` is PNG, `q=2` asks for no answer, `m=1` announces
/// another piece.
pub(super) fn draw(text: &mut String, pixels: &Pixels) -> fmt::Result {
    let side = |side: usize| u16::try_from(side).expect("a side of a raster");
    let data = pixels.data.clone();
    let raster = Raster::new(side(pixels.width), side(pixels.height), Channels::Rgb, data);
    let raster = raster.expect("the pixels of a picture");
    let png = encode_png(&raster, &[]).expect("a PNG without metadata");
    let payload = STANDARD.encode(png);
    let pieces: Vec<&[u8]> = payload.as_bytes().chunks(MOST_BYTES).collect();
    for (i, piece) in pieces.iter().enumerate() {
        let control = if i == 0 { "a=T,f=100,q=2," } else { "" };
        let more = u8::from(i + 1 < pieces.len());
        let piece = std::str::from_utf8(piece).expect("base64 is ASCII");
        write!(text, "\x1b_G{control}m={more};{piece}\x1b\\")?;
    }
    text.push('\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn the_pieces_are_a_png_of_the_picture() {
        // Hard to compress, so that there are several.
        let hash = |i: u32| i.wrapping_mul(i).wrapping_mul(2_654_435_761) ^ i.rotate_left(13);
        let noise = (0..64 * 64 * 3).map(|i| hash(hash(i)).to_be_bytes()[1]);
        let data: Vec<u8> = noise.collect();
        let pixels = Pixels { width: 64, height: 64, data };
        let mut text = String::new();
        draw(&mut text, &pixels).unwrap();
        let pieces: Vec<&str> = text.trim_end().split_terminator("\x1b\\").collect();
        assert!(pieces.len() > 2);
        let mut payload = String::new();
        for (i, piece) in pieces.iter().enumerate() {
            let (control, part) = piece.strip_prefix("\x1b_G").unwrap().split_once(';').unwrap();
            let more = if i + 1 < pieces.len() { "m=1" } else { "m=0" };
            let expected =
                if i == 0 { "a=T,f=100,q=2,".to_owned() + more } else { more.to_owned() };
            assert_eq!(control, expected);
            assert!(part.len() <= MOST_BYTES);
            payload.push_str(part);
        }
        let png = STANDARD.decode(payload).unwrap();
        let mut reader = png::Decoder::new(Cursor::new(png)).read_info().unwrap();
        let mut data = vec![0; pixels.data.len()];
        reader.next_frame(&mut data).unwrap();
        assert_eq!(data, pixels.data);
    }
}
