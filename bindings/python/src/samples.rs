//! Samples, and what they look like.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use ancestral_data::{Pictures, save_bytes};
use ancestral_pipeline::{Batch, Format, Plan, Samples as Drawn, Show, View};
use numpy::{PyArrayDyn, PyArrayMethods as _, PyUntypedArrayMethods as _};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::MutexExt as _;

use crate::arrays;
use crate::errors::invalid;

/// Samples of one seed.
#[pyclass(frozen, module = "ancestral._ancestral")]
#[derive(Debug)]
pub struct Samples {
    x: Mutex<Rows>,
    /// All but the rows, which are in `x`.
    rest: Drawn,
    plan: Plan,
}

/// Rows in model space. They become an array of NumPy when they are first asked for, since importing NumPy takes
/// longer than opening a small model.
#[derive(Debug)]
enum Rows {
    Drawn(Batch),
    Array(Py<PyArrayDyn<f32>>),
}

impl Samples {
    pub fn new(mut drawn: Drawn, plan: Plan) -> Self {
        let x = taken(&mut drawn.x);
        Self { x: Mutex::new(Rows::Drawn(x)), rest: drawn, plan }
    }

    /// The samples with the rows as they are now.
    fn samples(&self, py: Python<'_>) -> PyResult<Drawn> {
        let x = match &*self.x.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner) {
            Rows::Drawn(rows) => rows.clone(),
            Rows::Array(array) => {
                let array = array.bind(py).try_readonly()?;
                let row = array.shape().get(1..).unwrap_or_default().to_vec();
                Batch::new(row, array.as_slice()?.to_vec())
            }
        };
        let mut samples = self.rest.clone();
        samples.x = x;
        Ok(samples)
    }

    fn encoded(&self, py: Python<'_>, format: Format) -> PyResult<Vec<u8>> {
        let samples = self.samples(py)?;
        if format == Format::Gif && samples.snapshots.is_empty() {
            return Err(PyValueError::new_err("a GIF shows snapshots: draw with snapshots=50"));
        }
        let bytes = py.detach(|| {
            let metadata = self.plan.provenance_of_all();
            Show::of(self.plan.model()).encode(&samples, format, View::Samples, &metadata)
        });
        bytes.map_err(|error| invalid(&error))
    }
}

#[pymethods]
impl Samples {
    /// The samples in model space, `[n, …]`, without a copy.
    #[getter]
    fn x<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        let mut x = self.x.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner);
        let array = match &mut *x {
            Rows::Array(array) => return Ok(array.bind(py).clone()),
            Rows::Drawn(rows) => arrays::of_batch(py, taken(rows))?,
        };
        *x = Rows::Array(array.clone().unbind());
        Ok(array)
    }

    fn __len__(&self) -> usize {
        self.rest_indices().count()
    }

    /// Index of the first.
    #[getter]
    fn first(&self) -> u64 {
        self.rest.first
    }

    /// The class of each, where they are of several.
    #[getter]
    fn classes(&self) -> Option<Vec<String>> {
        self.rest_indices().map(|index| self.plan.class(index).map(str::to_owned)).collect()
    }

    /// Snapshots from x_T to the samples, in model space; empty if none were kept.
    #[getter]
    fn snapshots<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyArrayDyn<f32>>>> {
        self.rest.snapshots.iter().map(|rows| arrays::of_batch(py, rows.clone())).collect()
    }

    /// Rows of points and tables in the data's own units, `[n, columns]`.
    #[getter]
    fn table<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
        let Some(columns) = self.plan.model().columns() else {
            return Err(PyValueError::new_err("these samples are pictures, not rows of a table"));
        };
        if !columns.are_numeric() {
            return Err(PyValueError::new_err(
                "the table has columns of words or dates, which an array does not: encode(\"csv\")",
            ));
        }
        let samples = self.samples(py)?;
        let values = columns.from_model_rows_with(samples.x.data(), &samples.given);
        arrays::shaped(py, &[samples.x.rows(), columns.len()], values)
    }

    /// Pictures as bytes, `[n, height, width, channels]`.
    #[getter]
    fn bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArrayDyn<u8>>> {
        let samples = self.samples(py)?;
        let pictures = Pictures::new(samples.x.data(), samples.x.row_shape());
        let pictures = pictures.map_err(|error| invalid(&error))?;
        let shape =
            [pictures.count(), pictures.height(), pictures.width(), pictures.channels().count()];
        let rasters = (0..pictures.count()).map(|index| pictures.raster(index));
        let values = rasters.flat_map(|raster| raster.data().to_vec()).collect();
        arrays::shaped(py, &shape, values)
    }

    /// What makes the samples again, as pairs of a key and a value.
    #[getter]
    fn provenance(&self) -> Vec<(String, String)> {
        self.plan.provenance_of_all()
    }

    /// The bytes of a file of a kind: png, gif, npy, npz or csv.
    fn encode<'py>(
        &self,
        py: Python<'py>,
        kind: &str,
    ) -> PyResult<Bound<'py, pyo3::types::PyBytes>> {
        let bytes = self.encoded(py, format("format", kind)?)?;
        Ok(pyo3::types::PyBytes::new(py, &bytes))
    }

    /// Writes them to a file, whose name says the kind. A file of that name is replaced.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let kind = path.extension().map(|kind| kind.to_string_lossy().to_lowercase());
        let format = format("path", kind.as_deref().unwrap_or_default())?;
        let bytes = self.encoded(py, format)?;
        py.detach(|| save_bytes(&path, &bytes)).map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            PyOSError::new_err(format!("{error}: {}", cause.unwrap_or_default()))
        })
    }
}

impl Samples {
    fn rest_indices(&self) -> std::ops::Range<u64> {
        self.plan.indices()
    }
}

/// All rows; none are left.
fn taken(rows: &mut Batch) -> Batch {
    let empty = Batch::new(rows.row_shape().to_vec(), Vec::new());
    std::mem::replace(rows, empty)
}

fn format(name: &str, kind: &str) -> PyResult<Format> {
    match kind {
        "png" => Ok(Format::Png),
        "gif" => Ok(Format::Gif),
        "npy" => Ok(Format::Npy),
        "npz" => Ok(Format::Npz),
        "csv" => Ok(Format::Csv),
        other => Err(PyValueError::new_err(format!(
            "{name}: unknown kind of file {other:?}, expected png, gif, npy, npz or csv"
        ))),
    }
}
