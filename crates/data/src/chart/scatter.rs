//! Points of the plane as dots.

use super::ChartError;
use super::axis::Axis;
use super::canvas::{COLOURS, Canvas, DrawError, mesh, px, render, title};
use super::dots::{Dot, Frame};
use super::ticks::{even_labels, even_ticks};
use super::window::{Window, check_values};
use crate::Raster;
use plotters::prelude::*;
use std::ops::Range;

/// The shortest side that leaves room for the points.
const LEAST_SIDE: u16 = 160;
/// From the edges of the image to the plot, in pixels: horizontally and vertically the same in
/// sum, so that the plot is a square.
const MARGIN: u16 = 10;
const MARGIN_RIGHT: u16 = 16;
const MARGIN_TOP: u16 = 32;
const LABELS_LEFT: u16 = 60;
const LABELS_BELOW: u16 = 44;

const REFERENCE: RGBColor = RGBColor(165, 170, 180);
/// How [`scatter`] shows points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScatterStyle<'a> {
    /// A line above the plot.
    pub title: &'a str,
    /// The names of the x and y axes.
    pub axes: [&'a str; 2],
    /// The class of each point, which chooses its colour; after eight colours they repeat.
    pub labels: Option<&'a [u32]>,
    /// Points in grey behind the others, such as those a model has learned from.
    pub reference: &'a [[f64; 2]],
    /// What is shown; `None`: [`Window::around`] all points.
    pub window: Option<Window>,
    /// Width and height of the image in pixels, at least 160.
    pub side: u16,
}

impl Default for ScatterStyle<'_> {
    fn default() -> Self {
        let (labels, reference, window) = (None, [].as_slice(), None);
        Self { title: "", axes: ["x", "y"], labels, reference, window, side: 640 }
    }
}

/// Draws points of the plane as see-through dots, in an RGB image.
///
/// Points outside the window are not drawn.
///
/// # Errors
/// [`ChartError`] if there are no points, a coordinate is not a number within ±10³⁰⁰, there is not
/// one label a point, or the side is below 160 pixels.
///
/// # Panics
/// Never: drawing into memory does not fail, and the font is part of the program.
///
/// # Example
/// ```
/// use ancestral_data::{ScatterStyle, scatter, toy};
///
/// let moons = toy("moons").expect("moons are compiled in").points(500, 7);
/// let image = scatter(&moons, &ScatterStyle { title: "moons", side: 200, ..Default::default() })?;
/// assert_eq!((image.width(), image.height()), (200, 200));
/// # Ok::<(), ancestral_data::ChartError>(())
/// ```
pub fn scatter(points: &[[f64; 2]], style: &ScatterStyle<'_>) -> Result<Raster, ChartError> {
    check(points, style)?;
    let window = match style.window {
        Some(window) => window,
        None => Window::around(&[points, style.reference].concat())?,
    };
    Ok(render(style.side, style.side, |canvas| draw(canvas, points, style, &window)))
}

fn check(points: &[[f64; 2]], style: &ScatterStyle<'_>) -> Result<(), ChartError> {
    let points_len = points.len();
    match style.labels {
        _ if style.side < LEAST_SIDE => {
            Err(ChartError::Side { side: style.side, least: LEAST_SIDE })
        }
        _ if points.is_empty() => Err(ChartError::NoRows),
        Some(labels) if labels.len() != points_len => {
            Err(ChartError::Labels { labels: labels.len(), points: points_len })
        }
        Some(_) | None => {
            check_values(points.as_flattened(), 2)?;
            check_values(style.reference.as_flattened(), 2)
        }
    }
}

fn draw(
    canvas: &mut Canvas,
    points: &[[f64; 2]],
    style: &ScatterStyle<'_>,
    window: &Window,
) -> Result<(), DrawError> {
    let (frame, references, places) = draw_axes(canvas, points, style, window)?;
    let radius = (f32::from(style.side) / 290.0).max(1.4);
    let dot = Dot::new(radius, 0.6 * Dot::opacity(style.reference.len()));
    for (_, place) in references {
        dot.draw(canvas, place, &frame, REFERENCE);
    }
    let dot = Dot::new(radius, Dot::opacity(points.len()));
    for (i, place) in places {
        let class = style.labels.map_or(0, |labels| labels[i] as usize);
        dot.draw(canvas, place, &frame, COLOURS[class % COLOURS.len()]);
    }
    Ok(())
}

/// The index and the pixel of each point in view.
type Places = Vec<(usize, (i32, i32))>;

/// Draws all but the dots; returns where these go: their frame, the reference, the points.
fn draw_axes(
    canvas: &mut Canvas,
    points: &[[f64; 2]],
    style: &ScatterStyle<'_>,
    window: &Window,
) -> Result<(Frame, Places, Places), DrawError> {
    let area = canvas.area();
    title(&area, style.title, 17, 9)?;
    let ticks = usize::from(style.side / 64);
    let mut chart = ChartBuilder::on(&area)
        .margin(px(MARGIN))
        .margin_top(px(MARGIN_TOP))
        .margin_right(px(MARGIN_RIGHT))
        .x_label_area_size(px(LABELS_BELOW))
        .y_label_area_size(px(LABELS_LEFT))
        .build_cartesian_2d(axis(window.x(), ticks), axis(window.y(), ticks))?;
    mesh(&mut chart, style.axes, true)?;
    let plot = chart.plotting_area();
    let places = |points: &[[f64; 2]]| -> Places {
        let in_view = |[x, y]: &[f64; 2]| window.x().contains(x) && window.y().contains(y);
        let seen = points.iter().enumerate().filter(|(_, point)| in_view(point));
        seen.map(|(i, &[x, y])| (i, plot.map_coordinate(&(x, y)))).collect()
    };
    Ok((plot.get_pixel_range(), places(style.reference), places(points)))
}

