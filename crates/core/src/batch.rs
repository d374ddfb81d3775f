//! Host rows: several samples of one shape, one after the other in memory.

use std::sync::Arc;

use crate::sample::{Elementwise, Sample};

/// A floating-point type that rows can be made of: `f32`, or `f64` where tests want its digits.
pub trait Scalar: Copy + Send + Sync + std::fmt::Debug + PartialEq + 'static {
    /// The nearest value of this type.
    fn from_f64(value: f64) -> Self;
    /// The same value as f64.
    fn to_f64(self) -> f64;
}

impl Scalar for f32 {
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is the purpose")]
    fn from_f64(value: f64) -> Self {
        value as Self
    }
    #[inline]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Scalar for f64 {
    #[inline]
    fn from_f64(value: f64) -> Self {
        value
    }
    #[inline]
    fn to_f64(self) -> f64 {
        self
    }
}

/// A batch of samples of one shape, in host memory, row after row.
///
/// Sums are formed in f64 and rounded once, so a step adds at most half a unit in the last place
/// to each element, and a row never depends on the rows beside it.
///
/// A clone shares its elements with the original until one of the two is changed, so clones are cheap.
///
/// # Example
/// ```
/// use ancestral::{Batch, Sample};
/// let x = Batch::new(vec![2], vec![1.0_f32, 2.0, 3.0, 4.0]);
/// assert_eq!(x.rows(), 2);
/// let y = Batch::combine(&[(0.5, &x), (1.0, &x)]);
/// assert_eq!(y.row(1), [4.5, 6.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Batch<T = f32> {
    row_shape: Vec<usize>,
    data: Arc<Vec<T>>,
}

impl<T: Scalar> Batch<T> {
    /// Rows of `row_shape`: for pictures `[channels, height, width]`, for tables `[columns]`. How many
    /// rows there are follows from the length of `data`.
    ///
    /// # Panics
    /// If a row has no element, or `data` is not a whole number of rows.
    #[must_use]
    pub fn new(row_shape: Vec<usize>, data: Vec<T>) -> Self {
        let size: usize = row_shape.iter().product();
        assert!(size > 0, "a row of shape {row_shape:?} has no element");
        assert!(
            data.len().is_multiple_of(size),
            "{} values are not a whole number of rows of shape {row_shape:?}: give the shape of one \
             row, [c, h, w] for an array of [n, c, h, w]",
            data.len()
        );
        Self { row_shape, data: Arc::new(data) }
    }

    /// `rows` rows of zeros.
    ///
    /// # Panics
    /// If a row of `row_shape` has no element.
    #[must_use]
    pub fn zeros(rows: usize, row_shape: Vec<usize>) -> Self {
        let size: usize = row_shape.iter().product();
        Self::new(row_shape, vec![T::from_f64(0.0); rows * size])
    }

    /// Number of rows.
    #[must_use]
    #[expect(clippy::integer_division, reason = "exact: data is a whole number of rows")]
    pub fn rows(&self) -> usize {
        self.data.len() / self.row_len()
    }

    /// Shape of one row, without the number of rows.
    #[must_use]
    pub fn row_shape(&self) -> &[usize] {
        &self.row_shape
    }

    /// Number of elements of one row.
    #[must_use]
    pub fn row_len(&self) -> usize {
        self.row_shape.iter().product()
    }

    /// All elements, row after row.
    #[must_use]
    pub fn data(&self) -> &[T] {
        &self.data
    }

    /// All elements, to be changed in place; copied first if a clone shares them.
    pub fn data_mut(&mut self) -> &mut [T] {
        Arc::<Vec<T>>::make_mut(&mut self.data)
    }

    /// All elements, taken out; copied if a clone shares them.
    #[must_use]
    pub fn into_data(self) -> Vec<T> {
        Arc::unwrap_or_clone(self.data)
    }

    /// One row.
    ///
    /// # Panics
    /// If there are not that many rows.
    #[must_use]
    pub fn row(&self, index: usize) -> &[T] {
        let size = self.row_len();
        &self.data[index * size..(index + 1) * size]
    }

    /// The rows, one after the other.
    #[must_use]
    pub fn iter_rows(&self) -> impl ExactSizeIterator<Item = &[T]> {
        self.data.chunks_exact(self.row_len())
    }

