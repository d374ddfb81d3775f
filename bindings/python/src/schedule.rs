//! Schedules and grids as arrays.

use ancestral::grid::Grid as Points;
use ancestral::schedule::Schedule as Levels;
use ancestral::{AnySampler, AnySchedule, AnySpacing, Batch, Prediction, Sampler as _};
use ancestral::{Level, Spacing, Variance};
use ancestral_format::SchedulerConfig;
use numpy::{PyArray1, PyArrayDyn};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::{self, line, numbers};
use crate::config::prediction_of;
use crate::errors::invalid;

/// Where the levels of a schedule are from.
#[derive(Clone, Debug)]
enum Origin {
    Family(AnySchedule),
    Betas(Vec<f64>),
}

/// The noise levels of the training timesteps, the cleanest first.
#[pyclass(frozen, module = "ancestral._ancestral")]
#[derive(Clone, Debug)]
pub struct Schedule {
    pub(crate) schedule: Levels,
    origin: Origin,
    is_rescaled: bool,
}

impl From<Levels> for Schedule {
    fn from(schedule: Levels) -> Self {
        let betas = (0..schedule.len()).map(|timestep| schedule.beta(timestep)).collect();
        Self { schedule, origin: Origin::Betas(betas), is_rescaled: false }
    }
}

impl Schedule {
    /// The config of a network trained on it.
    pub fn config(&self, prediction: Prediction) -> PyResult<SchedulerConfig> {
        let config = match &self.origin {
            Origin::Family(family) => SchedulerConfig::of(
                family,
                self.schedule.len(),
                prediction,
                Variance::FixedSmall,
                Spacing::Trailing,
            ),
            Origin::Betas(betas) => Ok(SchedulerConfig {
                num_train_timesteps: betas.len(),
                prediction_type: prediction.into(),
                timestep_spacing: ancestral_format::TimestepSpacing::Trailing,
                trained_betas: Some(betas.clone()),
                ..SchedulerConfig::default()
            }),
        };
        let mut config = config.map_err(|error| invalid(&error))?;
        config.rescale_betas_zero_snr = self.is_rescaled;
        Ok(config)
    }

    fn of_levels<'py>(
        &self,
        py: Python<'py>,
        value: impl Fn(Level) -> f64,
    ) -> Bound<'py, PyArray1<f64>> {
        line(py, self.schedule.levels().iter().map(|level| value(*level)).collect())
    }

    /// The level of each of these timesteps.
    fn levels_of(&self, timesteps: &[i64]) -> PyResult<Vec<Level>> {
        let total = self.schedule.len();
        let level = |timestep: &i64| {
            let known = usize::try_from(*timestep).ok().filter(|timestep| *timestep < total);
            known.map(|timestep| self.schedule.level(timestep)).ok_or_else(|| {
                let text = format!("timesteps: {timestep} is outside 0..{total} of the schedule");
                PyValueError::new_err(text)
            })
        };
        timesteps.iter().map(level).collect()
    }

    /// Sums of two arrays of rows, with weights by the level of each row.
    fn weighted<'py>(
        &self,
        py: Python<'py>,
        [(first, a), (second, b)]: [(&str, &Bound<'py, PyAny>); 2],
        timesteps: &[i64],
        weights: impl Fn(Level) -> (f64, f64),
    ) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        use ancestral::Sample as _;
        let (x, y) = (arrays::batch(first, a)?, arrays::batch(second, b)?);
        let shape: Vec<usize> = a.getattr("shape")?.extract()?;
        if x.rows() != y.rows() || x.row_shape() != y.row_shape() {
            let text = format!(
                "{second}: {} rows of {:?}, expected {} of {:?} as {first} has",
                y.rows(),
                y.row_shape(),
                x.rows(),
                x.row_shape()
            );
            return Err(PyValueError::new_err(text));
        }
        let levels = self.levels_of(timesteps)?;
        if levels.len() != 1 && levels.len() != x.rows() {
            let (found, rows) = (levels.len(), x.rows());
            let text = format!("timesteps: {found} values, expected 1 or {rows}, one a row");
            return Err(PyValueError::new_err(text));
        }
        let rows = (0..x.rows()).map(|row| {
            let (on_x, on_y) = weights(levels[if levels.len() == 1 { 0 } else { row }]);
            Batch::combine(&[(on_x, &x.slice(row..row + 1)), (on_y, &y.slice(row..row + 1))])
        });
        let rows = Batch::stack(&rows.collect::<Vec<_>>());
        arrays::shaped(py, &shape, rows.into_data())
    }
}

#[pymethods]
impl Schedule {
    /// The schedule of a name, perhaps with options, such as `cosine` or `linear:start=0.0001,end=0.02`.
    #[new]
    #[pyo3(signature = (name = "linear", timesteps = 1000, *, zero_snr = false))]
    fn new(name: &str, timesteps: usize, zero_snr: bool) -> PyResult<Self> {
        let family = AnySchedule::parse(name, timesteps);
        let family = family.map_err(|error| PyValueError::new_err(format!("schedule: {error}")))?;
        let schedule = family.schedule(timesteps);
        let schedule =
            schedule.map_err(|error| PyValueError::new_err(format!("schedule: {error}")))?;
        Self { schedule, origin: Origin::Family(family), is_rescaled: false }.rescaled(zero_snr)
    }

