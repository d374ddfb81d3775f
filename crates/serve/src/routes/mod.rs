//! The routes.

mod images;
mod samples;
mod status;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::de::DeserializeOwned;

use crate::page;
use crate::problem::{Problem, ProblemKind};
use crate::shared::Shared;

/// What is served without the token, and under any name: for whoever watches over the server.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];
/// What is served without the token, so that a page can be opened that asks for it.
const OPEN: [&str; 1] = ["/openapi.json"];

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let routes = Router::new()
        .route("/v1/models", get(status::models))
        .route("/v1/models/{id}", get(status::model))
        .route("/v1/samples", post(samples::draw))
        .route("/v1/samples/{id}", get(samples::look).delete(samples::cancel))
        .route("/v1/samples/{id}/{file}", get(samples::file))
        .route("/v1/images/generations", post(images::generate))
        .route("/healthz", get(status::health))
        .route("/readyz", get(status::ready))
        .route("/metrics", get(status::metrics))
        .route("/openapi.json", get(status::openapi));
    let routes = page::files().fold(routes, |routes, file| {
        routes
            .route(file.path, get(move |headers: HeaderMap| async move { file.response(&headers) }))
    });
    routes
        .fallback(|| async { Problem::new(ProblemKind::NotFound, "there is no such route") })
        .method_not_allowed_fallback(|| async {
            Problem::new(ProblemKind::Method, "the route has no such method: see Allow")
        })
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), guard))
        .with_state(shared)
}

/// Parts of a path. What is no text names nothing.
struct Named<T>(T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let found = Path::<T>::from_request_parts(parts, state).await;
        found
            .map(|Path(named)| Self(named))
            .map_err(|_| Problem::new(ProblemKind::NotFound, "there is nothing of that name"))
    }
}

/// Checks who calls, and logs and counts the answer.
async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = match check(&shared, &request, &path) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    let status = response.status().as_u16();
    shared.metrics.responded(status);
    let milliseconds = began.elapsed().as_secs_f64() * 1e3;
    if PROBES.contains(&path.as_str()) {
        tracing::debug!(%method, path, status, milliseconds, "response");
    } else {
        tracing::info!(%method, path, status, milliseconds, "response");
    }
    response
}

fn check(shared: &Shared, request: &Request, path: &str) -> Result<(), Problem> {
    if PROBES.contains(&path) {
        return Ok(());
    }
    shared.access.check_names(request.uri(), request.headers())?;
    if OPEN.contains(&path) || page::files().any(|file| file.path == path) {
        return Ok(());
    }
    shared.access.check_token(request.headers())
}
