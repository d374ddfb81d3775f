//! Kinds, moments, conversion to model space and back, and text.

use super::*;
use proptest::prelude::*;

fn repeated(values: &[f64], times: usize) -> Vec<f64> {
    values.repeat(times)
}

#[test]
fn kinds_are_told_by_the_values() {
    let kind = |values: &[f64]| Column::fit("a", values).kind;
    assert_eq!(kind(&[7.0]), ColumnKind::Constant);
    assert_eq!(kind(&[0.1; 50]), ColumnKind::Constant);
    assert_eq!(kind(&[0.0, -0.0]), ColumnKind::Constant);
    assert_eq!(kind(&[1.0, 2.0, 3.0]), ColumnKind::Integer);
    assert_eq!(kind(&[1.0, 2.5, 3.0]), ColumnKind::Real);
    assert_eq!(kind(&[0.0, MAX_INTEGER]), ColumnKind::Real);
    assert_eq!(kind(&repeated(&[1.0, 0.0], 10)), ColumnKind::Discrete(vec![0.0, 1.0]));
    assert_eq!(kind(&repeated(&[1.0, 0.0], 9)), ColumnKind::Integer);
    let many: Vec<f64> = (0..17).map(f64::from).collect();
    assert_eq!(kind(&repeated(&many, 100)), ColumnKind::Integer);
    assert_eq!(kind(&repeated(&many[1..], 10)), ColumnKind::Discrete(many[1..].to_vec()));
}

#[test]
fn moments_are_those_by_hand() {
    let column = Column::fit("a", &[1.0, 2.0, 4.0, 9.5]);
    assert!((column.mean - 4.125).abs() < 1e-14);
    // Σ(x − 4.125)² = 9.765625 + 4.515625 + 0.015625 + 28.890625 = 43.1875
    assert!((column.deviation - (43.1875_f64 / 4.0).sqrt()).abs() < 1e-14);
}

#[test]
fn a_large_offset_costs_no_digits() {
    let values: Vec<f64> = (0..1000).map(|i| 1e9 + f64::from(i) / 1024.0).collect();
    let column = Column::fit("time", &values);
    // Of 0 … n − 1 the variance is (n² − 1)/12.
    let by_hand = (999_999.0_f64 / 12.0).sqrt() / 1024.0;
    assert!((column.deviation - by_hand).abs() < 1e-12 * by_hand, "{}", column.deviation);
    for value in values {
        let back = column.from_model(column.to_model(value));
        assert!((back - value).abs() < 3e-7 * by_hand, "{value} came back as {back}");
    }
}

#[test]
fn the_largest_and_the_smallest_numbers_have_moments() {
    for scale in [Column::MAX_VALUE, f64::MIN_POSITIVE] {
        let column = Column::fit("a", &[-scale, scale, 0.25 * scale]);
        assert!(column.deviation > 0.5 * scale && column.deviation < scale);
        assert!((column.to_model(scale) - 1.111).abs() < 1e-3);
    }
}

#[test]
fn integers_are_rounded_and_not_clamped() {
    let column = Column::fit("age", &[20.0, 80.0, 50.0]);
    assert_eq!(column.from_model(0.01), 50.0);
    assert_eq!(column.from_model(2.0), 99.0); // 50 + 2 · 24.49
    assert_eq!(column.from_model(-2.1), -1.0);
    assert!(Column::fit("b", &[-1.0, 1.0]).from_model(-0.25).is_sign_positive());
}

#[test]
fn discrete_values_are_those_seen() {
    let values = repeated(&[0.5, -1.0, 10.0], 10);
    let column = Column::fit("a", &values);
    for &value in &values {
        assert_eq!(column.from_model(column.to_model(value)), value);
    }
    assert_eq!([-99.0, 99.0].map(|model| column.from_model(model)), [-1.0, 10.0]);
    assert_eq!(column.from_model(f32::NAN), -1.0);
    assert_eq!(column.from_model(f32::INFINITY), 10.0);
    assert_eq!([5.25, 5.26].map(|value| nearest(&[0.5, 10.0], value)), [0, 1]);
}

#[test]
fn a_constant_is_0_to_the_model_and_comes_back_as_it_was() {
    let column = Column::fit("a", &[0.1; 5]);
    assert_eq!((column.to_model(0.1), column.to_model(7.0)), (0.0, 0.0));
    assert_eq!((column.mean(), column.deviation()), (0.1, 1.0));
    assert_eq!(column.from_model(3.5), 0.1);
}

#[test]
fn text_is_short() {
    let text = |column: &Column, model| column.text(column.from_model(model));
    let real = Column::new("a", ColumnKind::Real, 0.1, 0.25).unwrap();
    assert_eq!(text(&real, 0.0), "0.1");
    assert_eq!(text(&real, 0.1), "0.125"); // 0.1_f32 is 0.100000001490116…
    assert_eq!(text(&real, -0.4), "0"); // 0.1 − 0.25 · 0.4000000059… = −1.5e-9
    let large = Column::new("a", ColumnKind::Real, 0.0, 1e30).unwrap();
    assert_eq!(text(&large, 0.5), "5e29");
    let integer = Column::new("a", ColumnKind::Integer, 3.0, 1e15).unwrap();
    assert_eq!(text(&integer, 1.0), "1000000000000003");
    let discrete = ColumnKind::Discrete(vec![-0.25, 7.0]);
    let discrete = Column::new("a", discrete, 0.0, 1.0).unwrap();
    assert_eq!([-1.0, 6.5].map(|model| text(&discrete, model)), ["-0.25", "7"]);
}

#[test]
fn parts_that_make_no_column_are_refused() {
    for (mean, deviation) in [(0.0, 0.0), (0.0, -1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
        assert!(Column::new("a", ColumnKind::Real, mean, deviation).is_err());
    }
    for values in [vec![], vec![1.0, 1.0], vec![2.0, 1.0], vec![f64::NAN]] {
        let error = Column::new("a", ColumnKind::Discrete(values), 0.0, 1.0).unwrap_err();
        assert!(error.to_string().starts_with("the values of discrete column \"a\" must be"));
    }
}

proptest! {
    #[test]
    fn integers_come_back(values in prop::collection::vec(-2_000_000_i32..2_000_000, 1..50)) {
        let values: Vec<f64> = values.into_iter().map(f64::from).collect();
        let column = Column::fit("a", &values);
        for value in values {
            prop_assert_eq!(column.from_model(column.to_model(value)), value);
        }
    }

    #[test]
    fn reals_come_back_to_the_precision_of_f32(
        values in prop::collection::vec(-1e300..1e300_f64, 2..50)
    ) {
        let column = Column::fit("a", &values);
        for value in values {
            let back = column.from_model(column.to_model(value));
            prop_assert!((back - value).abs() <= 1.2e-7 * column.deviation * 7.0);
        }
    }

    #[test]
    fn text_is_read_as_nearly_the_same(
        mean in -1e6..1e6_f64, exponent in -8.0..8.0_f64, model in -4.0..4.0_f32
    ) {
        let deviation = 10_f64.powf(exponent);
        let column = Column::new("a", ColumnKind::Real, mean, deviation).unwrap();
        let value = column.from_model(model);
        let read: f64 = column.text(value).parse().unwrap();
        let float64 = f64::EPSILON * mean.abs();
        prop_assert!((read - value).abs() <= 5.1e-8 * deviation + float64);
    }
}
