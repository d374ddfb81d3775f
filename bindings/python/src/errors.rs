//! Errors and notices of the libraries as those of Python, with the names of keywords.

use std::error::Error as StdError;

use ancestral_eval::EvalError;
use ancestral_pipeline::{Error, ModelError, Notice, NoticeKind};
use pyo3::exceptions::{PyFileNotFoundError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

/// How keywords are called that can't have the name of their setting, or were given by another name.
pub type Names = [(&'static str, &'static str)];

/// Settings whose names are words of Python.
pub const RESERVED: &Names = &[("class", "class_"), ("from", "from_")];

/// A text with its settings, in backticks, replaced by keywords. A setting has at most one name among
/// `names`, which come before [`RESERVED`].
pub fn spelled(text: &str, names: &Names) -> String {
    let known = names.iter().chain(RESERVED);
    let text = known.fold(text.to_owned(), |text, (setting, keyword)| {
        text.replace(&format!("`{setting}`"), keyword)
    });
    let settings = ancestral_pipeline::Setting::ALL.iter().map(|setting| setting.name());
    let settings = settings.chain(ancestral_eval::SETTINGS).chain(ancestral_run::SETTINGS);
    settings.fold(text, |text, setting| text.replace(&format!("`{setting}`"), setting))
}

/// An error and what caused it, in one line.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Invalid input.
pub fn invalid(error: &dyn StdError) -> PyErr {
    PyValueError::new_err(spelled(&chain(error), &[]))
}

/// An error of the pipeline.
pub fn raised(error: &Error, names: &Names) -> PyErr {
    let text = spelled(&chain(error), names);
    match error {
        Error::Model(model) if matches!(**model, ModelError::Missing(_)) => {
            PyFileNotFoundError::new_err(text)
        }
        Error::Network { .. } => PyRuntimeError::new_err(text),
        Error::Setting(_) | Error::Model(_) | Error::Stopped { .. } | _ => {
            PyValueError::new_err(text)
        }
    }
}

/// An error of an evaluation.
pub fn measured(error: &EvalError, names: &Names) -> PyErr {
    if let EvalError::Pipeline(error) = error {
        return raised(error, names);
    }
    PyValueError::new_err(spelled(&chain(error), names))
}

/// Notices as pairs of a kind, `note` or `warning`, and a text.
pub fn notices(notices: &[Notice], names: &Names) -> Vec<(&'static str, String)> {
    let kind = |notice: &Notice| match notice.kind {
        NoticeKind::Note => "note",
        NoticeKind::Warning => "warning",
    };
    notices.iter().map(|notice| (kind(notice), spelled(&notice.text, names))).collect()
}
