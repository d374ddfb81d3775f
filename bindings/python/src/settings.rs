//! The settings of drawing samples, from keywords.

use ancestral_data::{NumberKind, Numbers};
use ancestral_pipeline::{
    Compat, Given, Model, NoiseSource, RowsError, Setting, Settings as Drawing,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyString};

use crate::arrays::numbers;
use crate::errors::{RESERVED, spelled};
use crate::keywords::{Keywords, Value, read};

/// Names of diffusers for settings of ours.
const ALIASES: [(&str, &str); 5] = [
    ("count", "batch_size"),
    ("steps", "num_inference_steps"),
    ("visit", "timesteps"),
    ("guidance", "guidance_scale"),
    ("class", "class_labels"),
];

/// The settings that a model is opened with, which are no keywords of drawing.
const OPENING: [Setting; 5] =
    [Setting::Variant, Setting::Size, Setting::Device, Setting::Precision, Setting::Threads];

/// What is given of samples beside `inpaint`.
const MASK: &str = "mask";

/// What is to be drawn, and how.
#[pyclass(frozen, module = "ancestral._ancestral")]
#[derive(Debug)]
pub struct Settings {
    settings: Drawing,
    init: Option<Numbers>,
    from: Option<Numbers>,
    given: Option<Numbers>,
    inpaint: Option<Numbers>,
    mask: Option<Numbers>,
    /// The settings that were given by another name.
    pub(crate) names: Vec<(&'static str, &'static str)>,
}

/// The names of all keywords of [`Settings`]; those of diffusers last.
#[pyfunction]
pub fn settings_of_drawing() -> Vec<&'static str> {
    let own = Setting::ALL.iter().filter(|setting| !OPENING.contains(setting));
    let own = own.map(|setting| keyword(setting.name()));
    own.chain([MASK]).chain(ALIASES.map(|(_, alias)| alias)).collect()
}

/// The keyword of a setting.
fn keyword(setting: &'static str) -> &'static str {
    let reserved = RESERVED.iter().find(|(name, _)| *name == setting);
    reserved.map_or(setting, |(_, keyword)| keyword)
}

/// Keywords of settings, by our names or those of diffusers.
struct Taken<'py> {
    keywords: Keywords<'py>,
    names: Vec<(&'static str, &'static str)>,
}

impl<'py> Taken<'py> {
    fn any(&mut self, setting: Setting) -> PyResult<Option<(&'static str, Bound<'py, PyAny>)>> {
        let name = keyword(setting.name());
        let own = self.keywords.any(name)?.map(|value| (name, value));
        let Some((_, alias)) = ALIASES.iter().find(|(known, _)| *known == setting.name()) else {
            return Ok(own);
        };
        match (own, self.keywords.any(alias)?) {
            (Some(_), Some(_)) => {
                Err(PyTypeError::new_err(format!("{alias}: not together with {name}")))
            }
            (None, Some(value)) => {
                self.names.push((setting.name(), *alias));
                Ok(Some((*alias, value)))
            }
            (own, None) => Ok(own),
        }
    }

    fn take<T: Value>(&mut self, setting: Setting) -> PyResult<Option<T>> {
        self.any(setting)?.map(|(name, value)| read(name, &value)).transpose()
    }

    fn array(&mut self, setting: Setting) -> PyResult<Option<Numbers>> {
        self.any(setting)?.map(|(name, value)| numbers(name, &value)).transpose()
    }
}

#[pymethods]
impl Settings {
    #[new]
    #[pyo3(signature = (**keywords))]
    fn new(py: Python<'_>, keywords: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let mut taken = Taken { keywords: Keywords::new(py, keywords)?, names: Vec::new() };
        let mut settings = Drawing::new();
        settings.count = taken.take(Setting::Count)?;
        settings.first = taken.take(Setting::First)?.unwrap_or_default();
        settings.seed = taken.take(Setting::Seed)?.unwrap_or_default();
        settings.rng = noise_source(taken.take(Setting::Rng)?)?;
        settings.class = taken.any(Setting::Class)?.map(|(n, v)| class(n, &v)).transpose()?;
        settings.null_label = taken.take(Setting::NullLabel)?;
        settings.batch = taken.take(Setting::Batch)?;
        settings.sampler = taken.take(Setting::Sampler)?;
        settings.eta = taken.take(Setting::Eta)?;
        settings.variance = taken.take(Setting::Variance)?;
        settings.steps = taken.take(Setting::Steps)?;
        settings.calls = taken.take(Setting::Calls)?;
        settings.spacing = taken.take(Setting::Spacing)?;
        settings.visit = taken.take(Setting::Visit)?;
        settings.clip = taken.take(Setting::Clip)?;
        settings.compat = compat(taken.take(Setting::Compat)?)?;
        settings.guidance = taken.take(Setting::Guidance)?;
        settings.guidance_rescale = taken.take(Setting::GuidanceRescale)?;
        settings.guidance_interval = taken.take(Setting::GuidanceInterval)?;
        settings.strength = taken.take(Setting::Strength)?;
        settings.interpolate = taken.take(Setting::Interpolate)?;
        settings.snapshots = taken.take(Setting::Snapshots)?.unwrap_or_default();
        let init = taken.array(Setting::Init)?;
        let from = taken.array(Setting::From)?;
        let given = taken.array(Setting::Given)?;
        let inpaint = taken.array(Setting::Inpaint)?;
        let mask = taken.keywords.any(MASK)?.map(|value| numbers(MASK, &value)).transpose()?;
        if inpaint.is_some() != mask.is_some() {
            let (given, other) = if mask.is_some() { (MASK, "inpaint") } else { ("inpaint", MASK) };
            return Err(PyTypeError::new_err(format!("{given}: needs {other}")));
        }
        let Taken { keywords, names } = taken;
        keywords.finish(&settings_of_drawing())?;
        Ok(Self { settings, init, from, given, inpaint, mask, names })
    }
}

