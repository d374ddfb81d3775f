//! Samples: to draw them, to look at how far they are, to cancel them, and their files.

use std::sync::Arc;

use ancestral_pipeline::{Format, Samples, View};
use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::header::{CONTENT_TYPE, HOST, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::events::{SampleEvents, stream};
use crate::form::Form;
use crate::job::{Job, Phase};
use crate::problem::{Problem, ProblemKind};
use crate::request::SampleRequest;
use crate::result;
use crate::routes::Named;
use crate::shared::{Asked, Cancelling, Client, Shared, blocking};

pub(super) async fn draw(
    State(shared): State<Arc<Shared>>,
    client: Option<Extension<Client>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let form = Form::wanted(&headers)?;
    let body = shared.body(&headers, body).await?;
    let owner = Shared::owner(client.map(|Extension(client)| client), &headers);
    let host = host(&headers);
    let read = move |shared: &Shared| {
        let request = SampleRequest::parse(&body)?;
        let wait = request.wait;
        Ok((shared.job(Asked { request, form, owner, host })?, wait))
    };
    let (job, wait) = shared.read(read).await?;
    shared.jobs.submit(&job)?;
    if !wait {
        let location = [(LOCATION, format!("/v1/samples/{}", job.id))];
        return Ok((StatusCode::ACCEPTED, location, Json(state(&shared, &job))).into_response());
    }
    // Whoever waits has the answer then, and nothing is kept of it.
    let held = Cancelling {
        jobs: Arc::clone(&shared.jobs),
        job: Arc::clone(&job),
        is_kept: form == Form::Events,
    };
    if form == Form::Events {
        return Ok(stream(job, SampleEvents, 0, Some(held)));
    }
    let phase = job.ended().await;
    match phase {
        Phase::Done(samples) => answer(job, samples, form).await,
        Phase::Ended(problem) => Err(problem),
        Phase::Waiting | Phase::Running => {
            Err(Problem::new(ProblemKind::Failed, "the server has a fault: see its log"))
        }
    }
}

/// The samples in a form, with the seed, which may have been drawn.
async fn answer(job: Arc<Job>, samples: Arc<Samples>, form: Form) -> Result<Response, Problem> {
    let seed = [("x-seed", job.seed.to_string())];
    let encoded = blocking(move || match form {
        Form::File(format) => result::file(&job, &samples, format, job.view),
        Form::Json | Form::Events => {
            let mut object = result::object(&job, &samples, true);
            // Nothing is there by that name any more.
            object.remove("id");
            Ok(Value::Object(object).to_string().into_bytes())
        }
    });
    let bytes = encoded.await??;
    Ok((seed, [(CONTENT_TYPE, form.media_type())], bytes).into_response())
}

pub(super) async fn look(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (form, last) = (Form::wanted(&headers)?, last_event(&headers)?);
    let job = shared.jobs.find(&id)?;
    if form == Form::Events {
        return Ok(stream(job, SampleEvents, last, None));
    }
    Ok(Json(state(&shared, &job)).into_response())
}

pub(super) async fn cancel(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
) -> Result<Json<Value>, Problem> {
    let job = shared.jobs.find(&id)?;
    let reason = Problem::new(ProblemKind::Cancelled, "it was cancelled");
    shared.jobs.cancel(&job, reason)?;
    Ok(Json(state(&shared, &job)))
}

pub(super) async fn file(
    State(shared): State<Arc<Shared>>,
    Named((id, name)): Named<(String, String)>,
) -> Result<Response, Problem> {
    let job = shared.jobs.find(&id)?;
    let samples = match job.look().phase {
        Phase::Done(samples) => samples,
        Phase::Ended(problem) => return Err(problem),
        Phase::Waiting | Phase::Running => {
            return Err(Problem::new(ProblemKind::NotDone, "the samples are not done yet"));
        }
    };
    let (form, view) = match Form::of_file(&name) {
        Some(form) => (form, job.view),
        None if name == "trajectories.npy" => (Form::File(Format::Npy), View::Trajectories),
        None => return single(job, samples, &name).await,
    };
    let encoded = blocking(move || {
        let Form::File(format) = form else {
            let object = result::object(&job, &samples, true);
            return Ok(Value::Object(object).to_string().into_bytes());
        };
        let lacks_snapshots = view == View::Trajectories || format == Format::Gif;
        if lacks_snapshots && samples.snapshots.is_empty() {
            let detail = "no snapshots were kept: request them with `snapshots`";
            return Err(Problem::new(ProblemKind::NotFound, detail));
        }
        let hops = job.plan.hops();
        form.check(&job.offer, view, samples.x.rows(), hops)?;
        result::file(&job, &samples, format, view)
    });
    Ok(([(CONTENT_TYPE, form.media_type())], encoded.await??).into_response())
}

/// The picture of one sample, by the name that it has in folders.
async fn single(job: Arc<Job>, samples: Arc<Samples>, name: &str) -> Result<Response, Problem> {
    let rows = 0..samples.x.rows();
    let is_named = |row: &usize| ancestral_data::png_name(samples.first + *row as u64) == name;
    let unknown = || Problem::new(ProblemKind::NotFound, "there is no such file of these samples");
    let row = rows.into_iter().find(is_named).ok_or_else(unknown)?;
    let png = blocking(move || result::picture(&job, &samples, row)).await?.ok_or_else(unknown)?;
    Ok(([(CONTENT_TYPE, Form::File(Format::Png).media_type())], png).into_response())
}

fn state(shared: &Shared, job: &Job) -> Value {
    let (ahead, seconds) = shared.jobs.place(job);
    json!(result::state(job, ahead, seconds))
}

/// The number of the last event that the client has; none are 0.
fn last_event(headers: &HeaderMap) -> Result<u64, Problem> {
    let Some(value) = headers.get("last-event-id") else { return Ok(0) };
    let number = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    number.ok_or_else(|| {
        Problem::new(ProblemKind::Invalid, "Last-Event-ID: expected the number of an event")
    })
}

/// The name by which the client knows this server.
pub(super) fn host(headers: &HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|value| value.to_str().ok());
    host.unwrap_or("localhost").to_owned()
}
