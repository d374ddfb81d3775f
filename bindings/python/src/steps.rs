//! A run, step by step.

use ancestral_pipeline::{Batch, Samples as Drawn, Step as Made, Steps as Run};
use numpy::PyArrayDyn;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays;
use crate::errors::raised;
use crate::samples::Samples;
use crate::threads::Threads;

/// The steps of a run, batch by batch: an iterator.
#[pyclass(module = "ancestral._ancestral")]
#[derive(Debug)]
pub struct Steps {
    steps: Run,
    threads: Threads,
}

impl Steps {
    pub fn new(steps: Run, threads: Threads) -> Self {
        Self { steps, threads }
    }

    fn step(&mut self, py: Python<'_>) -> PyResult<Option<Made>> {
        let steps = &mut self.steps;
        let step = self.threads.run(py, || steps.next())?;
        step.transpose().map_err(|error| raised(&error, &[]))
    }
}

#[pymethods]
impl Steps {
    /// How many steps it has in all.
    #[getter]
    fn total(&self) -> usize {
        self.steps.total()
    }

    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__(&mut self, py: Python<'_>) -> PyResult<Option<Step>> {
        Ok(self.step(py)?.map(|step| Step::of(step, None)))
    }

    /// Makes all steps that are left, and returns the samples.
    fn samples(&mut self, py: Python<'_>) -> PyResult<Samples> {
        while self.step(py)?.is_some() {
            py.check_signals()?;
        }
        let batches = self.steps.finished();
        if batches.is_empty() {
            return Err(PyValueError::new_err("the samples of these steps were taken before"));
        }
        Ok(Samples::new(Drawn::joined(&batches), self.steps.plan().clone()))
    }
}

/// A step that is made.
#[pyclass(frozen, module = "ancestral._ancestral")]
#[derive(Debug)]
pub struct Step {
    step: Made,
    /// The shape of all rows, where it is not that of the pipeline's rows.
    shape: Option<Vec<usize>>,
}

impl Step {
    pub fn of(step: Made, shape: Option<Vec<usize>>) -> Self {
        Self { step, shape }
    }

    fn array<'py>(&self, py: Python<'py>, rows: &Batch) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        match &self.shape {
            None => arrays::of_batch(py, rows.clone()),
            Some(shape) => arrays::shaped(py, shape, rows.data().to_vec()),
        }
    }
}

#[pymethods]
impl Step {
    /// How many hops are done.
    #[getter]
    fn done(&self) -> usize {
        self.step.done
    }

    /// Of how many.
    #[getter]
    fn of_all(&self) -> usize {
        self.step.of
    }

    /// Index of the first of its samples.
    #[getter]
    fn first(&self) -> u64 {
        self.step.indices.start
    }

    /// The samples now.
    #[getter]
    fn x<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        self.array(py, &self.step.x)
    }

    /// The clean estimates that led there.
    #[getter]
    fn x0<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        self.array(py, &self.step.x0)
    }
}
