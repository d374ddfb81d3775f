//! What a form for drawing from a model has to know.

use ancestral::sampler::SamplerInfo;
use ancestral::{AnySampler, AnySpacing, Sampler as _, Variance};
use ancestral_data::{Column, ColumnKind, KindSchema};
use ancestral_format::Labels;
use serde::Serialize;

use crate::model::{Classes, Model};
use crate::noise_source::NoiseSource;

/// What a form for drawing from a model has to know: its samples, its defaults, and the choices that there are.
/// It serialises to the JSON that clients of the server and of WebAssembly get.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Facts {
    /// `pictures`, `points` of the plane, or rows of a `table`.
    pub kind: &'static str,
    /// Shape of one sample; empty if the size of pictures is not known.
    pub shape: Vec<usize>,
    /// `WIDTHxHEIGHT` of pictures.
    pub size: Option<String>,
    /// The columns of points and tables.
    pub columns: Option<Vec<ColumnFacts>>,
    /// The names of the classes, if one can be chosen by its name.
    pub classes: Option<Vec<String>>,
    /// Whether "none" is a class, as guidance needs it.
    pub has_none_class: bool,
    /// Whether a class has to be chosen.
    pub must_choose_class: bool,
    /// Timesteps of the schedule.
    pub timesteps: usize,
    /// SHA-256 of the weights, as a safetensors file.
    pub weights_sha256: String,
    /// What the model leaves to be said.
    pub defaults: DefaultFacts,
    /// All samplers.
    pub samplers: Vec<SamplerFacts>,
    /// All spacings.
    pub spacings: Vec<&'static str>,
    /// All variances of ancestral hops.
    pub variances: &'static [&'static str],
    /// All sources of noise.
    pub noise_sources: [&'static str; 3],
}

/// A column of points or a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ColumnFacts {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: KindSchema,
    /// The values of a category.
    pub values: Option<Vec<String>>,
    /// The mean of numbers,
    pub mean: Option<f64>,
    /// and their standard deviation.
    pub deviation: Option<f64>,
}

/// What is drawn where settings are left open.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DefaultFacts {
    /// Samples.
    pub count: usize,
    /// Hops.
    pub steps: usize,
    /// The sampler, with its options.
    pub sampler: String,
    /// How steps are spaced.
    pub spacing: &'static str,
    /// Whether clean estimates are clipped or thresholded.
    pub clip: bool,
    /// The variance of ancestral hops.
    pub variance: &'static str,
}

/// A sampler.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SamplerFacts {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Its order of convergence; 0 where more hops come no nearer.
    pub order: u32,
    /// Whether its steps draw noise.
    pub stochastic: bool,
    /// Network calls of a hop.
    pub calls_a_step: u32,
    /// Its options.
    pub options: Vec<OptionFacts>,
}

/// An option of a sampler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OptionFacts {
    /// Its name.
    pub name: &'static str,
    /// Its value where it is left open.
    pub default: &'static str,
    /// What it does.
    pub about: &'static str,
}

impl Facts {
    /// Those of a model.
    #[must_use]
    pub fn of(model: &Model) -> Self {
        let (scheduler, defaults) = (&model.folder().scheduler, model.defaults());
        let (classes, has_none_class, must_choose_class) = classes(model);
        let shape = model.shape().unwrap_or_default();
        let sources = [NoiseSource::Ancestral, NoiseSource::Torch, NoiseSource::TorchEach];
        Self {
            kind: match model.columns() {
                None => "pictures",
                Some(columns) if columns.are_plane() => "points",
                Some(_) => "table",
            },
            size: match shape[..] {
                [_, height, width] => Some(format!("{width}x{height}")),
                _ => None,
            },
            shape,
            columns: columns(model),
            classes,
            has_none_class,
            must_choose_class,
            timesteps: model.schedule().len(),
            weights_sha256: model.digest().to_owned(),
            defaults: DefaultFacts {
                count: defaults.count,
                steps: defaults.steps.min(model.schedule().len()),
                sampler: scheduler.sampler().to_string(),
                spacing: scheduler.grid().name(),
                clip: scheduler.clip_sample || scheduler.thresholding,
                variance: scheduler.variance().name(),
            },
            samplers: AnySampler::all().iter().map(|sampler| sampler.info().into()).collect(),
            spacings: AnySpacing::names(),
            variances: &Variance::NAMES,
            noise_sources: sources.map(NoiseSource::name),
        }
    }
}

impl From<SamplerInfo> for SamplerFacts {
    fn from(info: SamplerInfo) -> Self {
        let SamplerInfo { name, about, order, stochastic, calls_per_hop, options, .. } = info;
        let options = options.iter().map(|option| OptionFacts {
            name: option.name,
            default: option.default,
            about: option.about,
        });
        let (calls_a_step, options) = (calls_per_hop, options.collect());
        Self { name, about, order, stochastic, calls_a_step, options }
    }
}

/// Names of the classes, whether "none" is one of the choices, and whether one has to be chosen.
fn classes(model: &Model) -> (Option<Vec<String>>, bool, bool) {
    let null = model.classes().null();
    match model.classes() {
        Classes::Named { names, .. } => (Some(names.clone()), null.is_some(), null.is_none()),
        Classes::Numbered { count } => {
            (Some((0..*count).map(|label| label.to_string()).collect()), false, true)
        }
        Classes::None => (None, false, false),
        Classes::Numbers | Classes::Vectors => {
            (None, false, !matches!(model.folder().network.labels(), Labels::None))
        }
    }
}

fn columns(model: &Model) -> Option<Vec<ColumnFacts>> {
    let columns = model.columns()?;
    let facts = |(column, kind): (&Column, KindSchema)| {
        let values = match column.kind() {
            ColumnKind::Category(category) => Some(category.labels().to_vec()),
            ColumnKind::Number(_) | ColumnKind::Date(_) | ColumnKind::Constant(_) => None,
        };
        // Where it is a line of numbers.
        let at = |place: f32| column.decode_loosely(&vec![place; column.width()]);
        let (mean, above) = (at(0.0), at(1.0));
        ColumnFacts {
            name: column.name().to_owned(),
            kind,
            values,
            mean,
            deviation: above.zip(mean).map(|(above, mean)| above - mean),
        }
    };
    let kinds = columns.schema().columns.into_iter().map(|schema| schema.kind);
    Some(std::iter::zip(columns.as_slice(), kinds).map(facts).collect())
}