    /// The rows, to be changed in place.
    pub fn iter_rows_mut(&mut self) -> impl ExactSizeIterator<Item = &mut [T]> {
        let size = self.row_len();
        self.data_mut().chunks_exact_mut(size)
    }

    /// The rows `range`, as a batch of their own.
    ///
    /// # Panics
    /// If there are not that many rows.
    #[must_use]
    pub fn slice(&self, range: std::ops::Range<usize>) -> Self {
        let size = self.row_len();
        self.like(self.data[range.start * size..range.end * size].to_vec())
    }

    /// The rows of all `batches`, one batch after the other.
    ///
    /// # Panics
    /// If there is no batch, or their rows differ in shape.
    #[must_use]
    pub fn stack<'a>(batches: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut batches = batches.into_iter();
        let first = batches.next().expect("at least one batch");
        let mut data = first.data.to_vec();
        for batch in batches {
            assert_eq!(batch.row_shape, first.row_shape, "rows that are stacked have one shape");
            data.extend_from_slice(&batch.data);
        }
        first.like(data)
    }

    fn like(&self, data: Vec<T>) -> Self {
        Self { row_shape: self.row_shape.clone(), data: Arc::new(data) }
    }

    fn assert_same_shape(&self, other: &Self) {
        assert!(
            self.row_shape == other.row_shape && self.data.len() == other.data.len(),
            "batches differ in shape: {} rows of {:?} and {} rows of {:?}",
            self.rows(),
            self.row_shape,
            other.rows(),
            other.row_shape
        );
    }
}

impl<T: Scalar> Sample for Batch<T> {
    /// # Panics
    /// If there is no term, or the batches differ in shape.
    fn combine(terms: &[(f64, &Self)]) -> Self {
        let (_, first) = terms.first().expect("a combination has at least one term");
        for (_, other) in &terms[1..] {
            first.assert_same_shape(other);
        }
        // The arities that samplers use are one fused pass each, without a buffer in f64.
        let data = match terms {
            [(a, x)] => x.data.iter().map(|x| T::from_f64(a * x.to_f64())).collect(),
            [(a, x), (b, y)] => std::iter::zip(&*x.data, &*y.data)
                .map(|(x, y)| T::from_f64(a * x.to_f64() + b * y.to_f64()))
                .collect(),
            [(a, x), (b, y), (c, z)] => {
                std::iter::zip(&*x.data, std::iter::zip(&*y.data, &*z.data))
                    .map(|(x, (y, z))| {
                        T::from_f64(a * x.to_f64() + b * y.to_f64() + c * z.to_f64())
                    })
                    .collect()
            }
            _ => combine_in_blocks(terms),
        };
        first.like(data)
    }

    /// # Panics
    /// If the batches differ in shape.
    fn exp_scaled(a: f64, b: f64, f: &Self, z: &Self) -> Self {
        f.assert_same_shape(z);
        let scaled = |(f, z): (&T, &T)| T::from_f64((a + b * f.to_f64()).exp() * z.to_f64());
        f.like(std::iter::zip(&*f.data, &*z.data).map(scaled).collect())
    }
}

/// Elements at a time, whose sums stay in the first cache while each term is added to all of them.
const BLOCK: usize = 256;

/// `Σ cᵢ xᵢ` for any number of terms, which are added in the order given as everywhere.
fn combine_in_blocks<T: Scalar>(terms: &[(f64, &Batch<T>)]) -> Vec<T> {
    let length = terms[0].1.data.len();
    let mut data = Vec::with_capacity(length);
    for start in (0..length).step_by(BLOCK) {
        let mut sums = [0.0; BLOCK];
        let block = start..length.min(start + BLOCK);
        for (c, x) in terms {
            for (sum, x) in std::iter::zip(&mut sums, &x.data[block.clone()]) {
                *sum += c * x.to_f64();
            }
        }
        data.extend(sums[..block.len()].iter().map(|sum| T::from_f64(*sum)));
    }
    data
}

