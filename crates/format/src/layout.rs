//! Where each parameter of a network stands in one vector of all of them.

use std::ops::Range;

use crate::array::Array;
use crate::mismatch::Mismatch;
use crate::weights::Weights;

/// The parameters of a network in one vector: names, shapes and places.
///
/// The order is that in which the network names its parameters. Weights, gradients and the moments
/// of an optimiser are then plain vectors of the same length.
///
/// # Example
/// ```
/// use ancestral_format::Layout;
///
/// let layout = Layout::new(vec![("a.weight".to_owned(), vec![2, 3]), ("a.bias".to_owned(), vec![2])]);
/// assert_eq!(layout.len(), 8);
/// assert_eq!(layout.find("a.bias"), Some(6..8));
/// let values: Vec<f32> = (0..8_u8).map(f32::from).collect();
/// let weights = layout.to_weights(&values);
/// assert_eq!(weights.get("a.bias").unwrap().to_f32(), [6.0, 7.0]);
/// assert_eq!(layout.values(&weights)?, values);
/// # Ok::<(), ancestral_format::Mismatch>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    parameters: Vec<(String, Vec<usize>)>,
    /// Where each begins, and where the last ends.
    ends: Vec<usize>,
}

impl Layout {
    /// The layout of parameters with these names and shapes.
    ///
    /// # Panics
    /// If two have the same name.
    #[must_use]
    pub fn new(parameters: Vec<(String, Vec<usize>)>) -> Self {
        let mut names: Vec<&str> = parameters.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "a name stands for one parameter");
        let mut ends = vec![0];
        for (_, shape) in &parameters {
            ends.push(ends[ends.len() - 1] + shape.iter().product::<usize>());
        }
        Self { parameters, ends }
    }

    /// The number of values of all parameters together.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.last().copied().unwrap_or_default()
    }

    /// Whether there are no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Name, shape and place of each parameter, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[usize], Range<usize>)> {
        let places = self.ends.windows(2).map(|ends| ends[0]..ends[1]);
        self.parameters.iter().zip(places).map(|((name, shape), at)| (&name[..], &shape[..], at))
    }

    /// The place of the parameter called `name`.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Range<usize>> {
        self.iter().find(|(other, ..)| *other == name).map(|(_, _, at)| at)
    }

    /// The values as named arrays.
    ///
    /// # Panics
    /// If there are not [`len`](Self::len) values.
    #[must_use]
    pub fn to_weights(&self, values: &[f32]) -> Weights {
        assert_eq!(values.len(), self.len(), "values of all parameters");
        let array = |(name, shape, at): (&str, &[usize], Range<usize>)| {
            let array = Array::from_f32(shape.to_vec(), &values[at]);
            (name.to_owned(), array.expect("a parameter has as many values as its shape"))
        };
        self.iter().map(array).collect()
    }

    /// The values of named arrays in one vector, rounded to f32.
    ///
    /// # Errors
    /// If a parameter is missing, unexpected or of another shape: all of them, by name.
    ///
    /// # Panics
    /// Never: names are compared first.
    pub fn values(&self, weights: &Weights) -> Result<Vec<f32>, Mismatch> {
        Mismatch::check(&self.parameters, weights)?;
        let mut values = Vec::with_capacity(self.len());
        for (name, _) in &self.parameters {
            let array = weights.get(name).expect("names were compared before");
            values.extend(array.to_f32());
        }
        Ok(values)
    }
}
