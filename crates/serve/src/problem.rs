//! Errors as clients get them: problem documents (RFC 9457) that point at the field.

use ancestral_pipeline::Error as PipelineError;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// The media type of problem documents.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// Gives the enum its names, titles and status codes.
macro_rules! kinds {
    ($($(#[$doc:meta])* $Kind:ident = $status:literal $name:literal $title:literal,)*) => {
        /// A kind of problem.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ProblemKind {
            $($(#[$doc])* $Kind,)*
        }

        impl ProblemKind {
            /// The end of its type.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$Kind => $name,)* }
            }

            fn uri(self) -> &'static str {
                match self { $(Self::$Kind => concat!("/problems/", $name),)* }
            }

            fn title(self) -> &'static str {
                match self { $(Self::$Kind => $title,)* }
            }

            /// The status code of HTTP.
            #[must_use]
            pub fn status(self) -> u16 {
                match self { $(Self::$Kind => $status,)* }
            }
        }
    };
}

kinds! {
    /// The body is not JSON, or a field is unknown, or its value is not valid.
    Invalid = 400 "invalid" "Invalid request",
    /// Without the token, or with another.
    Unauthorized = 401 "unauthorized" "A token is needed",
    /// For another host, or from a page of another site.
    Forbidden = 403 "forbidden" "Not for this host or origin",
    /// There is nothing of that name.
    NotFound = 404 "not-found" "Not found",
    /// The route has no such method.
    Method = 405 "method" "Method not allowed",
    /// The result has no such form.
    NotAcceptable = 406 "not-acceptable" "Not available in this form",
    /// The body did not arrive in time.
    Timeout = 408 "timeout" "The request took too long",
    /// It was cancelled.
    Cancelled = 409 "cancelled" "Cancelled",
    /// It has ended, so that it cannot be cancelled.
    Ended = 409 "ended" "Already ended",
    /// It has no result yet.
    NotDone = 409 "not-done" "Not done yet",
    /// The body is too long.
    TooLarge = 413 "too-large" "The body is too large",
    /// The body is not JSON by its media type.
    MediaType = 415 "media-type" "Not a JSON body",
    /// The queue is full.
    Busy = 429 "busy" "The queue is full",
    /// The network failed, or the server has a fault.
    Failed = 500 "failed" "Drawing failed",
    /// The server is about to stop.
    Draining = 503 "draining" "The server is stopping",
}

/// An error for a client, as RFC 9457 has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    #[serde(rename = "type")]
    uri: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
    #[serde(skip)]
    retry_after: Option<u64>,
    #[serde(skip)]
    kind: ProblemKind,
}

impl Problem {
    pub(crate) fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            uri: kind.uri(),
            title: kind.title(),
            status: kind.status(),
            detail: detail.into(),
            pointer: None,
            limit: None,
            retry_after: None,
            kind,
        }
    }

    /// A field that is not valid.
    pub(crate) fn field(name: &str, detail: impl std::fmt::Display) -> Self {
        let problem = Self::new(ProblemKind::Invalid, format!("`{name}`: {detail}"));
        problem.at(name)
    }

    /// A field that is above a limit of the server.
    pub(crate) fn above(name: &str, found: usize, limit: usize) -> Self {
        let detail = format!("`{name}` {found}: this server takes at most {limit}");
        Self { limit: Some(limit as u64), ..Self::new(ProblemKind::Invalid, detail).at(name) }
    }

    /// The same about a field; `/` and `~` in names are escaped (RFC 6901).
    pub(crate) fn at(self, name: &str) -> Self {
        let name = name.replace('~', "~0").replace('/', "~1");
        Self { pointer: Some(format!("/{name}")), ..self }
    }

    pub(crate) fn with_limit(self, limit: usize) -> Self {
        Self { limit: Some(limit as u64), ..self }
    }

    pub(crate) fn with_retry(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// What kind it is.
    #[must_use]
    pub fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// What is wrong, in a sentence.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The field it is about, as a JSON pointer.
    #[must_use]
    pub fn pointer(&self) -> Option<&str> {
        self.pointer.as_deref()
    }

    /// A response with this status and another body.
    pub(crate) fn response(&self, media_type: &'static str, body: String) -> Response {
        let mut response = (
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            [(CONTENT_TYPE, media_type)],
            body,
        )
            .into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        if self.kind == ProblemKind::Unauthorized {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }

    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).expect("a problem has plain fields")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.response(MEDIA_TYPE, self.json())
    }
}

impl From<PipelineError> for Problem {
    fn from(error: PipelineError) -> Self {
        let text = with_sources(&error);
        match error {
            PipelineError::Setting(error) => {
                Self::new(ProblemKind::Invalid, text).at(error.setting.name())
            }
            PipelineError::Network { .. } => Self::new(ProblemKind::Failed, text),
            PipelineError::Model(_) | _ => Self::new(ProblemKind::Invalid, text),
        }
    }
}

/// The text of an error and of what caused it.
pub(crate) fn with_sources(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_points_at_its_field() {
        let problem = Problem::above("steps", 2000, 1000);
        assert_eq!(
            problem.json(),
            r#"{"type":"/problems/invalid","title":"Invalid request","status":400,"detail":"`steps` 2000: this server takes at most 1000","pointer":"/steps","limit":1000}"#
        );
        assert_eq!(Problem::field("a/b~c", "x").pointer(), Some("/a~1b~0c"));
    }
}
