//! Data whose clean estimate has a closed form.

use ancestral::exact::{Component, Gaussian as Normal, Mixture as Components, reference_mixture};
use ancestral::level::LevelError;
use ancestral::{AnySampler, Batch, Denoiser, Level, Point, SampleNoise, Sampler as _};
use numpy::PyArrayDyn;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::{self, numbers};
use crate::errors::invalid;
use crate::schedule::Grid;
use crate::threads::Threads;

/// Data N(mean, std²), independent in every dimension.
#[pyclass(frozen, module = "ancestral._ancestral")]
#[derive(Clone, Debug)]
pub struct Gaussian(Normal);

/// A mixture of isotropic Gaussians; with all standard deviations 0, a finite set.
#[pyclass(frozen, module = "ancestral._ancestral")]
#[derive(Clone, Debug)]
pub struct Mixture(Components);

/// What of a run an exact denoiser makes.
struct Run<'a> {
    shape: &'a [usize],
    grid: &'a Grid,
    sampler: &'a str,
    seed: u64,
    first: u64,
}

impl Run<'_> {
    /// The samples that a denoiser leads to, in f64.
    fn of<D>(&self, py: Python<'_>, mut denoiser: D) -> PyResult<Batch<f64>>
    where
        D: Denoiser<Batch<f64>, Error = std::convert::Infallible> + Send,
    {
        use ancestral::Noise as _;
        let sampler = self
            .sampler
            .parse::<AnySampler>()
            .map_err(|error| PyValueError::new_err(format!("sampler: {error}")))?;
        let Some((&rows, row)) = self.shape.split_first().filter(|_| !self.shape.contains(&0))
        else {
            let text = format!("shape {:?}: expected lengths of at least 1", self.shape);
            return Err(PyValueError::new_err(text));
        };
        let indices = self.first..self.first.saturating_add(rows as u64);
        let row = if row.is_empty() { vec![1] } else { row.to_vec() };
        let grid = &self.grid.0;
        Threads::new(None)?.run(py, || {
            let mut noise = SampleNoise::new(self.seed, indices);
            let mut x = noise.draw(&Batch::zeros(rows, row));
            for step in sampler.run(grid, x.clone(), &mut denoiser, &mut noise) {
                let Ok(step) = step;
                x = step.x;
            }
            x
        })
    }
}

/// Rows of float64 of an array `[n, …]`.
fn rows(x: &Bound<'_, PyAny>) -> PyResult<(Vec<usize>, Batch<f64>)> {
    let (shape, values) = numbers("x", x)?.into_parts();
    let row = shape.get(1..).unwrap_or_default().to_vec();
    if values.is_empty() || shape.is_empty() {
        return Err(PyValueError::new_err(format!("x: shape {shape:?}, expected rows")));
    }
    let row = if row.is_empty() { vec![1] } else { row };
    Ok((shape, Batch::new(row, values)))
}

fn point(lambda: f64) -> PyResult<Point> {
    let level = Level::from_lambda(lambda);
    let level = level.map_err(|error: LevelError| invalid(&error))?;
    Ok(Point::off_grid(level))
}

type Doubles<'py> = Bound<'py, PyArrayDyn<f64>>;

fn denoised<'py, D>(
    py: Python<'py>,
    (shape, x): (Vec<usize>, &Batch<f64>),
    lambda: f64,
    mut denoiser: D,
) -> PyResult<Doubles<'py>>
where
    D: Denoiser<Batch<f64>, Error = std::convert::Infallible>,
{
    let Ok(found) = denoiser.denoise(x, point(lambda)?);
    arrays::shaped(py, &shape, found.x0.into_data())
}

#[pymethods]
impl Gaussian {
    /// With this mean and standard deviation in every dimension.
    #[new]
    #[pyo3(signature = (mean = 0.0, std = 1.0))]
    fn new(mean: f64, std: f64) -> PyResult<Self> {
        if !mean.is_finite() {
            return Err(PyValueError::new_err(format!("mean {mean}: expected a finite number")));
        }
        if !(std >= 0.0 && std.is_finite()) {
            return Err(PyValueError::new_err(format!("std {std}: expected 0 or more")));
        }
        Ok(Self(Normal { mean, std }))
    }

