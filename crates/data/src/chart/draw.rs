//! The drawing itself, by `plotters`.

use super::axis::Axis;
use super::ticks::{even_ticks, group, log_ticks, short};
use super::{HEIGHT, OVERSAMPLING, WIDTH};
use plotters::prelude::*;
use plotters::style::register_font;
use std::ops::Range;
use std::sync::Once;

const FONT: &str = "ancestral chart";
const INK: RGBColor = RGBColor(55, 60, 70);
const AXIS: RGBColor = RGBColor(150, 155, 165);
const GRID: RGBColor = RGBColor(232, 234, 238);
const MEAN: RGBColor = RGBColor(24, 78, 160);
/// Solid, not see-through: strokes on top of each other must not grow darker.
const RAW: RGBColor = RGBColor(187, 207, 236);

/// More points than this make a thick line rough, and no better.
const MEAN_POINTS: usize = 1000;

type Chart<'a> = ChartContext<'a, BitMapBackend<'a>, Cartesian2d<Axis, Axis>>;
type DrawError<'a> = DrawingAreaErrorKind<<BitMapBackend<'a> as DrawingBackend>::ErrorType>;

/// Draws into RGB `pixels` of the oversampled size. Points are (step, loss).
pub(super) fn draw<'a>(
    pixels: &'a mut [u8],
    title: &str,
    raw: &[(f64, f64)],
    mean: &[(f64, f64)],
    window: usize,
) -> Result<(), DrawError<'a>> {
    register_the_font();
    let size = (u32::from(WIDTH * OVERSAMPLING), u32::from(HEIGHT * OVERSAMPLING));
    let area = BitMapBackend::with_buffer(pixels, size).into_drawing_area();
    let (x, y) = axes(raw);
    let mut chart = ChartBuilder::on(&area)
        .caption(title, font(20))
        .margin(px(14))
        .margin_right(px(26))
        .x_label_area_size(px(46))
        .y_label_area_size(px(64))
        .build_cartesian_2d(x, y)?;
    draw_mesh(&mut chart)?;
    draw_losses(&mut chart, raw, mean, window)?;
    area.present()
}

fn axes(raw: &[(f64, f64)]) -> (Axis, Axis) {
    let (steps, exponents) = (step_range(raw), exponent_range(raw));
    let mut step_ticks = even_ticks(steps.clone(), 8);
    step_ticks.retain(|step| step.fract() == 0.0);
    let x = Axis { ticks: step_ticks, range: steps, label: group };
    let y = Axis {
        ticks: log_ticks(exponents.clone(), 8),
        range: exponents,
        label: |exponent| short(10_f64.powf(exponent)),
    };
    (x, y)
}

fn draw_mesh<'a>(chart: &mut Chart<'a>) -> Result<(), DrawError<'a>> {
    chart
        .configure_mesh()
        .disable_x_mesh()
        .bold_line_style(ShapeStyle::from(GRID).stroke_width(px(1)))
        .light_line_style(TRANSPARENT)
        .axis_style(ShapeStyle::from(AXIS).stroke_width(px(1)))
        .set_all_tick_mark_size(px(4))
        .label_style(font(13))
        .axis_desc_style(font(14))
        .x_desc("step")
        .y_desc("loss (log scale)")
        .draw()
}

fn draw_losses<'a>(
    chart: &mut Chart<'a>,
    raw: &[(f64, f64)],
    mean: &[(f64, f64)],
    window: usize,
) -> Result<(), DrawError<'a>> {
    let raw_style = ShapeStyle::from(RAW).stroke_width(1);
    let mean_style = ShapeStyle::from(MEAN).stroke_width(px(2));
    if window > 1 {
        chart
            .draw_series(LineSeries::new(raw.iter().copied().map(on_axes), raw_style))?
            .label("loss")
            .legend(move |place| sample(place, raw_style.stroke_width(px(2))));
    }
    let mean_name = match window {
        1 => "loss".to_owned(),
        _ => format!("running mean of {}", group(window as f64)),
    };
    let stride = mean.len().div_ceil(MEAN_POINTS);
    let last = mean.last().filter(|_| !(mean.len() - 1).is_multiple_of(stride));
    let thinned = mean.iter().step_by(stride).chain(last).copied().map(on_axes);
    chart
        .draw_series(LineSeries::new(thinned, mean_style))?
        .label(mean_name)
        .legend(move |place| sample(place, mean_style));
    let end = mean.last().copied().map(on_axes);
    chart.draw_series(end.map(|point| Circle::new(point, px(4), MEAN.filled())))?;
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .margin(px(10))
        .legend_area_size(px(28))
        .background_style(TRANSPARENT)
        .border_style(TRANSPARENT)
        .label_font(font(13))
        .draw()
}

/// Pixels of the finished image in pixels of the drawing.
fn px(pixels: u16) -> u32 {
    u32::from(pixels * OVERSAMPLING)
}

/// The stroke that stands before a name in the legend.
fn sample((x, y): (i32, i32), style: ShapeStyle) -> PathElement<(i32, i32)> {
    PathElement::new([(x, y), (x + i32::from(22 * OVERSAMPLING), y)], style)
}

fn font(size: u16) -> TextStyle<'static> {
    FontDesc::new(FontFamily::Name(FONT), f64::from(px(size)), FontStyle::Normal).color(&INK)
}

fn on_axes((step, loss): (f64, f64)) -> (f64, f64) {
    (step, loss.log10())
}

fn step_range(raw: &[(f64, f64)]) -> Range<f64> {
    let (from, to) = (raw[0].0, raw[raw.len() - 1].0);
    if from < to { from..to } else { from - 1.0..to + 1.0 }
}

/// The decimal exponents of the losses, with a margin.
fn exponent_range(raw: &[(f64, f64)]) -> Range<f64> {
    let exponents = || raw.iter().map(|(_, loss)| loss.log10());
    let (low, high) = (exponents().fold(f64::MAX, f64::min), exponents().fold(f64::MIN, f64::max));
    let margin = (0.05 * (high - low)).max(0.02);
    low - margin..high + margin
}

/// `DejaVu` Sans, which is free under the Bitstream Vera licence.
fn register_the_font() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let registered = register_font(FONT, FontStyle::Normal, dejavu::sans::regular());
        assert!(registered.is_ok(), "the embedded font is a font");
    });
}
