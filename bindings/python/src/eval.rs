//! How good samples are, beside real data.

use std::path::PathBuf;

use ancestral_eval::{Features, Quality, QualityReport, Reference, Resize};
use ancestral_pipeline::{Batch, Settings as Drawing};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

use crate::arrays::{self, numbers};
use crate::errors::{measured, raised, spelled};
use crate::pipeline::Pipeline;
use crate::settings::{Settings, values};
use crate::threads::Threads;

/// Samples in a set, sets, and the radius of balls in neighbours, by default: as of the command.
const COUNT: usize = 1000;
const SETS: usize = 3;
const NEIGHBOURS: usize = 5;

/// Compares samples with real data: of a model, which are drawn, or of an array.
#[pyfunction]
#[pyo3(signature = (of, data, settings, *, count, sets, features, neighbours, training, tell))]
pub fn evaluate<'py>(
    py: Python<'py>,
    of: &Bound<'py, PyAny>,
    data: Option<&Bound<'py, PyAny>>,
    settings: &Settings,
    count: Option<usize>,
    sets: Option<usize>,
    features: &str,
    neighbours: Option<usize>,
    training: Option<&Bound<'py, PyAny>>,
    tell: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyDict>> {
    let features = match features {
        "values" => Features::Values,
        "small" => Features::Small(Box::default()),
        path => Features::inception(path.as_ref(), Resize::Clean)
            .map_err(|error| measured(&error, &[]))?,
    };
    let neighbours = neighbours.unwrap_or(NEIGHBOURS);
    let pipeline = of.extract::<PyRef<'_, Pipeline>>().ok();
    let threads = pipeline.as_ref().map_or_else(|| Threads::new(None), |one| Ok(one.threads))?;
    let (real, learned, drawn) = if let Some(pipeline) = pipeline {
        let real = rows("data", data, &pipeline, tell)?;
        let learned = training.map(|data| rows("training", Some(data), &pipeline, tell));
        let count = count.unwrap_or(COUNT.min(real.rows().div_ceil(2)));
        let drawing = settings.of(pipeline.pipeline.model())?.count(count);
        let sets = sets.unwrap_or(SETS);
        (real, learned.transpose()?, drawn(py, &pipeline, settings, &drawing, sets)?)
    } else {
        let Some(data) = data else {
            return Err(PyTypeError::new_err("data: needed to compare samples with"));
        };
        let real = arrays::batch("data", data)?;
        let learned = training.map(|data| arrays::batch("training", data)).transpose()?;
        let samples = arrays::batch("samples", of)?;
        for (name, other) in [("samples", Some(&samples)), ("training", learned.as_ref())] {
            if let Some(other) = other.filter(|other| other.row_shape() != real.row_shape()) {
                let (found, expected) = (other.row_shape(), real.row_shape());
                let text = format!("{name}: rows of {found:?}, expected {expected:?} as of data");
                return Err(PyValueError::new_err(text));
            }
        }
        (real, learned, vec![samples])
    };
    if !matches!(features, Features::Values) && real.row_shape().len() != 3 {
        let text = format!("features: rows of {:?} are not pictures", real.row_shape());
        return Err(PyValueError::new_err(text));
    }
    let report = threads.run(py, || {
        let quality = Quality::new(real, drawn[0].rows(), &features, neighbours)?;
        let quality = match learned {
            Some(learned) => quality.with_training(learned),
            None => quality,
        };
        quality.compare(&drawn, &mut |_, _, _| ())
    })?;
    let report = report.map_err(|error| measured(&error, &settings.names))?;
    for warning in &report.warnings {
        tell.call1(("warning", spelled(warning, &[])))?;
    }
    as_dict(py, &report)
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
    sets: usize,
) -> PyResult<Vec<Batch>> {
    let failed = |error| raised(&error, &settings.names);
    if sets == 0 {
        return Err(PyValueError::new_err("sets 0: expected at least 1"));
    }
    let mut drawn = Vec::new();
    for set in 0..sets as u64 {
        let drawing = drawing.clone().seed(drawing.seed.saturating_add(set));
        let mut steps = pipeline.pipeline.steps(&drawing).map_err(failed)?;
        while let Some(step) = pipeline.threads.run(py, || steps.next())? {
            step.map_err(failed)?;
            py.check_signals()?;
        }
        let found: Vec<Batch> = steps.finished().into_iter().map(|samples| samples.x).collect();
        drawn.push(Batch::stack(&found));
    }
    Ok(drawn)
}

fn as_dict<'py>(py: Python<'py>, report: &QualityReport) -> PyResult<Bound<'py, PyDict>> {
    let measures = PyList::empty(py);
    for measure in &report.measures {
        let found = PyDict::new(py);
        found.set_item("name", measure.name)?;
        found.set_item("best", measure.best)?;
        found.set_item("value", measure.value)?;
        found.set_item("standard_error", measure.standard_error)?;
        found.set_item("floor", measure.floor)?;
        measures.append(found)?;
    }
    let dict = PyDict::new(py);
    dict.set_item("features", &report.features)?;
    dict.set_item("sets", report.sets)?;
    dict.set_item("samples", report.samples)?;
    dict.set_item("real", report.real)?;
    dict.set_item("measures", measures)?;
    Ok(dict)
}
