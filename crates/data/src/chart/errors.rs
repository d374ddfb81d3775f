//! Errors over costs as lines on logarithmic axes.

use super::ChartError;
use super::axis::Axis;
use super::canvas::{COLOURS, Canvas, Chart, DrawError, font, mesh, pixels, px, render};
use super::ticks::{log_ticks, short};
use crate::Raster;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::ops::Range;

const WIDTH: u16 = 900;
const HEIGHT: u16 = 540;
/// The column of names, to the right of the lines.
const NAMES: u16 = 190;
/// From name to name.
const LINE_HEIGHT: u16 = 20;

/// A line of an [`error_chart`].
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorLine {
    /// What it is called.
    pub name: String,
    /// Costs and errors, all above 0, in the order of the costs.
    pub points: Vec<(f64, f64)>,
}

/// Draws errors over costs, a line each, on logarithmic axes: an error of order p is a straight line
/// of slope −p. Names are to the right, in the order in which the lines end.
///
/// Returns an RGB image of 900 × 540 pixels, to be written by [`write_png`](crate::write_png).
///
/// # Errors
/// [`ChartError`] if there is no point, or one is not above 0 and finite.
///
/// # Panics
/// Never: drawing into memory does not fail, and the font is part of the program.
///
/// # Example
/// ```
/// use ancestral_data::{ErrorLine, error_chart};
///
/// let points = [8.0, 16.0, 32.0].map(|calls| (calls, 1.0 / calls)).to_vec();
/// let line = ErrorLine { name: "first order".to_owned(), points };
/// let chart = error_chart("order", ["calls", "error"], &[line])?;
/// assert_eq!((chart.width(), chart.height()), (900, 540));
/// # Ok::<(), ancestral_data::ChartError>(())
/// ```
pub fn error_chart(
    title: &str,
    axes: [&str; 2],
    lines: &[ErrorLine],
) -> Result<Raster, ChartError> {
    check(lines)?;
    Ok(render(WIDTH, HEIGHT, |canvas| draw(canvas, title, axes, lines)))
}

fn check(lines: &[ErrorLine]) -> Result<(), ChartError> {
    let is_fit = |value: f64| value > 0.0 && value.is_finite();
    let mut points =
        lines.iter().flat_map(|line| line.points.iter().map(move |&(x, y)| (line, x, y)));
    if points.clone().next().is_none() {
        return Err(ChartError::NoRows);
    }
    match points.find(|&(_, x, y)| !(is_fit(x) && is_fit(y))) {
        Some((line, x, y)) => Err(ChartError::Point { line: line.name.clone(), x, y }),
        None => Ok(()),
    }
}

fn draw(
    canvas: &mut Canvas,
    title: &str,
    axes: [&str; 2],
    lines: &[ErrorLine],
) -> Result<(), DrawError> {
    let area = canvas.area();
    let axis = |of: fn(&(f64, f64)) -> f64| {
        let exponents = exponents(lines.iter().flat_map(|line| &line.points).map(of));
        let ticks = log_ticks(exponents.clone(), 8);
        Axis { range: exponents, ticks, label: Box::new(|tick| short(10_f64.powf(tick))) }
    };
    let mut chart = ChartBuilder::on(&area)
        .caption(title, font(18))
        .margin(px(14))
        .margin_right(px(NAMES))
        .x_label_area_size(px(46))
        .y_label_area_size(px(70))
        .build_cartesian_2d(axis(|point| point.0), axis(|point| point.1))?;
    mesh(&mut chart, axes, true)?;
    let drawn: Vec<&ErrorLine> = lines.iter().filter(|line| !line.points.is_empty()).collect();
    for (i, line) in drawn.iter().enumerate() {
        draw_line(&mut chart, line, i)?;
    }
    let mut named: Vec<(usize, &ErrorLine)> = drawn.into_iter().enumerate().collect();
    let end = |line: &ErrorLine| line.points.last().map_or(0.0, |point| point.1);
    named.sort_by(|a, b| end(b.1).total_cmp(&end(a.1)));
    let left = chart.plotting_area().get_pixel_range().0.end + pixels(12);
    let top = chart.plotting_area().get_pixel_range().1.start + pixels(8);
    for (row, (i, line)) in (0..).zip(named) {
        let y = top + row * pixels(LINE_HEIGHT);
        let stroke = PathElement::new([(left, y), (left + pixels(22), y)], style(i));
        area.draw(&stroke)?;
        area.draw(&mark((left + pixels(11), y), i))?;
        let place = (left + pixels(28), y);
        area.draw(&Text::new(
            &*line.name,
            place,
            font(13).pos(Pos::new(HPos::Left, VPos::Center)),
        ))?;
    }
    area.present()
}

