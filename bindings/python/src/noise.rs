//! Noise of our streams, and of Python.

use std::sync::{Arc, Mutex, PoisonError};

use ancestral::Noise;
use ancestral::noise::{Purpose, Streams};
use ancestral_pipeline::Batch;
use numpy::PyArrayDyn;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::arrays;

/// Draw number `draw` of the samples `first`, `first + 1`, … of a seed, as the pipeline draws it: draw 0
/// is x_T. `shape` begins with the number of samples.
#[pyfunction]
#[pyo3(signature = (seed, shape, *, first = 0, draw = 0))]
pub fn noise<'py>(
    py: Python<'py>,
    seed: u64,
    shape: Vec<usize>,
    first: u64,
    draw: u32,
) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
    let length: usize = shape.iter().skip(1).product();
    if shape.is_empty() || shape.contains(&0) {
        let text = format!("shape {shape:?}: expected lengths of at least 1, the first of samples");
        return Err(PyValueError::new_err(text));
    }
    let streams = Streams::new(seed, Purpose::Sampling);
    let mut values = vec![0.0_f32; shape.iter().product()];
    py.detach(|| {
        for (index, row) in (first..).zip(values.chunks_exact_mut(length)) {
            streams.normals(index, draw, row);
        }
    });
    arrays::shaped(py, &shape, values)
}

/// Where an error of Python is kept until it can be raised.
pub type Raised = Arc<Mutex<Option<PyErr>>>;

/// Raises the error that is kept, if there is one.
pub fn raise(kept: &Raised) -> PyResult<()> {
    kept.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
}

/// Noise that a function of Python draws: it gets a shape and returns an array.
pub struct PythonNoise {
    pub draw: Py<PyAny>,
    pub raised: Raised,
}

impl PythonNoise {
    fn drawn(&self, py: Python<'_>, like: &Batch) -> PyResult<Batch> {
        let shape = [&[like.rows()], like.row_shape()].concat();
        let drawn = self.draw.call1(py, (PyTuple::new(py, &shape)?,))?;
        let drawn = arrays::batch("noise", drawn.bind(py))?;
        if drawn.rows() != like.rows() || drawn.row_len() != like.row_len() {
            let found = [&[drawn.rows()], drawn.row_shape()].concat();
            let text = format!("noise: shape {found:?}, expected {shape:?}");
            return Err(PyValueError::new_err(text));
        }
        Ok(Batch::new(like.row_shape().to_vec(), drawn.into_data()))
    }
}

impl Noise<Batch> for PythonNoise {
    fn draw(&mut self, like: &Batch) -> Batch {
        Python::attach(|py| self.drawn(py, like)).unwrap_or_else(|error| {
            self.raised.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            Batch::zeros(like.rows(), like.row_shape().to_vec())
        })
    }
}
