//! Pictures in the shape of OpenAI's images API, for clients that speak it.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use ancestral_pipeline::Settings;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::arrays::Arrays;
use crate::events::{Encode, stream};
use crate::form::Form;
use crate::job::{Happening, Job, Phase};
use crate::offer::Offer;
use crate::problem::{Problem, ProblemKind};
use crate::request::{SampleRequest, seed};
use crate::result;
use crate::routes::samples::host;
use crate::shared::{Asked, Cancelling, Client, Shared, blocking};
use crate::strict;

/// Pictures of a request, as OpenAI has it.
const MOST: usize = 10;
/// Pictures that are shown on the way, as OpenAI has it.
const MOST_PARTIAL: usize = 3;

/// The fields: those of OpenAI, and seed, steps, guidance and sampler; the names that vLLM-Omni has for
/// them are understood too. What could only be ignored is refused, unless it says "as you like".
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ImageRequest {
    /// The class, by its name; empty for any.
    prompt: String,
    model: Option<String>,
    n: Option<usize>,
    size: Option<String>,
    response_format: Option<String>,
    output_format: Option<String>,
    quality: Option<String>,
    background: Option<String>,
    moderation: Option<String>,
    /// Who the pictures are for; it changes nothing.
    #[expect(dead_code, reason = "a name for the client's own accounts")]
    user: Option<String>,
    stream: Option<bool>,
    partial_images: Option<usize>,
    seed: Option<Value>,
    #[serde(alias = "num_inference_steps")]
    steps: Option<usize>,
    #[serde(alias = "guidance_scale")]
    guidance: Option<f64>,
    sampler: Option<String>,
}

pub(super) async fn generate(
    State(shared): State<Arc<Shared>>,
    client: Option<Extension<Client>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let owner = Shared::owner(client.map(|Extension(client)| client), &headers);
    match drawn(&shared, owner, &headers, body).await {
        Ok(response) => response,
        Err(problem) => problem.response("application/json", error(&problem).to_string()),
    }
}

async fn drawn(
    shared: &Arc<Shared>,
    owner: u64,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let body = shared.body(headers, body).await?;
    let host = host(headers);
    let read = move |shared: &Shared| {
        let image = ImageRequest::parse(&body)?;
        let is_streamed = image.stream.unwrap_or(false);
        let (_, offer) = shared.offer(image.model.as_deref())?;
        let request = image.request(offer, is_streamed)?;
        let form = if is_streamed { Form::Events } else { Form::Json };
        Ok((shared.job(Asked { request, form, owner, host })?, is_streamed))
    };
    let (job, is_streamed) = shared.read(read).await?;
    shared.jobs.submit(&job)?;
    let held = Cancelling { jobs: Arc::clone(&shared.jobs), job: Arc::clone(&job), is_kept: false };
    if is_streamed {
        return Ok(stream(job, ImageEvents { shown: 0 }, 0, Some(held)));
    }
    let phase = job.ended().await;
    let samples = match phase {
        Phase::Done(samples) => samples,
        Phase::Ended(problem) => return Err(problem),
        Phase::Waiting | Phase::Running => {
            return Err(Problem::new(ProblemKind::Failed, "the server has a fault: see its log"));
        }
    };
    let reply = blocking(move || {
        let picture = |row| {
            let png = result::picture(&job, &samples, row).map(|png| result::base64(&png));
            json!({"b64_json": png})
        };
        let mut fields = about(&job);
        fields.insert("data".to_owned(), (0..samples.x.rows()).map(picture).collect());
        Value::Object(fields).to_string()
    });
    let json = [(axum::http::header::CONTENT_TYPE, Form::Json.media_type())];
    Ok((json, reply.await?).into_response())
}

impl ImageRequest {
    fn parse(body: &[u8]) -> Result<Self, Problem> {
        let fields = strict::object(body)?;
        serde_json::from_value(Value::Object(fields.clone())).map_err(|error| {
            let text = error.to_string();
            // Where it is about a name, that is the first one in it.
            let named = text.split('`').nth(1).filter(|name| fields.contains_key(*name));
            let problem = Problem::new(ProblemKind::Invalid, &text);
            named.map_or(problem.clone(), |name| problem.at(name))
        })
    }

