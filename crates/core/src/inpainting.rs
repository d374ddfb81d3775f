//! What is known of samples, and where: the rest is to be drawn.

use thiserror::Error;

use crate::batch::{Batch, Scalar};

/// Clean data and a mask that says where they hold: 1 is known, 0 is to be drawn, and what is
/// between is a blend.
///
/// # Shapes
/// Rows of one shape. The data are one row for every sample or a row each, and so is the mask.
#[derive(Clone, Debug, PartialEq)]
pub struct Known<T = f32> {
    data: Batch<T>,
    mask: Batch<T>,
}

/// Known data that cannot be.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum KnownError {
    /// The rows of the mask have another shape.
    #[error("a mask of rows of shape {mask:?} for data of rows of shape {data:?}")]
    Shape {
        /// Shape of a row of the mask.
        mask: Vec<usize>,
        /// Shape of a row of the data.
        data: Vec<usize>,
    },
    /// Neither one row for all nor as many as the other has.
    #[error("a mask of {mask} rows for data of {data} rows: expected as many, or 1")]
    Rows {
        /// Rows of the mask.
        mask: usize,
        /// Rows of the data.
        data: usize,
    },
    /// A value of the mask that is no share.
    #[error("value {value} of row {row} of the mask (element {element}) is outside [0, 1]")]
    Mask {
        /// The value.
        value: f64,
        /// Its row, from 0.
        row: usize,
        /// Its place in the row, from 0.
        element: usize,
    },
    /// A value of the data that is no number.
    #[error("value {value} of row {row} of the known data (element {element}) is not finite")]
    Data {
        /// The value.
        value: f64,
        /// Its row, from 0.
        row: usize,
        /// Its place in the row, from 0.
        element: usize,
    },
}

impl<T: Scalar> Known<T> {
    /// The clean `data`, known where `mask` is 1.
    ///
    /// # Errors
    /// If their shapes or numbers of rows don't go together, a value of the mask is outside [0, 1],
    /// or one of the data is not finite.
    pub fn new(data: Batch<T>, mask: Batch<T>) -> Result<Self, KnownError> {
        if mask.row_shape() != data.row_shape() {
            let (mask, data) = (mask.row_shape().to_vec(), data.row_shape().to_vec());
            return Err(KnownError::Shape { mask, data });
        }
        let (rows, of_data) = (mask.rows(), data.rows());
        if rows == 0 || of_data == 0 || (rows != of_data && rows != 1 && of_data != 1) {
            return Err(KnownError::Rows { mask: rows, data: of_data });
        }
        if let Some((row, element, value)) = first(&mask, |x| !(0.0..=1.0).contains(&x)) {
            return Err(KnownError::Mask { value, row, element });
        }
        if let Some((row, element, value)) = first(&data, |x| !x.is_finite()) {
            return Err(KnownError::Data { value, row, element });
        }
        Ok(Self { data, mask })
    }

    /// Shape of a row.
    #[must_use]
    pub fn row_shape(&self) -> &[usize] {
        self.data.row_shape()
    }

    /// Where it is known: 1 row, or one a sample.
    pub(crate) fn mask(&self) -> &Batch<T> {
        &self.mask
    }

    /// How many samples it is for: `None` if one row stands for all.
    #[must_use]
    pub fn rows(&self) -> Option<usize> {
        Some(self.data.rows().max(self.mask.rows())).filter(|rows| *rows > 1)
    }

    /// What is known of the samples `range`.
    ///
    /// # Panics
    /// If there are not that many rows.
    #[must_use]
    pub fn slice(&self, range: std::ops::Range<usize>) -> Self {
        let part = |rows: &Batch<T>| {
            if rows.rows() == 1 { rows.clone() } else { rows.slice(range.clone()) }
        };
        Self { data: part(&self.data), mask: part(&self.mask) }
    }

