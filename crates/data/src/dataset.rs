//! A data set in memory: rows of equal shape, perhaps with labels.

use crate::counted::counted;
use thiserror::Error;

/// Rows of equal shape in model space, with an optional class label for each.
///
/// A data set that exists is sound: at least one row, every value finite, one label a row (or
/// none at all), and every label has a class name.
///
/// # Shapes
/// `rows`: `[len, …shape]`, row after row. `shape` is that of one row, such as `[1, 8, 8]` for
/// `[channels, height, width]`. Range of pictures: −1 to 1.
///
/// # Example
/// ```
/// use ancestral_data::Dataset;
///
/// let names = vec!["left".to_owned(), "right".to_owned()];
/// let points = Dataset::new(vec![2], vec![-1.0, 0.5, 1.0, 0.25])?.with_labels(vec![0, 1], names)?;
/// assert_eq!(points.len(), 2);
/// assert_eq!(points.row(1), [1.0, 0.25]);
/// # Ok::<(), ancestral_data::DatasetError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    shape: Vec<usize>,
    row_len: usize,
    rows: Vec<f32>,
    labels: Option<Vec<u32>>,
    class_names: Vec<String>,
}

/// Why values and labels do not make a [`Dataset`]. Rows are counted from 1, as in tables.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// The shape of a row has no axis, an axis of length 0, or overflows.
    #[error("a row of shape {shape:?} holds no values, or more than fit into memory")]
    Shape {
        /// The shape of one row.
        shape: Vec<usize>,
    },
    /// There is not a single row.
    #[error("a data set needs at least one row of shape {shape:?}, got none")]
    Empty {
        /// The shape of one row.
        shape: Vec<usize>,
    },
    /// The values do not fill whole rows.
    #[error(
        "{} do not fill rows of shape {shape:?} ({} each)",
        counted(*values, "value"), counted(*row_len, "value")
    )]
    Ragged {
        /// The number of values.
        values: usize,
        /// The shape of one row.
        shape: Vec<usize>,
        /// The number of values in one row.
        row_len: usize,
    },
    /// A value is infinite or not a number.
    #[error("value {value} at position {position} of row {row} is not finite")]
    NotFinite {
        /// The value.
        value: f32,
        /// The row, counted from 1.
        row: usize,
        /// The position within the row, counted from 1.
        position: usize,
    },
    /// The number of labels differs from the number of rows.
    #[error(
        "{} for {}: one label a row is needed",
        counted(*labels, "label"), counted(*rows, "row")
    )]
    LabelCount {
        /// The number of labels.
        labels: usize,
        /// The number of rows.
        rows: usize,
    },
    /// A label has no class name.
    #[error("label {label} of row {row} is outside 0..{classes}, the classes that have a name")]
    Label {
        /// The label.
        label: u32,
        /// The row, counted from 1.
        row: usize,
        /// The number of class names.
        classes: usize,
    },
}

impl Dataset {
    /// Makes a data set without labels.
    ///
    /// # Errors
    /// [`DatasetError`] if `rows` is not one or more whole rows of `shape`, all finite.
    pub fn new(shape: Vec<usize>, rows: Vec<f32>) -> Result<Self, DatasetError> {
        let row_len = match shape.iter().try_fold(1_usize, |len, &axis| len.checked_mul(axis)) {
            Some(row_len) if row_len > 0 && !shape.is_empty() => row_len,
            Some(_) | None => return Err(DatasetError::Shape { shape }),
        };
        if rows.is_empty() {
            return Err(DatasetError::Empty { shape });
        }
        if !rows.len().is_multiple_of(row_len) {
            return Err(DatasetError::Ragged { values: rows.len(), shape, row_len });
        }
        if let Some(i) = rows.iter().position(|value| !value.is_finite()) {
            let (row, position) = (i / row_len + 1, i % row_len + 1);
            return Err(DatasetError::NotFinite { value: rows[i], row, position });
        }
        Ok(Self { shape, row_len, rows, labels: None, class_names: Vec::new() })
    }

