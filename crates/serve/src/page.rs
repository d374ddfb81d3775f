//! The page: files that are compiled in.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

/// Scripts, styles and calls are the page's own; pictures may be made by it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: \
                      blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors \
                      'none'";

/// A file of the page.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: &'static str,
    media_type: &'static str,
    bytes: &'static [u8],
    tag: LazyLock<String>,
}

/// A text of the page, where it is served, and its media type.
macro_rules! file {
    ($path:expr, $text:expr, $media_type:literal) => {
        File {
            path: $path,
            media_type: $media_type,
            bytes: $text.as_bytes(),
            tag: LazyLock::new(|| tag($text.as_bytes())),
        }
    };
}

/// A script of the folder `page`.
macro_rules! script {
    ($name:literal) => {
        file!(
            concat!("/", $name),
            include_str!(concat!("../page/", $name)),
            "text/javascript; charset=utf-8"
        )
    };
}

/// The files of the page. It shares colours, type and controls with the page of `ancestral explain`.
pub(crate) static FILES: [File; 10] = [
    file!("/", include_str!("../page/index.html"), "text/html; charset=utf-8"),
    file!("/base.css", ancestral_explain::STYLE, "text/css; charset=utf-8"),
    file!("/page.css", include_str!("../page/page.css"), "text/css; charset=utf-8"),
    script!("api.js"),
    script!("editor.js"),
    script!("elements.js"),
    script!("form.js"),
    script!("page.js"),
    script!("run.js"),
    script!("samples.js"),
];

/// The tag of some bytes, by which a browser knows that it has them.
fn tag(bytes: &[u8]) -> String {
    let mut tag = "\"".to_owned();
    for byte in &Sha256::digest(bytes)[..16] {
        // Writing to a string cannot fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag + "\""
}

impl File {
    /// The file, or word that the browser has it.
    pub(crate) fn response(&self, headers: &HeaderMap) -> Response {
        let has = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        let is_known = has.is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == *self.tag));
        let fields = [
            (CONTENT_TYPE, self.media_type),
            (ETAG, self.tag.as_str()),
            (CACHE_CONTROL, "no-cache"),
            (CONTENT_SECURITY_POLICY, POLICY),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (REFERRER_POLICY, "no-referrer"),
        ];
        if is_known {
            return (StatusCode::NOT_MODIFIED, fields).into_response();
        }
        (fields, self.bytes).into_response()
    }
}
