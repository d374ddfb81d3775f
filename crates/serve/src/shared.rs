//! What all routes share.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ancestral_pipeline::{Format, View};
use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::sync::Semaphore;

use crate::access::Access;
use crate::again::{self, Again};
use crate::form::Form;
use crate::job::{Job, Parts};
use crate::jobs::Jobs;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::offer::Offer;
use crate::problem::{Problem, ProblemKind};
use crate::request::SampleRequest;

/// Bodies that are read into numbers at a time: each may become many times as large.
const READING: usize = 2;
/// Bodies longer than `SMALL` that arrive at a time.
const ARRIVING: usize = 16;
const SMALL: u64 = 64 << 10;
/// Snapshots of an animation, if the request does not say.
const FRAMES: usize = 50;

/// What all routes share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) offers: Vec<Arc<Offer>>,
    pub(crate) jobs: Arc<Jobs>,
    pub(crate) limits: Limits,
    pub(crate) access: Access,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) created: u64,
    numbers: AtomicU64,
    reading: Semaphore,
    arriving: Semaphore,
}

/// The address of a client, as the server that accepts connections tells it to the routes.
#[derive(Clone, Copy, Debug)]
pub struct Client(
    /// The address.
    pub IpAddr,
);

/// Cancels a job when it is dropped, unless that is over: whoever waited for it went away.
#[derive(Debug)]
pub(crate) struct Cancelling {
    pub(crate) jobs: Arc<Jobs>,
    pub(crate) job: Arc<Job>,
    /// Whether what there is of it is kept for a while.
    pub(crate) is_kept: bool,
}

impl Drop for Cancelling {
    fn drop(&mut self) {
        let reason = Problem::new(ProblemKind::Cancelled, "the client went away");
        // One that is over stays as it is.
        let _ = self.jobs.cancel(&self.job, reason);
        if !self.is_kept {
            self.jobs.forget(&self.job);
        }
    }
}

/// What a request has beside its settings.
pub(crate) struct Asked {
    pub(crate) request: SampleRequest,
    pub(crate) form: Form,
    pub(crate) owner: u64,
    /// The name by which the client knows this server.
    pub(crate) host: String,
}

impl Shared {
    pub(crate) fn new(
        offers: Vec<Arc<Offer>>,
        limits: Limits,
        access: Access,
        metrics: Arc<Metrics>,
    ) -> Self {
        let jobs = Arc::new(Jobs::new(limits.clone(), Arc::clone(&metrics)));
        let since = std::time::UNIX_EPOCH.elapsed();
        Self {
            offers,
            jobs,
            limits,
            access,
            metrics,
            created: since.map_or(0, |since| since.as_secs()),
            numbers: AtomicU64::new(0),
            reading: Semaphore::new(READING),
            arriving: Semaphore::new(ARRIVING),
        }
    }

    /// The model of that name; the only one, if none is named.
    pub(crate) fn offer(&self, name: Option<&str>) -> Result<(usize, &Arc<Offer>), Problem> {
        let known = || self.offers.iter().map(|offer| offer.id()).collect::<Vec<_>>().join(", ");
        match (name, &self.offers[..]) {
            (None, [only]) => Ok((0, only)),
            (None, _) => Err(Problem::field("model", format!("choose one of {}", known()))),
            (Some(name), offers) => {
                let found = offers.iter().enumerate().find(|(_, offer)| offer.id() == name);
                let refused =
                    || Problem::field("model", format!("{name:?}: expected one of {}", known()));
                found.ok_or_else(refused)
            }
        }
    }

    /// Who a client is, for fairness: its address. On this machine that is a proxy's, which says whom it
    /// speaks for.
    pub(crate) fn owner(client: Option<Client>, headers: &HeaderMap) -> u64 {
        let address = client.map(|Client(address)| address);
        let is_local = address.is_some_and(|address| address.is_loopback());
        let forwarded = headers.get("x-forwarded-for").and_then(|value| value.to_str().ok());
        let last = forwarded.and_then(|text| text.rsplit(',').next()?.trim().parse().ok());
        let address: Option<IpAddr> = last.filter(|_| is_local).or(address);
        let mut hasher = DefaultHasher::new();
        address.hash(&mut hasher);
        hasher.finish()
    }

