//! How large a network is, where its channels are not named.

use super::Recipe;
use crate::TrainingSet;

/// Up to this side pictures are small: one size of network suits them.
const SMALL_SIDE: usize = 16;

/// How large a U-Net is, where its channels are not named.
///
/// A larger network learns more from each picture that it sees, and sees fewer in the same time. Which
/// is best follows from how many updates there is time for: `docs/training.md` has the measurements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum NetworkSize {
    /// 16, 32, 64, 64 channels: best for minutes.
    #[default]
    Small,
    /// 32, 64, 128, 128 channels.
    Medium,
    /// 64, 128, 128, 128 channels: for hours.
    Large,
}

impl NetworkSize {
    /// All of them, the smallest first.
    pub const ALL: [Self; 3] = [Self::Small, Self::Medium, Self::Large];

    /// After how many updates it is better than the next smaller one after as much time.
    #[must_use]
    pub fn pays_after(self) -> u64 {
        match self {
            Self::Small => 0,
            Self::Medium => 4000,
            Self::Large => 20_000,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }

    /// Channels at each of so many resolutions.
    pub(super) fn channels(self, levels: usize) -> Vec<usize> {
        let (first, most) = match self {
            Self::Small => (16, 64),
            Self::Medium => (32, 128),
            Self::Large => (64, 128),
        };
        (0..levels).map(|level| (first << level).min(most)).collect()
    }
}

/// Whether networks of several sizes suit these data.
pub(super) fn has_sizes(data: &TrainingSet) -> bool {
    data.is_pictures() && data.shape()[1..].iter().any(|side| *side > SMALL_SIDE)
}

impl Recipe {
    /// The next larger size of network, if there is one and the channels are left open.
    #[must_use]
    pub fn larger(&self, data: &TrainingSet) -> Option<NetworkSize> {
        let is_open = self.width.is_none() && has_sizes(data);
        NetworkSize::ALL.into_iter().find(|size| is_open && *size > self.size)
    }
}
