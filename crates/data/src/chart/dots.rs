//! Transparent dots: where they are dense, the colour is deep.

use super::canvas::{Canvas, OVERSAMPLING};
use plotters::style::RGBColor;
use std::ops::Range;

/// The part of the canvas that dots may touch, in pixels of the drawing.
pub(super) type Frame = (Range<i32>, Range<i32>);

/// A dot to be stamped many times.
pub(super) struct Dot {
    /// Offsets from the centre, and the part of the pixel that the dot covers times its opacity.
    stamp: Vec<(i32, i32, f32)>,
}

impl Dot {
    /// A dot of that radius in pixels of the image.
    pub(super) fn new(radius: f32, opacity: f32) -> Self {
        let radius = radius * f32::from(OVERSAMPLING);
        let reach = (1..i16::MAX).find(|&i| f32::from(i) > radius).expect("a dot is small");
        let pixels = (-reach..=reach).flat_map(|y| (-reach..=reach).map(move |x| (x, y)));
        let covered = |(x, y)| {
            let distance = f32::from(x).hypot(f32::from(y));
            let part = (radius + 0.5 - distance).clamp(0.0, 1.0);
            (i32::from(x), i32::from(y), part * opacity)
        };
        Self { stamp: pixels.map(covered).filter(|(_, _, opacity)| *opacity > 0.0).collect() }
    }

    /// The opacity at which `count` dots neither vanish nor melt into one patch.
    pub(super) fn opacity(count: usize) -> f32 {
        #[allow(clippy::cast_possible_truncation, reason = "a rough number is enough")]
        let opacity = (30.0 / (count as f64).sqrt()) as f32;
        opacity.clamp(0.1, 0.75)
    }

    /// Draws the dot around a pixel, as far as it is inside the frame.
    pub(super) fn draw(
        &self,
        canvas: &mut Canvas,
        (x, y): (i32, i32),
        frame: &Frame,
        colour: RGBColor,
    ) {
        for (dx, dy, opacity) in &self.stamp {
            let (x, y) = (x + dx, y + dy);
            if frame.0.contains(&x) && frame.1.contains(&y) {
                let place = |i: i32| usize::try_from(i).expect("the frame is on the canvas");
                canvas.blend((place(x), place(y)), colour, *opacity);
            }
        }
    }
}
