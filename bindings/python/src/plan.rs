//! What would be run.

use ancestral_pipeline::Plan as Planned;
use pyo3::prelude::*;

use crate::errors::{Names, notices, raised};

/// A run that can be made.
#[pyclass(frozen, module = "ancestral._ancestral")]
#[derive(Debug)]
pub struct Plan {
    pub(crate) plan: Planned,
    /// The settings that were given by another name.
    names: Vec<(&'static str, &'static str)>,
}

impl Plan {
    pub fn new(plan: Planned, names: &Names) -> Self {
        Self { plan, names: names.to_vec() }
    }
}

#[pymethods]
impl Plan {
    /// How many samples there are.
    #[getter]
    fn count(&self) -> usize {
        self.plan.count()
    }

    /// Index of the first of them.
    #[getter]
    fn first(&self) -> u64 {
        self.plan.indices().start
    }

    /// Shape of one sample.
    #[getter]
    fn shape(&self) -> Vec<usize> {
        self.plan.shape().to_vec()
    }

    /// Hops of each sample from noise to data.
    #[getter]
    fn hops(&self) -> usize {
        self.plan.hops()
    }

    /// Network calls of each sample.
    #[getter]
    fn calls(&self) -> usize {
        self.plan.calls()
    }

    /// Samples in one network call.
    #[getter]
    fn batch(&self) -> usize {
        self.plan.batch().get()
    }

    /// The sampler, with its options.
    #[getter]
    fn sampler(&self) -> String {
        self.plan.sampler()
    }

    /// What the user should know: pairs of `note` or `warning`, and a text.
    #[getter]
    fn notices(&self) -> Vec<(&'static str, String)> {
        notices(self.plan.notices(), &self.names)
    }

    /// What makes the samples again, as pairs of a key and a value.
    #[getter]
    fn provenance(&self) -> Vec<(String, String)> {
        self.plan.provenance_of_all()
    }

    /// The class of each sample, where samples are of several.
    #[getter]
    fn classes(&self) -> Option<Vec<String>> {
        let class = |index| self.plan.class(index).map(str::to_owned);
        self.plan.indices().map(class).collect()
    }

    /// Where a run of diffusers with the same settings would differ, a sentence each.
    fn differences(&self) -> PyResult<Vec<String>> {
        let found = self.plan.differences().map_err(|error| raised(&error, &self.names))?;
        Ok(found.iter().map(ToString::to_string).collect())
    }
}
