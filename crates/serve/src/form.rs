//! The form of an answer, as `Accept` says it.

use ancestral_pipeline::{Format, View};
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

use crate::offer::Offer;
use crate::problem::{Problem, ProblemKind};

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A JSON object.
    Json,
    /// Events as they come.
    Events,
    /// A file of samples.
    File(Format),
}

/// Their media types, and the names of files; the first is the one that is taken where any is accepted.
const FORMS: [(Form, &str, &str); 6] = [
    (Form::Json, "application/json", "samples.json"),
    (Form::Events, "text/event-stream", ""),
    (Form::File(Format::Png), "image/png", "samples.png"),
    (Form::File(Format::Gif), "image/gif", "samples.gif"),
    (Form::File(Format::Npy), "application/x-npy", "samples.npy"),
    (Form::File(Format::Csv), "text/csv", "samples.csv"),
];

impl Form {
    pub(crate) fn media_type(self) -> &'static str {
        FORMS.iter().find(|(form, ..)| *form == self).map_or("application/octet-stream", |f| f.1)
    }

    /// The name of a file of this form; events are none.
    pub(crate) fn file_name(self) -> &'static str {
        FORMS.iter().find(|(form, ..)| *form == self).map_or("", |f| f.2)
    }

    /// The form of the file of that name.
    pub(crate) fn of_file(name: &str) -> Option<Self> {
        FORMS.iter().find(|f| !name.is_empty() && f.2 == name).map(|(form, ..)| *form)
    }

    /// The form that a request prefers, of those that it accepts.
    pub(crate) fn wanted(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut texts = headers.get_all(ACCEPT).iter().peekable();
        if texts.peek().is_none() {
            return Ok(Self::Json);
        }
        let texts: Vec<&str> = texts.filter_map(|value| value.to_str().ok()).collect();
        let mut ranges: Vec<(&str, f64)> =
            texts.iter().flat_map(|text| text.split(',')).map(range).collect();
        // Equally good ones stay in the order of the request.
        ranges.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let found = ranges.iter().filter(|(_, quality)| *quality > 0.0).find_map(|(range, _)| {
            FORMS.iter().find(|(_, media_type, _)| matches(range, media_type))
        });
        found.map(|(form, ..)| *form).ok_or_else(|| {
            let known: Vec<&str> = FORMS.iter().map(|(_, media_type, _)| *media_type).collect();
            let detail = format!("Accept: expected one of {}", known.join(", "));
            Problem::new(ProblemKind::NotAcceptable, detail)
        })
    }

    /// Refuses a form that samples of a model do not have.
    pub(crate) fn check(
        self,
        offer: &Offer,
        view: View,
        count: usize,
        hops: usize,
    ) -> Result<(), Problem> {
        let Self::File(format) = self else { return Ok(()) };
        let shape = offer.model().shape()?;
        format.check(view, offer.model(), &shape, count, hops).map_err(|error| {
            let detail = format!("{}: {error}", self.media_type());
            Problem::new(ProblemKind::NotAcceptable, detail)
        })
    }
}

/// A media range and its quality.
fn range(text: &str) -> (&str, f64) {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next().unwrap_or_default();
    let quality = parts.find_map(|part| part.strip_prefix("q=")).map(|q| q.parse().ok());
    (range, quality.map_or(1.0, |quality| quality.unwrap_or(0.0)))
}

fn matches(range: &str, media_type: &str) -> bool {
    let range = range.to_ascii_lowercase();
    let is_kind =
        |kind: &str| media_type.strip_prefix(kind).is_some_and(|rest| rest.starts_with('/'));
    range == "*/*" || range == media_type || range.strip_suffix("/*").is_some_and(is_kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_form_that_is_accepted_is_taken() {
        let wanted = |accept: &str| {
            let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
            Form::wanted(&headers).ok()
        };
        assert_eq!(Form::wanted(&HeaderMap::new()).unwrap(), Form::Json);
        for (accept, form) in [
            ("*/*", Some(Form::Json)),
            ("image/png", Some(Form::File(Format::Png))),
            ("IMAGE/PNG", Some(Form::File(Format::Png))),
            ("image/*", Some(Form::File(Format::Png))),
            ("image/avif,image/webp,image/png,*/*;q=0.8", Some(Form::File(Format::Png))),
            ("application/json;q=0.5, text/event-stream", Some(Form::Events)),
            ("application/x-npy; q=0.9, text/csv;q=1.0", Some(Form::File(Format::Csv))),
            ("text/html, application/xhtml+xml, */*;q=0.1", Some(Form::Json)),
            ("image/png;q=0", None),
            ("image/png;q=much", None),
            ("text/html", None),
            ("", None),
        ] {
            assert_eq!(wanted(accept), form, "{accept}");
        }
    }
}
