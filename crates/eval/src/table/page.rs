//! The page of a table: one file, with everything in it.

use std::fmt::Write as _;

use ancestral_data::Column;

use super::picture::{self, escaped};
use super::{ColumnReport, PairReport, TableComparison, TableReport};

const PAGE: &str = include_str!("../../page/table.html");
const STYLE: &str = include_str!("../../page/table.css");

impl TableComparison<'_> {
    /// The measures as a page with a picture of every column and of the pairs that differ most. `subject` says
    /// what is compared with what.
    #[must_use]
    pub fn page(&self, report: &TableReport, subject: &str) -> String {
        let place = |name: &str| {
            self.columns.as_slice().iter().position(|column: &Column| column.name() == name)
        };
        let mut columns = String::new();
        for column in &report.columns {
            let picture = place(&column.name).map(|place| picture::column(self, place));
            columns += &figure(&column.name, &words(column), &picture.unwrap_or_default());
        }
        let mut pairs = String::new();
        for pair in &report.pairs {
            let PairReport { columns: [a, b], data, samples } = pair;
            let both = place(a).zip(place(b));
            let picture = both.map(|(a, b)| picture::pair(self, [a, b])).unwrap_or_default();
            let text = format!("{data:.3} in the data, {samples:.3} in the samples");
            pairs += &figure(&format!("{a} → {b} ↑"), &text, &picture);
        }
        PAGE.replace("/*style*/", &[ancestral_explain::STYLE, STYLE].concat())
            .replace("<!--facts-->", &facts(report))
            .replace("<!--columns-->", &columns)
            .replace("<!--pairs-->", &pairs)
            .replace("<!--subject-->", &escaped(subject))
    }
}

fn figure(name: &str, text: &str, picture: &str) -> String {
    let (name, text) = (escaped(name), escaped(text));
    format!("<figure><figcaption><b>{name}</b> {text}</figcaption>{picture}</figure>\n")
}

fn words(column: &ColumnReport) -> String {
    let mut text = match column.measure {
        "total_variation" => format!("total variation {:.3}", column.distance),
        _ => format!("Kolmogorov-Smirnov {:.3}", column.distance),
    };
    for (what, shares) in [("empty", column.holes), ("at the extremes", column.extremes)] {
        if let Some([data, samples]) = shares {
            let [data, samples] = [data, samples].map(|share| 100.0 * share);
            let _ =
                write!(text, "; {what}: {data:.1} % of the data, {samples:.1} % of the samples");
        }
    }
    text
}

fn facts(report: &TableReport) -> String {
    let mut facts = vec![
        (
            "told apart by a forest",
            format!("{:.3} ± {:.3}", report.told_apart, report.told_apart_error),
        ),
        ("mean distance of columns", format!("{:.3}", report.column_distance)),
        ("mean difference of pairs", format!("{:.3}", report.pair_error)),
        ("samples that are rows", format!("{:.1} %", 100.0 * report.copies)),
        ("rows that repeat others", format!("{:.1} %", 100.0 * report.repeated)),
    ];
    if let Some(usefulness) = &report.usefulness {
        facts.push(("usefulness", usefulness.text()));
    }
    let fact = |(name, value): &(&str, String)| {
        format!("<div><dt>{name}</dt><dd>{}</dd></div>\n", escaped(value))
    };
    facts.iter().map(fact).collect()
}
