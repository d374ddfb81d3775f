//! The measures of a table, as text and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

/// Names in the text are no longer than this.
const LONGEST_NAME: usize = 28;
/// Columns that are listed as text.
const LISTED: usize = 40;

/// How samples of a table compare with data.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct TableReport {
    /// Samples, of all sets.
    pub samples: usize,
    /// Rows of the data.
    pub rows: usize,
    /// How well a random forest tells samples from data: 0.5 if it can't, 1 if it always does.
    pub told_apart: f64,
    /// The standard error of that.
    pub told_apart_error: f64,
    /// The mean distance of the columns.
    pub column_distance: f64,
    /// The mean difference of the associations of all pairs of columns.
    pub pair_error: f64,
    /// The share of samples that are exactly a row that was learned (of the data, if those are not known),
    pub copies: f64,
    /// and the share of these rows that repeat one of them.
    pub repeated: f64,
    /// What a model that learns the samples knows about the data.
    pub usefulness: Option<Usefulness>,
    /// Each column that is not constant.
    pub columns: Vec<ColumnReport>,
    /// The pairs of columns that differ most, the worst first.
    pub pairs: Vec<PairReport>,
}

/// How a column of samples compares with that of the data.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ColumnReport {
    /// Its name.
    pub name: String,
    /// What the distance is: `kolmogorov_smirnov` of numbers, `total_variation` of labels.
    pub measure: &'static str,
    /// From 0, equal distributions, to 1.
    pub distance: f64,
    /// The share of holes in the data and in the samples, if there may be some.
    pub holes: Option<[f64; 2]>,
    /// The share of numbers at or beyond the smallest and the largest of the data, in data and samples.
    pub extremes: Option<[f64; 2]>,
}

/// How much two columns say about each other: a correlation of ranks, a correlation ratio, or Cramér's V.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct PairReport {
    /// Their names.
    pub columns: [String; 2],
    /// In the data.
    pub data: f64,
    /// In the samples.
    pub samples: f64,
}

/// How well a random forest predicts a column of the real rows.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Usefulness {
    /// The column.
    pub target: String,
    /// `accuracy` of labels, `r_squared` of numbers.
    pub measure: &'static str,
    /// That of a forest that learned the samples.
    pub samples: f64,
    /// That of a forest that learned the training rows, if these are known.
    pub data: Option<f64>,
}

impl Usefulness {
    /// In a sentence.
    pub(super) fn text(&self) -> String {
        let Self { target, measure, samples, data } = self;
        let measure = if *measure == "accuracy" { "accuracy" } else { "R²" };
        let beside =
            data.map_or_else(String::new, |data| format!(", of the training rows {data:.4}"));
        format!("a forest of the samples predicts {target:?} with {measure} {samples:.4}{beside}")
    }
}

impl TableReport {
    /// As text for a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!(
            "told apart by a forest     {:.4} ± {:.4}   (0.5: not at all)\n\
             samples that are rows      {:.4}            (rows that repeat others: {:.4})\n",
            self.told_apart, self.told_apart_error, self.copies, self.repeated
        );
        if let Some(usefulness) = &self.usefulness {
            let _ = writeln!(text, "{}", usefulness.text());
        }
        let _ = writeln!(
            text,
            "\n{:<28}{:>10}{:>20}{:>20}",
            "column", "distance", "holes", "at the extremes"
        );
        let both = |shares: Option<[f64; 2]>| {
            shares.map_or_else(String::new, |[data, samples]| format!("{data:.4} → {samples:.4}"))
        };
        for column in self.columns.iter().take(LISTED) {
            let (name, distance) = (shortened(&column.name), column.distance);
            let (holes, extremes) = (both(column.holes), both(column.extremes));
            let line = format!("{name:<28}{distance:>10.4}{holes:>20}{extremes:>20}");
            let _ = writeln!(text, "{}", line.trim_end());
        }
        if let Some(more) = self.columns.len().checked_sub(LISTED).filter(|more| *more > 0) {
            let _ = writeln!(text, "… and {more} more: take --json or -o");
        }
        let _ = writeln!(text, "{:<28}{:>10.4}", "mean of all", self.column_distance);
        if !self.pairs.is_empty() {
            let _ =
                writeln!(text, "\n{:<56}{:>10}{:>10}", "pairs that differ most", "data", "samples");
        }
        for PairReport { columns: [a, b], data, samples } in &self.pairs {
            let names = format!("{}, {}", shortened(a), shortened(b));
            let _ = writeln!(text, "{names:<56}{data:>10.4}{samples:>10.4}");
        }
        if !self.pairs.is_empty() {
            let _ = writeln!(text, "{:<56}{:>20.4}", "mean difference of all", self.pair_error);
        }
        text
    }
}

fn shortened(name: &str) -> String {
    if name.chars().count() < LONGEST_NAME {
        return name.to_owned();
    }
    let cut: String = name.chars().take(LONGEST_NAME - 2).collect();
    format!("{cut}…")
}
