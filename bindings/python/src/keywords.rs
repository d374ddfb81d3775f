//! Keyword arguments, taken one by one by their names.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict};

/// Keyword arguments that are not taken yet.
pub struct Keywords<'py>(Bound<'py, PyDict>);

impl<'py> Keywords<'py> {
    /// Those of a call.
    pub fn new(py: Python<'py>, given: Option<&Bound<'py, PyDict>>) -> PyResult<Self> {
        Ok(Self(given.map_or_else(|| Ok(PyDict::new(py)), |given| given.copy())?))
    }

    /// The value of a keyword, if it is given and not None.
    pub fn any(&self, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        let value = self.0.get_item(name)?;
        if value.is_some() {
            self.0.del_item(name)?;
        }
        Ok(value.filter(|value| !value.is_none()))
    }

    /// Refuses what is left, and names the keywords that there are.
    pub fn finish(self, known: &[&str]) -> PyResult<()> {
        let Some(name) = self.0.keys().iter().next() else { return Ok(()) };
        let name: String = name.extract()?;
        let known = known.join(", ");
        Err(PyTypeError::new_err(format!("unknown keyword {name:?}, expected one of {known}")))
    }
}

/// The value of a keyword.
pub fn read<T: Value>(name: &str, value: &Bound<'_, PyAny>) -> PyResult<T> {
    let expected = T::EXPECTED;
    T::of(value).map_err(|error| {
        let shown = value.repr().map_or_else(|_| String::new(), |repr| repr.to_string());
        // Whole numbers below 0, or too large.
        if error.is_instance_of::<pyo3::exceptions::PyOverflowError>(value.py()) {
            return PyValueError::new_err(format!("{name} {shown}: expected {expected}"));
        }
        PyTypeError::new_err(format!("{name}: expected {expected}, found {shown}"))
    })
}

/// What a keyword may be.
pub trait Value: Sized {
    /// As a phrase.
    const EXPECTED: &'static str;

    /// Reads it.
    fn of(value: &Bound<'_, PyAny>) -> PyResult<Self>;
}

macro_rules! values {
    ($($Type:ty: $expected:literal,)*) => {
        $(impl Value for $Type {
            const EXPECTED: &'static str = $expected;

            fn of(value: &Bound<'_, PyAny>) -> PyResult<Self> {
                // Of Python's types, bool is one of whole numbers.
                if value.is_instance_of::<PyBool>() {
                    return Err(PyTypeError::new_err("bool"));
                }
                value.extract::<$Type>().map_err(Into::into)
            }
        })*
    };
}

values! {
    usize: "a whole number, 0 or more",
    u64: "a whole number from 0 to 2**64 - 1",
    u32: "a whole number from 0 to 2**32 - 1",
    f64: "a number",
    String: "a text",
    Vec<usize>: "a list of whole numbers, 0 or more",
    [f64; 2]: "two numbers",
}

impl Value for bool {
    const EXPECTED: &'static str = "True or False";

    fn of(value: &Bound<'_, PyAny>) -> PyResult<Self> {
        value.extract()
    }
}
