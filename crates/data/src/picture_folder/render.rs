//! A decoded picture becomes a row: channels, size and background as planned.

use super::Fit;
use super::picture::{Picture, Pixel, from_byte};
use super::plan::Plan;
use super::resample::{Axis, Taps};
use crate::Channels;

/// A pixel during conversion; with fewer than four channels only the first values are used.
type Values = [f32; 4];

/// Writes `picture` into `row`: `[channels, height, width]`.
pub(super) fn render(picture: &Picture, plan: &Plan, row: &mut [f32]) {
    let (x, y) = axes(picture, plan);
    let background = plan.background.map(from_byte);
    let area = plan.height * plan.width;
    let mut write = |place: usize, pixel: Values| {
        for (channel, value) in pixel.iter().take(plan.channels.count()).enumerate() {
            row[channel * area + place] = if plan.are_bytes { rounded(*value) } else { *value };
        }
    };
    if x.is_identity() && y.is_identity() {
        for place in 0..area {
            write(place, values(picture.pixel(place), plan.channels, background));
        }
        return;
    }
    let padding = values(Pixel { colour: background, opacity: 1.0 }, plan.channels, background);
    // Resized colours are weighted by opacity, so that hidden ones do not bleed into the seen.
    let weighted = plan.channels == Channels::Rgba;
    let source = |place| {
        let values = values(picture.pixel(place), plan.channels, background);
        if weighted { weigh(values) } else { values }
    };
    let columns: Vec<_> = (0..plan.width).map(|i| x.taps(i)).collect();
    let lines: Vec<_> = (0..plan.height).map(|i| y.taps(i)).collect();
    let inside: Vec<&Taps> = columns.iter().flatten().collect();
    let first = lines.iter().flatten().next().map_or(0, |taps| taps.start);
    let last = lines.iter().flatten().map(|taps| taps.start + taps.weights.len()).max();
    // Every source line at its new width: [line, column].
    let narrowed: Vec<Values> = (first..last.unwrap_or(first))
        .flat_map(|line| inside.iter().map(move |taps| (line, *taps)))
        .map(|(line, taps)| mean(taps, |column| source(line * picture.width + column)))
        .collect();
    for (place, (line, column)) in places(&lines, &columns).enumerate() {
        let pixel = match line.zip(column) {
            None => padding,
            Some((line, column)) => {
                let narrowed = |k: usize| narrowed[(k - first) * inside.len() + column];
                let pixel = mean(line, narrowed);
                if weighted { unweigh(pixel, background) } else { pixel }
            }
        };
        write(place, pixel);
    }
}

/// The nearest value of a byte; half-way, the upper one.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it clamps, as it should"
)]
fn rounded(value: f32) -> f32 {
    // A cast cuts off; `f32::round` is a call on many processors.
    from_byte((127.5 * value + 128.0) as u8)
}

/// For every new pixel, row by row: the taps of its line, and its column counted inside the
/// picture; `None` outside.
fn places<'a>(
    lines: &'a [Option<Taps>],
    columns: &'a [Option<Taps>],
) -> impl Iterator<Item = (Option<&'a Taps>, Option<usize>)> {
    let left = columns.iter().take_while(|taps| taps.is_none()).count();
    lines.iter().flat_map(move |line| {
        let columns = columns.iter().enumerate();
        columns.map(move |(i, taps)| (line.as_ref(), taps.is_some().then(|| i - left)))
    })
}

/// How width and height of `picture` are scaled to the plan.
fn axes(picture: &Picture, plan: &Plan) -> (Axis, Axis) {
    let (from_width, from_height) = (picture.width, picture.height);
    let (width, height) = (plan.width, plan.height);
    let x = |scaled| Axis { source: from_width, scaled, target: width };
    let y = |scaled| Axis { source: from_height, scaled, target: height };
    // Width by width, the picture is at least as high as planned.
    let is_high = from_height * width >= height * from_width;
    let fits_width = match plan.fit {
        Fit::Crop => is_high,
        Fit::Letterbox => !is_high,
    };
    if fits_width {
        (x(width), y(proportion(from_height, width, from_width)))
    } else {
        (x(proportion(from_width, height, from_height)), y(height))
    }
}

/// side · to / from, rounded, at least 1.
fn proportion(side: usize, to: usize, from: usize) -> usize {
    ((side * to + from / 2) / from).max(1)
}

fn mean(taps: &Taps, source: impl Fn(usize) -> Values) -> Values {
    let mut sum = [0.0; 4];
    for (k, weight) in (taps.start..).zip(&taps.weights) {
        for (sum, value) in sum.iter_mut().zip(source(k)) {
            *sum += weight * value;
        }
    }
    sum
}

/// The channels of a pixel, in model space.
fn values(pixel: Pixel, channels: Channels, background: [f32; 3]) -> Values {
    let Pixel { colour, opacity } = pixel;
    let blend = |i: usize| opacity * colour[i] + (1.0 - opacity) * background[i];
    match channels {
        Channels::Grey => {
            // 0.299 r + 0.587 g + 0.114 b, written so that a grey pixel keeps its exact value.
            let [r, g, b] = [blend(0), blend(1), blend(2)];
            [g + 0.299 * (r - g) + 0.114 * (b - g), 0.0, 0.0, 0.0]
        }
        Channels::Rgb => [blend(0), blend(1), blend(2), 0.0],
        Channels::Rgba => [colour[0], colour[1], colour[2], 2.0 * opacity - 1.0],
    }
}

fn weigh([r, g, b, a]: Values) -> Values {
    let opacity = f32::midpoint(a, 1.0);
    [r * opacity, g * opacity, b * opacity, a]
}

/// What is fully transparent has no colour of its own: it gets that of the background.
fn unweigh([r, g, b, a]: Values, background: [f32; 3]) -> Values {
    let opacity = f32::midpoint(a, 1.0);
    if opacity <= 0.0 {
        return [background[0], background[1], background[2], -1.0];
    }
    let colour = |value: f32| (value / opacity).clamp(-1.0, 1.0);
    [colour(r), colour(g), colour(b), a]
}
