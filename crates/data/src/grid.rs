//! Many pictures as one image.

use crate::{Pictures, Raster};
use std::num::NonZeroUsize;
use thiserror::Error;

/// The longer side of an enlarged picture is at least this many pixels.
const CELL: usize = 40;

/// How [`grid()`] arranges pictures. The default chooses everything by the pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GridLayout {
    /// Pictures a row; `None`: as near to a square as can be, rather wide than high. A row is
    /// never longer than there are pictures.
    pub columns: Option<NonZeroUsize>,
    /// How many pixels wide and high each pixel becomes; `None`: the smallest whole number that
    /// makes the longer side of a picture at least 40 pixels.
    pub scale: Option<NonZeroUsize>,
    /// White pixels between neighbouring pictures.
    pub gap: usize,
}

impl Default for GridLayout {
    fn default() -> Self {
        Self { columns: None, scale: None, gap: 2 }
    }
}

/// Why pictures do not make a grid.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GridError {
    /// The image would be too large.
    #[error(
        "a grid of {columns} columns and {rows} rows at scale {scale} would have \
         a side of more than {limit} pixels"
    )]
    TooLarge {
        /// Pictures a row.
        columns: usize,
        /// Rows of pictures.
        rows: usize,
        /// Enlargement.
        scale: usize,
        /// The longest side in pixels.
        limit: u16,
    },
}

/// Draws pictures row by row into one image, enlarged without smoothing.
///
/// Any count is valid; the rest of the last row stays white.
///
/// # Formula
/// ```text
/// width = columns · scale · w + (columns − 1) · gap,     default columns = ⌈√count⌉
/// ```
/// # Errors
/// [`GridError`] if a side would exceed [`Raster::MAX_SIDE`].
///
/// # Example
/// ```
/// use ancestral_data::{GridLayout, Pictures, grid};
///
/// let seven = Pictures::new(&[0.0; 7 * 64], &[1, 8, 8])?;
/// let raster = grid(&seven, &GridLayout::default())?; // 3 columns, 3 rows, 40 pixels a picture
/// assert_eq!((raster.width(), raster.height()), (124, 124));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn grid(pictures: &Pictures<'_>, layout: &GridLayout) -> Result<Raster, GridError> {
    let (count, height, width) = (pictures.count(), pictures.height(), pictures.width());
    let columns =
        layout.columns.map_or_else(|| ceil_sqrt(count), |columns| columns.get().min(count));
    let rows = count.div_ceil(columns);
    let scale = layout.scale.map_or_else(|| CELL.div_ceil(height.max(width)), NonZeroUsize::get);

    let side = |cells: usize, pixels: usize| {
        let cells_side = pixels.checked_mul(scale)?.checked_mul(cells)?;
        let side = cells_side.checked_add(layout.gap.checked_mul(cells - 1)?)?;
        (side <= usize::from(Raster::MAX_SIDE)).then_some(side)
    };
    let (Some(grid_width), Some(grid_height)) = (side(columns, width), side(rows, height)) else {
        return Err(GridError::TooLarge { columns, rows, scale, limit: Raster::MAX_SIDE });
    };

    let mut raster = Raster::blank(grid_width, grid_height, pictures.channels());
    for index in 0..count {
        let left = (index % columns) * (width * scale + layout.gap);
        let top = (index / columns) * (height * scale + layout.gap);
        pictures.draw(index, scale, &mut raster, left, top);
    }
    Ok(raster)
}

fn ceil_sqrt(count: usize) -> usize {
    let root = count.isqrt();
    if root * root == count { root } else { root + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(columns: usize, scale: usize, gap: usize) -> GridLayout {
        GridLayout { columns: NonZeroUsize::new(columns), scale: NonZeroUsize::new(scale), gap }
    }

    fn size(count: usize, shape: [usize; 3], layout: GridLayout) -> (u16, u16) {
        let values = vec![0.0; count * shape.iter().product::<usize>()];
        let raster = grid(&Pictures::new(&values, &shape).unwrap(), &layout).unwrap();
        (raster.width(), raster.height())
    }

    #[test]
    fn any_count_is_nearly_square() {
        // (columns, rows) in units of one pixel, no gap.
        let unit = layout(0, 1, 0);
        let sizes = [1, 2, 3, 4, 5, 7, 10, 16, 17].map(|count| size(count, [1, 1, 1], unit));
        let by_hand = [(1, 1), (2, 1), (2, 2), (2, 2), (3, 2), (3, 3), (4, 3), (4, 4), (5, 4)];
        assert_eq!(sizes, by_hand);
    }

    #[test]
    fn given_columns_scale_and_gap_are_kept() {
        assert_eq!(size(7, [3, 4, 5], layout(3, 2, 3)), (3 * 10 + 2 * 3, 3 * 8 + 2 * 3));
        assert_eq!(size(2, [1, 4, 4], layout(9, 1, 1)), (9, 4));
    }

    #[test]
    fn small_pictures_are_enlarged_to_40_pixels_and_large_ones_left() {
        let automatic = layout(1, 0, 0);
        assert_eq!(size(1, [1, 8, 8], automatic), (40, 40));
        assert_eq!(size(1, [1, 28, 28], automatic), (56, 56));
        assert_eq!(size(1, [3, 32, 40], automatic), (40, 32));
        assert_eq!(size(1, [3, 64, 64], automatic), (64, 64));
    }

    #[test]
    fn pixels_lie_where_they_belong() {
        let values = [-1.0, 0.0, 0.5, -0.5, 0.0, -1.0];
        let pictures = Pictures::new(&values, &[1, 1, 2]).unwrap();
        let raster = grid(&pictures, &layout(2, 2, 1)).unwrap();
        let by_hand = [
            [0, 0, 128, 128, 255, 191, 191, 64, 64],
            [0, 0, 128, 128, 255, 191, 191, 64, 64],
            [255, 255, 255, 255, 255, 255, 255, 255, 255],
            [128, 128, 0, 0, 255, 255, 255, 255, 255],
            [128, 128, 0, 0, 255, 255, 255, 255, 255],
        ];
        assert_eq!(raster.data(), by_hand.concat());
    }

    #[test]
    fn a_side_past_the_limit_is_refused() {
        assert_eq!(size(257, [1, 1, 1], layout(257, 255, 0)), (65_535, 255));
        let pictures = Pictures::new(&[0.0; 257], &[1, 1, 1]).unwrap();
        for too_large in [layout(257, 256, 0), layout(257, 255, 1), layout(1, usize::MAX, 0)] {
            let error = grid(&pictures, &too_large).unwrap_err();
            assert!(error.to_string().contains("more than 65535 pixels"), "{error}");
        }
    }
}
