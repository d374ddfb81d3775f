//! Curves over the same quantity, in panels side by side.

use super::ChartError;
use super::axis::Axis;
use super::canvas::{COLOURS, font, mesh, pixels, px, render, render_svg, title};
use super::ticks::{even_labels, even_ticks, group, log_ticks, short};
use crate::Raster;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::ops::Range;

/// The size of a panel.
const WIDTH: u16 = 400;
const HEIGHT: u16 = 360;
/// The room for the title above the panels.
const TITLE: u16 = 44;
/// More points than this make a line rough, and no better.
const MOST_POINTS: usize = 200;

/// A panel of [`panels`]: curves with a vertical axis of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel<'a> {
    /// What the vertical axis shows.
    pub name: &'a str,
    /// Whether that axis is logarithmic. Values that are not above 0 are then left out.
    pub is_logarithmic: bool,
    /// Names and values of the curves: one value for each place. What is not finite is left out.
    pub curves: Vec<(&'a str, Vec<f64>)>,
}

/// Draws curves over `places`, which ascend and have the name `axis`: 400 × 404 pixels a panel.
///
/// # Errors
/// [`ChartError`] if there are no places or panels, or a panel has nothing to draw.
///
/// # Panics
/// Never: drawing into memory does not fail, and the font is part of the program.
///
/// # Example
/// ```
/// use ancestral_data::{Panel, panels};
///
/// let curves = vec![("square", vec![0.0, 1.0, 4.0])];
/// let panel = Panel { name: "value", is_logarithmic: false, curves };
/// let picture = panels("powers", "x", &[0.0, 1.0, 2.0], &[panel])?;
/// assert_eq!((picture.width(), picture.height()), (400, 404));
/// # Ok::<(), ancestral_data::ChartError>(())
/// ```
pub fn panels(
    title: &str,
    axis: &str,
    places: &[f64],
    panels: &[Panel<'_>],
) -> Result<Raster, ChartError> {
    let (chart, [width, height]) = checked(title, axis, places, panels)?;
    Ok(render(width, height, |canvas| chart.draw(&canvas.area())))
}

/// The same as [`panels`], as a document of SVG: sharp at any size.
///
/// # Errors
/// As [`panels`].
///
/// # Panics
/// Never, as [`panels`].
pub fn panels_svg(
    title: &str,
    axis: &str,
    places: &[f64],
    panels: &[Panel<'_>],
) -> Result<String, ChartError> {
    let (chart, [width, height]) = checked(title, axis, places, panels)?;
    Ok(render_svg(width, height, |area| chart.draw(area)))
}

/// What is drawn, and its size.
fn checked<'a>(
    title: &'a str,
    axis: &'a str,
    places: &'a [f64],
    panels: &'a [Panel<'a>],
) -> Result<(Panels<'a>, [u16; 2]), ChartError> {
    let count = u16::try_from(panels.len()).unwrap_or(u16::MAX);
    let width = count.checked_mul(WIDTH).filter(|width| *width > 0).ok_or(ChartError::NoRows)?;
    let drawn = panels.iter().map(|panel| Drawn::of(panel, places));
    let drawn = drawn.collect::<Option<_>>().ok_or(ChartError::NoRows)?;
    Ok((Panels { title, axis, places, drawn }, [width, HEIGHT + TITLE]))
}

struct Panels<'a> {
    title: &'a str,
    axis: &'a str,
    places: &'a [f64],
    drawn: Vec<Drawn<'a>>,
}

/// A panel on the axes that it is drawn with.
struct Drawn<'a> {
    panel: &'a Panel<'a>,
    /// Names and points.
    curves: Vec<(&'a str, Vec<(f64, f64)>)>,
    range: Range<f64>,
}

impl<'a> Drawn<'a> {
    /// `None` if there is nothing to draw.
    fn of(panel: &'a Panel<'a>, places: &[f64]) -> Option<Self> {
        let on_axis = |value: f64| if panel.is_logarithmic { value.log10() } else { value };
        let stride = places.len().div_ceil(MOST_POINTS).max(1);
        let curves = panel.curves.iter().map(|(name, values)| {
            let last = places.len().saturating_sub(1);
            let points = places.iter().zip(values).enumerate();
            let kept = points.filter(|(i, _)| i % stride == 0 || *i == last);
            let points = kept.map(|(_, (place, value))| (*place, on_axis(*value)));
            (*name, points.filter(|point| point.1.is_finite()).collect::<Vec<_>>())
        });
        let curves: Vec<_> = curves.collect();
        let values = || curves.iter().flat_map(|(_, points)| points).map(|point| point.1);
        let (low, high) = (values().reduce(f64::min)?, values().reduce(f64::max)?);
        let margin = if high > low { 0.04 * (high - low) } else { 0.5 };
        Some(Self { panel, curves, range: low - margin..high + margin })
    }

