//! Weights against the parameters of a network.

use std::collections::BTreeSet;

use thiserror::Error;

use crate::listed::{listed, shown};
use crate::nearest::nearest_name;
use crate::weights::Weights;

/// Why named arrays do not fit a network; everything that is wrong, not only the first.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the weights do not fit the network: {}", self.describe())]
#[non_exhaustive]
pub struct Mismatch {
    /// Parameters of the network that have no array.
    pub missing: Vec<String>,
    /// Arrays that are not parameters of the network.
    pub unexpected: Vec<String>,
    /// Arrays of another shape than their parameter: name, found, expected.
    pub wrong_shape: Vec<(String, Vec<usize>, Vec<usize>)>,
}

impl Mismatch {
    /// Compares `weights` with the names and shapes of all `parameters` of a network.
    ///
    /// # Errors
    /// If a parameter is missing, unexpected or of another shape: all of them, by name.
    ///
    /// # Example
    /// ```
    /// use ancestral_format::{Array, Mismatch, Weights};
    ///
    /// let array = Array::from_f32(vec![3], &[0.0; 3])?;
    /// let weights = Weights::from_iter([("conv_in.bais".to_owned(), array)]);
    /// let parameters = [("conv_in.bias".to_owned(), vec![3])];
    /// assert_eq!(
    ///     Mismatch::check(&parameters, &weights).unwrap_err().to_string(),
    ///     "the weights do not fit the network: missing: conv_in.bias (there is conv_in.bais); \
    ///      unexpected: conv_in.bais (expected conv_in.bias)"
    /// );
    /// # Ok::<(), ancestral_format::ArrayError>(())
    /// ```
    pub fn check(parameters: &[(String, Vec<usize>)], weights: &Weights) -> Result<(), Self> {
        let mut missing = Vec::new();
        let mut wrong_shape = Vec::new();
        for (name, expected) in parameters {
            match weights.get(name) {
                None => missing.push(name.clone()),
                Some(array) if array.shape() != expected => {
                    wrong_shape.push((name.clone(), array.shape().to_vec(), expected.clone()));
                }
                Some(_) => {}
            }
        }
        let known: BTreeSet<_> = parameters.iter().map(|(name, _)| name).collect();
        let names = weights.iter().map(|(name, _)| name);
        let unexpected: Vec<_> = names.filter(|name| !known.contains(name)).cloned().collect();
        if missing.is_empty() && unexpected.is_empty() && wrong_shape.is_empty() {
            return Ok(());
        }
        Err(Self { missing, unexpected, wrong_shape })
    }

    fn describe(&self) -> String {
        let near = |name: &str, candidates: &[String], what: &str| match nearest_name(
            name,
            candidates.iter().map(String::as_str),
        ) {
            Some(nearest) => format!("{} ({what} {})", shown(name), shown(nearest)),
            None => shown(name),
        };
        let missing = listed(&self.missing, |name| near(name, &self.unexpected, "there is"));
        let unexpected = listed(&self.unexpected, |name| near(name, &self.missing, "expected"));
        let shapes = listed(&self.wrong_shape, |(name, found, expected)| {
            format!("{} is {found:?} instead of {expected:?}", shown(name))
        });
        let parts = [("missing", missing), ("unexpected", unexpected), ("wrong shape", shapes)];
        let parts = parts.into_iter().filter(|(_, list)| !list.is_empty());
        parts.map(|(what, list)| format!("{what}: {list}")).collect::<Vec<_>>().join("; ")
    }
}