    /// `m ⊙ (α x₀ + σ z) + (1 − m) ⊙ x`, with the known x₀; where the mask is 1, exactly the first.
    pub(crate) fn blend(&self, x: &mut Batch<T>, alpha: f64, noise: Option<(f64, &Batch<T>)>) {
        assert!(
            x.row_shape() == self.data.row_shape()
                && self.rows().is_none_or(|rows| rows == x.rows()),
            "{} rows of {:?} of which {} rows of {:?} are known",
            x.rows(),
            x.row_shape(),
            self.data.rows(),
            self.data.row_shape()
        );
        let known = self.data.data().iter().cycle().zip(self.mask.data().iter().cycle());
        for (i, (x, (known, mask))) in x.data_mut().iter_mut().zip(known).enumerate() {
            let known =
                alpha * known.to_f64() + noise.map_or(0.0, |(s, z)| s * z.data()[i].to_f64());
            let mask = mask.to_f64();
            *x = T::from_f64(mask * known + (1.0 - mask) * x.to_f64());
        }
    }
}

/// The first value that is `bad`, with its row and its place there.
fn first<T: Scalar>(batch: &Batch<T>, bad: impl Fn(f64) -> bool) -> Option<(usize, usize, f64)> {
    let size = batch.row_len();
    let found = batch.data().iter().map(|x| x.to_f64()).enumerate().find(|(_, x)| bad(*x));
    found.map(|(i, value)| (i.div_euclid(size), i % size, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(data: &[f32], mask: &[f32]) -> Result<Known, KnownError> {
        Known::new(Batch::new(vec![2], data.to_vec()), Batch::new(vec![2], mask.to_vec()))
    }

    #[test]
    fn what_is_known_is_exact_and_a_soft_mask_blends() {
        let mut x = Batch::new(vec![2], vec![0.1, 0.2, 0.3, 0.4]);
        known(&[1.0, 2.0], &[1.0, 0.25]).unwrap().blend(&mut x, 1.0, None);
        assert_eq!(x.data(), [1.0, 0.65, 1.0, 0.8]);
        let z = Batch::new(vec![2], vec![10.0, 10.0]);
        let mut x = Batch::zeros(1, vec![2]);
        known(&[1.0, 2.0], &[1.0, 0.0]).unwrap().blend(&mut x, 0.5, Some((0.25, &z)));
        assert_eq!(x.data(), [3.0, 0.0]);
    }

    #[test]
    fn one_row_stands_for_all_and_others_are_cut_with_the_batch() {
        let one = known(&[1.0, 2.0], &[1.0, 1.0]).unwrap();
        assert_eq!((one.rows(), one.slice(3..9)), (None, one.clone()));
        let three = known(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[1.0, 1.0]).unwrap();
        assert_eq!(
            (three.rows(), three.slice(1..2)),
            (Some(3), known(&[3.0, 4.0], &[1.0; 2]).unwrap())
        );
    }

    #[test]
    fn nonsense_is_refused_by_its_place() {
        let message = |data: &[f32], mask: &[f32]| known(data, mask).unwrap_err().to_string();
        let text = message(&[0.0; 2], &[0.5, 1.5]);
        assert_eq!(text, "value 1.5 of row 0 of the mask (element 1) is outside [0, 1]");
        assert!(message(&[0.0; 2], &[f32::NAN, 1.0]).contains("value NaN of row 0 of the mask"));
        let text = message(&[0.0, 0.0, f32::INFINITY, 0.0], &[1.0; 2]);
        assert_eq!(text, "value inf of row 1 of the known data (element 0) is not finite");
        let text = message(&[0.0; 4], &[1.0; 6]);
        assert_eq!(text, "a mask of 3 rows for data of 2 rows: expected as many, or 1");
        let mask = Batch::new(vec![1], vec![1.0]);
        let text = Known::new(Batch::new(vec![2], vec![0.0; 2]), mask).unwrap_err().to_string();
        assert_eq!(text, "a mask of rows of shape [1] for data of rows of shape [2]");
    }
}
