//! The data to learn from.

use std::borrow::Cow;
use std::sync::Arc;

use ancestral::categorical::Categories;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::TrainError;
use crate::rows::{Reader, Rows};

/// Rows that are read at once to be hashed.
const HASHED: usize = 1024;

/// Samples, with or without labels. Copies share the samples.
///
/// Pictures whose values are those of bytes are held as bytes; those that do not fit into memory are
/// read when they are needed.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingSet {
    shape: Vec<usize>,
    rows: Arc<Rows>,
    /// A fingerprint of rows outside memory, if reading all of them would take too long.
    checksum: Option<[u8; 32]>,
    /// Which rows the samples are, if not all.
    picked: Option<Arc<Vec<usize>>>,
    labels: Option<Vec<u32>>,
    classes: u32,
    categories: Categories,
    /// The number of groups of similar samples that was requested; the classes are the groups found. 0:
    /// the classes are those of the data, or there are none.
    groups: usize,
}

impl TrainingSet {
    /// Samples of one shape, one after the other.
    ///
    /// # Errors
    /// If the values are not a whole, positive number of samples, or one is not finite.
    pub fn new(shape: Vec<usize>, rows: Vec<f32>) -> Result<Self, TrainError> {
        let size: usize = shape.iter().product();
        if size == 0 || rows.is_empty() || !rows.len().is_multiple_of(size) {
            return Err(TrainError::Rows { values: rows.len(), shape });
        }
        if let Some(i) = rows.iter().position(|value| !value.is_finite()) {
            return Err(TrainError::Data { value: rows[i], sample: i / size });
        }
        let rows = if shape.len() == 3 { Rows::new(rows) } else { Rows::Floats(rows) };
        Ok(Self::of(shape, rows, None))
    }

    /// Samples outside memory: all are loaded if they take no more than `budget` bytes; otherwise as
    /// many as fit, and the others are read each time they are needed. The result of training does not
    /// depend on it.
    ///
    /// # Errors
    /// If there are none, or if one that is loaded cannot be read.
    pub fn read(
        shape: Vec<usize>,
        reader: Arc<dyn Reader>,
        budget: u64,
    ) -> Result<Self, TrainError> {
        let size: usize = shape.iter().product();
        if size == 0 || reader.rows() == 0 {
            return Err(TrainError::Rows { values: 0, shape });
        }
        let checksum = reader.checksum();
        let rows = Rows::read(reader, size, budget)?;
        Ok(Self::of(shape, rows, checksum))
    }

    fn of(shape: Vec<usize>, rows: Rows, checksum: Option<[u8; 32]>) -> Self {
        Self {
            shape,
            rows: Arc::new(rows),
            checksum,
            picked: None,
            labels: None,
            classes: 0,
            categories: Categories::default(),
            groups: 0,
        }
    }

    /// Whether some samples have to be read when they are needed.
    #[must_use]
    pub fn is_elsewhere(&self) -> bool {
        matches!(*self.rows, Rows::Elsewhere(_))
    }

    /// The same samples with one of `classes` labels each.
    ///
    /// # Errors
    /// If the labels are not one per sample, or a label is not below `classes`.
    pub fn with_labels(mut self, labels: Vec<u32>, classes: u32) -> Result<Self, TrainError> {
        if labels.len() != self.len() {
            return Err(TrainError::LabelCount { labels: labels.len(), samples: self.len() });
        }
        if let Some(sample) = labels.iter().position(|&label| label >= classes) {
            return Err(TrainError::Label { label: labels[sample], sample, classes });
        }
        self.labels = Some(labels);
        self.classes = classes;
        Ok(self)
    }

    /// The same samples, in whose values these are categories: the network learns logits of them.
    ///
    /// # Errors
    /// If they end beyond a sample.
    pub fn with_categories(self, categories: Categories) -> Result<Self, TrainError> {
        if categories.end() > self.row_len() {
            return Err(TrainError::Categories { end: categories.end(), length: self.row_len() });
        }
        Ok(Self { categories, ..self })
    }

    /// The categories among the values of a sample.
    #[must_use]
    pub fn categories(&self) -> &Categories {
        &self.categories
    }

    /// The same samples with one label each, of `found` groups where `groups` were requested.
    pub(crate) fn with_group_labels(self, labels: Vec<u32>, found: usize, groups: usize) -> Self {
        let classes = u32::try_from(found).expect("few groups");
        Self { labels: Some(labels), classes, groups, ..self }
    }

    /// The number of groups of similar samples that was requested, which finds the same groups again;
    /// there may be fewer classes. 0 if the classes are not groups.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// Whether reading all samples once takes long, so that only training reads them.
    #[must_use]
    pub fn is_long_to_read(&self) -> bool {
        self.checksum.is_some()
    }

