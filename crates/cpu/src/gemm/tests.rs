use super::*;

/// Numbers of both signs without a pattern, at most 1.
fn numbers(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 7 + seed * 13) as f32 * 0.618).sin()).collect()
}

fn product(left: &[f32], right: &Packed, k: usize, store: Store<'_>) -> Vec<f32> {
    let mut out = vec![0.25; left.len() / k * right.columns()];
    Product { left: Left::matrix(left, k), right: right.right(), out: &mut out, store }.run();
    out
}

#[test]
fn a_row_alone_has_the_bits_that_it_has_in_a_batch() {
    for k in [1, 9, 512, 513, 2304] {
        for n in [1, 2, 17, 32, 33, 70] {
            let (a, b) = (numbers(31 * k, 1), numbers(k * n, 2));
            let right = Packed::new(k, n, |k, column| b[k * n + column]);
            let all = product(&a, &right, k, Store::PLAIN);
            for rows in [1, 3, 12, 30] {
                let parts = a.chunks(rows * k).map(|part| product(part, &right, k, Store::PLAIN));
                assert_eq!(parts.collect::<Vec<_>>().concat(), all, "k {k}, n {n}, rows {rows}");
            }
        }
    }
}

#[test]
fn elements_are_sums_of_products() {
    for (k, n) in [(1, 1), (9, 5), (512, 16), (513, 40), (2304, 33)] {
        let (a, b) = (numbers(13 * k, 3), numbers(k * n, 4));
        let right = Packed::new(k, n, |k, column| b[k * n + column]);
        let found = product(&a, &right, k, Store::PLAIN);
        for (i, found) in found.iter().enumerate() {
            let terms = (0..k).map(|j| f64::from(a[i / n * k + j]) * f64::from(b[j * n + i % n]));
            let (sum, size) = terms.fold((0.0, 0.0), |(s, m), x| (s + x, m + x.abs()));
            // A chain of k fused additions, each rounded once.
            let bound = 0.5 * f64::from(f32::EPSILON) * k as f64 * size;
            assert!((f64::from(*found) - sum).abs() <= bound, "{found} {sum}");
        }
    }
}

#[test]
fn what_is_stored_is_what_was_asked_for() {
    let (k, n, rows) = (7, 19, 14);
    let (a, b) = (numbers(rows * k, 5), numbers(k * n, 6));
    let (offset, residual) = (numbers(2 * n, 7), numbers(rows * n, 8));
    let right = Packed::new(k, n, |k, column| b[k * n + column]);
    let plain = product(&a, &right, k, Store::PLAIN);
    let store =
        Store { offset: &offset, share: 7, residual: &residual, scale: 0.5, accumulate: true };
    for (i, found) in product(&a, &right, k, store).iter().enumerate() {
        let added = plain[i] + offset[i / n / 7 * n + i % n] + residual[i];
        assert_eq!(*found, 0.25 + 0.5 * added);
    }
}

#[test]
fn rows_may_lie_in_pieces() {
    let (n, data) = (18, numbers(100, 9));
    let b = numbers(6 * n, 10);
    let right = Packed::new(6, n, |k, column| b[k * n + column]);
    let mut out = vec![0.0; 5 * n];
    let start = |row: usize| 3 * row;
    let left = Left { data: &data, rows: 5, start, segments: 3, stride: 20, length: 2 };
    Product { left, right: right.right(), out: &mut out, store: Store::PLAIN }.run();
    let gathered: Vec<f32> =
        (0..5 * 3 * 2).map(|i| data[3 * (i / 6) + 20 * (i / 2 % 3) + i % 2]).collect();
    assert_eq!(out, product(&gathered, &right, 6, Store::PLAIN));
}

#[test]
fn a_right_side_is_the_same_however_it_is_filled() {
    let (k, n) = (11, 37);
    let rows = numbers(k * n, 11);
    let packed = Packed::new(k, n, |k, column| rows[k * n + column]);
    let mut filled = Packed::default();
    filled.fill_rows(k, n, &rows, |k| k * n);
    assert_eq!(filled.data, packed.data);
    let columns: Vec<f32> =
        (0..n).flat_map(|j| (0..k).map(move |i| (i, j))).map(|(i, j)| rows[i * n + j]).collect();
    filled.fill_transposed(k, n, &columns, |column| column * k);
    assert_eq!(filled.data, packed.data);
}
