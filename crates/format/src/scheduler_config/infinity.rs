//! −∞, for which JSON has no word, and Python the word `-Infinity`.

use serde::{Deserialize, Deserializer, de};

const WORD: &str = "-Infinity";

/// The key that may have it.
const KEY: &str = "\"lambda_min_clipped\"";

/// `json` with that word as a string, where it is the value of the key that may have it.
pub(crate) fn quoted(json: &[u8]) -> Vec<u8> {
    let (mut text, mut rest) = (Vec::with_capacity(json.len()), json);
    while let Some((&byte, after)) = rest.split_first() {
        if let Some(value) = rest.strip_prefix(KEY.as_bytes()).and_then(value) {
            text.extend(format!("{KEY}:\"{WORD}\"").bytes());
            rest = value;
            continue;
        }
        text.push(byte);
        rest = after;
    }
    text
}

/// What is behind a colon and the word.
fn value(text: &[u8]) -> Option<&[u8]> {
    let text = text.trim_ascii_start().strip_prefix(b":")?;
    text.trim_ascii_start().strip_prefix(WORD.as_bytes())
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a number or -Infinity")]
enum Lambda {
    Number(f64),
    Word(String),
}

pub(super) fn lambda<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    match Option::<Lambda>::deserialize(from)? {
        None => Ok(None),
        Some(Lambda::Number(lambda)) => Ok(Some(lambda)),
        Some(Lambda::Word(word)) if word == WORD => Ok(None),
        Some(Lambda::Word(word)) => {
            let expected = &"a number or -Infinity";
            Err(de::Error::invalid_value(de::Unexpected::Str(&word), expected))
        }
    }
}
