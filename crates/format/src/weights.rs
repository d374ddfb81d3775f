//! Named arrays in memory: what a weight file holds, whoever reads it.

use std::collections::{BTreeMap, btree_map};

use thiserror::Error;

use crate::array::{Array, Dtype, TooLarge};

/// The arrays of a network by name, in the order of the names.
///
/// The names are the modern ones of `diffusers`, such as `down_blocks.0.resnets.1.conv1.weight`.
///
/// # Example
/// ```
/// use ancestral_format::{Array, Weights};
///
/// let mut weights = Weights::new();
/// weights.insert("conv_in.bias", Array::from_f32(vec![3], &[0.0; 3])?);
/// assert_eq!(weights.parameters(), 3);
/// # Ok::<(), ancestral_format::ArrayError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weights {
    arrays: BTreeMap<String, Array>,
}

impl Weights {
    /// No arrays.
    #[must_use]
    pub const fn new() -> Self {
        Self { arrays: BTreeMap::new() }
    }

    /// Adds an array; returns the array that had the name before.
    pub fn insert(&mut self, name: impl Into<String>, array: Array) -> Option<Array> {
        self.arrays.insert(name.into(), array)
    }

    /// The array called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Array> {
        self.arrays.get(name)
    }

    /// Names and arrays, in the order of the names.
    pub fn iter(&self) -> btree_map::Iter<'_, String, Array> {
        self.arrays.iter()
    }

    /// The number of arrays.
    #[must_use]
    pub fn len(&self) -> usize {
        self.arrays.len()
    }

    /// Whether there are no arrays.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arrays.is_empty()
    }

    /// The number of elements of all arrays together.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.arrays.values().map(Array::len).sum()
    }

    /// The same values in another number format; arrays that have it already stay bit for bit.
    ///
    /// # Numerics
    /// As [`Array::to_dtype`].
    ///
    /// # Errors
    /// If a finite value is beyond the format: it would become infinite.
    ///
    /// # Example
    /// ```
    /// use ancestral_format::{Array, Dtype, Weights};
    ///
    /// let array = Array::from_f32(vec![2], &[1.0, 7e4])?;
    /// let weights = Weights::from_iter([("conv_in.bias".to_owned(), array)]);
    /// assert_eq!(
    ///     weights.to_dtype(Dtype::F16).unwrap_err().to_string(),
    ///     "tensor \"conv_in.bias\": value 1, 70000, is beyond the range of F16, which ends at 65504"
    /// );
    /// # Ok::<(), ancestral_format::ArrayError>(())
    /// ```
    pub fn to_dtype(&self, dtype: Dtype) -> Result<Self, ConvertError> {
        let converted = self.iter().map(|(name, array)| match array.to_dtype(dtype) {
            Ok(array) => Ok((name.clone(), array)),
            Err(reason) => Err(ConvertError { tensor: name.clone(), reason }),
        });
        converted.collect()
    }
}

/// Why weights cannot be converted to another number format.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("tensor {tensor:?}: {reason}")]
pub struct ConvertError {
    /// The array.
    pub tensor: String,
    /// Which value, and what the format holds.
    pub reason: TooLarge,
}

impl FromIterator<(String, Array)> for Weights {
    fn from_iter<I: IntoIterator<Item = (String, Array)>>(arrays: I) -> Self {
        Self { arrays: arrays.into_iter().collect() }
    }
}

impl IntoIterator for Weights {
    type Item = (String, Array);
    type IntoIter = btree_map::IntoIter<String, Array>;

    fn into_iter(self) -> Self::IntoIter {
        self.arrays.into_iter()
    }
}

impl<'a> IntoIterator for &'a Weights {
    type Item = (&'a String, &'a Array);
    type IntoIter = btree_map::Iter<'a, String, Array>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_count_and_order() {
        let array = |n: usize| Array::from_f32(vec![n], &vec![0.0; n]).unwrap();
        let mut weights = Weights::new();
        assert!(weights.is_empty());
        assert_eq!(weights.insert("b", array(3)), None);
        assert_eq!(weights.insert("a", array(4)), None);
        assert_eq!(weights.insert("b", array(5)), Some(array(3)));
        assert_eq!((weights.len(), weights.parameters()), (2, 9));
        assert_eq!(weights.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!((weights.get("a"), weights.get("c")), (Some(&array(4)), None));
    }
}
