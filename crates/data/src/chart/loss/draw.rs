//! The drawing itself, by `plotters`.

use crate::chart::axis::Axis;
use crate::chart::canvas::{Canvas, Chart, DrawError, OVERSAMPLING, font, mesh, px};
use crate::chart::ticks::{even_ticks, group, log_ticks, short};
use plotters::prelude::*;
use std::ops::Range;

const MEAN: RGBColor = RGBColor(24, 78, 160);
/// Solid, not see-through: strokes on top of each other must not grow darker.
const RAW: RGBColor = RGBColor(187, 207, 236);

const HELD_OUT: RGBColor = RGBColor(196, 88, 20);

/// More points than this make a thick line rough, and no better.
const MEAN_POINTS: usize = 1000;

/// What is drawn. Points are (step, loss).
#[derive(Clone, Copy)]
pub(super) struct Lines<'a> {
    pub raw: &'a [(f64, f64)],
    /// The running mean, over so many losses.
    pub mean: &'a [(f64, f64)],
    pub window: usize,
    pub held_out: &'a [(f64, f64)],
    /// How high a loss is.
    pub height: Height,
}

/// The vertical axis. Bounds of densities may be negative.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Height {
    Logarithm,
    Loss,
}

impl Height {
    fn of(self, loss: f64) -> f64 {
        match self {
            Self::Logarithm => loss.log10(),
            Self::Loss => loss,
        }
    }

    fn axis(self, range: Range<f64>) -> Axis {
        match self {
            Self::Logarithm => Axis {
                ticks: log_ticks(range.clone(), 8),
                range,
                label: Box::new(|exponent| short(10_f64.powf(exponent))),
            },
            Self::Loss => {
                Axis { ticks: even_ticks(range.clone(), 8), range, label: Box::new(short) }
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Logarithm => "loss (log scale)",
            Self::Loss => "loss",
        }
    }
}

/// Draws on the canvas.
pub(super) fn draw(canvas: &mut Canvas, title: &str, lines: &Lines<'_>) -> Result<(), DrawError> {
    let area = canvas.area();
    let (x, y) = axes(lines);
    let mut chart = ChartBuilder::on(&area)
        .caption(title, font(20))
        .margin(px(14))
        .margin_right(px(26))
        .x_label_area_size(px(46))
        .y_label_area_size(px(64))
        .build_cartesian_2d(x, y)?;
    mesh(&mut chart, ["step", lines.height.name()], false)?;
    draw_losses(&mut chart, lines)?;
    area.present()
}

fn axes(lines: &Lines<'_>) -> (Axis, Axis) {
    let all = [lines.raw, lines.held_out].concat();
    let heights = all.iter().map(|(_, loss)| lines.height.of(*loss)).collect::<Vec<_>>();
    let steps = step_range(lines.raw);
    let mut step_ticks = even_ticks(steps.clone(), 8);
    step_ticks.retain(|step| step.fract() == 0.0);
    let x = Axis { ticks: step_ticks, range: steps, label: Box::new(group) };
    let y = lines.height.axis(with_margin(&heights));
    (x, y)
}

fn draw_losses(chart: &mut Chart<'_>, lines: &Lines<'_>) -> Result<(), DrawError> {
    let Lines { raw, mean, window, held_out, height } = *lines;
    let on_axes = |(step, loss): (f64, f64)| (step, height.of(loss));
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
    if !held_out.is_empty() {
        let dots = held_out.iter().copied().map(on_axes);
        chart
            .draw_series(dots.map(|point| Circle::new(point, px(5), HELD_OUT.filled())))?
            .label("held-out data")
            .legend(move |place| sample(place, ShapeStyle::from(HELD_OUT).stroke_width(px(4))));
    }
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

/// The stroke that stands before a name in the legend.
fn sample((x, y): (i32, i32), style: ShapeStyle) -> PathElement<(i32, i32)> {
    PathElement::new([(x, y), (x + i32::from(22 * OVERSAMPLING), y)], style)
}

fn step_range(raw: &[(f64, f64)]) -> Range<f64> {
    let (from, to) = (raw[0].0, raw[raw.len() - 1].0);
    if from < to { from..to } else { from - 1.0..to + 1.0 }
}

/// From the lowest to the highest, with a margin.
fn with_margin(heights: &[f64]) -> Range<f64> {
    let low = heights.iter().copied().fold(f64::MAX, f64::min);
    let high = heights.iter().copied().fold(f64::MIN, f64::max);
    let margin = (0.05 * (high - low)).max(0.02);
    low - margin..high + margin
}
