//! The data to learn from.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::TrainError;

/// Samples in host memory, with or without labels. Copies share the samples.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingSet {
    shape: Vec<usize>,
    rows: Arc<Vec<f32>>,
    labels: Option<Vec<u32>>,
    classes: u32,
    /// How many groups of alike samples the classes are; 0: they are classes of the data, or none.
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
        Ok(Self { shape, rows: Arc::new(rows), labels: None, classes: 0, groups: 0 })
    }

    /// The same samples with one of `classes` labels each.
    ///
    /// # Errors
    /// If there is not one label a sample, or one is not below `classes`.
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

    /// The same samples with a label each, of so many groups.
    pub(crate) fn with_group_labels(self, labels: Vec<u32>, groups: usize) -> Self {
        let classes = u32::try_from(groups).expect("few groups");
        Self { labels: Some(labels), classes, groups, ..self }
    }

    /// How many groups of alike samples stand for classes; 0 if none do.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// The number of samples, at least 1.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        self.rows.len() / self.row_len()
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

    /// All samples, one after the other.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.rows
    }

    /// One sample.
    ///
    /// # Panics
    /// If there are not that many.
    #[must_use]
    pub fn row(&self, index: usize) -> &[f32] {
        &self.rows[index * self.row_len()..][..self.row_len()]
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

    /// A checksum of everything that training sees, in hexadecimal digits.
    #[must_use]
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        for axis in &self.shape {
            hash.update((*axis as u64).to_le_bytes());
        }
        for value in &*self.rows {
            hash.update(value.to_le_bytes());
        }
        for label in self.labels().unwrap_or_default() {
            hash.update(label.to_le_bytes());
        }
        format!("{:x}", hash.finalize())
    }

    /// The share of values outside [−1, 1], where samples of pictures are clipped.
    #[must_use]
    pub fn share_outside(&self) -> f64 {
        let outside = self.rows.iter().filter(|value| value.abs() > 1.0).count();
        outside as f64 / self.rows.len() as f64
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
        assert_eq!(message(set.clone().with_labels(vec![0], 3)), "1 labels for 2 samples");
        assert_eq!(
            message(set.with_labels(vec![0, 3], 3)),
            "label 3 of sample 1 is not below the number of classes, 3"
        );
    }
}
