//! Matrix products, which all work on large sets is made of.

/// `a bᵀ` of rows of `row_len` values each, into `out`: a row of it for each row of `a`.
pub(crate) fn products_f32(a: &[f32], b: &[f32], row_len: usize, out: &mut Vec<f32>) {
    let (m, n) = (a.len() / row_len, b.len() / row_len);
    out.clear();
    out.resize(m * n, 0.0);
    let (row, column) = (stride(row_len), stride(n));
    #[allow(unsafe_code, reason = "the strides stay within the three slices")]
    // SAFETY: a has m rows and b has n rows of row_len values, out has m × n values, of which no two
    // have the same place.
    unsafe {
        matrixmultiply::sgemm(
            m,
            row_len,
            n,
            1.0,
            a.as_ptr(),
            row,
            1,
            b.as_ptr(),
            1,
            row,
            0.0,
            out.as_mut_ptr(),
            column,
            1,
        );
    }
}

/// As [`products_f32`], in f64.
pub(crate) fn products_f64(a: &[f64], b: &[f64], row_len: usize, out: &mut Vec<f64>) {
    let (m, n) = (a.len() / row_len, b.len() / row_len);
    out.clear();
    out.resize(m * n, 0.0);
    let (row, column) = (stride(row_len), stride(n));
    #[allow(unsafe_code, reason = "the strides stay within the three slices")]
    // SAFETY: as above.
    unsafe {
        matrixmultiply::dgemm(
            m,
            row_len,
            n,
            1.0,
            a.as_ptr(),
            row,
            1,
            b.as_ptr(),
            1,
            row,
            0.0,
            out.as_mut_ptr(),
            column,
            1,
        );
    }
}

/// `a b` of matrices row after row, into `out`, which has `m` rows of `n` values.
pub(crate) fn multiply_f32(a: &[f32], b: &[f32], [m, n]: [usize; 2], out: &mut Vec<f32>) {
    let k = a.len() / m;
    assert!(a.len() == m * k && b.len() == k * n, "{} by {} values", a.len(), b.len());
    out.clear();
    out.resize(m * n, 0.0);
    let (row, column) = (stride(k), stride(n));
    #[allow(unsafe_code, reason = "the strides stay within the three slices")]
    // SAFETY: a has m × k values, b has k × n by the assertion, and out has m × n, of which no two
    // have the same place.
    unsafe {
        matrixmultiply::sgemm(
            m,
            k,
            n,
            1.0,
            a.as_ptr(),
            row,
            1,
            b.as_ptr(),
            column,
            1,
            0.0,
            out.as_mut_ptr(),
            column,
            1,
        );
    }
}

/// The columns `left` and `right` of `rows`, multiplied over all rows: `leftᵀ right` into `out`.
pub(crate) fn column_products(
    rows: &[f64],
    row_len: usize,
    left: std::ops::Range<usize>,
    right: std::ops::Range<usize>,
    out: &mut Vec<f64>,
) {
    let (k, m, n) = (rows.len() / row_len, left.len(), right.len());
    assert!(left.end <= row_len && right.end <= row_len, "columns {left:?} and {right:?}");
    out.clear();
    out.resize(m * n, 0.0);
    let (row, column) = (stride(row_len), stride(n));
    let (left, right) = (&rows[left.start..], &rows[right.start..]);
    #[allow(unsafe_code, reason = "the strides stay within the slices")]
    // SAFETY: both views begin within the first of k rows and end within the last, by the assertion;
    // out has m × n values, of which no two have the same place.
    unsafe {
        matrixmultiply::dgemm(
            m,
            k,
            n,
            1.0,
            left.as_ptr(),
            1,
            row,
            right.as_ptr(),
            row,
            1,
            0.0,
            out.as_mut_ptr(),
            column,
            1,
        );
    }
}

fn stride(length: usize) -> isize {
    isize::try_from(length).expect("no slice is longer than isize::MAX")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_is_multiplied_by_columns() {
        // (1 2) and (0 −1), (3 4) by (1 0 1) over (2 2 0).
        let (a, b) = ([1.0, 2.0, 0.0, -1.0, 3.0, 4.0], [1.0, 0.0, 1.0, 2.0, 2.0, 0.0]);
        let mut out = Vec::new();
        multiply_f32(&a, &b, [3, 3], &mut out);
        assert_eq!(out, [5.0, 4.0, 1.0, -2.0, -2.0, 0.0, 11.0, 8.0, 3.0]);
    }

    #[test]
    fn products_are_those_of_rows_and_of_columns() {
        // Rows (1 2 3) and (0 1 −1) by (1 0 1) and (2 2 0).
        let (a, b) = ([1.0, 2.0, 3.0, 0.0, 1.0, -1.0], [1.0, 0.0, 1.0, 2.0, 2.0, 0.0]);
        let mut out = Vec::new();
        products_f64(&a, &b, 3, &mut out);
        assert_eq!(out, [4.0, 6.0, -1.0, 2.0]);
        let (a_f32, b_f32) = ([1.0, 2.0, 3.0, 0.0, 1.0, -1.0], [1.0, 0.0, 1.0, 2.0, 2.0, 0.0]);
        let mut found = Vec::new();
        products_f32(&a_f32, &b_f32, 3, &mut found);
        assert_eq!(found, [4.0, 6.0, -1.0, 2.0]);
        // Columns 1 and 2 of `a` by its columns 0 and 1: (2 1), (3 −1) by (1 0), (2 1).
        column_products(&a, 3, 1..3, 0..2, &mut out);
        assert_eq!(out, [2.0, 5.0, 3.0, 5.0]);
    }
}
