//! What is counted, for Prometheus.

use std::time::Duration;

use ancestral::options::Options;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::job::Job;

/// The media type of the text.
pub(crate) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels<const N: usize> = [(&'static str, String); N];

/// What is counted. Labels are names of models and of samplers, ends and classes of status codes alone,
/// so there are never many.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    turns: Counter,
    rows: Histogram,
    turn_seconds: Histogram,
    wait_seconds: Histogram,
    queue: Gauge,
    kept_bytes: Gauge,
    connections: Gauge,
    refused: Counter,
    samples: Family<Labels<3>, Counter>,
    requests: Family<Labels<1>, Counter>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let metrics = Self {
            registry: Registry::with_prefix("ancestral"),
            turns: Counter::default(),
            rows: Histogram::new(exponential_buckets(1.0, 2.0, 11)),
            turn_seconds: Histogram::new(exponential_buckets(1e-4, 2.0, 16)),
            wait_seconds: Histogram::new(exponential_buckets(1e-4, 4.0, 10)),
            queue: Gauge::default(),
            kept_bytes: Gauge::default(),
            connections: Gauge::default(),
            refused: Counter::default(),
            samples: Family::default(),
            requests: Family::default(),
        };
        metrics.registered()
    }

    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register("turns", "Network calls", self.turns.clone());
        registry.register("rows", "Rows of a network call", self.rows.clone());
        let seconds = || Unit::Seconds;
        registry.register_with_unit(
            "turn",
            "Time of a network call",
            seconds(),
            self.turn_seconds.clone(),
        );
        registry.register_with_unit(
            "wait",
            "Time from acceptance to the first turn",
            seconds(),
            self.wait_seconds.clone(),
        );
        registry.register("waiting", "Requests that wait to be drawn", self.queue.clone());
        registry.register_with_unit(
            "kept",
            "Results that are kept",
            Unit::Bytes,
            self.kept_bytes.clone(),
        );
        registry.register("connections", "Open connections", self.connections.clone());
        registry.register("refused", "Requests refused by a full queue", self.refused.clone());
        registry.register("samples", "Requests for samples that ended", self.samples.clone());
        registry.register("responses", "Responses, by class of status", self.requests.clone());
        self
    }

    pub(crate) fn turn(&self, rows: usize, took: Duration) {
        self.turns.inc();
        self.rows.observe(rows as f64);
        self.turn_seconds.observe(took.as_secs_f64());
    }

    pub(crate) fn queue(&self, waiting: usize) {
        self.queue.set(i64::try_from(waiting).unwrap_or(i64::MAX));
    }

    pub(crate) fn kept(&self, bytes: usize) {
        self.kept_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    pub(crate) fn refused(&self) {
        self.refused.inc();
    }

    pub(crate) fn connections(&self, open: usize) {
        self.connections.set(i64::try_from(open).unwrap_or(i64::MAX));
    }

    pub(crate) fn responded(&self, status: u16) {
        let class = format!("{}xx", status.div_euclid(100));
        self.requests.get_or_create(&[("status", class)]).inc();
    }

    /// Counts a job that is over.
    pub(crate) fn ended(&self, job: &Job) {
        if let Some(waited) = job.waited() {
            self.wait_seconds.observe(waited);
        }
        // Without its options, of which there are endlessly many.
        let sampler = Options::split(&job.plan.sampler()).map(|(name, _)| name).unwrap_or_default();
        let labels = [
            ("model", job.offer.id().to_owned()),
            ("sampler", sampler),
            ("end", job.outcome().to_owned()),
        ];
        self.samples.get_or_create(&labels).inc();
    }

    /// The text for Prometheus.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
