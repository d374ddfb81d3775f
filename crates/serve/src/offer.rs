//! The models that a server offers, and what clients should know of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ancestral_data::Channels;
use ancestral_pipeline::{Facts, Format, Model, Pipeline};
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
        let mut facts = json!(Facts::of(self.model()));
        for (key, value) in [
            ("id", json!(self.id)),
            ("object", json!("model")),
            ("created", json!(created)),
            ("owned_by", json!("ancestral")),
            (
                "limits",
                json!({
                    "count": limits.count,
                    "steps": limits.steps,
                    "previews": limits.previews,
                    "snapshots": limits.previews,
                    "body_bytes": limits.body,
                }),
            ),
        ] {
            facts[key] = value;
        }
        for (key, most) in [("count", limits.count), ("steps", limits.steps)] {
            let usual = &mut facts["defaults"][key];
            *usual = json!(usual.as_u64().map(|usual| usual.min(most as u64)));
        }
        facts
    }
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
