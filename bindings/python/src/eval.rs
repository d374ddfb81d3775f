//! How good samples are, beside real data.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use ancestral_eval::{EvalError, Features, Quality, Real, Reference, draw_sets};
use ancestral_pipeline::{Batch, Settings as Drawing};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::arrays::{self, numbers};
use crate::errors::{measured, spelled};
use crate::pipeline::Pipeline;
use crate::settings::{Settings, values};
use crate::threads::Threads;

/// Compares samples with real data: of a model, which are drawn, or of an array. Returns the report as JSON.
#[pyfunction]
#[pyo3(signature = (of, data, settings, *, count, sets, features, neighbours, training, target, tell))]
pub fn evaluate(
    py: Python<'_>,
    of: &Bound<'_, PyAny>,
    data: Option<&Bound<'_, PyAny>>,
    settings: &Settings,
    count: Option<usize>,
    sets: Option<usize>,
    features: PathBuf,
    neighbours: Option<usize>,
    training: Option<&Bound<'_, PyAny>>,
    target: Option<&str>,
    tell: &Bound<'_, PyAny>,
) -> PyResult<String> {
    let failed = |error: EvalError| measured(&error, &settings.names);
    let features = Features::named(&features, None).map_err(failed)?;
    let neighbours = neighbours.unwrap_or(Quality::NEIGHBOURS);
    let pipeline = of.extract::<PyRef<'_, Pipeline>>().ok();
    let threads = pipeline.as_ref().map_or_else(|| Threads::new(None), |one| Ok(one.threads))?;
    let (real, drawn) = if let Some(pipeline) = pipeline {
        let model = pipeline.pipeline.model();
        let training = training.map(|data| rows("training", Some(data), &pipeline, tell));
        let (training, columns) = (training.transpose()?, model.columns().cloned());
        let real = Real { rows: rows("data", data, &pipeline, tell)?, training, columns };
        let count = count.unwrap_or(Quality::count(real.rows.rows()));
        let amounts = [sets.unwrap_or(Quality::SETS), count];
        (real, drawn(py, &pipeline, settings, &settings.of(model)?, amounts)?)
    } else {
        let Some(data) = data else {
            return Err(PyTypeError::new_err("data: needed to compare samples with"));
        };
        let real = arrays::batch("data", data)?;
        let training = training.map(|data| arrays::batch("training", data)).transpose()?;
        let samples = arrays::batch("samples", of)?;
        for (name, other) in [("samples", Some(&samples)), ("training", training.as_ref())] {
            if let Some(other) = other.filter(|other| other.row_shape() != real.row_shape()) {
                let (found, expected) = (other.row_shape(), real.row_shape());
                let text = format!("{name}: rows of {found:?}, expected {expected:?} as of data");
                return Err(PyValueError::new_err(text));
            }
        }
        (Real { training, ..real.into() }, vec![samples])
    };
    if target.is_some() && real.columns.is_none() {
        return Err(PyValueError::new_err("target: the data are no table"));
    }
    let report = threads.run(py, || {
        let quality = Quality::new(real, drawn[0].rows(), &features, neighbours)?;
        let mut report = quality.compare(&drawn, &mut |_, _, _| ())?;
        let table = quality.table(&drawn).map(|table| table.report(target));
        report.table = table.transpose()?;
        Ok(report)
    })?;
    let report = report.map_err(failed)?;
    for warning in &report.warnings {
        tell.call1(("warning", spelled(warning, &[])))?;
    }
    serde_json::to_string(&report).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// Real rows for a model: an array, a name or a path; by default the data of the built-in model.
fn rows(
    name: &str,
    data: Option<&Bound<'_, PyAny>>,
    pipeline: &Pipeline,
    tell: &Bound<'_, PyAny>,
) -> PyResult<Batch> {
    let model = pipeline.pipeline.model();
    let path = data.filter(|data| data.is_instance_of::<PyString>());
    if let (Some(data), None) = (data, path) {
        let found = numbers(name, data)?;
        let rows = model.rows_of_array(found.shape(), &values(name, &found, model)?);
        return rows.map_err(|error| PyValueError::new_err(format!("{name}: {error}")));
    }
    let path: Option<PathBuf> = path.map(|path| path.extract()).transpose()?;
    let mut lines = Vec::new();
    let py = tell.py();
    let is_built_in = pipeline.is_built_in;
    let read = pipeline.threads.run(py, || {
        Reference::read(path.as_deref(), model, is_built_in, None, |line| lines.push(line))
    })?;
    for line in lines {
        tell.call1(("line", line))?;
    }
    Ok(read.map_err(|error| measured(&error, &[("data", "data")]))?.rows)
}

/// Sets of a model's samples.
fn drawn(
    py: Python<'_>,
    pipeline: &Pipeline,
    settings: &Settings,
    drawing: &Drawing,
    amounts: [usize; 2],
) -> PyResult<Vec<Batch>> {
    if amounts[0] == 0 {
        return Err(PyValueError::new_err("sets 0: expected at least 1"));
    }
    let stop = AtomicBool::new(false);
    let drawn = pipeline.threads.watched(py, &stop, || {
        draw_sets(&pipeline.pipeline, drawing, amounts, |_, _, _| {
            if stop.load(Ordering::Relaxed) { Err(Ended::Stopped) } else { Ok(()) }
        })
    })?;
    drawn.map_err(|ended| match ended {
        Ended::Failed(error) => measured(&error, &settings.names),
        // Not seen: Ctrl-C is raised instead.
        Ended::Stopped => PyValueError::new_err("stopped"),
    })
}

/// Why samples are not drawn.
enum Ended {
    Failed(EvalError),
    Stopped,
}

impl From<EvalError> for Ended {
    fn from(error: EvalError) -> Self {
        Self::Failed(error)
    }
}
