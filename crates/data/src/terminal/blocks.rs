//! Pictures of character cells with an upper and a lower half.

use super::pixels::Pixels;
use std::fmt::{self, Write as _};

/// Two pixels a cell, one above the other; the colours are put back at the end of each line.
pub(super) fn draw(
    text: &mut String,
    pixels: &Pixels,
    colour: impl Fn([u8; 3]) -> String,
) -> fmt::Result {
    for top in (0..pixels.height).step_by(2) {
        for x in 0..pixels.width {
            write!(text, "\x1b[38;{}", colour(pixels.at(x, top)))?;
            if top + 1 < pixels.height {
                write!(text, ";48;{}", colour(pixels.at(x, top + 1)))?;
            }
            text.push_str("m▀");
        }
        text.push_str("\x1b[0m\n");
    }
    Ok(())
}

/// A colour of 24 bits.
pub(super) fn colour([red, green, blue]: [u8; 3]) -> String {
    format!("2;{red};{green};{blue}")
}

/// The nearest of xterm's 240 fixed colours: a cube of 6 levels a channel, and 24 greys.
pub(super) fn colour_of_256(pixel: [u8; 3]) -> String {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let nearest = |byte: u8| {
        let distance = |i: &usize| LEVELS[*i].abs_diff(byte);
        (0..LEVELS.len()).min_by_key(distance).expect("levels")
    };
    let cube = pixel.map(nearest);
    let mean = pixel.iter().map(|byte| usize::from(*byte)).sum::<usize>() / 3;
    // Greys are 8, 18, … 238.
    let grey = (mean.saturating_sub(3) / 10).min(23);
    let grey_level = u8::try_from(8 + 10 * grey).expect("at most 238");
    let off = |found: [u8; 3]| {
        let pairs = found.into_iter().zip(pixel);
        pairs.map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum::<u32>()
    };
    let index = if off([grey_level; 3]) < off(cube.map(|i| LEVELS[i])) {
        232 + grey
    } else {
        16 + 36 * cube[0] + 6 * cube[1] + cube[2]
    };
    format!("5;{index}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_pixels_are_one_character() {
        let data = vec![1, 2, 3, 4, 5, 6, 7, 8, 9];
        let pixels = Pixels { width: 1, height: 3, data };
        let expected = "\x1b[38;2;1;2;3;48;2;4;5;6m▀\x1b[0m\n\x1b[38;2;7;8;9m▀\x1b[0m\n";
        let mut text = String::new();
        draw(&mut text, &pixels, colour).unwrap();
        assert_eq!(text, expected);
    }

    #[test]
    fn colours_are_the_nearest_of_xterm() {
        // Levels and greys as in xterm's 256colres.h: 16 + 36 r + 6 g + b; 8 + 10 i from 232 on.
        for (pixel, index) in [
            ([0, 0, 0], 16),
            ([255, 255, 255], 231),
            ([255, 0, 0], 196),
            ([95, 135, 175], 67),
            ([128, 128, 128], 244),
            ([9, 8, 7], 232),
            ([238, 238, 238], 255),
            ([250, 10, 5], 196),
        ] {
            assert_eq!(colour_of_256(pixel), format!("5;{index}"), "{pixel:?}");
        }
    }
}