    /// The body of a request, within limits of length and time.
    pub(crate) async fn body(&self, headers: &HeaderMap, body: Body) -> Result<Vec<u8>, Problem> {
        check_media_type(headers)?;
        let limit = self.limits.body;
        let too_large = || {
            let detail = format!("the body has more than {limit} bytes");
            Problem::new(ProblemKind::TooLarge, detail).with_limit(limit)
        };
        let length = http_body::Body::size_hint(&body);
        if length.lower() > limit as u64 {
            return Err(too_large());
        }
        let is_small = length.exact().is_some_and(|length| length <= SMALL);
        let collected = async {
            let _place = if is_small { None } else { self.arriving.acquire().await.ok() };
            Limited::new(body, limit).collect().await
        };
        let slow = || Problem::new(ProblemKind::Timeout, "the body did not arrive in time");
        match tokio::time::timeout(self.limits.body_time, collected).await {
            Err(_) => Err(slow()),
            Ok(Ok(collected)) => Ok(collected.to_bytes().into()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
            Ok(Err(error)) => {
                Err(Problem::new(ProblemKind::Invalid, format!("the body broke off: {error}")))
            }
        }
    }

    /// Reads a body with `parse`, away from the threads that serve connections.
    pub(crate) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        parse: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let _place = self.reading.acquire().await;
        let shared = Arc::clone(self);
        blocking(move || parse(&shared)).await?
    }

    /// The job of a request: its settings are complete, and all that can be refused has been.
    pub(crate) fn job(&self, asked: Asked) -> Result<Arc<Job>, Problem> {
        let Asked { mut request, form, owner, host } = asked;
        let (place, offer) = self.offer(request.model.as_deref())?;
        let seed = request.seed.map_or_else(drawn_seed, Ok)?;
        request.seed = Some(seed);
        if form == Form::File(Format::Gif) && request.settings.snapshots == 0 {
            request.settings.snapshots = FRAMES.min(self.limits.previews);
        }
        let shows = form == Form::Events || !request.wait;
        let previews = if shows { request.previews } else { 0 };
        let has_arrays = !request.arrays.is_empty();
        let plan = request.plan(offer.pipeline.model(), &self.limits)?;
        let settings = plan.settings();
        let view = if settings.interpolate.is_some() { View::Row } else { View::Samples };
        form.check(offer, view, plan.count(), plan.hops())?;
        let again = (!has_arrays).then(|| Again {
            command: offer.argument().map(|name| again::command(name, settings, offer.form())),
            curl: again::curl(&host, offer.id(), settings, offer.form()),
        });
        Ok(Arc::new(Job::new(Parts {
            number: self.numbers.fetch_add(1, Ordering::Relaxed),
            id: random_id()?,
            owner,
            offer: Arc::clone(offer),
            place,
            plan,
            seed,
            view,
            previews,
            again,
        })))
    }
}

/// Runs `work` on a thread that may take its time.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Problem::new(ProblemKind::Failed, "the server has a fault: see its log"))
}

/// A page of another site can send text unasked, but not JSON.
fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = text.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let detail = format!("Content-Type is {media_type:?}, expected application/json");
    Err(Problem::new(ProblemKind::MediaType, detail))
}

fn random<const N: usize>() -> Result<[u8; N], Problem> {
    let mut bytes = [0; N];
    let filled = getrandom::fill(&mut bytes);
    filled.map(|()| bytes).map_err(|error| {
        Problem::new(ProblemKind::Failed, format!("the system gives no random numbers: {error}"))
    })
}

/// A name that nobody guesses.
fn random_id() -> Result<String, Problem> {
    Ok(format!("{:032x}", u128::from_le_bytes(random()?)))
}

/// A seed for a request without one. Every program reads numbers below 2⁵³ as they are.
fn drawn_seed() -> Result<u64, Problem> {
    Ok(u64::from_le_bytes(random()?) >> 11)
}
