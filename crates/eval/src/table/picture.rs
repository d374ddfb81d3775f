//! Pictures of columns and of pairs, as SVG: data in grey, samples in colour.

use std::fmt::Write as _;

use super::cut::Cut;
use super::{TableComparison, counted, state, states};

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 96.0;
/// Bars of a histogram, labels that are shown, and cells of a map along a side.
const BARS: usize = 32;
const LABELS: usize = 10;
const SIDE: usize = 12;
/// The side of a map.
const MAP: f64 = 150.0;

/// How the cells of a column are sorted into boxes, for pictures.
pub(super) struct Boxes {
    kind: Kind,
    /// What each box is called: of numbers the smallest and the largest one alone.
    pub(super) names: Vec<String>,
}

enum Kind {
    /// So many of one width from the first number to the second, and one for holes.
    Numbers([f64; 2], usize),
    /// States, and the box of each; the last box is for all others.
    Labels(Vec<f64>, Vec<usize>),
}

impl Boxes {
    fn of(comparison: &TableComparison<'_>, place: usize, most: usize) -> Self {
        let column = &comparison.columns.as_slice()[place];
        if states(column).is_none() {
            let all = [comparison.real.present(place), comparison.drawn.present(place)].concat();
            let low = all.iter().copied().fold(f64::INFINITY, f64::min);
            let high = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            // Nothing but holes has no range.
            let range = if low <= high { [low, high] } else { [0.0, 0.0] };
            let names = range.map(|value| column.text(value)).to_vec();
            return Self { kind: Kind::Numbers(range, most), names };
        }
        let all = comparison.states(place);
        let counts = counted(&all, &comparison.real.0[place]);
        let mut order: Vec<usize> = (0..all.len()).collect();
        order.sort_by_key(|state| std::cmp::Reverse(counts[*state]));
        let shown = &order[..order.len().min(most)];
        let name = |state: &usize| {
            let value = all[*state];
            if value.is_nan() { "(empty)".to_owned() } else { column.text(value) }
        };
        let mut names: Vec<String> = shown.iter().map(name).collect();
        if order.len() > shown.len() {
            names.push(format!("{} others", order.len() - shown.len()));
        }
        let place = |state: usize| shown.iter().position(|shown| *shown == state);
        let places = (0..all.len()).map(|state| place(state).unwrap_or(shown.len())).collect();
        Self { kind: Kind::Labels(all, places), names }
    }

    fn count(&self) -> usize {
        match &self.kind {
            Kind::Numbers(_, bars) => *bars,
            Kind::Labels(..) => self.names.len(),
        }
    }

    /// The box of a value; `None` for a hole in a column of numbers.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of the boxes"
    )]
    fn place(&self, value: f64) -> Option<usize> {
        match &self.kind {
            Kind::Numbers(..) if value.is_nan() => None,
            Kind::Numbers([low, high], bars) => {
                let share = if high > low { (value - low) / (high - low) } else { 0.5 };
                Some(((share * *bars as f64) as usize).min(bars - 1))
            }
            Kind::Labels(all, places) => Some(places[state(all, value)]),
        }
    }

    /// The share of the rows in each box.
    fn shares(&self, values: &[f64]) -> Vec<f64> {
        let mut counts = vec![0.0; self.count()];
        values.iter().filter_map(|value| self.place(*value)).for_each(|place| counts[place] += 1.0);
        counts.iter().map(|count| count / values.len().max(1) as f64).collect()
    }
}

/// The picture of a column: a histogram of numbers, or bars of the most frequent labels.
pub(super) fn column(comparison: &TableComparison<'_>, place: usize) -> String {
    let is_label = states(&comparison.columns.as_slice()[place]).is_some();
    let boxes = Boxes::of(comparison, place, if is_label { LABELS } else { BARS });
    let [real, drawn] =
        [&comparison.real, &comparison.drawn].map(|cut| boxes.shares(&cut.0[place]));
    if is_label {
        bars(&boxes.names, &real, &drawn)
    } else {
        histogram(&boxes.names, &real, &drawn)
    }
}

