//! Kinds of numbers, and conversion to model space and back.

use super::*;

fn model(column: &Column, value: f64) -> Vec<f32> {
    let mut model = Vec::new();
    column.encode(value, &mut model);
    model
}

#[test]
fn kinds_are_told_by_the_values() {
    let fit = |values: &[f64]| Column::fit("a", values).to_string();
    assert_eq!(fit(&[7.0]), "a: constant 7");
    assert_eq!(fit(&[0.1; 50]), "a: constant 0.1");
    assert_eq!(fit(&[0.0, -0.0]), "a: constant 0");
    assert_eq!(fit(&[1.0, 2.0, 3.0]), "a: integer");
    assert_eq!(fit(&[1.0, 2.5, 3.0]), "a: real");
    assert_eq!(fit(&[0.0, number::MAX_INTEGER]), "a: real");
    assert_eq!(fit(&[1.0, 0.0].repeat(10)), "a: one of 2: 0 50.0 %, 1 50.0 %");
    assert_eq!(fit(&[1.0, 0.0].repeat(9)), "a: integer");
    let many: Vec<f64> = (0..17).map(f64::from).collect();
    assert_eq!(fit(&many.repeat(100)), "a: integer");
    assert!(fit(&many[1..].repeat(10)).starts_with("a: one of 16: 1 6.2 %, 2 6.2 %, 3 6.2 %"));
    let halves: Vec<f64> = (0..65).map(|i| f64::from(i) + 0.5).collect();
    assert!(fit(&halves[1..].repeat(100)).starts_with("a: one of 64: 1.5 1.6 %"));
    assert_eq!(fit(&halves[1..].repeat(99)), "a: real");
    assert_eq!(fit(&halves.repeat(100)), "a: real");
    assert_eq!(fit(&[f64::NAN; 2]), "a: constant, 100.0 % missing");
    assert_eq!(fit(&[f64::NAN, 1.0, 2.0, 3.0]), "a: integer, 25.0 % missing");
    assert_eq!(fit(&[f64::NAN, 1.0]), "a: one of 1: 1 50.0 %, 50.0 % missing");
}

#[test]
fn a_constant_is_0_to_the_model_and_comes_back_as_it_was() {
    let column = Column::fit("a", &[0.1; 5]);
    assert_eq!([0.1, 7.0].map(|value| model(&column, value)), [[0.0], [0.0]]);
    assert_eq!((column.decode(&[3.5]), column.text(0.1)), (0.1, "0.1".to_owned()));
    assert_eq!(column.value("0.10"), Ok(0.1));
    assert_eq!(column.value("0.2"), Err(CellTrouble::Unknown));
    assert_eq!(column.value(""), Err(CellTrouble::Missing));
}

#[test]
fn noise_has_numbers_on_lines() {
    let column = Column::fit("a", &[20.0, 30.0, 40.0, 30.0]);
    assert!((column.decode_loosely(&[2.0]).unwrap() - (30.0 + 2.0 * 50_f64.sqrt())).abs() < 1e-12);
    let binary = Column::fit("a", &[0.0, 1.0].repeat(10));
    assert_eq!(binary.decode_loosely(&[2.0]), Some(1.5));
    assert_eq!(model(&binary, 1.5), [2.0]);
    assert_eq!(Column::fit("a", &[0.0, 1.0, 2.0].repeat(10)).decode_loosely(&[0.0; 3]), None);
}

#[test]
fn digits_that_would_be_lost_are_no_numbers() {
    for text in ["9007199254740992", "-18446744073709551615", "007", "-01", "+00"] {
        assert_eq!(number(text), Err(CellTrouble::Text), "{text}");
    }
    for (text, value) in [("9007199254740991", 9_007_199_254_740_991.0), ("0", 0.0), ("0.50", 0.5)]
    {
        assert_eq!(number(text), Ok(value));
    }
    assert_eq!(number("1,5"), Err(CellTrouble::Comma));
    assert_eq!(number("1e999"), Err(CellTrouble::TooLarge));
    assert_eq!(number("NaN"), Err(CellTrouble::Missing));
}

#[test]
fn holes_need_a_text() {
    let kind = || Column::fit("a", &[f64::NAN, 1.0, 2.0, 3.0]).kind;
    assert!(Column::new("a", kind(), None).is_err());
    let column = Column::new("a", kind(), Some("?".to_owned())).unwrap();
    let back = column.decode(&model(&column, f64::NAN));
    assert_eq!((back.is_nan(), column.text(back)), (true, "?".to_owned()));
    assert!(column.value("NA").unwrap().is_nan());
    let whole = Column::fit("a", &[1.0, 2.0]).kind;
    assert!(Column::new("a", whole, Some(String::new())).is_err());
}