impl<T: Scalar> Elementwise for Batch<T> {
    fn map(mut self, f: impl Fn(f64) -> f64) -> Self {
        let f = |value: &T| T::from_f64(f(value.to_f64()));
        match Arc::get_mut(&mut self.data) {
            Some(data) => {
                for value in data {
                    *value = f(value);
                }
                self
            }
            None => self.like(self.data.iter().map(f).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combinations_of_any_arity_agree_with_the_sum_by_hand() {
        let batch = |v: [f64; 2]| Batch::new(vec![2], v.to_vec());
        let (x, y, z, w) =
            (batch([1.0, 2.0]), batch([10.0, 20.0]), batch([5.0, 7.0]), batch([1.0; 2]));
        assert_eq!(Batch::combine(&[(2.0, &x)]).data(), [2.0, 4.0]);
        assert_eq!(Batch::combine(&[(2.0, &x), (0.5, &y)]).data(), [7.0, 14.0]);
        assert_eq!(Batch::combine(&[(2.0, &x), (0.5, &y), (-1.0, &z)]).data(), [2.0, 7.0]);
        assert_eq!(
            Batch::combine(&[(2.0, &x), (0.5, &y), (-1.0, &z), (3.0, &w)]).data(),
            [5.0, 10.0]
        );
    }

    #[test]
    fn long_rows_of_many_terms_are_summed_in_the_order_given() {
        let batch = |k: f32| {
            Batch::new(vec![1001], (0..1001_u16).map(|i| (k * f32::from(i)).sin()).collect())
        };
        let batches = [0.1, 0.7, 1.3, 2.9, 3.1].map(batch);
        let terms: Vec<_> = std::iter::zip([0.3, -1.7, 1e6, -0.01, 5.0], &batches).collect();
        let found = Batch::combine(&terms);
        for (i, found) in found.data().iter().enumerate() {
            let sum: f64 = terms.iter().map(|(c, x)| c * f64::from(x.data()[i])).sum();
            #[expect(clippy::cast_possible_truncation, reason = "rounded once, as is asked for")]
            let rounded = sum as f32;
            assert_eq!(*found, rounded, "element {i}");
        }
    }

    #[test]
    fn a_clone_keeps_its_elements_when_the_original_is_changed() {
        let mut x = Batch::new(vec![2], vec![1.0_f32, 2.0]);
        let twin = x.clone();
        x.data_mut()[0] = 5.0;
        assert_eq!((x.data(), twin.data()), (&[5.0, 2.0][..], &[1.0, 2.0][..]));
        let again = x.clone().map(|x| -x);
        assert_eq!((x.data(), again.data()), (&[5.0, 2.0][..], &[-5.0, -2.0][..]));
        x.iter_rows_mut().for_each(|row| row.fill(0.0));
        assert_eq!((again.into_data(), x.into_data()), (vec![-5.0, -2.0], vec![0.0; 2]));
    }

    #[test]
    fn slices_stack_up_again() {
        let x = Batch::new(vec![2], (0..8_u8).map(f32::from).collect());
        assert_eq!(x.slice(1..3).data(), [2.0, 3.0, 4.0, 5.0]);
        assert_eq!(Batch::stack([&x.slice(0..1), &x.slice(1..4)]), x);
    }

    #[test]
    fn f32_sums_are_rounded_once() {
        // 1e8 + 1 − 1e8: an f32 accumulator gives 0.
        let batch = |v: f32| Batch::new(vec![1], vec![v]);
        let (big, one) = (batch(1e8), batch(1.0));
        assert_eq!(Batch::combine(&[(1.0, &big), (1.0, &one), (-1.0, &big)]).data(), [1.0]);
    }

    #[test]
    fn exp_scaled_by_hand() {
        let f = Batch::new(vec![2], vec![-1.0, 1.0]);
        let z = Batch::new(vec![2], vec![2.0, 3.0]);
        let out = Batch::exp_scaled(0.5, 0.25, &f, &z);
        assert_eq!(out.data(), [2.0 * 0.25_f64.exp(), 3.0 * 0.75_f64.exp()]);
    }

    #[test]
    #[should_panic(expected = "6 values are not a whole number of rows of shape [2, 2]: give the \
                               shape of one row, [c, h, w] for an array of [n, c, h, w]")]
    fn values_must_be_whole_rows() {
        let _ = Batch::new(vec![2, 2], vec![0.0_f32; 6]);
    }

    #[test]
    #[should_panic(expected = "batches differ in shape: 1 rows of [2] and 2 rows of [1]")]
    fn shapes_must_agree() {
        let x = Batch::<f32>::zeros(1, vec![2]);
        let _ = Batch::combine(&[(1.0, &x), (1.0, &Batch::zeros(2, vec![1]))]);
    }
}
