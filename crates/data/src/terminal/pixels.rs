//! Pixels that a terminal shows.

use crate::animation::over_white;
use crate::{Channels, Raster};

/// A picture in red, green and blue.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pixels {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Row by row, three bytes a pixel.
    pub(super) data: Vec<u8>,
}

impl Pixels {
    pub(super) fn of(raster: &Raster) -> Self {
        let data = match raster.channels() {
            Channels::Grey => raster.data().iter().flat_map(|grey| [*grey; 3]).collect(),
            Channels::Rgb => raster.data().to_vec(),
            Channels::Rgba => over_white(raster.data()),
        };
        Self { width: raster.width().into(), height: raster.height().into(), data }
    }

    pub(super) fn at(&self, x: usize, y: usize) -> [u8; 3] {
        self.data.as_chunks().0[y * self.width + x]
    }

    /// The smallest multiple that is at least `least` wide: each pixel becomes a square.
    pub(super) fn enlarged(self, least: usize) -> Self {
        let by = least.div_ceil(self.width);
        if by <= 1 {
            return self;
        }
        Self::of_each(by * self.width, by * self.height, |x, y| self.at(x / by, y / by))
    }

    /// The picture at most `most` wide: pixels are means of those that they stand for.
    pub(super) fn shrunk(self, most: usize) -> Self {
        if self.width <= most {
            return self;
        }
        let height = (self.height * most).div_ceil(self.width);
        let range = |i: usize, new: usize, old: usize| {
            let start = i * old / new;
            start..((i + 1) * old / new).max(start + 1)
        };
        Self::of_each(most, height, |x, y| {
            let (xs, ys) = (range(x, most, self.width), range(y, height, self.height));
            let count = xs.len() * ys.len();
            let mut sums = [count / 2; 3];
            for y in ys {
                for pixel in xs.clone().map(|x| self.at(x, y)) {
                    for (sum, byte) in sums.iter_mut().zip(pixel) {
                        *sum += usize::from(byte);
                    }
                }
            }
            sums.map(|sum| u8::try_from(sum / count).expect("a mean of bytes is a byte"))
        })
    }

    fn of_each(width: usize, height: usize, pixel: impl Fn(usize, usize) -> [u8; 3]) -> Self {
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        Self { width, height, data: places.flat_map(|(x, y)| pixel(x, y)).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(width: usize, greys: &[u8]) -> Pixels {
        let data = greys.iter().flat_map(|grey| [*grey; 3]).collect();
        Pixels { width, height: greys.len() / width, data }
    }

    #[test]
    fn pixels_become_squares() {
        assert_eq!(grey(2, &[1, 9]).enlarged(3), grey(4, &[1, 1, 9, 9, 1, 1, 9, 9]));
        assert_eq!(grey(2, &[1, 9]).enlarged(2), grey(2, &[1, 9]));
    }

    #[test]
    fn pixels_become_means() {
        assert_eq!(grey(4, &[0, 10, 100, 100, 20, 30, 100, 104]).shrunk(2), grey(2, &[15, 101]));
        assert_eq!(grey(3, &[0, 10, 20]).shrunk(2), grey(2, &[0, 15]));
        assert_eq!(grey(3, &[0, 10, 20]).shrunk(5), grey(3, &[0, 10, 20]));
    }
}
