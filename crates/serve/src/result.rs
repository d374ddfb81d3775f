//! Samples as clients get them.

use ancestral_data::{Column, GridLayout, Pictures, encode_png, grid};
use ancestral_pipeline::{Batch, Format, Samples, Show, View};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};
use std::num::NonZeroUsize;

use crate::job::{Job, Phase};
use crate::problem::{Problem, ProblemKind};

/// The bytes of a file of samples: those that the command line writes for the same settings.
pub(crate) fn file(
    job: &Job,
    samples: &Samples,
    format: Format,
    view: View,
) -> Result<Vec<u8>, Problem> {
    let has_metadata = format == Format::Png;
    let metadata = if has_metadata { job.plan.provenance_of_all() } else { Vec::new() };
    Show::of(job.plan.model())
        .encode(samples, format, view, &metadata)
        .map_err(|error| Problem::new(ProblemKind::NotAcceptable, error.to_string()))
}

/// The picture of one sample at its own size, as in the folders that the command line writes.
pub(crate) fn picture(job: &Job, samples: &Samples, row: usize) -> Option<Vec<u8>> {
    if !job.offer.are_pictures() {
        return None;
    }
    let pictures = Pictures::new(samples.x.data(), samples.x.row_shape()).ok()?;
    let index = samples.first + row as u64;
    encode_png(&pictures.raster(row), &job.plan.provenance_of(index)).ok()
}

/// Clean estimates side by side at their own size, without gaps.
pub(crate) fn strip(job: &Job, x0: &Batch) -> Option<Vec<u8>> {
    if !job.offer.are_pictures() {
        return None;
    }
    let pictures = Pictures::new(x0.data(), x0.row_shape()).ok()?;
    let one = NonZeroUsize::new(1);
    let layout = GridLayout { columns: NonZeroUsize::new(x0.rows()), scale: one, gap: 0 };
    encode_png(&grid(&pictures, &layout).ok()?, &[]).ok()
}

/// The rows of points and tables as the data have them, with the cells that were given.
pub(crate) fn rows(job: &Job, x: &Batch, given: &[Option<f64>]) -> Option<Value> {
    let columns = job.plan.model().columns()?;
    let values = columns.from_model_rows_with(x.data(), given);
    let row = |values: &[f64]| -> Value {
        columns.as_slice().iter().zip(values).map(|(column, value)| cell(column, *value)).collect()
    };
    Some(values.chunks(columns.len()).map(row).collect())
}

/// A cell: a number, a text, or null for a hole.
fn cell(column: &Column, value: f64) -> Value {
    match column.hole() {
        Some(_) if value.is_nan() => Value::Null,
        _ if column.is_numeric() => json!(value),
        _ => json!(column.text(value)),
    }
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// The name of the class of a sample.
pub(crate) fn class(job: &Job, settings_class: Option<&str>, index: u64) -> Option<String> {
    settings_class.or_else(|| job.plan.class(index)).map(str::to_owned)
}

/// What is known of a job whether it is done or not.
pub(crate) fn about(job: &Job) -> Map<String, Value> {
    let plan = &job.plan;
    let notices = plan.notices().iter().map(|notice| {
        let (kind, text) = match notice.kind {
            ancestral_pipeline::NoticeKind::Note => ("note", &notice.text),
            ancestral_pipeline::NoticeKind::Warning => ("warning", &notice.text),
        };
        json!({"kind": kind, "text": text})
    });
    let classes = plan.indices().map(|index| class(job, plan.settings().class.as_deref(), index));
    let again = job.again.as_ref();
    let Value::Object(fields) = json!({
        "id": job.id,
        "model": job.offer.id(),
        "seed": job.seed,
        "seed_text": job.seed.to_string(),
        "first": plan.indices().start,
        "count": plan.count(),
        "shape": plan.shape(),
        "sampler": plan.sampler(),
        "steps": plan.hops(),
        "calls": plan.calls(),
        "classes": classes.collect::<Vec<_>>(),
        "notices": notices.collect::<Vec<_>>(),
        "command": again.and_then(|again| again.command.clone()),
        "curl": again.map(|again| again.curl.clone()),
    }) else {
        return Map::new();
    };
    fields
}

/// Where files of a job are.
pub(crate) fn links(job: &Job) -> Value {
    let own = format!("/v1/samples/{}", job.id);
    let file = |name: &str| json!(format!("{own}/{name}"));
    let mut links = Map::from_iter([
        ("self".to_owned(), json!(own)),
        ("events".to_owned(), json!(own)),
        ("npy".to_owned(), file("samples.npy")),
        ("json".to_owned(), file("samples.json")),
        ("png".to_owned(), file("samples.png")),
    ]);
    let is_table = job.plan.model().columns().is_some();
    if is_table {
        links.insert("csv".to_owned(), file("samples.csv"));
    }
    if !job.plan.snapshots().is_empty() {
        links.insert("trajectories".to_owned(), file("trajectories.npy"));
        if Show::can_move(job.plan.model().columns()) {
            links.insert("gif".to_owned(), file("samples.gif"));
        }
    }
    Value::Object(links)
}

/// The object of a job that is done, with the samples themselves or without.
pub(crate) fn object(job: &Job, samples: &Samples, with_samples: bool) -> Map<String, Value> {
    let mut fields = about(job);
    fields.insert("object".to_owned(), json!("samples"));
    fields.insert("state".to_owned(), json!("done"));
    fields.insert("milliseconds".to_owned(), json!(job.look().milliseconds));
    if !with_samples {
        return fields;
    }
    if let Some(columns) = job.plan.model().columns() {
        let names: Vec<_> = columns.as_slice().iter().map(Column::name).collect();
        fields.insert("columns".to_owned(), json!(names));
        fields.insert("rows".to_owned(), json!(rows(job, &samples.x, &samples.given)));
        return fields;
    }
    let sample = |row: usize| {
        let index = samples.first + row as u64;
        let png = picture(job, samples, row).map(|png| base64(&png));
        let class = class(job, job.plan.settings().class.as_deref(), index);
        json!({"index": index, "class": class, "png": png})
    };
    fields.insert("samples".to_owned(), (0..samples.x.rows()).map(sample).collect());
    fields
}

/// The state of a job: the object of one that is done, or how far it is.
pub(crate) fn state(job: &Job, ahead: usize, seconds: f64) -> Value {
    let look = job.look();
    let mut fields = match &look.phase {
        Phase::Done(samples) => object(job, samples, false),
        Phase::Waiting | Phase::Running | Phase::Ended(_) => about(job),
    };
    fields.insert("object".to_owned(), json!("job"));
    fields.insert("state".to_owned(), json!(job.outcome()));
    fields.insert("done".to_owned(), json!(look.steps));
    fields.insert("of".to_owned(), json!(look.of));
    fields.insert("links".to_owned(), links(job));
    match look.phase {
        Phase::Waiting | Phase::Running => {
            fields.insert("place".to_owned(), json!(ahead));
            fields.insert("eta_ms".to_owned(), json!((seconds * 1e3).ceil()));
        }
        Phase::Ended(problem) => {
            fields.insert("error".to_owned(), json!(problem));
        }
        Phase::Done(_) => {}
    }
    Value::Object(fields)
}