    /// The schedule of these betas.
    #[staticmethod]
    #[pyo3(signature = (betas, *, zero_snr = false))]
    fn from_betas(betas: &Bound<'_, PyAny>, zero_snr: bool) -> PyResult<Self> {
        let betas = numbers("betas", betas)?.into_parts().1;
        let schedule = Levels::from_betas(&betas);
        let schedule =
            schedule.map_err(|error| PyValueError::new_err(format!("betas: {error}")))?;
        Self { schedule, origin: Origin::Betas(betas), is_rescaled: false }.rescaled(zero_snr)
    }

    /// The beta of each timestep.
    #[getter]
    fn betas<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        line(py, (0..self.schedule.len()).map(|timestep| self.schedule.beta(timestep)).collect())
    }

    /// alpha_bar of each timestep.
    #[getter]
    fn alpha_bar<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.of_levels(py, Level::alpha_bar)
    }

    /// The signal scale, the root of alpha_bar.
    #[getter]
    fn alpha<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.of_levels(py, Level::alpha)
    }

    /// The noise scale.
    #[getter]
    fn sigma<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.of_levels(py, Level::sigma)
    }

    /// Half the logarithm of the signal-to-noise ratio, ln(alpha/sigma).
    #[getter]
    fn lambdas<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.of_levels(py, Level::lambda)
    }

    /// The signal-to-noise ratio.
    #[getter]
    fn snr<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.of_levels(py, Level::snr)
    }

    fn __len__(&self) -> usize {
        self.schedule.len()
    }

    fn __repr__(&self) -> String {
        let snr = if self.is_rescaled { ", zero_snr=True" } else { "" };
        match &self.origin {
            Origin::Family(family) => {
                format!("Schedule({:?}, {}{snr})", family.to_string(), self.schedule.len())
            }
            Origin::Betas(betas) => format!("Schedule.from_betas({} betas{snr})", betas.len()),
        }
    }

    /// The points that a run of so many steps visits.
    #[pyo3(signature = (steps, spacing = "trailing"))]
    fn grid(&self, steps: usize, spacing: &str) -> PyResult<Grid> {
        let spacing = spacing
            .parse::<AnySpacing>()
            .map_err(|error| PyValueError::new_err(format!("spacing: {error}")))?;
        let grid = Points::new(&self.schedule, spacing, steps);
        Ok(Grid(grid.map_err(|error| PyValueError::new_err(format!("steps: {error}")))?))
    }

    /// Data brought to the noise level of timesteps: one for all rows, or one a row.
    fn noised<'py>(
        &self,
        py: Python<'py>,
        x0: &Bound<'py, PyAny>,
        noise: &Bound<'py, PyAny>,
        timesteps: Vec<i64>,
    ) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        let weights = |level: Level| (level.alpha(), level.sigma());
        self.weighted(py, [("x0", x0), ("noise", noise)], &timesteps, weights)
    }

    /// What a network is to predict there, of the data and the noise.
    fn target<'py>(
        &self,
        py: Python<'py>,
        prediction: &str,
        x0: &Bound<'py, PyAny>,
        noise: &Bound<'py, PyAny>,
        timesteps: Vec<i64>,
    ) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        let prediction = prediction_of(prediction)?;
        let weights = |level: Level| prediction.target(level);
        self.weighted(py, [("x0", x0), ("noise", noise)], &timesteps, weights)
    }
}

impl Schedule {
    fn rescaled(self, zero_snr: bool) -> PyResult<Self> {
        if !zero_snr {
            return Ok(self);
        }
        let schedule = self.schedule.rescale_zero_terminal_snr();
        let schedule =
            schedule.map_err(|error| PyValueError::new_err(format!("zero_snr: {error}")))?;
        Ok(Self { schedule, is_rescaled: true, ..self })
    }
}

/// The points that a run visits, the noisiest first; clean data is not among them.
#[pyclass(frozen, module = "ancestral._ancestral")]
#[derive(Clone, Debug)]
pub struct Grid(pub Points);

impl Grid {
    fn of_levels<'py>(
        &self,
        py: Python<'py>,
        value: impl Fn(Level) -> f64,
    ) -> Bound<'py, PyArray1<f64>> {
        line(py, self.0.points().iter().map(|point| value(point.level)).collect())
    }
}

#[pymethods]
impl Grid {
    /// The timestep of each point; of points between two trained ones it is a fraction.
    #[getter]
    fn timesteps<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        let timesteps = self.0.points().iter().map(|point| point.timestep.unwrap_or(f64::NAN));
        line(py, timesteps.collect())
    }

    /// The signal scale of each point.
    #[getter]
    fn alpha<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.of_levels(py, Level::alpha)
    }

    /// The noise scale of each point.
    #[getter]
    fn sigma<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.of_levels(py, Level::sigma)
    }

    /// ln(alpha/sigma) of each point.
    #[getter]
    fn lambdas<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.of_levels(py, Level::lambda)
    }

    fn __len__(&self) -> usize {
        self.0.points().len()
    }
}

/// The names of all samplers, and what they are.
#[pyfunction]
pub fn samplers() -> Vec<(&'static str, &'static str)> {
    AnySampler::all().iter().map(|sampler| (sampler.info().name, sampler.info().about)).collect()
}

/// The names of all schedules, and what they are.
#[pyfunction]
pub fn schedules() -> Vec<(&'static str, &'static str)> {
    AnySchedule::all().iter().map(|family| (family.info().name, family.info().about)).collect()
}

/// The names of all spacings.
#[pyfunction]
pub fn spacings() -> Vec<&'static str> {
    AnySpacing::names()
}
