//! Into which tiles Winograd's method cuts the output of a convolution.

use super::Motion;
use crate::map::Shape;

/// The tiles of an output, if Winograd's method is worth it at all. Those at its lower and right edge may
/// reach beyond it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tiling {
    None,
    /// 2 × 2.
    Two,
    /// 4 × 4.
    Four,
}

/// How often weights are used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reuse {
    /// Rows that go through a convolution together, about. Their number does not matter: a row has the
    /// same bits in every batch.
    rows: usize,
    /// How often the weights are read or written from afar for them.
    passes: usize,
}

impl Reuse {
    /// Weights are transformed once; a single row must not be slow.
    pub(crate) const PREDICTION: Self = Self { rows: 1, passes: 1 };
    /// Weights are transformed again for every batch.
    pub(crate) const TRAINING: Self = Self { rows: 32, passes: 3 };
}

/// Fewer channels on either side are not worth their transforms.
pub(super) const LEAST_CHANNELS: usize = 16;
/// Bytes of weights that stay near.
const NEAR: usize = 1_250_000;
/// So many products take as long as reading so many bytes of weights from afar.
const FAR: [usize; 2] = [11, 2];

impl Motion {
    /// Whether Winograd's method is worth its transforms at all.
    pub(crate) fn tiles_well(self, from: usize, to: usize) -> bool {
        self.stride() == 1 && from.min(to) >= LEAST_CHANNELS
    }
}

impl Tiling {
    pub(crate) const ALL: [Self; 3] = [Self::None, Self::Two, Self::Four];

    /// The fastest for the shapes of input and output.
    pub(crate) fn of(motion: Motion, input: Shape, to: usize, reuse: Reuse) -> Self {
        let (from, output) = (input.channels, motion.output(input));
        if !motion.tiles_well(from, to) {
            return Self::None;
        }
        let cost = |tiling: &Self| {
            let values = tiling.places();
            let products = reuse.rows * tiling.tiles(output) * values;
            let bytes = values * size_of::<f32>();
            let is_far = bytes * from * to > NEAR;
            let read = if is_far { reuse.passes * bytes * FAR[0] / FAR[1] } else { 0 };
            products + read
        };
        Self::ALL.into_iter().min_by_key(cost).unwrap_or(Self::None)
    }

    /// Positions along the side of a tile.
    pub(crate) fn side(self) -> usize {
        match self {
            Self::None => 1,
            Self::Two => 2,
            Self::Four => 4,
        }
    }

    /// Products of a tile, for each channel of the input and the output.
    pub(crate) fn places(self) -> usize {
        match self {
            Self::None => 9,
            Self::Two => 16,
            Self::Four => 36,
        }
    }

    /// How many tiles an output is cut into.
    pub(crate) fn tiles(self, output: Shape) -> usize {
        output.height.div_ceil(self.side()) * output.width.div_ceil(self.side())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Tiling::{Four, None, Two};

    #[test]
    fn tiles_are_large_where_their_weights_are_read_for_many_positions() {
        let tiling = |side, channels, reuse| {
            let shape = Shape { height: side, width: side, channels };
            Tiling::of(Motion::Same, shape, channels, reuse)
        };
        let sides = [28, 16, 14, 8, 7, 4];
        let wide = |reuse| sides.map(|side| tiling(side, 256, reuse));
        assert_eq!(wide(Reuse::PREDICTION), [Four, Four, Two, Two, Two, None]);
        assert_eq!(wide(Reuse::TRAINING), [Four, Four, Four, Four, Four, Two]);
        let narrow = sides.map(|side| tiling(side, 64, Reuse::PREDICTION));
        assert_eq!(narrow, [Four; 6], "weights that stay near");
        assert_eq!([6, 2, 1].map(|side| tiling(side, 64, Reuse::PREDICTION)), [Two, Two, None]);
        assert_eq!(tiling(16, 8, Reuse::PREDICTION), None, "few channels");
    }
}