fn histogram(ends: &[String], real: &[f64], drawn: &[f64]) -> String {
    let most = real.iter().chain(drawn).copied().fold(f64::MIN_POSITIVE, f64::max);
    let width = WIDTH / real.len() as f64;
    let mut outline = format!("M0 {HEIGHT}");
    let mut svg = opened(WIDTH, HEIGHT + 16.0);
    for (i, (real, drawn)) in real.iter().zip(drawn).enumerate() {
        let (x, height) = (i as f64 * width, HEIGHT * real / most);
        if *real > 0.0 {
            rect(&mut svg, "data", [x, HEIGHT - height, width, height], "");
        }
        let _ = write!(outline, "V{:.1}H{:.1}", HEIGHT - HEIGHT * drawn / most, x + width);
    }
    let _ = write!(svg, r#"<path class="samples" d="{outline}V{HEIGHT}"/>"#);
    let y = HEIGHT + 13.0;
    let _ = write!(svg, r#"<text x="0" y="{y}">{}</text>"#, escaped(&ends[0]));
    let _ = write!(
        svg,
        r#"<text x="{WIDTH}" y="{y}" text-anchor="end">{}</text></svg>"#,
        escaped(&ends[1])
    );
    svg
}

fn bars(names: &[String], real: &[f64], drawn: &[f64]) -> String {
    const LINE: f64 = 18.0;
    const NAMES: f64 = 120.0;
    let most = real.iter().chain(drawn).copied().fold(f64::MIN_POSITIVE, f64::max);
    let mut svg = opened(WIDTH, LINE * names.len() as f64);
    for (i, (name, (real, drawn))) in names.iter().zip(real.iter().zip(drawn)).enumerate() {
        let y = LINE * i as f64;
        let length = |share: f64| (WIDTH - NAMES) * share / most;
        rect(&mut svg, "data", [NAMES, y + 2.0, length(*real), 7.0], "");
        rect(&mut svg, "drawn", [NAMES, y + 9.0, length(*drawn), 5.0], "");
        let _ = write!(
            svg,
            r#"<text x="{}" y="{}" text-anchor="end">{}</text>"#,
            NAMES - 6.0,
            y + 12.0,
            escaped(&short(name))
        );
    }
    svg + "</svg>"
}

/// Where the rows of two columns are: a map of the data and one of the samples.
pub(super) fn pair(comparison: &TableComparison<'_>, [a, b]: [usize; 2]) -> String {
    let boxes = [a, b].map(|place| Boxes::of(comparison, place, SIDE));
    let shares = |cut: &Cut| {
        let [across, up] = [&boxes[0], &boxes[1]];
        let mut shares = vec![0.0; across.count() * up.count()];
        for (x, y) in cut.0[a].iter().zip(&cut.0[b]) {
            if let (Some(x), Some(y)) = (across.place(*x), up.place(*y)) {
                shares[y * across.count() + x] += 1.0 / cut.rows() as f64;
            }
        }
        shares
    };
    let (real, drawn) = (shares(&comparison.real), shares(&comparison.drawn));
    // The square root shows rare cells, too.
    let most = real.iter().chain(&drawn).copied().fold(f64::MIN_POSITIVE, f64::max).sqrt();
    let map = |class: &str, shares: &[f64]| {
        let mut svg = opened(MAP, MAP);
        let [columns, rows] = [&boxes[0], &boxes[1]].map(|boxes| boxes.count() as f64);
        rect(&mut svg, "frame", [0.0, 0.0, MAP, MAP], "");
        for (i, share) in shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
            let (x, y) = ((i % boxes[0].count()) as f64, (i / boxes[0].count()) as f64);
            let (width, height) = (MAP / columns, MAP / rows);
            let shade = format!(r#" fill-opacity="{:.3}""#, share.sqrt() / most);
            rect(&mut svg, class, [x * width, MAP - (y + 1.0) * height, width, height], &shade);
        }
        svg + "</svg>"
    };
    map("data", &real) + &map("drawn", &drawn)
}

fn opened(width: f64, height: f64) -> String {
    format!(
        r#"<svg viewBox="0 0 {width:.0} {height:.0}" width="{width:.0}" height="{height:.0}" role="img">"#
    )
}

fn rect(svg: &mut String, class: &str, [x, y, width, height]: [f64; 4], more: &str) {
    let _ = write!(
        svg,
        r#"<rect class="{class}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}"{more}/>"#
    );
}

fn short(name: &str) -> String {
    const MOST: usize = 18;
    if name.chars().count() <= MOST {
        return name.to_owned();
    }
    name.chars().take(MOST - 1).chain(['…']).collect()
}

/// A text that can't be taken for markup.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
