//! The models that a server offers, and what clients should know of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ancestral::sampler::SamplerInfo;
use ancestral::{AnySampler, AnySpacing, Sampler, Variance};
use ancestral_data::{Channels, Column, ColumnKind, ColumnSchema};
use ancestral_format::Labels;
use ancestral_pipeline::{Classes, Format, Model, NoiseSource, Pipeline};
use serde_json::{Value, json};

use crate::form::Form;
use crate::limits::Limits;

/// A model that a server offers.
#[derive(Debug)]
pub struct Offer {
    id: String,
    argument: Option<String>,
    pub(crate) pipeline: Pipeline,
    pace: Pace,
}

impl Offer {
    /// A model under the name `id`. `argument` is what the command line calls it, for the command that
    /// draws the same samples; `None` if it has no name there.
    #[must_use]
    pub fn new(id: impl Into<String>, argument: Option<String>, pipeline: Pipeline) -> Self {
        Self { id: id.into(), argument, pipeline, pace: Pace::default() }
    }

    /// Its name in requests.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn argument(&self) -> Option<&str> {
        self.argument.as_deref()
    }

    pub(crate) fn model(&self) -> &Model {
        self.pipeline.model()
    }

    pub(crate) fn pace(&self) -> &Pace {
        &self.pace
    }

    /// Whether its samples are pictures that a PNG can show.
    pub(crate) fn are_pictures(&self) -> bool {
        let channels =
            || self.model().shape().ok().and_then(|shape| Channels::from_count(shape[0]));
        self.model().columns().is_none() && channels().is_some()
    }

    /// The file that people expect of its samples.
    pub(crate) fn form(&self) -> Form {
        Form::File(match self.model().columns() {
            None if self.are_pictures() => Format::Png,
            None => Format::Npy,
            Some(columns) if columns.are_plane() => Format::Png,
            Some(_) => Format::Csv,
        })
    }

    /// `WIDTHxHEIGHT` of its pictures.
    pub(crate) fn size(&self) -> Option<String> {
        match self.model().shape().ok()?[..] {
            [_, height, width] => Some(format!("{width}x{height}")),
            _ => None,
        }
    }

    /// What a client should know of it.
    pub(crate) fn facts(&self, created: u64, limits: &Limits) -> Value {
        let model = self.model();
        let (scheduler, defaults) = (&model.folder().scheduler, model.defaults());
        let kind = match model.columns() {
            None => "pictures",
            Some(columns) if columns.are_plane() => "points",
            Some(_) => "table",
        };
        let (classes, has_none, must_choose) = classes(model);
        let sources = [NoiseSource::Ancestral, NoiseSource::Torch, NoiseSource::TorchEach];
        json!({
            "id": self.id,
            "object": "model",
            "created": created,
            "owned_by": "ancestral",
            "kind": kind,
            "shape": model.shape().unwrap_or_default(),
            "size": self.size(),
            "columns": columns(model),
            "classes": classes,
            "has_none_class": has_none,
            "must_choose_class": must_choose,
            "timesteps": model.schedule().len(),
            "weights_sha256": model.digest(),
            "defaults": {
                "count": defaults.count.min(limits.count),
                "steps": defaults.steps.min(model.schedule().len()).min(limits.steps),
                "sampler": scheduler.sampler().to_string(),
                "spacing": scheduler.grid().name(),
                "clip": scheduler.clip_sample || scheduler.thresholding,
                "variance": scheduler.variance().name(),
            },
            "limits": {
                "count": limits.count,
                "steps": limits.steps,
                "previews": limits.previews,
                "snapshots": limits.previews,
                "body_bytes": limits.body,
            },
            "samplers": AnySampler::all().iter().map(sampler).collect::<Vec<_>>(),
            "spacings": AnySpacing::names(),
            "variances": Variance::NAMES,
            "noise_sources": sources.map(NoiseSource::name),
        })
    }
}

fn sampler(sampler: &AnySampler) -> Value {
    let SamplerInfo { name, about, order, stochastic, calls_per_hop, options, .. } = sampler.info();
    let option = |option: &ancestral::options::OptionInfo| json!({"name": option.name, "default": option.default, "about": option.about});
    json!({
        "name": name,
        "about": about,
        "order": order,
        "stochastic": stochastic,
        "calls_a_step": calls_per_hop,
        "options": options.iter().map(option).collect::<Vec<_>>(),
    })
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
        Classes::Numbers | Classes::Vectors | _ => {
            (None, false, !matches!(model.folder().network.labels(), Labels::None))
        }
    }
}

fn columns(model: &Model) -> Option<Vec<Value>> {
    let columns = model.columns()?;
    let column = |(column, schema): (&Column, ColumnSchema)| {
        let values = match column.kind() {
            ColumnKind::Category(category) => Some(category.labels()),
            ColumnKind::Number(_) | ColumnKind::Date(_) | ColumnKind::Constant(_) => None,
        };
        // Where it is a line of numbers.
        let at = |place: f32| column.decode_loosely(&vec![place; column.width()]);
        let (mean, above) = (at(0.0), at(1.0));
        json!({
            "name": schema.name,
            "kind": schema.kind,
            "values": values,
            "mean": mean,
            "deviation": above.zip(mean).map(|(above, mean)| above - mean),
        })
    };
    let schemas = columns.schema().columns;
    Some(std::iter::zip(columns.as_slice(), schemas).map(column).collect())
}

/// How long a row of a network call takes, as turns so far say it.
#[derive(Debug, Default)]
pub(crate) struct Pace(AtomicU64);

impl Pace {
    /// What a row is taken to cost before the first turn.
    const FIRST: f64 = 1e-3;

    /// Seconds a row.
    pub(crate) fn seconds(&self) -> f64 {
        match self.0.load(Ordering::Relaxed) {
            0 => Self::FIRST,
            bits => f64::from_bits(bits),
        }
    }

    /// Learns from a turn. The last ten or so count.
    pub(crate) fn learn(&self, rows: usize, took: Duration) {
        let found = took.as_secs_f64() / rows.max(1) as f64;
        let known = self.0.load(Ordering::Relaxed) != 0;
        let new = if known { 0.9 * self.seconds() + 0.1 * found } else { found };
        self.0.store(new.max(f64::MIN_POSITIVE).to_bits(), Ordering::Relaxed);
    }
}