fn axis(range: Range<f64>, count: usize) -> Axis {
    let ticks = even_ticks(range.clone(), count);
    let label = Box::new(even_labels(&ticks));
    Axis { range, ticks, label }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixel(image: &Raster, x: usize, y: usize) -> [u8; 3] {
        let place = (y * usize::from(image.width()) + x) * 3;
        image.data()[place..place + 3].try_into().unwrap()
    }

    /// The centre of the plot of an image of 640 pixels.
    const CENTRE: (usize, usize) = ((10 + 60 + 624) / 2, (32 + 640 - 10 - 44) / 2);

    #[test]
    fn a_point_in_the_middle_is_a_dot_in_the_middle() {
        let image = scatter(&[[3.5, -2.0]], &ScatterStyle::default()).unwrap();
        let [red, _, blue] = pixel(&image, CENTRE.0, CENTRE.1);
        assert!(blue > red + 50, "{red} {blue}");
        let [red, _, blue] = pixel(&image, CENTRE.0 + 12, CENTRE.1 + 12);
        assert!(blue.abs_diff(red) < 20, "{red} {blue}");
    }

    #[test]
    fn the_plot_is_a_square() {
        let window = Window::around(&[[-1.0, -1.0], [1.0, 1.0]]).unwrap();
        for side in [LEAST_SIDE, 400, 641] {
            let style = ScatterStyle { side, ..ScatterStyle::default() };
            let frame = std::cell::RefCell::new(None);
            render(side, side, |canvas| {
                *frame.borrow_mut() = Some(draw_axes(canvas, &[], &style, &window)?.0);
                Ok(())
            });
            let (x, y) = frame.into_inner().unwrap();
            assert_eq!(x.end - x.start, y.end - y.start);
        }
    }

    #[test]
    fn dots_deepen_where_they_lie_on_each_other() {
        let deep = |count| {
            let window = Window::around(&[[0.0, 0.0]]).ok();
            let style = ScatterStyle { window, ..ScatterStyle::default() };
            let mut points = vec![[0.9, 0.9]; 2000 - count];
            points.extend(vec![[0.0, 0.0]; count]);
            pixel(&scatter(&points, &style).unwrap(), CENTRE.0, CENTRE.1)[0]
        };
        assert!(deep(1) > deep(2) && deep(2) > deep(3));
    }

    #[test]
    fn labels_choose_colours_and_the_reference_is_grey() {
        let window = Window::around(&[[-1.0, -1.0], [1.0, 1.0]]).ok();
        let style = ScatterStyle { labels: Some(&[1]), window, ..ScatterStyle::default() };
        let image = scatter(&[[0.0, 0.0]], &style).unwrap();
        let [red, _, blue] = pixel(&image, CENTRE.0, CENTRE.1);
        assert!(red > blue + 50, "{red} {blue}");
        let style = ScatterStyle { reference: &[[0.0, 0.0]], window, ..ScatterStyle::default() };
        let image = scatter(&[[0.7, 0.7]], &style).unwrap();
        let [red, _, blue] = pixel(&image, CENTRE.0, CENTRE.1);
        assert!(red < 215 && blue.abs_diff(red) < 20, "{red} {blue}");
    }

    #[test]
    fn points_of_any_size_are_drawn_the_same_way_each_time() {
        for points in [
            [[0.0, 0.0]].as_slice(),
            &[[1e300, -1e300], [-1e300, 1e300]],
            &[[1e-320, 1e-310], [0.0, 0.0]],
            &[[1e9, 1e9 + 1e-6], [1e9, 1e9]],
        ] {
            let image = scatter(points, &ScatterStyle::default()).unwrap();
            assert_eq!(image, scatter(points, &ScatterStyle::default()).unwrap());
        }
        // Far outside the window is not drawn.
        let window = Window::around(&[[0.0, 0.0]]).ok();
        let style = ScatterStyle { window, ..ScatterStyle::default() };
        assert!(scatter(&[[1e300, -1e300]], &style).is_ok());
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let style = ScatterStyle::default();
        assert_eq!(scatter(&[], &style), Err(ChartError::NoRows));
        let error = scatter(&[[0.0, f64::INFINITY]], &style).unwrap_err().to_string();
        assert!(error.starts_with("value inf in row 0 cannot be drawn"), "{error}");
        let labels = ScatterStyle { labels: Some(&[1, 2]), ..style };
        assert!(matches!(scatter(&[[0.0; 2]], &labels), Err(ChartError::Labels { .. })));
        let small = ScatterStyle { side: 159, ..style };
        assert!(matches!(scatter(&[[0.0; 2]], &small), Err(ChartError::Side { .. })));
    }
}
