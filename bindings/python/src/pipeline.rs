//! A model with its network.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use ancestral_pipeline::{
    Batch, Classes, Engine, Error, Model, Noted, Pipeline as Opened, Precision, Settings as Drawing,
};
use numpy::PyArrayDyn;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays;
use crate::errors::{invalid, notices, raised};
use crate::plan::Plan;
use crate::schedule::Schedule;
use crate::settings::{Settings, values};
use crate::steps::Steps;
use crate::threads::Threads;

/// The name of the built-in model, unless a file or folder has that name.
const BUILT_IN: &str = "digits";

/// A model with its network.
#[pyclass(frozen, module = "ancestral._ancestral")]
#[derive(Debug)]
pub struct Pipeline {
    pub(crate) pipeline: Opened,
    pub(crate) threads: Threads,
    pub(crate) is_built_in: bool,
    /// What is worth a word about the folder.
    #[pyo3(get)]
    notices: Vec<(&'static str, String)>,
}

#[pymethods]
impl Pipeline {
    /// Opens a model folder, or the built-in model.
    #[staticmethod]
    #[pyo3(signature = (path, variant, size, device, precision, threads))]
    fn open(
        py: Python<'_>,
        path: PathBuf,
        variant: Option<String>,
        size: Option<[usize; 2]>,
        device: &str,
        precision: &str,
        threads: Option<usize>,
    ) -> PyResult<Self> {
        let is_built_in = path == Path::new(BUILT_IN) && !path.exists();
        if is_built_in && variant.is_some() {
            let text = "variant: the built-in model has one set of weights";
            return Err(PyValueError::new_err(text));
        }
        let precision = match precision {
            "f32" => Precision::F32,
            "bf16" => Precision::Bf16,
            other => {
                let text = format!("precision {other:?}: expected f32 or bf16");
                return Err(PyValueError::new_err(text));
            }
        };
        let engine =
            Engine::new(device, precision).map_err(|error| raised(&Error::from(error), &[]))?;
        let threads = Threads::new(threads)?;
        let open = || -> Result<_, Error> {
            let Noted { value: model, notices } = if is_built_in {
                Noted { value: Model::built_in(), notices: Vec::new() }
            } else {
                Model::open(&path, variant.as_deref())?
            };
            let model = match size {
                None => model,
                Some(size) => model.with_size(size)?,
            };
            Ok((Opened::new(model, &engine)?, notices))
        };
        let opened = threads.run(py, open)?;
        let (pipeline, found) = opened.map_err(|error| raised(&error, &[]))?;
        Ok(Self { pipeline, threads, is_built_in, notices: notices(&found, &[]) })
    }

    /// What the model is called.
    #[getter]
    fn name(&self) -> &str {
        self.pipeline.model().name()
    }

    /// Shape of one sample.
    #[getter]
    fn shape(&self) -> PyResult<Vec<usize>> {
        self.pipeline.model().shape().map_err(|error| raised(&error, &[]))
    }

    /// The names of the classes; `None` if they have no names, or there are no classes.
    #[getter]
    fn classes(&self) -> Option<Vec<String>> {
        match self.pipeline.model().classes() {
            Classes::Named { names, .. } => Some(names.clone()),
            Classes::None | Classes::Numbered { .. } | Classes::Numbers | Classes::Vectors | _ => {
                None
            }
        }
    }

    /// The names of the columns; `None` for pictures.
    #[getter]
    fn columns(&self) -> Option<Vec<String>> {
        let columns = self.pipeline.model().columns()?.as_slice().iter();
        Some(columns.map(|column| column.name().to_owned()).collect())
    }

    /// SHA-256 of the weights, as a safetensors file.
    #[getter]
    fn digest(&self) -> &str {
        self.pipeline.model().digest()
    }

    /// The noise levels that it was trained on.
    #[getter]
    fn schedule(&self) -> Schedule {
        self.pipeline.model().schedule().clone().into()
    }

    /// What would be run for these settings.
    fn plan(&self, settings: &Settings) -> PyResult<Plan> {
        let drawing = settings.of(self.pipeline.model())?;
        let plan = self.pipeline.plan(&drawing);
        let plan = plan.map_err(|error| raised(&error, &settings.names))?;
        Ok(Plan::new(plan, &settings.names))
    }

    /// The steps of a plan.
    fn run(&self, plan: &Plan) -> Steps {
        Steps::new(self.pipeline.run(plan.plan.clone()), self.threads)
    }

    /// The raw prediction of the network at a timestep.
    fn predict<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        timestep: f64,
        labels: Option<Vec<u32>>,
    ) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        let x = arrays::batch("x", x)?;
        if labels.as_ref().is_some_and(|labels| labels.len() != x.rows()) {
            let text = format!("labels: expected {}, one a row", x.rows());
            return Err(PyValueError::new_err(text));
        }
        let call = ancestral_pipeline::Call { timesteps: vec![timestep; x.rows()], labels, x };
        let predicted = self.threads.run(py, || self.pipeline.predict(&call))?;
        arrays::of_batch(py, predicted.map_err(|error| invalid(&error))?)
    }

    /// x_T of data. Of the settings those of the grid, of clipping, the class and the batch count.
    fn invert<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
        settings: &Settings,
    ) -> PyResult<Bound<'py, PyAny>> {
        let model = self.pipeline.model();
        let numbers = arrays::numbers("data", data)?;
        let rows = model.rows_of_array(numbers.shape(), &values("data", &numbers, model)?);
        let x0 = rows.map_err(|error| PyValueError::new_err(format!("data: {error}")))?;
        let settings = (settings.of(model)?, &settings.names);
        let x_t = self.inverted(py, &settings.0, &x0)?;
        let x_t = x_t.map_err(|error| raised(&error, settings.1))?;
        let shape = [&[x_t.rows()], x_t.row_shape()].concat();
        Ok(match model.columns() {
            None => arrays::of_batch(py, x_t)?.into_any(),
            Some(columns) => {
                let values = columns.from_model_rows_loosely(x_t.data());
                let words =
                    "columns of words, dates or empty cells have no noise in their own units";
                let values = values.ok_or_else(|| PyValueError::new_err(words))?;
                arrays::shaped(py, &shape, values)?.into_any()
            }
        })
    }
}

impl Pipeline {
    fn inverted(
        &self,
        py: Python<'_>,
        settings: &Drawing,
        x0: &Batch,
    ) -> PyResult<Result<Batch, Error>> {
        let stop = AtomicBool::new(false);
        let each = |_, _| {
            if stop.load(Ordering::Relaxed) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        self.threads.watched(py, &stop, || self.pipeline.invert(settings, x0, each))
    }
}
