//! What all charts share: the surface, the font, the colours and the look of axes.

use super::axis::Axis;
use crate::{Channels, Raster};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::register_font;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::sync::Once;

/// A chart is drawn this many times larger, then averaged: smooth lines and letters.
pub(super) const OVERSAMPLING: u16 = 2;

/// The embedded font; as documents of SVG name it, with another where it is missing.
const FONT: &str = "DejaVu Sans, sans-serif";
const INK: RGBColor = RGBColor(55, 60, 70);
const AXIS: RGBColor = RGBColor(150, 155, 165);
const GRID: RGBColor = RGBColor(232, 234, 238);

/// Colours that distinguish lines; a single line has the first.
pub(super) const COLOURS: [RGBColor; 8] = [
    RGBColor(31, 95, 180),
    RGBColor(222, 110, 20),
    RGBColor(30, 140, 90),
    RGBColor(190, 50, 60),
    RGBColor(125, 85, 175),
    RGBColor(60, 160, 190),
    RGBColor(205, 100, 160),
    RGBColor(150, 130, 30),
];

pub(super) type Area<'a> = DrawingArea<BitMapBackend<'a>, Shift>;
pub(super) type Chart<'a> = ChartContext<'a, BitMapBackend<'a>, Cartesian2d<Axis, Axis>>;
pub(super) type DrawError =
    DrawingAreaErrorKind<<BitMapBackend<'static> as DrawingBackend>::ErrorType>;

/// The oversampled RGB surface that a chart is drawn on.
pub(super) struct Canvas {
    pixels: Vec<u8>,
    width: u16,
    height: u16,
}

/// The image of `width` × `height` pixels that `draw` makes of a white canvas.
pub(super) fn render(
    width: u16,
    height: u16,
    draw: impl FnOnce(&mut Canvas) -> Result<(), DrawError>,
) -> Raster {
    register_the_font();
    let side = |pixels: u16| usize::from(pixels) * usize::from(OVERSAMPLING);
    let pixels = vec![u8::MAX; side(width) * side(height) * 3];
    let mut canvas = Canvas { pixels, width, height };
    draw(&mut canvas).expect("drawing into memory does not fail");
    let pixels = shrink(&canvas.pixels, side(width), usize::from(OVERSAMPLING));
    Raster::new(width, height, Channels::Rgb, pixels).expect("the canvas has the size of the image")
}

/// The document of `width` × `height` pixels of what `draw` makes of a white area.
pub(super) fn render_svg<E: std::error::Error + Send + Sync>(
    width: u16,
    height: u16,
    draw: impl FnOnce(&DrawingArea<SVGBackend<'_>, Shift>) -> Result<(), DrawingAreaErrorKind<E>>,
) -> String {
    register_the_font();
    let mut text = String::new();
    let size = (px(width), px(height));
    let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
    area.fill(&WHITE).expect("drawing into memory does not fail");
    draw(&area).expect("drawing into memory does not fail");
    drop(area);
    // It is drawn larger, as pictures are: so much smaller is the document.
    let [drawn, shown] = [size, (width.into(), height.into())]
        .map(|(width, height): (u32, u32)| format!("<svg width=\"{width}\" height=\"{height}\""));
    text.replacen(&drawn, &shown, 1)
}

impl Canvas {
    /// The surface for `plotters` to draw on.
    pub(super) fn area(&mut self) -> Area<'_> {
        let size = (px(self.width), px(self.height));
        BitMapBackend::with_buffer(&mut self.pixels, size).into_drawing_area()
    }

    /// Mixes a colour into a pixel: `old + (colour − old) · opacity`.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a mean of two bytes is a byte"
    )]
    pub(super) fn blend(&mut self, (x, y): (usize, usize), colour: RGBColor, opacity: f32) {
        let place = (y * usize::from(self.width) * usize::from(OVERSAMPLING) + x) * 3;
        for (old, new) in self.pixels[place..][..3].iter_mut().zip(<[u8; 3]>::from(colour.rgb())) {
            let mixed = f32::from(*old) + (f32::from(new) - f32::from(*old)) * opacity;
            *old = mixed.round() as u8;
        }
    }
}

/// Pixels of the finished image in pixels of the drawing.
pub(super) fn px(pixels: u16) -> u32 {
    u32::from(pixels) * u32::from(OVERSAMPLING)
}

/// The same for places, which may be outside.
pub(super) fn pixels(count: u16) -> i32 {
    i32::from(count * OVERSAMPLING)
}

pub(super) fn font(size: u16) -> TextStyle<'static> {
    FontDesc::new(FontFamily::Name(FONT), f64::from(px(size)), FontStyle::Normal).color(&INK)
}

/// Writes one line in the middle, `top` pixels below the upper edge.
pub(super) fn title<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    text: &str,
    size: u16,
    top: u16,
) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
    let centre = i32::try_from(area.dim_in_pixel().0 / 2).expect("a side has few pixels");
    let style = font(size).pos(Pos::new(HPos::Center, VPos::Top));
    area.draw(&Text::new(text, (centre, pixels(top)), style))
}

/// Draws the axes with their names and ticks, and fine lines across at the ticks: of the y axis,
/// and on demand of the x axis.
pub(super) fn mesh<B: DrawingBackend>(
    chart: &mut ChartContext<'_, B, Cartesian2d<Axis, Axis>>,
    [x_name, y_name]: [&str; 2],
    x_lines: bool,
) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
    let mut mesh = chart.configure_mesh();
    if !x_lines {
        mesh.disable_x_mesh();
    }
    mesh.bold_line_style(ShapeStyle::from(GRID).stroke_width(px(1)))
        .light_line_style(TRANSPARENT)
        .axis_style(ShapeStyle::from(AXIS).stroke_width(px(1)))
        .set_all_tick_mark_size(px(4))
        .label_style(font(13))
        .axis_desc_style(font(14))
        .x_desc(x_name)
        .y_desc(y_name)
        .draw()
}

/// Averages blocks of `by` × `by` RGB pixels.
fn shrink(pixels: &[u8], width: usize, by: usize) -> Vec<u8> {
    let (row_len, area) = (width * 3, by * by);
    let mut shrunk = Vec::with_capacity(pixels.len() / area);
    for rows in pixels.chunks_exact(row_len * by) {
        for x in 0..width / by {
            for channel in 0..3 {
                let place = |i: usize| (i / by) * row_len + (x * by + i % by) * 3 + channel;
                let sum: usize = (0..area).map(|i| usize::from(rows[place(i)])).sum();
                shrunk.push(u8::try_from(sum / area).expect("a mean of bytes is a byte"));
            }
        }
    }
    shrunk
}

/// `DejaVu` Sans, which is free under the Bitstream Vera licence.
fn register_the_font() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let registered = register_font(FONT, FontStyle::Normal, dejavu::sans::regular());
        assert!(registered.is_ok(), "the embedded font is a font");
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_averaged() {
        // 4 × 2 pixels: grey 0 10 | 100 100 over 20 30 | 100 104, with red 3 more.
        let greys = [0, 10, 100, 100, 20, 30, 100, 104];
        let pixels: Vec<u8> = greys.into_iter().flat_map(|grey| [grey + 3, grey, grey]).collect();
        assert_eq!(shrink(&pixels, 4, 2), [18, 15, 15, 104, 101, 101]);
    }

    #[test]
    fn colours_are_mixed_by_opacity() {
        let image = render(1, 1, |canvas| {
            for place in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                canvas.blend(place, RGBColor(55, 155, 255), 0.5);
            }
            Ok(())
        });
        assert_eq!(image.data(), [155, 205, 255]);
    }
}