    /// The clean estimate of `x` at the noise level `lam` = ln(alpha/sigma).
    fn denoise<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        lam: f64,
    ) -> PyResult<Doubles<'py>> {
        let (shape, x) = rows(x)?;
        denoised(py, (shape, &x), lam, self.0)
    }

    /// Samples of a run over a grid.
    #[pyo3(signature = (shape, grid, sampler = "ddpm", *, seed = 0, first = 0))]
    fn sample<'py>(
        &self,
        py: Python<'py>,
        shape: Vec<usize>,
        grid: &Grid,
        sampler: &str,
        seed: u64,
        first: u64,
    ) -> PyResult<Doubles<'py>> {
        let run = Run { shape: &shape, grid, sampler, seed, first };
        let x = run.of(py, self.0)?;
        arrays::shaped(py, &shape, x.into_data())
    }

    /// Where the probability flow takes `x` from one timestep of a schedule to another, exactly.
    fn flow<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        lam_from: f64,
        lam_to: f64,
    ) -> PyResult<Doubles<'py>> {
        let (shape, x) = rows(x)?;
        let (from, to) = (point(lam_from)?.level, point(lam_to)?.level);
        let flown = x.data().iter().map(|x| self.0.flow(*x, from, to)).collect();
        arrays::shaped(py, &shape, flown)
    }

    fn __repr__(&self) -> String {
        format!("Gaussian({}, {})", self.0.mean, self.0.std)
    }
}

#[pymethods]
impl Mixture {
    /// Of components with these means `[k, d]`, standard deviations and weights.
    #[new]
    #[pyo3(signature = (means, stds, weights = None))]
    fn new(means: &Bound<'_, PyAny>, stds: Vec<f64>, weights: Option<Vec<f64>>) -> PyResult<Self> {
        let (shape, means) = numbers("means", means)?.into_parts();
        let &[count, dimensions] = &shape[..] else {
            let text = format!("means: shape {shape:?}, expected [components, dimensions]");
            return Err(PyValueError::new_err(text));
        };
        let weights = weights.unwrap_or_else(|| vec![1.0; count]);
        for (name, found) in [("stds", stds.len()), ("weights", weights.len())] {
            if found != count {
                let text = format!("{name}: {found} values, expected {count} as means has rows");
                return Err(PyValueError::new_err(text));
            }
        }
        let rows = means.chunks_exact(dimensions.max(1));
        let components = rows.zip(stds).zip(weights).map(|((mean, std), weight)| Component {
            weight,
            mean: mean.to_vec(),
            std,
        });
        Ok(Self(Components::new(components.collect()).map_err(|error| invalid(&error))?))
    }

    /// A finite set of rows, each as likely as any other.
    #[staticmethod]
    fn finite(rows: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (_, rows) = self::rows(rows)?;
        let row = vec![rows.row_len()];
        let rows = Batch::new(row, rows.into_data());
        Ok(Self(Components::data_set(&rows).map_err(|error| invalid(&error))?))
    }

    /// A mixture of the plane that samplers are compared on: `blobs` or `ring`.
    #[staticmethod]
    fn reference(name: &str) -> PyResult<Self> {
        reference_mixture(name).map(Self).ok_or_else(|| {
            let known = ancestral::exact::REFERENCE_MIXTURES.join(" or ");
            PyValueError::new_err(format!("name {name:?}: expected {known}"))
        })
    }

    /// The means of the components, `[k, d]`.
    #[getter]
    fn means<'py>(&self, py: Python<'py>) -> PyResult<Doubles<'py>> {
        let components = self.0.components();
        let values = components.iter().flat_map(|component| component.mean.clone()).collect();
        arrays::shaped(py, &[components.len(), components[0].mean.len()], values)
    }

    /// The clean estimate of rows `x` at the noise level `lam` = ln(alpha/sigma).
    fn denoise<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        lam: f64,
    ) -> PyResult<Doubles<'py>> {
        let (shape, x) = rows(x)?;
        self.check(x.row_len(), &shape)?;
        denoised(py, (shape, &x), lam, self.0.clone())
    }

    /// Samples of a run over a grid.
    #[pyo3(signature = (shape, grid, sampler = "ddpm", *, seed = 0, first = 0))]
    fn sample<'py>(
        &self,
        py: Python<'py>,
        shape: Vec<usize>,
        grid: &Grid,
        sampler: &str,
        seed: u64,
        first: u64,
    ) -> PyResult<Doubles<'py>> {
        self.check(shape.iter().skip(1).product(), &shape)?;
        let run = Run { shape: &shape, grid, sampler, seed, first };
        let x = run.of(py, self.0.clone())?;
        arrays::shaped(py, &shape, x.into_data())
    }

    fn __repr__(&self) -> String {
        let components = self.0.components();
        let dimensions = components[0].mean.len();
        format!("Mixture({} components, {dimensions} dimensions)", components.len())
    }
}

impl Mixture {
    fn check(&self, found: usize, shape: &[usize]) -> PyResult<()> {
        let expected = self.0.components()[0].mean.len();
        if found == expected {
            return Ok(());
        }
        let text = format!("shape {shape:?}: rows of {found} values, expected {expected}");
        Err(PyValueError::new_err(text))
    }
}
