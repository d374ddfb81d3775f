//! The measures as a table and as JSON.

use std::fmt::Write as _;

use ancestral_pipeline::Batch;
use serde::Serialize;

use super::{Quality, Values};
use crate::TableReport;

/// How good samples are.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct QualityReport {
    /// What is compared of a row.
    pub features: String,
    /// Sets of samples.
    pub sets: usize,
    /// Samples in each set.
    pub samples: usize,
    /// Real rows.
    pub real: usize,
    /// The measures.
    pub measures: Vec<Measure>,
    /// What makes values unreliable.
    pub warnings: Vec<String>,
    /// Columns and pairs, of a table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<TableReport>,
}

/// One measure of samples.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Measure {
    /// Its name.
    pub name: &'static str,
    /// What the best value is.
    pub best: &'static str,
    /// The value, or the mean over sets.
    pub value: f64,
    /// Its standard error: from the spread over sets, or of a single set where that is known.
    pub standard_error: Option<f64>,
    /// The same of real rows in place of samples.
    pub floor: Option<f64>,
}

type Of = fn(&Values) -> Option<f64>;

/// Name, best value, value, and the place of its error.
const MEASURES: [(&str, &str, Of, Option<usize>); 10] = [
    ("frechet_distance", "0", |v| v.frechet, None),
    ("kernel_distance", "0", |v| Some(v.kernel), None),
    ("sliced_wasserstein", "0", |v| Some(v.sliced), None),
    ("precision", "1", |v| Some(v.precision), Some(0)),
    ("recall", "1", |v| Some(v.recall), Some(1)),
    ("density", "1", |v| Some(v.density), Some(2)),
    ("coverage", "1", |v| Some(v.coverage), Some(3)),
    ("two_sample_accuracy", "0.5", |v| Some(v.accuracy), Some(4)),
    ("nearer_to_training", "0.5", |v| v.memorisation.map(|[nearer, _]| nearer), None),
    ("copies", "0", |v| v.memorisation.map(|[_, copies]| copies), None),
];

pub(super) fn report(quality: &Quality<'_>, samples: &[Batch], found: &[Values]) -> QualityReport {
    let floor = quality.floor.as_ref();
    let measure = |(name, best, of, error): (&'static str, &'static str, Of, Option<usize>)| {
        let values: Vec<f64> = found.iter().filter_map(of).collect();
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let standard_error = match (values.len(), error) {
            (0, _) => return None,
            (1, error) => error.map(|place| found[0].errors[place]),
            _ => Some((squares / (n - 1.0) / n).sqrt()),
        };
        Some(Measure { name, best, value: mean, standard_error, floor: floor.and_then(of) })
    };
    let mut warnings: Vec<String> = quality.features.doubt(&quality.real).into_iter().collect();
    let length = quality.length;
    let count = samples.first().map_or(0, Batch::rows);
    if found.iter().any(|values| values.few_rows) {
        warnings.push(format!(
            "the Fréchet distance of {count} samples with {length} values each is biased upwards: \
             compare it only with distances of as many samples, or draw more than {length}"
        ));
    }
    if quality.moments.is_none() {
        warnings.push(format!(
            "rows of {length} values are too long for a Fréchet distance: take `features` small"
        ));
    }
    QualityReport {
        features: quality.features.to_string(),
        sets: samples.len(),
        samples: count,
        real: quality.rows,
        measures: MEASURES.into_iter().filter_map(measure).collect(),
        warnings,
        table: None,
    }
}

impl QualityReport {
    /// As text for a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { features, sets, samples, real, measures, .. } = self;
        let of = if *sets == 1 { String::new() } else { format!("{sets} sets of ") };
        let mut text =
            format!("{of}{samples} samples beside {real} rows of data, by {features}\n\n");
        let has_floor = measures.iter().any(|measure| measure.floor.is_some());
        let halves = if has_floor { "   data beside themselves" } else { "" };
        let _ = writeln!(text, "{:<22}{:>22}{:>6}{halves}", "", "samples", "best");
        for Measure { name, best, value, standard_error, floor } in measures {
            let name = name.replace('_', " ");
            let error = standard_error.map_or_else(String::new, |error| format!(" ± {error:.4}"));
            let value = format!("{value:.4}{error}");
            let floor = floor.map_or_else(String::new, |floor| format!("  {floor:>23.4}"));
            let _ = writeln!(text, "{name:<22}{value:>22}{best:>6}{floor}");
        }
        if let Some(table) = &self.table {
            let _ = write!(text, "\n{}", table.text());
        }
        text
    }
}
