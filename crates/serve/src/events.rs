//! The events of a job, as server-sent events.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{Stream, unfold};
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use crate::form::Form;
use crate::job::{Happening, Job, Phase};
use crate::result;
use crate::shared::{Cancelling, blocking};

/// A line is sent at least so often, so that nobody between takes the connection for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What is sent for the happenings of a job, after the first `seen` events. A job is cancelled with the
/// stream if it is `held` by it.
pub(crate) fn stream<E: Encode>(
    job: Arc<Job>,
    encode: E,
    seen: u64,
    held: Option<Cancelling>,
) -> Response {
    let changes = job.changes();
    let ready = VecDeque::new();
    let state = Sending {
        job,
        changes,
        happenings: 0,
        sent: 0,
        seen,
        ready,
        is_over: false,
        encode,
        _held: held,
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(Form::Events.media_type())),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // Some proxies hold back what they are not told to pass on.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(sending(state))).into_response()
}

/// What happenings are as events.
pub(crate) trait Encode: Clone + Send + 'static {
    /// The events of a happening: a name and data, which is one line.
    fn events(&mut self, job: &Job, happening: &Happening) -> Vec<(String, String)>;

    /// Whether events have numbers, from which a client can go on.
    const ARE_NUMBERED: bool;
}

struct Sending<E> {
    job: Arc<Job>,
    changes: watch::Receiver<()>,
    /// Happenings that were encoded.
    happenings: usize,
    /// Events that they became.
    sent: u64,
    /// Events that the client has.
    seen: u64,
    ready: VecDeque<Bytes>,
    is_over: bool,
    encode: E,
    _held: Option<Cancelling>,
}

fn sending<E: Encode>(state: Sending<E>) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    unfold(state, |mut state| async move {
        loop {
            if let Some(bytes) = state.ready.pop_front() {
                return Some((Ok(bytes), state));
            }
            if state.is_over {
                return None;
            }
            state.changes.mark_unchanged();
            let happenings = state.job.since(state.happenings);
            if happenings.is_empty() {
                match tokio::time::timeout(HEARTBEAT, state.changes.changed()).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return None,
                    Err(_) => return Some((Ok(Bytes::from_static(b": still here\n\n")), state)),
                }
                continue;
            }
            state.encode(happenings).await;
        }
    })
}

impl<E: Encode> Sending<E> {
    /// Encodes happenings, away from the threads that serve connections.
    async fn encode(&mut self, happenings: Vec<Arc<Happening>>) {
        self.happenings += happenings.len();
        self.is_over = happenings
            .iter()
            .any(|happening| matches!(**happening, Happening::Done | Happening::Ended(_)));
        let (job, mut encode) = (Arc::clone(&self.job), self.encode.clone());
        let encoded = blocking(move || {
            let events: Vec<_> =
                happenings.iter().flat_map(|happening| encode.events(&job, happening)).collect();
            (events, encode)
        });
        let Ok((events, encode)) = encoded.await else {
            self.is_over = true;
            return;
        };
        self.encode = encode;
        for (name, data) in events {
            self.sent += 1;
            if self.sent > self.seen {
                let number =
                    if E::ARE_NUMBERED { format!("id: {}\n", self.sent) } else { String::new() };
                let text = format!("event: {name}\n{number}data: {data}\n\n");
                self.ready.push_back(text.into());
            }
        }
    }
}

/// The events of `/v1/samples`.
#[derive(Clone, Debug)]
pub(crate) struct SampleEvents;

impl Encode for SampleEvents {
    const ARE_NUMBERED: bool = true;

    fn events(&mut self, job: &Job, happening: &Happening) -> Vec<(String, String)> {
        let one = |name: &str, value: Value| vec![(name.to_owned(), value.to_string())];
        match happening {
            Happening::Accepted { ahead } => {
                let mut fields = result::about(job);
                fields.insert("place".to_owned(), json!(ahead));
                one("accepted", Value::Object(fields))
            }
            Happening::Step { first, done, of, x0 } => {
                let mut fields = Map::from_iter([
                    ("first".to_owned(), json!(first)),
                    ("count".to_owned(), json!(x0.rows())),
                    ("done".to_owned(), json!(done)),
                    ("of".to_owned(), json!(of)),
                    ("timestep".to_owned(), json!(timestep(job, *done))),
                ]);
                let png = || result::strip(job, x0).map(|png| json!(result::base64(&png)));
                let (name, value) = match result::rows(job, x0, &[]) {
                    Some(rows) => ("rows", Some(rows)),
                    None => ("png", png()),
                };
                fields.insert(name.to_owned(), value.unwrap_or_default());
                one("step", Value::Object(fields))
            }
            Happening::Part(samples) => {
                if let Some(rows) = result::rows(job, &samples.x, &samples.given) {
                    let (first, count) = (samples.first, samples.x.rows());
                    return one("sample", json!({"first": first, "count": count, "rows": rows}));
                }
                let sample = |row: usize| {
                    let index = samples.first + row as u64;
                    let png = result::picture(job, samples, row).map(|png| result::base64(&png));
                    let class = result::class(job, job.plan.settings().class.as_deref(), index);
                    let value = json!({"index": index, "class": class, "png": png});
                    ("sample".to_owned(), value.to_string())
                };
                (0..samples.x.rows()).map(sample).collect()
            }
            Happening::Done => {
                let Phase::Done(samples) = job.look().phase else { return Vec::new() };
                let mut fields = result::object(job, &samples, false);
                fields.insert("links".to_owned(), result::links(job));
                one("done", Value::Object(fields))
            }
            Happening::Ended(problem) => one("error", json!(problem)),
        }
    }
}

/// The timestep of the estimate of a step, if the plan has one for each.
fn timestep(job: &Job, done: usize) -> Option<f64> {
    let pairs = job.plan.provenance();
    let (_, text) = pairs.iter().find(|(key, _)| key == "timesteps")?;
    let timesteps: Vec<&str> = text.split(' ').collect();
    let is_whole = timesteps.len() == job.plan.hops();
    timesteps.get(done.checked_sub(1)?).filter(|_| is_whole)?.parse().ok()
}