    fn axis(&self) -> Axis {
        let range = self.range.clone();
        if self.panel.is_logarithmic {
            let ticks = log_ticks(range.clone(), 8);
            return Axis { range, ticks, label: Box::new(|tick| short(10_f64.powf(tick))) };
        }
        let ticks = even_ticks(range.clone(), 6);
        let labels = even_labels(&ticks);
        Axis { range, ticks, label: Box::new(labels) }
    }
}

impl Panels<'_> {
    fn draw<B: DrawingBackend>(
        &self,
        area: &DrawingArea<B, Shift>,
    ) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
        title(area, self.title, 18, 14)?;
        let (_, below) = area.split_vertically(px(TITLE));
        for (drawn, area) in self.drawn.iter().zip(below.split_evenly((1, self.drawn.len()))) {
            self.draw_panel(drawn, &area)?;
        }
        area.present()
    }

    fn draw_panel<B: DrawingBackend>(
        &self,
        drawn: &Drawn<'_>,
        area: &DrawingArea<B, Shift>,
    ) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
        let (from, to) = match *self.places {
            [first, .., last] => (first, last),
            [only] => (only - 0.5, only + 0.5),
            [] => (0.0, 1.0),
        };
        let ticks = even_ticks(from..to, 5);
        let x = Axis { range: from..to, ticks, label: Box::new(group) };
        let mut chart = ChartBuilder::on(area)
            .margin(px(10))
            .margin_top(px(24))
            .margin_right(px(22))
            .x_label_area_size(px(46))
            .y_label_area_size(px(66))
            .build_cartesian_2d(x, drawn.axis())?;
        mesh(&mut chart, [self.axis, drawn.panel.name], false)?;
        let mut left = pixels(76);
        // Curves that others hide are seen on both sides of them.
        let widths = std::iter::successors(Some(px(2)), |width| Some(width + 3));
        let widths: Vec<u32> = widths.take(drawn.curves.len()).collect();
        let styles = COLOURS.iter().cycle().zip(widths.into_iter().rev());
        for ((name, points), (colour, width)) in drawn.curves.iter().zip(styles) {
            let style = ShapeStyle::from(colour).stroke_width(width);
            chart.draw_series(LineSeries::new(points.iter().copied(), style))?;
            let (y, right) = (pixels(10), left + pixels(16));
            area.draw(&PathElement::new([(left, y), (right, y)], style))?;
            let text = font(13).pos(Pos::new(HPos::Left, VPos::Center));
            let (width, _) = area.estimate_text_size(name, &text)?;
            area.draw(&Text::new(*name, (right + pixels(6), y), text))?;
            left = right + i32::try_from(width).unwrap_or_default() + pixels(20);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel(is_logarithmic: bool, values: &[f64]) -> Panel<'static> {
        Panel { name: "value", is_logarithmic, curves: vec![("curve", values.to_vec())] }
    }

    /// The points of the longest line of a document.
    fn points(svg: &str) -> Vec<(f64, f64)> {
        let lines = svg.split("<polyline").skip(1).filter_map(|line| {
            let (_, points) = line.split_once("points=\"")?;
            Some(points.split_once('"')?.0.trim())
        });
        let longest = lines.max_by_key(|points| points.len()).unwrap();
        let point = |text: &str| {
            let (x, y) = text.split_once(',').unwrap();
            (x.parse().unwrap(), y.parse().unwrap())
        };
        longest.split(' ').map(point).collect()
    }

    #[test]
    fn curves_are_in_the_document_to_scale() {
        let places: Vec<f64> = (0..9).map(f64::from).collect();
        let values: Vec<f64> = places.iter().map(|x| 10_f64.powf(-x)).collect();
        let svg = panels_svg("decay", "x", &places, &[panel(true, &values)]).unwrap();
        let points = points(&svg);
        assert_eq!(points.len(), 9);
        // Equal factors are equal distances, down to a pixel.
        for pair in points.windows(2) {
            let (right, down) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
            let mean = |end: fn(&(f64, f64)) -> f64| (end(&points[8]) - end(&points[0])) / 8.0;
            assert!((right - mean(|p| p.0)).abs() <= 1.0 && (down - mean(|p| p.1)).abs() <= 1.0);
        }
        assert!(svg.contains(">decay</text>") || svg.contains("\ndecay\n"), "{svg}");
        assert!(svg.starts_with("<svg width=\"400\" height=\"404\" viewBox=\"0 0 800 808\""));
    }

    #[test]
    fn what_has_no_place_on_an_axis_is_left_out() {
        let values = [0.0, 1.0, f64::NAN, f64::INFINITY, 10.0];
        let places = [0.0, 1.0, 2.0, 3.0, 4.0];
        let svg = panels_svg("", "x", &places, &[panel(true, &values)]).unwrap();
        assert_eq!(points(&svg).len(), 2);
        assert!(panels("", "x", &places, &[panel(true, &values)]).is_ok());
        for nothing in [&[0.0; 5][..], &[]] {
            assert_eq!(panels("", "x", &places, &[panel(true, nothing)]), Err(ChartError::NoRows));
        }
        assert_eq!(panels("", "x", &places, &[]), Err(ChartError::NoRows));
    }
}
