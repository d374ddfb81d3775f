//! Matrix products, which all work on large sets is made of.

/// A kernel of `matrixmultiply`: sizes m, k, n; α; a and its strides; b and its strides; β; c and its strides.
type Kernel<T> = unsafe fn(
    usize,
    usize,
    usize,
    T,
    *const T,
    isize,
    isize,
    *const T,
    isize,
    isize,
    T,
    *mut T,
    isize,
    isize,
);

/// The numbers that are multiplied.
trait Real: Copy {
    const ZERO: Self;
    const ONE: Self;
    const KERNEL: Kernel<Self>;
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const KERNEL: Kernel<Self> = matrixmultiply::sgemm;
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const KERNEL: Kernel<Self> = matrixmultiply::dgemm;
}

/// A matrix in a slice.
#[derive(Clone, Copy)]
struct View<'a, T> {
    values: &'a [T],
    /// Rows and columns.
    size: [usize; 2],
    /// From row to row, and from column to column.
    strides: [usize; 2],
}

impl<'a, T> View<'a, T> {
    /// A matrix whose rows stand one after the other.
    fn of_rows(values: &'a [T], columns: usize) -> Self {
        Self { values, size: [values.len() / columns, columns], strides: [columns, 1] }
    }

    fn transposed(self) -> Self {
        let Self { values, size: [rows, columns], strides: [row, column] } = self;
        Self { values, size: [columns, rows], strides: [column, row] }
    }

    /// Whether all of its places are in the slice.
    fn is_within(&self) -> bool {
        let [rows, columns] = self.size;
        let last = || (rows - 1) * self.strides[0] + (columns - 1) * self.strides[1];
        rows == 0 || columns == 0 || last() < self.values.len()
    }
}

/// `a b` into `out`, row after row.
fn multiply<T: Real>(a: View<T>, b: View<T>, out: &mut Vec<T>) {
    let ([m, k], [inner, n]) = (a.size, b.size);
    assert!(k == inner && a.is_within() && b.is_within(), "{:?} by {:?} values", a.size, b.size);
    out.clear();
    out.resize(m * n, T::ZERO);
    let [a_strides, b_strides] = [a.strides, b.strides].map(|strides| strides.map(stride));
    #[allow(unsafe_code, reason = "the strides stay within the three slices")]
    // SAFETY: all places of a and b are in their slices, by the assertion; out has m × n values, of which no
    // two have the same place.
    unsafe {
        T::KERNEL(
            m,
            k,
            n,
            T::ONE,
            a.values.as_ptr(),
            a_strides[0],
            a_strides[1],
            b.values.as_ptr(),
            b_strides[0],
            b_strides[1],
            T::ZERO,
            out.as_mut_ptr(),
            stride(n),
            1,
        );
    }
}

/// `a bᵀ` of rows of `row_len` values each, into `out`: a row of it for each row of `a`.
pub(crate) fn products_f32(a: &[f32], b: &[f32], row_len: usize, out: &mut Vec<f32>) {
    multiply(View::of_rows(a, row_len), View::of_rows(b, row_len).transposed(), out);
}

/// As [`products_f32`], in f64.
pub(crate) fn products_f64(a: &[f64], b: &[f64], row_len: usize, out: &mut Vec<f64>) {
    multiply(View::of_rows(a, row_len), View::of_rows(b, row_len).transposed(), out);
}

/// `a b` of matrices row after row, into `out`, which has `m` rows of `n` values.
pub(crate) fn multiply_f32(a: &[f32], b: &[f32], [m, n]: [usize; 2], out: &mut Vec<f32>) {
    let k = a.len() / m;
    assert!(a.len() == m * k && b.len() == k * n, "{} by {} values", a.len(), b.len());
    multiply(View::of_rows(a, k), View::of_rows(b, n), out);
}

/// The columns `left` and `right` of `rows`, multiplied over all rows: `leftᵀ right` into `out`.
pub(crate) fn column_products(
    rows: &[f64],
    row_len: usize,
    left: std::ops::Range<usize>,
    right: std::ops::Range<usize>,
    out: &mut Vec<f64>,
) {
    assert!(left.end <= row_len && right.end <= row_len, "columns {left:?} and {right:?}");
    let count = rows.len() / row_len;
    let columns = |range: std::ops::Range<usize>| View {
        values: &rows[range.start..],
        size: [count, range.len()],
        strides: [row_len, 1],
    };
    multiply(columns(left).transposed(), columns(right), out);
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
