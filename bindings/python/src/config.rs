//! The noise schedule and the reverse process of a model whose network is elsewhere.

use ancestral::Prediction;
use ancestral_format::SchedulerConfig;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::errors::invalid;
use crate::schedule::Schedule;

/// The config of a scheduler, with the key names of diffusers.
#[pyclass(frozen, module = "ancestral._ancestral")]
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) config: SchedulerConfig,
    /// Whether it was made elsewhere, so that differences to diffusers are worth a word.
    pub(crate) is_imported: bool,
    /// What is worth a word about the keys.
    #[pyo3(get)]
    notices: Vec<(&'static str, String)>,
}

#[pymethods]
impl Config {
    /// That of a schedule, and of a network trained on it.
    #[new]
    #[pyo3(signature = (schedule, prediction, clip))]
    fn new(schedule: &Bound<'_, PyAny>, prediction: &str, clip: bool) -> PyResult<Self> {
        let prediction = prediction_of(prediction)?;
        let schedule: PyRef<'_, Schedule> = schedule.extract().map_err(|_| {
            PyTypeError::new_err("schedule: expected the name of a schedule, or a Schedule")
        })?;
        let mut config = schedule.config(prediction)?;
        config.clip_sample = clip;
        Ok(Self { config, is_imported: false, notices: Vec::new() })
    }

    /// The config in a `scheduler_config.json` of diffusers.
    #[staticmethod]
    fn from_json(json: &str) -> PyResult<Self> {
        let read = SchedulerConfig::from_json(json.as_bytes());
        let read = read.map_err(|error| PyValueError::new_err(format!("config: {error}")))?;
        let unknown = read.unknown.iter().map(|key| {
            ("note", format!("config: the key {key:?} is not known here, and is ignored"))
        });
        Ok(Self { notices: unknown.collect(), config: read.config, is_imported: true })
    }

    /// As the text of a `scheduler_config.json`.
    fn json(&self) -> String {
        self.config.to_json()
    }

    /// The sampler of ours for it, with its options.
    #[getter]
    fn sampler(&self) -> String {
        self.config.sampler().to_string()
    }

    /// The noise levels.
    #[getter]
    fn schedule(&self) -> PyResult<Schedule> {
        Ok(self.config.schedule().map_err(|error| invalid(&error))?.into())
    }

    /// What the network predicts.
    #[getter]
    fn prediction(&self) -> &'static str {
        name_of(self.config.prediction())
    }
}

/// What a network predicts, as it is written in Python.
fn name_of(prediction: Prediction) -> &'static str {
    match prediction {
        Prediction::Epsilon => "epsilon",
        Prediction::X0 => "x0",
        Prediction::V => "v",
    }
}

/// The prediction of that name.
pub fn prediction_of(name: &str) -> PyResult<Prediction> {
    Prediction::ALL.into_iter().find(|known| name_of(*known) == name).ok_or_else(|| {
        PyValueError::new_err(format!("prediction {name:?}: expected epsilon, x0 or v"))
    })
}
