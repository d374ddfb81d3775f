//! Resizing along one axis, with cutting off or padding: which pixels make up a new one.

/// How one side of a picture is brought to another length: `source` pixels are resized to
/// `scaled`, of which the middle `target` are taken; if they are fewer, they are centred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Axis {
    pub source: usize,
    pub scaled: usize,
    pub target: usize,
}

/// A weighted mean of pixels next to each other.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Taps {
    /// The first pixel.
    pub start: usize,
    /// The weight of that pixel and of those after it; they add up to 1.
    pub weights: Vec<f32>,
}

impl Axis {
    /// Whether every pixel stays as it is.
    pub(super) fn is_identity(self) -> bool {
        self.source == self.scaled && self.scaled == self.target
    }

    /// The pixels that make up new pixel `i`, or `None` if it is outside the picture.
    ///
    /// # Formula
    /// ```text
    /// weight of pixel k ∝ max(0, 1 − |k + ½ − centre| / radius)
    /// centre = (j + ½) source / scaled,     radius = max(1, source / scaled)
    /// ```
    /// With `j` = `i` counted in the resized picture. Enlarging, this is linear interpolation;
    /// shrinking, every pixel has its share: no aliasing.
    pub(super) fn taps(self, i: usize) -> Option<Taps> {
        let padding = self.target.saturating_sub(self.scaled) / 2;
        let cut = self.scaled.saturating_sub(self.target) / 2;
        let j = i.checked_sub(padding)? + cut;
        if j >= self.scaled {
            return None;
        }
        let ratio = self.source as f64 / self.scaled as f64;
        let (centre, radius) = ((j as f64 + 0.5) * ratio, ratio.max(1.0));
        let weight = |k: usize| (1.0 - (k as f64 + 0.5 - centre).abs() / radius).max(0.0);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place in the picture; negative ones clamp to 0"
        )]
        let (start, end) = ((centre - radius) as usize, (centre + radius).ceil() as usize);
        let weights: Vec<f64> = (start..end.min(self.source)).map(weight).collect();
        let total: f64 = weights.iter().sum();
        #[allow(clippy::cast_possible_truncation, reason = "weights are rounded to f32")]
        let weights = weights.into_iter().map(|weight| (weight / total) as f32).collect();
        Some(Taps { start, weights })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taps(source: usize, scaled: usize, target: usize) -> Vec<Option<Taps>> {
        (0..target).map(|i| Axis { source, scaled, target }.taps(i)).collect()
    }

    /// The place and the weight of each tap, without those of weight 0.
    fn shares(taps: Option<Taps>) -> Vec<(usize, f32)> {
        let taps = taps.unwrap();
        (taps.start..).zip(taps.weights).filter(|(_, weight)| *weight > 0.0).collect()
    }

    #[test]
    fn a_side_of_the_right_length_keeps_its_pixels() {
        for (i, taps) in taps(5, 5, 5).into_iter().enumerate() {
            assert_eq!(shares(taps), [(i, 1.0)]);
        }
    }

    #[test]
    fn halving_is_a_triangle() {
        let halved = taps(8, 4, 4);
        // By hand: centre 3, radius 2, pixels 1 to 4 at distances 1.5, 0.5, 0.5, 1.5.
        assert_eq!(shares(halved[1].clone()), [(1, 0.125), (2, 0.375), (3, 0.375), (4, 0.125)]);
        // At the edge the triangle is cut off: 0.75, 0.75, 0.25 of 1.75.
        let edge = [(0, 0.75 / 1.75), (1, 0.75 / 1.75), (2, 0.25 / 1.75)];
        assert_eq!(shares(halved[0].clone()), edge);
    }

    #[test]
    fn doubling_is_linear() {
        let doubled = taps(2, 4, 4);
        assert_eq!(shares(doubled[0].clone()), [(0, 1.0)]);
        assert_eq!(shares(doubled[1].clone()), [(0, 0.75), (1, 0.25)]);
    }

    #[test]
    fn the_middle_is_kept_and_the_rest_padded() {
        let cut: Vec<_> = taps(7, 7, 4).into_iter().map(shares).collect();
        assert_eq!(cut, [[(1, 1.0)], [(2, 1.0)], [(3, 1.0)], [(4, 1.0)]]);
        let padded = taps(2, 2, 5);
        let inside: Vec<bool> = padded.iter().map(Option::is_some).collect();
        assert_eq!(inside, [false, true, true, false, false]);
    }
}