    /// The same as a request for samples.
    fn request(self, offer: &Offer, is_streamed: bool) -> Result<SampleRequest, Problem> {
        self.check(offer, is_streamed)?;
        let mut settings = Settings::new().count(self.n.unwrap_or(1));
        settings.class = Some(self.prompt.trim().to_owned()).filter(|class| !class.is_empty());
        settings.steps = self.steps;
        settings.guidance = self.guidance;
        settings.sampler = self.sampler;
        Ok(SampleRequest {
            model: self.model,
            wait: true,
            previews: self.partial_images.unwrap_or(0),
            seed: self.seed.as_ref().map_or(Ok(None), |value| seed("seed", value))?,
            settings,
            arrays: Arrays::default(),
        })
    }

    fn check(&self, offer: &Offer, is_streamed: bool) -> Result<(), Problem> {
        if !offer.are_pictures() {
            return Err(Problem::field("model", "its samples are not pictures: use /v1/samples"));
        }
        let size = offer.size().unwrap_or_default();
        let choices = [
            ("size", &self.size, &["auto", &size][..]),
            ("response_format", &self.response_format, &["b64_json"]),
            ("output_format", &self.output_format, &["png"]),
            ("quality", &self.quality, &["auto"]),
            ("background", &self.background, &["auto"]),
            ("moderation", &self.moderation, &["auto"]),
        ];
        for (name, value, known) in choices {
            if let Some(value) = value.as_ref().filter(|value| !known.contains(&value.as_str())) {
                let expected = known.join(" or ");
                return Err(Problem::field(name, format!("{value:?}: expected {expected}")));
            }
        }
        if !(1..=MOST).contains(&self.n.unwrap_or(1)) {
            return Err(Problem::field("n", format!("expected 1 to {MOST}")));
        }
        match self.partial_images {
            Some(partial) if partial > MOST_PARTIAL => {
                Err(Problem::above("partial_images", partial, MOST_PARTIAL))
            }
            Some(1..) if !is_streamed => {
                Err(Problem::field("partial_images", "needs `stream` to be true"))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// An error in the shape of OpenAI's.
fn error(problem: &Problem) -> Value {
    let kind = match problem.kind().status() {
        401 | 403 => "authentication_error",
        429 => "rate_limit_error",
        500.. => "server_error",
        _ => "invalid_request_error",
    };
    json!({"error": {
        "message": problem.detail(),
        "type": kind,
        "param": problem.pointer().map(|pointer| pointer.trim_start_matches('/')),
        "code": problem.kind().name(),
    }})
}

fn seconds() -> u64 {
    UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs())
}

/// What is said beside pictures.
fn about(job: &Job) -> Map<String, Value> {
    Map::from_iter([
        ("created".to_owned(), json!(seconds())),
        ("output_format".to_owned(), json!("png")),
        ("size".to_owned(), json!(job.offer.size())),
        ("seed".to_owned(), json!(job.seed)),
        ("seed_text".to_owned(), json!(job.seed.to_string())),
    ])
}

/// The events of a streamed request.
#[derive(Clone, Debug)]
struct ImageEvents {
    /// Pictures on the way that were shown.
    shown: usize,
}

impl Encode for ImageEvents {
    const ARE_NUMBERED: bool = false;

    fn events(&mut self, job: &Job, happening: &Happening) -> Vec<(String, String)> {
        let event = |name: &str, png: Option<Vec<u8>>, more: Option<(&str, Value)>| {
            let name = format!("image_generation.{name}");
            let mut fields = about(job);
            fields.remove("created");
            fields.insert("type".to_owned(), json!(name));
            fields.insert("created_at".to_owned(), json!(seconds()));
            fields.insert("b64_json".to_owned(), json!(png.map(|png| result::base64(&png))));
            fields.insert("quality".to_owned(), json!("auto"));
            fields.insert("background".to_owned(), json!("auto"));
            fields.extend(more.map(|(name, value)| (name.to_owned(), value)));
            (name, Value::Object(fields).to_string())
        };
        match happening {
            Happening::Accepted { .. } | Happening::Done => Vec::new(),
            Happening::Step { x0, .. } => {
                self.shown += 1;
                let number = ("partial_image_index", json!(self.shown - 1));
                vec![event("partial_image", result::strip(job, x0), Some(number))]
            }
            Happening::Part(samples) => (0..samples.x.rows())
                .map(|row| event("completed", result::picture(job, samples, row), None))
                .collect(),
            Happening::Ended(problem) => vec![("error".to_owned(), error(problem).to_string())],
        }
    }
}
