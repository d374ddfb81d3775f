//! Arrays of NumPy in and out.

use ancestral_data::{NumberKind, Numbers};
use ancestral_pipeline::Batch;
use numpy::{
    PyArray1, PyArrayDyn, PyArrayMethods as _, PyReadonlyArrayDyn, PyUntypedArrayMethods as _,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// An array of float32 of any rank.
pub type Floats = PyArrayDyn<f32>;

/// Rows as an array `[n, …]`, without a copy if nobody shares them.
pub fn of_batch<'py>(py: Python<'py>, batch: Batch) -> PyResult<Bound<'py, Floats>> {
    let shape = [&[batch.rows()], batch.row_shape()].concat();
    shaped(py, &shape, batch.into_data())
}

/// Values in C order as an array of a shape, without a copy.
pub fn shaped<'py, T: numpy::Element>(
    py: Python<'py>,
    shape: &[usize],
    values: Vec<T>,
) -> PyResult<Bound<'py, PyArrayDyn<T>>> {
    PyArray1::from_vec(py, values).reshape(shape.to_vec())
}

/// A list of numbers as an array.
pub fn line(py: Python<'_>, values: Vec<f64>) -> Bound<'_, PyArray1<f64>> {
    PyArray1::from_vec(py, values)
}

/// The numbers of whatever Python takes for an array: of NumPy, of PyTorch, or nested lists; in any
/// order, byte order and width.
pub fn numbers(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Numbers> {
    let py = value.py();
    let read = py.import("ancestral._arrays")?.getattr("numbers")?.call1((name, value))?;
    let (kind, values): (String, PyReadonlyArrayDyn<'_, f64>) = read.extract()?;
    let kind = match kind.as_str() {
        "bytes" => NumberKind::Bytes,
        "words" => NumberKind::Words,
        "integers" => NumberKind::Integers,
        "bools" => NumberKind::Bools,
        _ => NumberKind::Reals,
    };
    Ok(Numbers::new(values.shape().to_vec(), kind, values.as_slice()?.to_vec()))
}

/// Rows `[n, …]` of float32, for what computes in it. Refuses values that are not finite.
pub fn batch(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Batch> {
    let py = value.py();
    let read = py.import("ancestral._arrays")?.getattr("floats")?.call1((name, value))?;
    let values: PyReadonlyArrayDyn<'_, f32> = read.extract()?;
    let (shape, values) = (values.shape(), values.as_slice()?);
    let [_, row @ ..] = shape else {
        return Err(PyValueError::new_err(format!("{name}: a number, expected an array of rows")));
    };
    if values.is_empty() {
        return Err(PyValueError::new_err(format!("{name}: an array of shape {shape:?} is empty")));
    }
    if let Some(index) = values.iter().position(|value| !value.is_finite()) {
        let found = values[index];
        return Err(PyValueError::new_err(format!(
            "{name}: value {index} is {found}, expected a finite number"
        )));
    }
    // Rows of single numbers.
    let row = if row.is_empty() { vec![1] } else { row.to_vec() };
    Ok(Batch::new(row, values.to_vec()))
}
