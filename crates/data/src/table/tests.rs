//! Tables of all shapes, and hostile files.

use super::*;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn columns_are_standardised() {
    let rows: Vec<f64> = (0..300).map(|i| f64::from(i * i % 101) * 0.37 + 5.0).collect();
    let table = Table::new(&["a", "b", "c"], &rows).unwrap();
    assert_eq!((table.data().len(), table.data().shape()), (100, [3].as_slice()));
    for i in 0..3 {
        let values: Vec<f64> = (0..100).map(|row| f64::from(table.data().row(row)[i])).collect();
        let mean = values.iter().sum::<f64>() / 100.0;
        let square = values.iter().map(|value| value * value).sum::<f64>() / 100.0;
        assert!(mean.abs() < 1e-7 && (square - 1.0).abs() < 1e-6, "{mean} {square}");
    }
}

#[test]
fn a_single_row_and_constant_columns_make_a_table() {
    let table = Table::new(&["a", "b"], &[3.5, -2.0]).unwrap();
    assert_eq!(table.data().rows(), [0.0, 0.0]);
    assert_eq!(table.columns().from_model_rows(&[0.3, -9.0]), [3.5, -2.0]);
    let table = Table::new(&["a", "b"], &[1.0, 2.0, 1.0, 2.0]).unwrap();
    assert_eq!(table.data().rows(), [0.0; 4]);
    assert!(table.columns().as_slice().iter().all(|c| matches!(c.kind(), ColumnKind::Constant(_))));
}

#[test]
fn what_makes_no_table_is_refused() {
    let error = |columns: &[&str], rows: &[f64]| Table::new(columns, rows).unwrap_err().to_string();
    assert_eq!(error(&[], &[]), "a table needs at least one column, got none");
    assert_eq!(error(&["a"], &[]), "a table needs at least one row, got none");
    assert_eq!(error(&["a", ""], &[1.0, 2.0]), "column 2 has no name");
    let twice = error(&["a", "b", "a"], &[1.0; 3]);
    assert_eq!(twice, "columns 1 and 3 are both named \"a\"");
    assert_eq!(error(&["a", "b"], &[1.0; 3]), "3 values do not fill rows of 2 columns");
    assert!(error(&["a"], &[f64::INFINITY]).starts_with("column \"a\" holds inf in row 1, but"));
    assert!(error(&["a", "b"], &[1.0, 2.0, 3.0, -1e301]).ends_with("within ±1e300 are expected"));
}

#[test]
fn holes_are_learned_beside_numbers() {
    let values = [0.0, f64::NAN, 2.0, 1.0, 5.0, 3.5];
    let table = Table::new(&["a", "b"], &values).unwrap();
    assert_eq!((table.data().shape(), table.columns().width()), ([3].as_slice(), 3));
    let back = table.columns().from_model_rows(table.data().rows());
    let same = |(a, b): (&f64, f64)| *a == b || a.is_nan() && b.is_nan();
    assert!(values.iter().zip(back).all(same));
    assert_eq!(table.columns().from_model_rows_loosely(table.data().rows()), None);
}

#[test]
fn labels_go_to_the_data() {
    let table = Table::new(&["a"], &[1.0, 2.0]).unwrap();
    let labelled = table.clone().with_labels(vec![1, 0], names(&["x", "y"])).unwrap();
    assert_eq!(labelled.data().labels(), Some([1, 0].as_slice()));
    assert!(table.with_labels(vec![0], names(&["x"])).is_err());
}
