//! Pictures of sixels: columns of six pixels.

use super::pixels::Pixels;
use crate::animation::quantise;
use std::fmt::{self, Write as _};

/// Pixels of a band.
const BAND: usize = 6;
/// A repetition is written as a number from so many on.
const LEAST_REPEATED: usize = 4;

/// Sixels with at most 256 colours, each with a resolution of 1 %.
pub(super) fn draw(text: &mut String, pixels: &Pixels) -> fmt::Result {
    let Pixels { width, height, .. } = *pixels;
    let side = |side: usize| u16::try_from(side).expect("a side of a raster");
    let frame = quantise(side(width), side(height), &pixels.data);
    let palette = frame.palette.as_deref().unwrap_or_default().as_chunks::<3>().0;
    // Square pixels; colours that are not drawn are left as they are.
    write!(text, "\x1bP0;1;0q\"1;1;{width};{height}")?;
    for (i, colour) in palette.iter().enumerate() {
        let [red, green, blue] = colour.map(percent);
        write!(text, "#{i};2;{red};{green};{blue}")?;
    }
    for band in frame.buffer.chunks(BAND * width) {
        let mut used: Vec<u8> = band.to_vec();
        used.sort_unstable();
        used.dedup();
        for (i, colour) in used.iter().enumerate() {
            text.push_str(if i == 0 { "" } else { "$" });
            draw_colour(text, band, width, *colour)?;
        }
        text.push('-');
    }
    text.push_str("\x1b\\\n");
    Ok(())
}

/// One colour of a band: a character for each column, of which bit i is pixel i from the top.
fn draw_colour(text: &mut String, band: &[u8], width: usize, colour: u8) -> fmt::Result {
    write!(text, "#{colour}")?;
    let sixel = |x: usize| {
        let column = band.iter().skip(x).step_by(width).enumerate();
        column.fold(0_u8, |bits, (i, found)| bits | u8::from(*found == colour) << i)
    };
    let columns: Vec<u8> = (0..width).map(sixel).collect();
    for run in columns.chunk_by(|a, b| a == b) {
        let character = char::from(b'?' + run[0]);
        if run.len() >= LEAST_REPEATED {
            write!(text, "!{}{character}", run.len())?;
        } else {
            text.extend(run.iter().map(|_| character));
        }
    }
    Ok(())
}

fn percent(byte: u8) -> u32 {
    (u32::from(byte) * 100 + 127) / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(pixels: &Pixels) -> String {
        let mut text = String::new();
        draw(&mut text, pixels).unwrap();
        text
    }

    /// The first number, whether a semicolon follows it, and the rest.
    fn number(text: &str) -> (usize, bool, &str) {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap();
        let rest = text[end..].strip_prefix(';');
        (text[..end].parse().unwrap(), rest.is_some(), rest.unwrap_or(&text[end..]))
    }

    /// The pixels that a terminal draws.
    fn decoded(text: &str) -> Pixels {
        let text = text.strip_prefix("\x1bP0;1;0q\"1;1;").unwrap();
        let (width, _, text) = number(text.strip_suffix("\x1b\\\n").unwrap());
        let (height, _, mut text) = number(text);
        let mut data = vec![0; width * height * 3];
        let mut palette = [[0; 3]; 256];
        let (mut colour, mut x, mut y, mut repeat) = (0, 0, 0, 1);
        while let Some(character) = text.chars().next() {
            text = &text[1..];
            match character {
                '#' => {
                    let (index, is_definition, rest) = number(text);
                    (colour, text) = (index, rest);
                    if is_definition {
                        let (system, _, mut rest) = number(text);
                        assert_eq!(system, 2);
                        for channel in &mut palette[colour] {
                            let (percent, _, after) = number(rest);
                            *channel = u8::try_from(percent * 255 / 100).unwrap();
                            rest = after;
                        }
                        text = rest;
                    }
                }
                '!' => (repeat, _, text) = number(text),
                '$' => x = 0,
                '-' => (x, y) = (0, y + BAND),
                sixel => {
                    let bits = sixel as u8 - b'?';
                    for x in x..x + repeat {
                        for i in (0..BAND).filter(|i| bits >> i & 1 == 1) {
                            data[((y + i) * width + x) * 3..][..3]
                                .copy_from_slice(&palette[colour]);
                        }
                    }
                    (x, repeat) = (x + repeat, 1);
                }
            }
        }
        Pixels { width, height, data }
    }

    #[test]
    fn one_column_by_hand() {
        // Black, white, black: the first colour of the palette has bits 0 and 2, or bit 1.
        let pixels = Pixels { width: 1, height: 3, data: vec![0, 0, 0, 255, 255, 255, 0, 0, 0] };
        let text = drawn(&pixels);
        let (white, black) = if text.contains("#0;2;0;0;0") { (1, 0) } else { (0, 1) };
        let sixels = if black == 0 { "#0D$#1A-" } else { "#0A$#1D-" };
        assert!(text.contains(&format!("#{white};2;100;100;100")), "{text:?}");
        assert!(text.ends_with(&format!("{sixels}\x1b\\\n")), "{text:?}");
    }

    #[test]
    fn pixels_come_back() {
        let pixel = |x: u8, y: u8| [40 * (x / 3), 17 * y, 255 - 30 * (x / 5)];
        let data = (0..13).flat_map(|y| (0..11).flat_map(move |x| pixel(x, y))).collect();
        let pixels = Pixels { width: 11, height: 13, data };
        let found = decoded(&drawn(&pixels));
        assert_eq!([found.width, found.height], [11, 13]);
        let off = found.data.iter().zip(&pixels.data).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(off <= 3, "{off}");
    }
}