impl Settings {
    /// The settings for a model, whose samples say what arrays may be.
    pub fn of(&self, model: &Model) -> PyResult<Drawing> {
        self.of_rows(model, &|numbers| numbers.clone())
    }

    /// The same with arrays that are `shaped` as the model's samples first.
    pub fn of_rows(
        &self,
        model: &Model,
        shaped: &dyn Fn(&Numbers) -> Numbers,
    ) -> PyResult<Drawing> {
        let mut settings = self.settings.clone();
        let [init, from, inpaint, mask] = [&self.init, &self.from, &self.inpaint, &self.mask]
            .map(|array| array.as_ref().map(shaped));
        let refused = |setting: &str, error: RowsError| {
            let name = self.name_of(setting);
            PyValueError::new_err(spelled(&format!("{name}: {error}"), &self.names))
        };
        if let Some(init) = &init {
            if init.kind() != NumberKind::Reals {
                return Err(PyTypeError::new_err(
                    "init: whole numbers, expected noise as float32 or float64",
                ));
            }
            let rows = model.rows_of_array(init.shape(), init.values());
            settings.init = Some(rows.map_err(|error| refused("init", error))?);
        }
        if let Some(from) = &from {
            let rows = model.rows_of_array(from.shape(), &values("from_", from, model)?);
            settings.from = Some(rows.map_err(|error| refused("from", error))?);
        }
        if let Some(given) = &self.given {
            let given = shaped(given);
            let cells = model.given_of_cells(given.shape(), given.values());
            settings.given = Some(cells.map_err(|error| refused("given", error))?);
        }
        if let (Some(inpaint), Some(mask)) = (&inpaint, &mask) {
            let shares = model.mask_of_array(mask.shape(), &mask.of_mask());
            let shares = shares.map_err(|error| refused(MASK, error))?;
            let known = values("inpaint", inpaint, model)?;
            let given: Result<Given, _> = model.given_of_array(inpaint.shape(), &known, &shares);
            settings.inpaint = Some(given.map_err(|error| refused("inpaint", error))?);
        }
        Ok(settings)
    }

    /// Refuses another number of samples than there are rows.
    pub fn refuse_count(&self, rows: usize) -> PyResult<()> {
        match self.settings.count.filter(|count| *count != rows) {
            None => Ok(()),
            Some(count) => {
                let name = self.name_of("count");
                let text = format!("{name} {count}: expected {rows}, as the shape says");
                Err(PyValueError::new_err(text))
            }
        }
    }

    /// The keyword that a setting was given by.
    fn name_of<'a>(&self, setting: &'a str) -> &'a str {
        let names = self.names.iter().chain(RESERVED);
        let mut names = names.filter(|(name, _)| *name == setting);
        names.next().map_or(setting, |(_, keyword)| keyword)
    }
}

/// The values of an array: of pictures in model space, of points and tables as they are.
pub fn values(name: &str, numbers: &Numbers, model: &Model) -> PyResult<Vec<f64>> {
    if model.columns().is_some() {
        return Ok(numbers.values().to_vec());
    }
    numbers.of_pictures().ok_or_else(|| {
        PyTypeError::new_err(format!(
            "{name}: integers of unknown range, expected uint8 (0 to 255), or float32 (-1 to 1)"
        ))
    })
}

/// A class by its name or its number.
fn class(name: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    let is_one = value.is_instance_of::<PyString>() || value.is_instance_of::<PyInt>();
    // Whole numbers of NumPy are none of Python's.
    if is_one || value.hasattr("__index__")? {
        return Ok(value.str()?.to_string());
    }
    Err(PyTypeError::new_err(format!(
        "{name}: expected the name or the number of a class, found {}",
        value.repr()?
    )))
}

fn noise_source(name: Option<String>) -> PyResult<NoiseSource> {
    let Some(name) = name else { return Ok(NoiseSource::default()) };
    let all = [NoiseSource::Ancestral, NoiseSource::Torch, NoiseSource::TorchEach];
    all.into_iter().find(|source| source.name() == name).ok_or_else(|| {
        PyValueError::new_err(format!("rng {name:?}: expected ancestral, torch or torch-each"))
    })
}

fn compat(name: Option<String>) -> PyResult<Option<Compat>> {
    match name.as_deref() {
        None => Ok(None),
        Some("diffusers") => Ok(Some(Compat::Diffusers)),
        Some(name) => {
            Err(PyValueError::new_err(format!("compat {name:?}: expected \"diffusers\"")))
        }
    }
}
