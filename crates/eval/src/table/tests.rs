use ancestral::noise::SampleNoise;
use ancestral_data::{Category, Columns};

use super::*;

/// A number, a number that follows from it by a correlation, and a word; `lacks` is the share of the words that
/// are empty.
fn rows(seed: u64, count: usize, correlation: f64, lacks: f64) -> Vec<f64> {
    let z = SampleNoise::new(seed, 0..count as u64).start(vec![3]);
    let rest = (1.0 - correlation * correlation).sqrt();
    let row = |(i, z): (usize, &[f32])| {
        let [a, b, c] = [z[0], z[1], z[2]].map(f64::from);
        let word = if a + c > 0.0 { 1.0 } else { 0.0 };
        let is_hole = (i as f64 + 0.5) / (count as f64) < lacks;
        [a, correlation * a + rest * b, if is_hole { f64::NAN } else { word }]
    };
    z.iter_rows().enumerate().flat_map(row).collect()
}

fn columns() -> Columns {
    let words = ["<no>", "yes"].map(String::from).to_vec();
    let word = Category::new("word", words, false, vec![0.4, 0.4, 0.2]).unwrap();
    let word = Column::new("word", ColumnKind::Category(word), Some("NA".to_owned())).unwrap();
    let constant = Column::new("same", ColumnKind::Constant("7".to_owned()), None).unwrap();
    Columns::new(vec![Column::unscaled("a"), Column::unscaled("b"), word, constant]).unwrap()
}

fn batch(columns: &Columns, rows: &[f64]) -> Batch {
    let rows: Vec<f64> = rows.chunks(3).flat_map(|row| [row, &[7.0]].concat()).collect();
    Batch::new(vec![columns.width()], columns.to_model_rows(&rows))
}

#[test]
fn draws_of_one_distribution_differ_by_chance() {
    let columns = columns();
    let set = |seed| batch(&columns, &rows(seed, 800, 0.7, 0.2));
    let comparison = TableComparison::new(&columns, &set(1), &[set(2)], Some(&set(3)));
    let report = comparison.report(Some("word")).unwrap();
    assert_eq!((report.samples, report.rows, report.columns.len()), (800, 800, 3));
    // Exceeded once in a thousand: 1.95 √(2/800).
    assert!(report.columns.iter().all(|column| column.distance < 0.0975), "{report:?}");
    assert!((report.told_apart - 0.5).abs() < 4.0 * report.told_apart_error, "{report:?}");
    assert!(report.pair_error < 0.06, "{report:?}");
    assert_eq!((report.copies, report.repeated), (0.0, 0.0));
    assert_eq!(report.columns[2].holes, Some([0.2, 0.2]));
    let useful = report.usefulness.unwrap();
    // a + c > 0 given a is right with probability 3/4 at best.
    let data = useful.data.unwrap();
    assert!((0.6..0.82).contains(&useful.samples) && (data - useful.samples).abs() < 0.1);
}

#[test]
fn what_is_wrong_is_found() {
    let columns = columns();
    let data = rows(1, 800, 0.9, 0.0);
    let mut wrong = rows(2, 800, 0.0, 0.5);
    // One in four is at the largest number, and one in ten is a copy.
    let largest = data.iter().step_by(3).copied().fold(f64::MIN, f64::max);
    wrong.chunks_mut(3).step_by(4).for_each(|row| row[0] = largest);
    wrong[..240].copy_from_slice(&data[..240]);
    let (real, drawn) = (batch(&columns, &data), batch(&columns, &wrong));
    let report = TableComparison::new(&columns, &real, &[drawn], None).report(None).unwrap();
    assert_eq!(report.copies, 0.1);
    let [data, samples] = report.columns[0].extremes.unwrap();
    assert!(data == 2.0 / 800.0 && (samples - 0.225).abs() < 0.01, "{data} {samples}");
    let holes = report.columns[2].holes.unwrap();
    assert!(holes[0] == 0.0 && (holes[1] - 0.4).abs() < 1e-9, "{holes:?}");
    assert_eq!(report.pairs[0].columns, ["a", "b"]);
    assert!(report.pairs[0].data > 0.85 && report.pairs[0].samples < 0.3, "{:?}", report.pairs[0]);
    assert!(report.told_apart > 0.75);
}

#[test]
fn the_page_has_every_column_and_nothing_from_elsewhere() {
    let columns = columns();
    let (real, drawn) = (rows(1, 60, 0.9, 0.1), rows(2, 60, 0.9, 0.1));
    let (real, drawn) = (batch(&columns, &real), batch(&columns, &drawn));
    let comparison = TableComparison::new(&columns, &real, &[drawn], None);
    let report = comparison.report(Some("b")).unwrap();
    let page = comparison.page(&report, "<runs> beside \"data\"");
    // Three columns, and two maps of each of three pairs.
    assert_eq!(page.matches("<svg").count(), 3 + 2 * 3);
    assert!(page.contains("&lt;no&gt;") && page.contains("(empty)") && !page.contains("<no>"));
    assert!(page.contains("&lt;runs&gt; beside &quot;data&quot;"));
    for outside in ["src=", "http", "@import", "url(", "<!--columns", "/*style"] {
        assert!(!page.contains(outside), "{outside}");
    }
    let text = report.text();
    assert!(text.contains("predicts \"b\" with R²") && text.contains("mean difference of all"));
}

#[test]
fn a_target_that_is_no_column_is_refused() {
    let columns = columns();
    let set = batch(&columns, &rows(1, 20, 0.9, 0.1));
    let comparison = TableComparison::new(&columns, &set, std::slice::from_ref(&set), None);
    let error = comparison.report(Some("income")).unwrap_err().to_string();
    assert_eq!(error, "`target`: unknown column \"income\", expected one of a, b, word, same");
    let error = comparison.report(Some("same")).unwrap_err().to_string();
    assert_eq!(
        error,
        "`target`: \"same\" is constant, expected a column with something to predict"
    );
}
