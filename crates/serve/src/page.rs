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
macro_rules! policy {
    ($more_scripts:literal) => {
        concat!(
            "default-src 'none'; script-src 'self'",
            $more_scripts,
            "; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action \
             'none'; frame-ancestors 'none'"
        )
    };
}

#[cfg(not(feature = "browser"))]
const POLICY: &str = policy!("");
#[cfg(feature = "browser")]
const POLICY: &str = policy!(" 'wasm-unsafe-eval'");

/// A file of the page.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: &'static str,
    media_type: &'static str,
    bytes: &'static [u8],
    tag: LazyLock<String>,
}

/// Where a file is served, its bytes, and its media type.
macro_rules! file {
    ($path:expr, $bytes:expr, $media_type:expr) => {
        File {
            path: $path,
            media_type: $media_type,
            bytes: $bytes,
            tag: LazyLock::new(|| tag($bytes)),
        }
    };
}

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// A script of the folder `page`.
macro_rules! script {
    ($name:literal) => {
        file!(concat!("/", $name), include_bytes!(concat!("../page/", $name)), JAVASCRIPT)
    };
}

/// The files of the page. It shares colours, type and controls with the page of `ancestral explain`.
static FILES: [File; 12] = [
    file!("/", include_bytes!("../page/index.html"), "text/html; charset=utf-8"),
    file!("/base.css", ancestral_explain::STYLE.as_bytes(), "text/css; charset=utf-8"),
    file!("/page.css", include_bytes!("../page/page.css"), "text/css; charset=utf-8"),
    script!("api.js"),
    script!("editor.js"),
    script!("elements.js"),
    script!("form.js"),
    script!("here.js"),
    script!("page.js"),
    file!("/place.js", PLACE, JAVASCRIPT),
    script!("run.js"),
    script!("samples.js"),
];

/// Whether the browser may draw by itself.
#[cfg(not(feature = "browser"))]
const PLACE: &[u8] = include_bytes!("../page/place.js");
#[cfg(feature = "browser")]
const PLACE: &[u8] = b"export const canDrawHere = \"offered\";\n";

/// What it draws with.
#[cfg(not(feature = "browser"))]
static HERE: [File; 0] = [];
#[cfg(feature = "browser")]
static HERE: [File; 8] = {
    use ancestral_pipeline::BUILT_IN;
    /// A file of the folder that `make wasm` leaves.
    macro_rules! built {
        ($name:literal) => {
            include_bytes!(concat!(env!("ANCESTRAL_SITE"), "/", $name))
        };
    }
    [
        script!("worker.js"),
        file!("/ancestral.js", built!("ancestral.js"), JAVASCRIPT),
        file!("/ancestral.wasm", built!("ancestral.wasm"), "application/wasm"),
        file!("/digits/model_index.json", BUILT_IN[0].1, "application/json"),
        file!("/digits/ancestral.json", BUILT_IN[1].1, "application/json"),
        file!("/digits/scheduler/scheduler_config.json", BUILT_IN[2].1, "application/json"),
        file!("/digits/unet/config.json", BUILT_IN[3].1, "application/json"),
        file!(
            "/digits/unet/diffusion_pytorch_model.safetensors",
            BUILT_IN[4].1,
            "application/octet-stream"
        ),
    ]
};

/// All files of the page.
pub(crate) fn files() -> impl Iterator<Item = &'static File> {
    FILES.iter().chain(&HERE)
}

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