    /// The number of samples, at least 1.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        let all = || self.rows.count(self.row_len());
        self.picked.as_ref().map_or_else(all, |picked| picked.len())
    }

    /// The number of values of a sample.
    #[must_use]
    pub fn row_len(&self) -> usize {
        self.shape.iter().product()
    }

    /// The shape of a sample.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// All samples, one after the other, if they are held as numbers: points and tables are.
    #[must_use]
    pub fn values(&self) -> Option<Cow<'_, [f32]>> {
        match (&*self.rows, &self.picked) {
            (Rows::Floats(values), None) => Some(Cow::Borrowed(values)),
            (Rows::Floats(values), Some(picked)) => {
                let row = |row: &usize| &values[row * self.row_len()..][..self.row_len()];
                Some(picked.iter().flat_map(row).copied().collect())
            }
            (Rows::Bytes(_) | Rows::Elsewhere(_), _) => None,
        }
    }

    /// Some of the samples, by their numbers in ascending order.
    pub(crate) fn some(&self, samples: Vec<usize>) -> Self {
        let pick = |labels: &Vec<u32>| samples.iter().map(|sample| labels[*sample]).collect();
        let labels = self.labels.as_ref().map(pick);
        let rows = match &self.picked {
            None => samples,
            Some(picked) => samples.into_iter().map(|sample| picked[sample]).collect(),
        };
        Self { picked: Some(Arc::new(rows)), labels, ..self.clone() }
    }

    /// One sample.
    ///
    /// # Errors
    /// If it cannot be read.
    ///
    /// # Panics
    /// If there are not that many.
    pub fn row(&self, index: usize) -> Result<Cow<'_, [f32]>, TrainError> {
        let row = self.picked.as_ref().map_or(index, |picked| picked[index]);
        self.rows.row(row, self.row_len())
    }

    /// The label of each sample.
    #[must_use]
    pub fn labels(&self) -> Option<&[u32]> {
        self.labels.as_deref()
    }

    /// The number of classes; 0 without labels.
    #[must_use]
    pub fn classes(&self) -> u32 {
        self.classes
    }

    /// How many samples each class has; `None` without labels.
    #[must_use]
    pub fn class_counts(&self) -> Option<Vec<u64>> {
        let mut counts = vec![0; self.classes as usize];
        for label in self.labels()? {
            counts[*label as usize] += 1;
        }
        Some(counts)
    }

    /// Whether these are pictures, with an axis for channels, one for height and one for width.
    #[must_use]
    pub fn is_pictures(&self) -> bool {
        self.shape.len() == 3
    }

    /// A checksum of all values and labels, in hexadecimal digits.
    ///
    /// # Errors
    /// If a row cannot be read.
    pub fn sha256(&self) -> Result<String, TrainError> {
        let mut hash = Sha256::new();
        for axis in &self.shape {
            hash.update((*axis as u64).to_le_bytes());
        }
        if let Some(checksum) = self.checksum {
            hash.update(checksum);
        } else {
            // Rows are read by all threads, some at a time.
            for from in (0..self.len()).step_by(HASHED) {
                let rows = from..self.len().min(from + HASHED);
                let bytes = |row| -> Result<Vec<u8>, TrainError> {
                    Ok(self.row(row)?.iter().flat_map(|value| value.to_le_bytes()).collect())
                };
                let rows: Vec<_> = rows.into_par_iter().map(bytes).collect();
                for row in rows {
                    hash.update(row?);
                }
            }
        }
        for label in self.labels().unwrap_or_default() {
            hash.update(label.to_le_bytes());
        }
        Ok(format!("{:x}", hash.finalize()))
    }

    /// The share of values outside [−1, 1], where samples of pictures are clipped.
    #[must_use]
    pub fn share_outside(&self) -> f64 {
        let values = self.values().unwrap_or_default();
        let outside = values.iter().filter(|value| value.abs() > 1.0).count();
        outside as f64 / values.len().max(1) as f64
    }

    /// How many labels a network for these data distinguishes: the classes and "no label".
    #[must_use]
    pub fn network_labels(&self) -> Option<usize> {
        self.labels.as_ref().map(|_| self.classes as usize + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_the_data_is_said() {
        let message = |set: Result<TrainingSet, TrainError>| set.unwrap_err().to_string();
        assert_eq!(
            message(TrainingSet::new(vec![2], vec![0.0; 3])),
            "3 values are not a whole, positive number of samples of shape [2]"
        );
        assert!(TrainingSet::new(vec![2], vec![]).is_err());
        assert!(TrainingSet::new(vec![0], vec![1.0]).is_err());
        assert_eq!(
            message(TrainingSet::new(vec![2], vec![0.0, 0.0, 0.0, f32::NAN])),
            "the training data contain NaN in sample 1"
        );
        let set = TrainingSet::new(vec![2], vec![0.0; 4]).unwrap();
        assert_eq!(message(set.clone().with_labels(vec![0], 3)), "1 label for 2 samples");
        assert_eq!(
            message(set.with_labels(vec![0, 3], 3)),
            "label 3 of sample 1 is not below the number of classes, 3"
        );
    }
}