fn draw_line(chart: &mut Chart<'_>, line: &ErrorLine, i: usize) -> Result<(), DrawError> {
    let points = || line.points.iter().map(|(x, y)| (x.log10(), y.log10()));
    chart.draw_series(LineSeries::new(points(), style(i)))?;
    chart.draw_series(points().map(|point| EmptyElement::at(point) + mark((0, 0), i)))?;
    Ok(())
}

fn style(i: usize) -> ShapeStyle {
    ShapeStyle::from(COLOURS[i % COLOURS.len()]).stroke_width(px(2))
}

/// A dot where a line is known: hollow, then large, where the colours begin again.
fn mark(place: (i32, i32), i: usize) -> Circle<(i32, i32), u32> {
    let colour = COLOURS[i % COLOURS.len()];
    match i / COLOURS.len() {
        0 => Circle::new(place, px(4), colour.filled()),
        1 => Circle::new(place, px(5), ShapeStyle::from(colour).stroke_width(px(1))),
        _ => Circle::new(place, px(6), colour.filled()),
    }
}

/// The decimal exponents of the values, with a margin.
fn exponents(values: impl Iterator<Item = f64>) -> Range<f64> {
    let (low, high) = values
        .map(f64::log10)
        .fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(x), high.max(x)));
    let margin = (0.05 * (high - low)).max(0.05);
    low - margin..high + margin
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, error: impl Fn(f64) -> f64) -> ErrorLine {
        let points = [8.0, 16.0, 64.0, 128.0].map(|calls| (calls, error(calls))).to_vec();
        ErrorLine { name: name.to_owned(), points }
    }

    /// The rows of the pixels in a column that have this colour.
    fn rows_of(chart: &Raster, column: usize, colour: RGBColor) -> Vec<usize> {
        let pixel = |row: usize| &chart.data()[(row * usize::from(WIDTH) + column) * 3..][..3];
        let is = |row: &usize| pixel(*row) == <[u8; 3]>::from(colour.rgb());
        (0..usize::from(HEIGHT)).filter(is).collect()
    }

    #[test]
    fn an_order_is_a_slope() {
        let lines =
            [line("first", |calls| 1.0 / calls), line("second", |calls| 9.0 / calls.powi(2))];
        let chart = error_chart("orders", ["calls", "error"], &lines).unwrap();
        let drop = |colour| {
            let middle = |column| {
                let rows = rows_of(&chart, column, colour);
                rows.iter().sum::<usize>() as f64 / rows.len() as f64
            };
            middle(500) - middle(250)
        };
        let ratio = drop(COLOURS[1]) / drop(COLOURS[0]);
        assert!((ratio - 2.0).abs() < 0.05, "{ratio}");
    }

    #[test]
    fn many_lines_and_single_points_are_drawn() {
        let many: Vec<_> = (0..25).map(|i| line("a", |calls| f64::from(i + 1) / calls)).collect();
        assert!(error_chart("", ["", ""], &many).is_ok());
        let single = ErrorLine { name: String::new(), points: vec![(1000.0, 0.27)] };
        assert!(error_chart("", ["", ""], &[single]).is_ok());
    }

    #[test]
    fn what_has_no_logarithm_is_refused() {
        assert_eq!(error_chart("", ["", ""], &[]), Err(ChartError::NoRows));
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let error = error_chart("", ["", ""], &[line("ddim", |_| bad)]).unwrap_err();
            assert!(error.to_string().starts_with("ddim: "), "{error}");
        }
    }
}
