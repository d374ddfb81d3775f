//! Trajectories whose network is in Python.

use std::sync::Arc;

use ancestral_data::Numbers;
use ancestral_pipeline::{
    Batch, Model, OwnNetwork, Plan, Poll, Settings as Drawing, Trajectory as Run,
};
use numpy::PyArrayDyn;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::arrays;
use crate::config::Config;
use crate::errors::{notices, raised};
use crate::noise::{PythonNoise, Raised, raise};
use crate::settings::Settings;
use crate::steps::Step;
use crate::threads::Threads;

/// What the network is called in messages.
const NAME: &str = "of this function";

/// A trajectory from noise to data that waits for the network.
#[pyclass(module = "ancestral._ancestral")]
#[derive(Debug)]
pub struct Trajectory {
    run: Run,
    shape: Vec<usize>,
    raised: Raised,
    plan: Plan,
    /// Those of diffusers' differences are for configs of diffusers.
    is_imported: bool,
    names: Vec<(&'static str, &'static str)>,
    /// Rows of the call that waits.
    waiting: usize,
    samples: Option<Batch>,
}

/// A call of the network that waits for its prediction.
#[pyclass(frozen, module = "ancestral._ancestral")]
#[derive(Debug)]
pub struct Call {
    call: ancestral_pipeline::Call,
    shape: Vec<usize>,
}

/// The shape of a row as channels, height and width: a variance would be along the first axis.
fn as_picture(row: &[usize]) -> [usize; 3] {
    match row {
        [] => [1, 1, 1],
        &[values] => [values, 1, 1],
        &[channels, length] => [channels, 1, length],
        [channels, height, rest @ ..] => [*channels, *height, rest.iter().product()],
    }
}

/// Rows of `row` as the pictures that they are taken for.
fn shaped(numbers: &Numbers, row: &[usize]) -> Numbers {
    let found = numbers.shape();
    let of_rows = found.len() == row.len() + 1 && found[1..] == *row;
    if row.len() == 3 || !(of_rows || found == row) {
        return numbers.clone();
    }
    let count = if of_rows { Some(found[0]) } else { None };
    let shape = count.into_iter().chain(as_picture(row)).collect();
    Numbers::new(shape, numbers.kind(), numbers.values().to_vec())
}

/// The plan of a process without a network.
fn planned(
    config: &Config,
    (row, settings): (&[usize], &Settings),
    (classes, predicts_variance): (Option<usize>, bool),
    adapt: impl FnOnce(Drawing) -> Drawing,
) -> PyResult<Plan> {
    let network = OwnNetwork { shape: as_picture(row), classes, predicts_variance };
    let model = Model::without_network(NAME, config.config.clone(), network);
    let model = Arc::new(model.map_err(|error| raised(&error, &[]))?);
    let drawing = adapt(settings.of_rows(&model, &|numbers| shaped(numbers, row))?);
    Plan::new(&model, &drawing).map_err(|error| raised(&error, &settings.names))
}

#[pymethods]
impl Trajectory {
    /// Of rows of `shape`, by the process of a config and settings. `noise` draws it, in place of the
    /// streams of the seed: it gets a shape.
    #[new]
    #[pyo3(signature = (config, shape, settings, *, classes = None, predicts_variance = false, noise = None))]
    fn new(
        py: Python<'_>,
        config: &Config,
        shape: Vec<usize>,
        settings: &Settings,
        classes: Option<usize>,
        predicts_variance: bool,
        noise: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let Some((&count, row)) = shape.split_first().filter(|_| !shape.contains(&0)) else {
            let text = format!("shape {shape:?}: expected lengths of at least 1");
            return Err(PyValueError::new_err(text));
        };
        settings.refuse_count(count)?;
        let plan = planned(config, (row, settings), (classes, predicts_variance), |drawing| {
            let together = drawing.batch.unwrap_or(count);
            drawing.count(count).batch(together)
        })?;
        let raised = Raised::default();
        let indices = plan.indices();
        let run = match noise {
            None => plan.trajectory(indices),
            Some(draw) => {
                let noise = PythonNoise { draw, raised: Arc::clone(&raised) };
                py.detach(|| plan.trajectory_with(indices, noise))
            }
        };
        raise(&raised)?;
        let (is_imported, names) = (config.is_imported, settings.names.clone());
        Ok(Self { run, shape, raised, plan, is_imported, names, waiting: 0, samples: None })
    }

