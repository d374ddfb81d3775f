//! What is served, and how it is.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::metrics;
use crate::openapi;
use crate::problem::{Problem, ProblemKind};
use crate::routes::Named;
use crate::shared::Shared;

pub(super) async fn models(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let facts = shared.offers.iter().map(|offer| offer.facts(shared.created, &shared.limits));
    Json(json!({"object": "list", "data": facts.collect::<Vec<_>>()}))
}

pub(super) async fn model(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
) -> Result<Json<Value>, Problem> {
    let found = shared.offers.iter().find(|offer| offer.id() == id);
    let offer =
        found.ok_or_else(|| Problem::new(ProblemKind::NotFound, "there is no such model"))?;
    Ok(Json(offer.facts(shared.created, &shared.limits)))
}

pub(super) async fn health() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

pub(super) async fn ready(State(shared): State<Arc<Shared>>) -> Result<Json<Value>, Problem> {
    if shared.jobs.is_draining() {
        return Err(Problem::new(ProblemKind::Draining, "the server is about to stop"));
    }
    Ok(Json(json!({"status": "ready"})))
}

pub(super) async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    ([(CONTENT_TYPE, metrics::MEDIA_TYPE)], shared.metrics.text()).into_response()
}

pub(super) async fn openapi(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(openapi::document(&shared))
}
