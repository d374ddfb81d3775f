//! Which channels and size all pictures get.

use super::picture::{Picture, Precision};
use super::survey::{Facts, Survey};
use super::{Fit, PictureOptions, PictureSetError};
use crate::{Channels, Raster};

/// A side that is chosen here is a multiple of this, so that a network can halve it three times.
const MULTIPLE: usize = 8;

/// The longest side that is chosen unasked.
const LONGEST: usize = 64;

/// What every picture is brought to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub channels: Channels,
    pub height: usize,
    pub width: usize,
    pub fit: Fit,
    pub background: [u8; 3],
    /// Whether every value is rounded to that of a byte: all files store bytes.
    pub are_bytes: bool,
    /// Whether the size was chosen here, from pictures of several sizes.
    pub size_chosen: bool,
}

impl Plan {
    pub(super) fn new(survey: &Survey, options: &PictureOptions) -> Self {
        Self::of(&survey.facts, options)
    }

    /// That of a single picture, which is not rounded.
    pub(super) fn of_one(picture: &Picture, options: &PictureOptions) -> Self {
        Self { are_bytes: false, ..Self::of(&[Facts::new(picture)], options) }
    }

    fn of(facts: &[Facts], options: &PictureOptions) -> Self {
        let auto =
            if facts.iter().all(|facts| facts.is_grey) { Channels::Grey } else { Channels::Rgb };
        let common = common_size(facts);
        let [height, width] = options.size.or(common).unwrap_or_else(|| [square_side(facts); 2]);
        Self {
            channels: options.channels.unwrap_or(auto),
            height,
            width,
            fit: options.fit,
            background: options.background,
            are_bytes: facts.iter().all(|facts| facts.precision == Precision::Bytes),
            size_chosen: options.size.or(common).is_none(),
        }
    }

    pub(super) fn shape(&self) -> [usize; 3] {
        [self.channels.count(), self.height, self.width]
    }
}

/// Whether that size is a valid size of pictures.
pub(super) fn check_size(size: [usize; 2]) -> Result<(), PictureSetError> {
    let limit = Raster::MAX_SIDE as usize;
    if size.iter().all(|side| (1..=limit).contains(side)) {
        return Ok(());
    }
    Err(PictureSetError::Size { size, limit })
}

/// `[height, width]` of the pictures, if they agree.
fn common_size(facts: &[Facts]) -> Option<[usize; 2]> {
    let mut sizes = facts.iter().map(|facts| [facts.height, facts.width]);
    let first = sizes.next()?;
    sizes.all(|size| size == first).then_some(first)
}

/// The smallest shorter side.
pub(super) fn smallest_side(facts: &[Facts]) -> usize {
    facts.iter().map(|facts| facts.width.min(facts.height)).min().unwrap_or_default()
}

fn square_side(facts: &[Facts]) -> usize {
    let smallest = smallest_side(facts);
    (smallest - smallest % MULTIPLE).clamp(MULTIPLE, LONGEST)
}