    /// What the user should know: pairs of `note` or `warning`, and a text.
    #[getter]
    fn notices(&self) -> Vec<(&'static str, String)> {
        let mut found = notices(self.plan.notices(), &self.names);
        found.retain(|(kind, _)| self.is_imported || *kind != "note");
        found
    }

    /// The sampler, with its options.
    #[getter]
    fn sampler(&self) -> String {
        self.plan.sampler()
    }

    /// What is next: a call to be answered, or a step; None after the last.
    fn poll(&mut self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let shape = self.shape.clone();
        let run = &mut self.run;
        let next = Threads::new(None)?.run(py, || match run.poll() {
            Poll::Call(call) => Next::Call(call.clone()),
            Poll::Step(step) => Next::Step(step),
            Poll::Done(samples) => Next::Done(samples.x),
        })?;
        raise(&self.raised)?;
        Ok(match next {
            Next::Call(call) => {
                self.waiting = call.x.rows();
                Some(Py::new(py, Call { call, shape })?.into_any())
            }
            Next::Step(step) => Some(Py::new(py, Step::of(step, Some(shape)))?.into_any()),
            Next::Done(samples) => {
                self.samples = Some(samples);
                None
            }
        })
    }

    /// Gives it the prediction of the network for the call that waits.
    fn answer(&mut self, prediction: &Bound<'_, PyAny>) -> PyResult<()> {
        let shape = &self.shape;
        let found = arrays::batch("prediction", prediction)?;
        let [channels, height, width] = as_picture(&shape[1..]);
        let row = if shape.len() == 1 { &[1][..] } else { &shape[1..] };
        let doubled = [&[2 * row[0]], &row[1..]].concat();
        let channels = match found.row_shape() {
            found_row if found.rows() == self.waiting && found_row == row => channels,
            found_row if found.rows() == self.waiting && found_row == doubled => 2 * channels,
            other => {
                let text = format!(
                    "prediction: {} rows of {other:?}, expected {} of {row:?}, or of {doubled:?} with \
                     a variance",
                    found.rows(),
                    self.waiting,
                );
                return Err(PyValueError::new_err(text));
            }
        };
        let rows = Batch::new(vec![channels, height, width], found.into_data());
        self.run.answer(rows).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// The samples, once all steps are made.
    #[getter]
    fn x<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        let Some(samples) = self.samples.clone() else {
            return Err(PyRuntimeError::new_err("there are steps left"));
        };
        arrays::shaped(py, &self.shape, samples.into_data())
    }
}

enum Next {
    Call(ancestral_pipeline::Call),
    Step(ancestral_pipeline::Step),
    Done(Batch),
}

#[pymethods]
impl Call {
    /// The rows: guidance makes two of each.
    #[getter]
    fn x<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        let shape = [&[self.call.x.rows()], &self.shape[1..]].concat();
        arrays::shaped(py, &shape, self.call.x.data().to_vec())
    }

    /// The timestep of all rows.
    #[getter]
    fn timestep(&self) -> f64 {
        self.call.timesteps[0]
    }

    /// The label of each row, if the network has classes.
    #[getter]
    fn labels(&self) -> Option<Vec<u32>> {
        self.call.labels.clone()
    }
}

/// The timesteps of all calls of a process, in order, each with the hop that it is of.
#[pyfunction]
pub fn calls_of(config: &Config, settings: &Settings) -> PyResult<Vec<(f64, usize)>> {
    let plan = planned(config, (&[1], settings), (None, false), |drawing| drawing.count(1))?;
    let mut run = plan.trajectory(plan.indices());
    let mut calls = Vec::new();
    loop {
        let (hop, _) = run.progress();
        match run.poll() {
            Poll::Call(call) => {
                calls.push((call.timesteps[0], hop));
                let answer = Batch::zeros(call.x.rows(), call.x.row_shape().to_vec());
                run.answer(answer).map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
            }
            Poll::Step(_) => {}
            Poll::Done(_) => return Ok(calls),
        }
    }
}