    /// Gives every row a label: an index into `class_names`.
    ///
    /// # Errors
    /// [`DatasetError`] if there is not one label a row, or a label has no name.
    pub fn with_labels(
        self,
        labels: Vec<u32>,
        class_names: Vec<String>,
    ) -> Result<Self, DatasetError> {
        if labels.len() != self.len() {
            return Err(DatasetError::LabelCount { labels: labels.len(), rows: self.len() });
        }
        let classes = class_names.len();
        if let Some(row) = labels.iter().position(|&label| label as usize >= classes) {
            return Err(DatasetError::Label { label: labels[row], row: row + 1, classes });
        }
        Ok(Self { labels: Some(labels), class_names, ..self })
    }

    /// The same rows without labels.
    #[must_use]
    pub fn without_labels(self) -> Self {
        Self { labels: None, class_names: Vec::new(), ..self }
    }

    /// The number of rows, at least 1.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len() / self.row_len
    }

    /// Always false: an empty data set cannot be made.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The shape of one row.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// All values, row after row.
    #[must_use]
    pub fn rows(&self) -> &[f32] {
        &self.rows
    }

    /// The values of one row.
    ///
    /// # Panics
    /// If `index` is not below [`len`](Self::len).
    #[must_use]
    pub fn row(&self, index: usize) -> &[f32] {
        assert!(index < self.len(), "row {index} of a data set of {} rows", self.len());
        &self.rows[index * self.row_len..][..self.row_len]
    }

    /// One label a row, if the data have labels.
    #[must_use]
    pub fn labels(&self) -> Option<&[u32]> {
        self.labels.as_deref()
    }

    /// The rows and the labels, without copying them.
    #[must_use]
    pub fn into_parts(self) -> (Vec<f32>, Option<Vec<u32>>) {
        (self.rows, self.labels)
    }

    /// The name of each class, in the order of the labels; empty without labels.
    #[must_use]
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|i| i.to_string()).collect()
    }

    #[test]
    fn rows_are_cut_by_the_shape() {
        let set = Dataset::new(vec![1, 2, 3], (0_u8..12).map(f32::from).collect()).unwrap();
        assert_eq!(set.len(), 2);
        assert_eq!(set.row(0), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(set.row(1), [6.0, 7.0, 8.0, 9.0, 10.0, 11.0]);
        assert_eq!(set.labels(), None);
        assert!(set.class_names().is_empty() && !set.is_empty());
    }

    #[test]
    fn a_shape_without_values_is_refused() {
        for shape in [vec![], vec![3, 0], vec![usize::MAX, 2]] {
            let refused = DatasetError::Shape { shape: shape.clone() };
            assert_eq!(Dataset::new(shape, vec![0.0; 6]), Err(refused));
        }
    }

    #[test]
    fn part_rows_and_no_rows_are_refused() {
        let error = Dataset::new(vec![2, 2], vec![0.0; 6]).unwrap_err();
        assert_eq!(error.to_string(), "6 values do not fill rows of shape [2, 2] (4 values each)");
        assert_eq!(Dataset::new(vec![4], vec![]), Err(DatasetError::Empty { shape: vec![4] }));
    }

    #[test]
    fn a_value_that_is_not_finite_is_named_by_its_place() {
        let error = Dataset::new(vec![2], vec![0.0, 1.0, 2.0, f32::INFINITY]).unwrap_err();
        assert_eq!(error.to_string(), "value inf at position 2 of row 2 is not finite");
        assert!(Dataset::new(vec![1], vec![f32::NAN]).is_err());
    }

    #[test]
    fn labels_need_a_row_and_a_name() {
        let set = Dataset::new(vec![1], vec![0.0, 0.5]).unwrap();
        let error = set.clone().with_labels(vec![0], names(1)).unwrap_err();
        assert_eq!(error, DatasetError::LabelCount { labels: 1, rows: 2 });
        let error = set.clone().with_labels(vec![0, 2], names(2)).unwrap_err();
        assert_eq!(error, DatasetError::Label { label: 2, row: 2, classes: 2 });
        let set = set.with_labels(vec![0, 1], names(2)).unwrap();
        assert_eq!(set.labels(), Some([0, 1].as_slice()));
        assert_eq!(set.class_names(), ["0", "1"]);
    }

    #[test]
    #[should_panic(expected = "row 2 of a data set of 2 rows")]
    fn a_row_past_the_end_panics() {
        let _ = Dataset::new(vec![1], vec![0.0, 0.5]).unwrap().row(2);
    }
}
